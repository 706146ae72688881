"""This run next to another one: UF1 of each method in both, params that differ. Subtracts figures as printed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.reporting import journey, main_table
from microexpr.reporting.param_list import text

# columns that are equal if figures compare
COUNTED = ("protocol", "origin", "selection", "seeds", "folds", "subjects", "clips")
Row = Mapping[str, str]
Difference = tuple[str, str, str]  # key of a param, value in this run, in the other; "" where a run lacks it


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another run's table next to this run's. Figures are those of the tables, "" where a run lacks the method."""

    path: str  # of the other table
    lines: list[tuple[str, str, str, str]]  # method, UF1 in this run, in the other, difference
    unlike: list[str]  # in words, why figures are not of the same clips and rules
    params: list[Difference]
    unread: str  # why some params are not compared; "" if all are


def compare(rows: Sequence[Row], results: Path, table: Path) -> Comparison:
    """Return the rows of this run, with its results folder, next to those of another run's table.

    Params are read from the files next to each table. Raises StoreError for a table that cannot be read."""
    ours, theirs = ({row["method"]: row for row in side} for side in (main_table.by_uf1(rows), main_table.read(table)))
    names = [*ours, *(name for name in theirs if name not in ours)]
    lines = [(name, *_figures(ours.get(name), theirs.get(name))) for name in names]
    shared = {name: (row, theirs[name]) for name, row in ours.items() if name in theirs}
    params, unread = _params([*shared], (results, table.parent), rows[0]["protocol"])
    return Comparison(str(table), lines, list(_unlike([*shared.values()])), params, unread)


def _figures(ours: Row | None, theirs: Row | None) -> tuple[str, str, str]:
    first, second = (row["full_uf1"] if row else "" for row in (ours, theirs))
    return first, second, f"{Decimal(first) - Decimal(second):+}" if first and second else ""


def _unlike(pairs: Sequence[tuple[Row, Row]]) -> Iterator[str]:
    """Yield a phrase for each column of `COUNTED` and two values that differ."""
    for column in COUNTED:
        values = dict.fromkeys((ours[column], theirs[column]) for ours, theirs in pairs)
        yield from (f"{column} {ours} here, {theirs} there" for ours, theirs in values if ours != theirs)


def _params(methods: Sequence[str], folders: tuple[Path, Path], protocol: str) -> tuple[list[Difference], str]:
    """Return the params that differ between the files of two results folders, and why some are not compared."""
    patterns = {stage: (stage, f"{stage}/*/*.h5") for stage in journey.STAGES}
    patterns |= {method: ("train", f"train/{method}/{protocol}/*.h5") for method in methods}
    differences: dict[Difference, None] = {}
    unread = []
    for name, (stage, pattern) in patterns.items():
        files = [next(iter(sorted(folder.glob(pattern))), None) for folder in folders]
        try:
            ours, theirs = (_flat(file, stage) if file else {} for file in files)
        except StoreError as error:
            return [*differences], str(error)
        if not ours or not theirs:
            unread.append(name)
            continue
        keys = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
        differences |= dict.fromkeys((key, ours.get(key, ""), theirs.get(key, "")) for key in keys)
    reason = f"one of the runs lacks the files of {', '.join(unread)}" if unread else ""
    return [*differences], reason if len(unread) < len(patterns) else "the other run's files are not next to its table"


def _flat(path: Path, stage: str) -> dict[str, str]:
    """Return the version and params by which a file was made, as text by dotted key."""
    with store.open_file(path, stage) as file:
        params, version = json.loads(file.attrs["params"]), file.attrs["created_by"].decode()
    return {"version": version, **dict(_leaves("", params))}


def _leaves(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", text(value)
