"""Annotation workbooks as rows by column name. Knows no data set."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microexpr.errors import DataError, nearest


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` is the one that a spreadsheet shows."""

    file: Path
    number: int
    values: dict[str, Any]

    @property
    def where(self) -> str:
        return f"{self.file.name}, row {self.number}"

    def text(self, column: str) -> str:
        value = self.values[_key(column)]
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return "" if value is None else str(value).strip()

    def integer(self, column: str) -> int:
        """A frame number. Raises DataError naming file and row if it is none."""
        text = self.text(column)
        if not re.fullmatch(r"-?[0-9]+", text):
            raise DataError(f"{column} must be a whole number, not {text!r} ({self.where})")
        return int(text)


def _key(column: str) -> str:
    return "".join(column.lower().split())


def find(root: Path, pattern: str) -> Path:
    """The one workbook under root (at most one folder deep) that matches. Raises DataError if there is none or more."""
    found = sorted(p for p in [*root.glob(pattern), *root.glob(f"*/{pattern}")] if not p.name.startswith("~"))
    if not found:
        raise DataError(f"{root}: must hold the annotation {pattern}, found none")
    if len(found) > 1:
        raise DataError(f"{root}: must hold one annotation {pattern}, found {', '.join(p.name for p in found)}")
    return found[0]


def rows(file: Path, columns: tuple[str, ...], sheet: str | None = None) -> Iterator[Row]:
    """The rows below the header, which is the first row that holds the first column's name; blank rows are skipped.

    Column names are compared without case and blanks. Raises DataError for an unreadable file, a missing sheet
    or a missing column."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except Exception as error:  # openpyxl lets zip, XML and key errors through
        raise DataError(f"{file}: is not a readable workbook ({error})") from error
    if sheet is not None and sheet not in book.sheetnames:
        raise DataError(f"{file}: must hold a sheet {sheet!r}, found {', '.join(book.sheetnames)}")
    content = (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)
    header: dict[str, int] | None = None
    for number, values in enumerate(content, 1):
        names = {_key(str(v)): i for i, v in enumerate(values) if v is not None}
        if header is None:
            if _key(columns[0]) in names:
                header = _checked(file, number, names, columns)
        elif any(v is not None for v in values):
            yield Row(file, number, {k: values[i] if i < len(values) else None for k, i in header.items()})
    book.close()
    if header is None:
        raise DataError(f"{file}: must have a header row with column {columns[0]!r}, found none")


def _checked(file: Path, number: int, names: dict[str, int], columns: tuple[str, ...]) -> dict[str, int]:
    for column in columns:
        if _key(column) not in names:
            raise DataError(f"{file}: column {column!r} is missing in row {number}{nearest(_key(column), names)}")
    return names
