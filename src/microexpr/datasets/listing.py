"""Read lists in CSV files, row by row and by column name. Knows no data set."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from microexpr.core.errors import DataError, nearest
from microexpr.core.files import regular

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # written by spreadsheets where a comma is the decimal sign


def listing(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number, as in an editor, and the cells of each row, stripped of blanks.

    Raises DataError for a file that is not CSV in UTF-8 with commas, and for a missing column."""
    with regular(path).open(encoding="utf-8-sig", newline="") as file:
        try:
            table = csv.DictReader(file)
            _check_header(path, table.fieldnames or (), columns)
            for row in table:
                yield table.line_num, {column: (row[column] or "").strip() for column in columns}
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{path}: must be a CSV file in UTF-8 ({error})") from error


def _check_header(path: Path, header: Sequence[str], columns: tuple[str, ...]) -> None:
    """Raise DataError for another separator than a comma and for a missing column."""
    line = header[0] if len(header) == 1 else ""
    for separator, word in SEPARATORS.items():
        if separator in line:
            raise DataError(f"{path}: columns must be separated by commas, not by {word}")
    for column in columns:
        if column not in header:
            raise DataError(f"{path}: column {column!r} is missing in row 1{nearest(column, header)}")
