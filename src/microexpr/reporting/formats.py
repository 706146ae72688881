"""Cells and Markdown of the tables: how a figure is printed, and how lines of cells become a table. Knows no table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.core import csv_file, store
from microexpr.core.errors import StoreError, remedy


def read(path: str | Path, columns: Sequence[str], kinds: Mapping[str, csv_file.Kind]) -> list[dict[str, str]]:
    """Read the rows of a table CSV, as `store.read_csv` does, and raise StoreError if there are none."""
    rows = store.read_csv(path, columns, kinds)
    if not rows:
        raise StoreError(f"{path}: must have a row below its header{remedy(path)}")
    return rows


def cell(value: Any) -> str:
    """Return a value as a table's CSV has it: a float with four decimals, "" for None."""
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def markdown(lines: Sequence[Sequence[str]], words: int = 2, aligned: bool = False) -> list[str]:
    """Return lines of cells, titles first, as the lines of a Markdown table.

    The first `words` columns are of text, the others of figures, on the right. `aligned`: padded, so that the table is
    legible in a terminal too."""
    widths = [max(map(len, column)) if aligned else 3 for column in zip(*lines, strict=True)]
    rule = ["-" * width if i < words else "-" * (width - aligned) + ":" for i, width in enumerate(widths)]
    table = [lines[0], rule, *lines[1:]]
    if aligned:
        table = [
            [text.ljust(width) if i < words else text.rjust(width) for i, (text, width) in enumerate(pairs)]
            for pairs in (zip(line, widths, strict=True) for line in table)
        ]
    return [f"| {' | '.join(line)} |" for line in table]


def by_figure(rows: Sequence[Mapping[str, str]], column: str) -> list[Mapping[str, str]]:
    """Return the rows of methods, the highest figure of a column first, then published rows that none reproduces."""
    return sorted(rows, key=lambda row: (not row["method"], -float(row[column] or 0)))


def dashed(lines: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return lines of cells with a dash for each empty figure, which come after two cells of words."""
    return [[*line[:2], *(text or "-" for text in line[2:])] for line in lines]
