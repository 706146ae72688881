"""The list of all methods and variants: sizes, inputs, paper. Loads no torch: networks are counted in `method_sizes`.

`python workflow/method_list.py` writes the list of the committed params.yaml into methods.json, and a test compares.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from rich.table import Table

from microexpr.core import store
from microexpr.models import recognisers

SHAPE = re.compile(r" \d+(x\d+)*(?=,|$)")
COMMITTED = Path(__file__).with_name("methods.json")


class Row(TypedDict):
    """A method or variant. Numbers are of trained weights, 0 for a classical method, None where nothing is known."""

    method: str  # the name, or <method>.<variant>
    in_table: bool  # False for a variant of the papers' tables alone
    parameters: int | None  # by params.yaml
    parameters_in_paper: int | None  # by the preset `paper`
    inputs: str  # by params.yaml, else by the paper: names and shapes of one clip
    protocols: str
    paper: str


def digest(values: Mapping[str, Any]) -> str:
    """Return a digest of the sections of params.yaml that choose methods and their sizes."""
    sections = [values.get("methods"), values.get("variants"), (values.get("papers") or {}).get("variants")]
    return hashlib.sha256(json.dumps(sections, sort_keys=True, default=str).encode()).hexdigest()[:16]


def write(path: Path, values: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Write the rows of params.yaml with these values."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    store.write_text(path, f'{{"params": "{digest(values)}", "methods": [\n{lines}\n]}}\n')


def committed() -> list[Row]:
    """Return the rows of the committed params.yaml."""
    rows: list[Row] = json.loads(COMMITTED.read_text(encoding="utf-8"))["methods"]
    return rows


def is_committed(values: Mapping[str, Any]) -> bool:
    """Return whether the committed rows hold for params.yaml with these values, and for the methods that are here."""
    content = json.loads(COMMITTED.read_text(encoding="utf-8"))
    names = {row["method"] for row in content["methods"]}
    return content["params"] == digest(values) and names.issuperset(recognisers.names())


def table(rows: Sequence[Row], every: bool = False) -> Table:
    """Return the rows as a table for the terminal, one line each; only if `every`, those of the papers' tables too."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    rows = [row for row in rows if every or row["in_table"]]
    table.add_column("method", no_wrap=True, min_width=max(len(row["method"]) for row in rows))
    for title in ("parameters", "in paper"):
        table.add_column(title, no_wrap=True, justify="right", min_width=len("219,833,339"))
    for title in ("inputs", "paper"):
        table.add_column(title, no_wrap=True, ratio=1)
    for row in rows:
        paper = row["paper"] if "." not in row["method"] else ""
        sizes = (_number(row["parameters"]), _number(row["parameters_in_paper"]))
        table.add_row(row["method"], *sizes, SHAPE.sub("", row["inputs"]), paper)
    return table


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
