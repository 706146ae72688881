"""The list of all methods and variants: sizes, inputs, paper. Loads no torch: `method_sizes` counts networks."""

import re
from collections.abc import Sequence
from typing import TypedDict

from rich.table import Table

SHAPE = re.compile(r" \d+(x\d+)*(?=,|$)")


class Row(TypedDict):
    """A method or variant. Numbers are of trained weights, 0 for a classical method, None where nothing is known."""

    method: str  # the name, or <method>.<variant>
    in_table: bool  # False for a variant of the papers' tables alone
    parameters: int | None  # by params.yaml
    parameters_in_paper: int | None  # by the defaults, which are the paper's; None for a variant
    inputs: str  # by params.yaml, else by the paper: names and shapes of one clip
    protocols: str
    paper: str


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
