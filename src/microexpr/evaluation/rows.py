"""The rows of the evaluate stage as CSV, written and read. Makes no figure."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from microexpr.core import store

Row = dict[str, Any]
KEYS = ("method", "protocol", "selection", "scope", "metric")
FIGURES = ("value", "low", "high", "deviation")  # None, in files "", for what there is none of: one seed's deviation
COUNTS = ("seeds", "folds", "clips", "parameters")
COLUMNS = (*KEYS, "value", "low", "high", *COUNTS, "origin", "pooling", "deviation", "subject_seen", "initialisation")
CONFUSION = ("selection", "scope", "truth", "predicted", "clips")
PREDICTIONS = ("selection", "origin", "seed", "clip", "truth", "predicted")
FACES = (  # of figures of made faces; `faces` says whose they are: made, neutral, true
    *("method", "protocol", "origin", "side", "scope", "faces", "metric", "value"),
    *("low", "high", "made", "true"),
    *("folds", "subject_seen", "note"),
)
AGAIN = "rerun stage evaluate"  # makes a file that cannot be read
FULL = "full"  # the scope of all data sets pooled


def write(path: str | Path, rows: Iterable[Row]) -> None:
    """Rows as CSV with six decimals and "\\n" line ends."""
    _write(path, COLUMNS, rows)


def write_faces(path: str | Path, rows: Iterable[Row]) -> None:
    """The same of made faces."""
    _write(path, FACES, rows)


def _write(path: str | Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    said = ({key: _text(row[key]) if key in FIGURES else row[key] for key in columns} for row in rows)
    store.write_csv(path, columns, said)


def _text(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.6f}"


def read(path: str | Path) -> list[Row]:
    """The inverse of `write`. Raises StoreError when the file is missing or has other columns."""
    return _typed(store.read_csv(path, COLUMNS, AGAIN))


def read_faces(path: str | Path) -> list[Row]:
    """The inverse of `write_faces`. Raises what `read` does."""
    return _typed(store.read_csv(path, FACES, AGAIN))


def _typed(rows: Iterable[dict[str, str]]) -> list[Row]:
    kinds = dict.fromkeys(FIGURES, _figure) | dict.fromkeys((*COUNTS, "made", "true"), int)
    return [{key: kinds.get(key, str)(value) for key, value in row.items()} for row in rows]


def _figure(text: str) -> float | None:
    return float(text) if text else None
