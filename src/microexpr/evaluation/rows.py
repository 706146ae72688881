"""Write and read the rows of the evaluate stage as CSV. Computes no figure."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from microexpr.core import store

Row = dict[str, Any]
KEYS = ("method", "protocol", "selection", "scope", "metric")
FIGURES = ("value", "low", "high", "deviation")  # None, in files "", if undefined, as the deviation of one seed
COUNTS = ("seeds", "folds", "clips", "parameters")
COLUMNS = (*KEYS, "value", "low", "high", *COUNTS, "origin", "pooling", "deviation", "subject_seen", "initialisation")
CONFUSION = ("selection", "scope", "truth", "predicted", "clips")
PREDICTIONS = ("selection", "origin", "seed", "clip", "truth", "predicted")
FACES = (  # of synthesised faces; `faces` is made, neutral or true
    *("method", "protocol", "origin", "side", "scope", "faces", "metric", "value"),
    *("low", "high", "made", "true"),
    *("folds", "subject_seen", "note"),
)
RERUN_HINT = "rerun stage evaluate"  # for errors about a file
FULL = "full"  # the scope of all data sets pooled


def write(path: str | Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV with six decimals, each line ended by a line feed."""
    _write(path, COLUMNS, rows)


def write_faces(path: str | Path, rows: Iterable[Row]) -> None:
    """Write rows about synthesised faces in the same way."""
    _write(path, FACES, rows)


def _write(path: str | Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write these columns of the rows."""
    cells = ({key: _format(row[key]) if key in FIGURES else row[key] for key in columns} for row in rows)
    store.write_csv(path, columns, cells)


def _format(figure: float | None) -> str:
    """Return a figure with six decimals, or "" for None."""
    return "" if figure is None else f"{figure:.6f}"


def read(path: str | Path) -> list[Row]:
    """Read the rows that `write` wrote. Raises StoreError when the file is missing or has other columns."""
    return _convert(store.read_csv(path, COLUMNS, RERUN_HINT))


def read_faces(path: str | Path) -> list[Row]:
    """Read the rows that `write_faces` wrote. Raises what `read` does."""
    return _convert(store.read_csv(path, FACES, RERUN_HINT))


def _convert(rows: Iterable[dict[str, str]]) -> list[Row]:
    """Convert each row's text to the types of its columns."""
    kinds = dict.fromkeys(FIGURES, _figure) | dict.fromkeys((*COUNTS, "made", "true"), int)
    return [{key: kinds.get(key, str)(value) for key, value in row.items()} for row in rows]


def _figure(text: str) -> float | None:
    """Return the number, or None for ""."""
    return float(text) if text else None
