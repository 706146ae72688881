"""Compare the params that made a table with params.yaml, by the attributes of files in the table's results folder."""

import glob
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.core import store
from microexpr.protocols import EVERY, FLOW_PROTOCOLS, MEGC2019
from microexpr.reporting.main_table import SCOPES, datasets
from microexpr.reporting.method_list import text
from microexpr.reporting.table import Rows
from microexpr.training.checked import Checked

STAGES = ("faces", "apex", "flow", "aus")
SEVERAL = ("seeds", "inner_subjects")  # of section `train`: the others change no figure
LISTED = 4


def files(results: Path, rows: Rows) -> list[Path]:
    """Return the files of a results folder that record params of these rows of a table of it.

    Without rows that are trained as `methods` says, there are none."""
    trained = [row for row in rows if row["protocol"] in (MEGC2019, EVERY)]
    patterns = [f"train/{glob.escape(row['method'])}/{row['protocol']}/*.h5" for row in trained]
    patterns += [f"{stage}/{name}/*.h5" for stage in STAGES * bool(trained) for name in datasets(rows) or "*"]
    return [path for pattern in patterns for path in sorted(results.glob(pattern)) if path.is_file()]


def recorded(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the params that files were made with, by section or `methods.<name>`, the same ones once."""
    texts: dict[str, None] = {}
    for path in paths:
        with store.open_file(path) as file:
            texts[store.attribute_text(file.attrs["params"])] = None
    return [json.loads(text) for text in texts]


def newer(paths: Sequence[Path], sources: Sequence[Path]) -> str:
    """Return a note on a file of `paths` that is newer than those that a table's rows are read from; "" for none."""
    oldest = min(path.stat().st_mtime_ns for path in sources)
    newest = next((path for path in paths if path.stat().st_mtime_ns > oldest), None)
    return f"{newest} is newer than this table, which may be of earlier params" if newest else ""


def compared(then: Sequence[Mapping[str, Any]], rows: Rows) -> str:
    """List the params that `differences` compares: sections, and the methods of rows; "" for none."""
    keys = {key for params in then for key in params}
    methods = [f"methods.{row['method']}" for row in rows]
    names = [name for name in methods if name in keys]
    sections = [name for name in (*STAGES, "seed") if name in keys]
    sections += [f"train.{name}" for name in SEVERAL if any(name in params.get("train", {}) for params in then)]
    return ", ".join([*sections, *(["methods"] if names and names == methods else names)])


def differences(then: Sequence[Mapping[str, Any]], rows: Rows, checked: Checked) -> str:
    """Return a note on params that are others now than `recorded` ones, and on methods that are gone; "" for none.

    `checked` is the result of `described.check`."""
    params = checked.params
    now = {name: params[name] for name in STAGES} | {"seed": params["seed"]}
    now["train"] = {name: params["train"][name] for name in SEVERAL}
    now |= {f"methods.{name}": method.params for name, method in checked.methods.items()}
    lines = (line for old in then for key in old if key in now for line in _changes(key, old[key], now[key]))
    changes = [*dict.fromkeys(lines)]
    used, chosen = datasets(rows), [name for name in SCOPES[1:] if name in params["datasets"]]
    if used and used != chosen and all(row["protocol"] not in FLOW_PROTOCOLS for row in rows):
        changes.insert(0, f"datasets {', '.join(chosen) or 'none of these'}, not {', '.join(used)}")
    changes += [
        f"no method {name}" for name in dict.fromkeys(row["method"] for row in rows) if name not in checked.methods
    ]
    more = f"; and {len(changes) - LISTED} more" if len(changes) > LISTED else ""
    return f"params.yaml now has {'; '.join(changes[:LISTED])}{more}: this table is of other params" if changes else ""


def _changes(key: str, then: Any, now: Any) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for name in now:
            if name in then:
                yield from _changes(f"{key}.{name}", then[name], now[name])
    elif then != now:
        yield f"{key} {text(now)}, not {text(then)}"
