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

COUNTED = (
    "protocol",
    "origin",
    "selection",
    "seeds",
    "folds",
    "clips",
)  # columns; equal if figures compare
Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another run's table next to this run's. Figures are those of the tables, "" where a run lacks the method."""

    path: str  # of the other table
    lines: list[tuple[str, str, str, str]]  # method, UF1 here, there, difference
    unlike: list[str]  # in words, why figures are not of the same clips and rules
    params: list[tuple[str, str, str]]  # key, value here, there
    unread: str  # why params could not be compared; "" if they were


def compare(rows: Rows, folder: Path, table: Path) -> Comparison:
    """Return the rows of this run, whose results are in a folder, next to those of another run's table.

    Params are read from the files next to each table. Raises StoreError for a table that cannot be read."""
    here, there = ({row["method"]: row for row in side} for side in (main_table.by_uf1(rows), main_table.read(table)))
    both = [name for name in here if name in there]
    names = [*here, *(name for name in there if name not in here)]
    lines = [(name, *_figures(here.get(name), there.get(name))) for name in names]
    kept = {name: (here[name], there[name]) for name in both}
    params, unread = _params(both, folder, table.parent, next(iter(here.values()))["protocol"])
    return Comparison(str(table), lines, list(_unlike(kept)), params, unread)


def _figures(here: Mapping[str, str] | None, there: Mapping[str, str] | None) -> tuple[str, str, str]:
    ours, theirs = (row["full_uf1"] if row else "" for row in (here, there))
    return ours, theirs, f"{Decimal(ours) - Decimal(theirs):+}" if ours and theirs else ""


def _unlike(rows: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]]) -> Iterator[str]:
    """Yield a phrase for each column of `COUNTED` and pair of values that differ."""
    for column in COUNTED:
        values = dict.fromkeys((here[column], there[column]) for here, there in rows.values())
        yield from (f"{column} {here} here, {there} there" for here, there in values if here != there)


def _params(methods: Sequence[str], here: Path, there: Path, protocol: str) -> tuple[list[tuple[str, str, str]], str]:
    """Return key and both values of the params that differ, and why some are not compared."""
    folders = {stage: (stage, f"{stage}/*/*.h5") for stage in journey.STAGES}
    folders |= {method: ("train", f"train/{method}/{protocol}/*.h5") for method in methods}
    differences: dict[tuple[str, str, str], None] = {}
    unread = []
    for name, (stage, pattern) in folders.items():
        files = [next(iter(sorted(folder.glob(pattern))), None) for folder in (here, there)]
        try:
            first, second = (_flat(file, stage) if file else {} for file in files)
        except StoreError as error:
            return [*differences], str(error)
        if not first or not second:
            unread.append(name)
            continue
        keys = [key for key in {**first, **second} if first.get(key) != second.get(key)]
        differences |= dict.fromkeys((key, first.get(key, ""), second.get(key, "")) for key in keys)
    reason = f"one of the runs lacks the files of {', '.join(unread)}" if unread else ""
    return [*differences], reason if len(unread) < len(folders) else "the other run's files are not next to its table"


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
