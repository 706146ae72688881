"""Read lists in CSV files, row by row and by column name. Knows no data set."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from microexpr.core import csv_file
from microexpr.core.errors import DataError, nearest


def listing(path: Path, columns: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number, as in an editor, and the cells of each row, stripped of blanks.

    Raises DataError for a file that is not CSV, as `csv_file.opened` does, and for a missing column."""
    with csv_file.opened(path) as (header, rows):
        for column in columns:
            if column not in header:
                raise DataError(f"{path}: column {column!r} is missing in row 1{nearest(column, header)}")
        for number, row in rows:
            yield number, {column: cell.strip() for column, cell in row.items()}
