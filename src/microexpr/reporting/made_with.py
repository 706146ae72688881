"""Compare the params.yaml that a table was made with, which its record has, with params.yaml as it is."""

from collections.abc import Iterator, Sequence
from os.path import relpath
from pathlib import Path
from typing import Any

from microexpr.core import records
from microexpr.core.errors import StoreError
from microexpr.datasets import LONG, MACRO, MICRO
from microexpr.protocols import FLOW_PROTOCOLS
from microexpr.reporting.main_table import LEARNT_FROM
from microexpr.reporting.method_list import text
from microexpr.reporting.table import Rows
from microexpr.training.checked import Checked

SIGNALS = ("origin", "datasets", "macro", "render", "index", "faces", "apex", "aus", "synthesise")
OF_ALL = ("seed", "flow", "population", "evaluate")
TRAIN = ("seeds", "inner_subjects", "rendered_folds")  # of section `train`: the others change no figure
LISTED = 4


def recorded(paths: Sequence[Path], root: Path) -> list[dict[str, Any]]:
    """Return the values of params.yaml that tables were made with, in a checkout. Raises StoreError for a table that
    was not made there, or is another now."""
    values = []
    for path in paths:
        record = records.read(relpath(path, root), root)
        if not (record and record.params):
            raise StoreError(f"nothing here says with which params {path} was made")
        if record.digest != records.content(path):
            raise StoreError(f"{path} is not as it was made, so nothing here says with which params")
        values.append(record.params)
    return values


def differences(then: Sequence[Checked], now: Checked, rows: Rows, is_whole: bool) -> str:
    """Return a note on params that a table follows from and that are others now; "" for none.

    `then` are results of `described.check` of `recorded` values, `now` is that of params.yaml. A table that `is_whole`
    has all rows of the main table."""
    values = _followed_from(now, rows)
    changes = dict.fromkeys(line for old in then for line in _changes("", _followed_from(old, rows), values))
    for old in then if is_whole else ():
        ranked = {name for name, method in old.methods.items() if method.in_table}
        new = (name for name, method in now.methods.items() if method.in_table and name not in ranked)
        changes |= dict.fromkeys(f"row {name}" for name in new)
    lines = [*changes]
    more = f"; and {len(lines) - LISTED} more" if len(lines) > LISTED else ""
    return f"params.yaml now has {'; '.join(lines[:LISTED])}{more}: this table is of other params" if lines else ""


def _followed_from(checked: Checked, rows: Rows) -> dict[str, Any]:
    """Return the params that a table's rows follow from, by section or `methods.<name>`."""
    params, protocols = checked.params, {row["protocol"] for row in rows}
    on_pictures = bool(protocols & {*FLOW_PROTOCOLS})
    sections = (*OF_ALL, *(["flow_folders"] if on_pictures else SIGNALS))
    sections += ("training_sets",) * (on_pictures or bool(protocols & LEARNT_FROM.keys()))
    values = {name: params[name] for name in sections} | {"train": {name: params["train"][name] for name in TRAIN}}
    if not on_pictures:
        unused = {*MICRO, *MACRO, *LONG, "max_seconds"} - {*params["datasets"], *params["macro"]}
        values["render"] = {name: value for name, value in params["render"].items() if name not in unused}
    for name in dict.fromkeys(row["method"] for row in rows):
        method = checked.methods.get(name)
        values[f"methods.{name}"] = method and method.params
        values[f"appendix.{name}"] = method.appendix if method else ""
        if method and (generator := checked.rows["synthesise"].get(method.params["synthetic"])):
            values[f"generators.{method.params['synthetic']}"] = generator.params
    return values


def _changes(key: str, then: Any, now: Any) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for name in {**then, **now}:
            yield from _changes(f"{key}.{name}".strip("."), then.get(name), now.get(name))
    elif now is None and key.startswith("methods.") and isinstance(then, dict):
        yield f"no method {key.removeprefix('methods.')}"
    elif then != now and not (None in (then, now) and key.startswith("render.")):  # the data set itself is named
        yield f"{key} {text(now)}, not {text(then)}"
