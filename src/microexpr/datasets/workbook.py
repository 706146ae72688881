"""Annotation workbooks as rows by column name. Knows no data set."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from microexpr.core.errors import DataError, nearest
from microexpr.datasets.content import kind
from microexpr.datasets.layout import holds, plain
from microexpr.datasets.listing import listing


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
        """As it would be typed; "" for an empty cell. Raises DataError for a date: a spreadsheet made it of a code."""
        value = self.values[_key(column)]
        if isinstance(value, date | time | timedelta):
            shown = value.date() if isinstance(value, datetime) else value
            raise DataError(f"{column} must be text or a number, not the date {shown} ({self.where})")
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return "" if value is None else str(value).strip()

    def integer(self, column: str) -> int:
        """A frame number. Raises DataError naming file and row if it is none."""
        text = self.text(column)
        if not re.fullmatch(r"-?[0-9]+(\.0+)?", text):
            raise DataError(f"{column} must be a whole number, not {text!r} ({self.where})")
        return int(text.partition(".")[0])

    def integer_if_any(self, column: str) -> int | None:
        """The same; None for an empty cell and for "/"."""
        return None if self.text(column) in ("", "/") else self.integer(column)

    def integer_of(self, column: str, known: range) -> int:
        """A number of these. Raises DataError for another."""
        number = self.integer(column)
        if number not in known:
            raise DataError(f"{column} must be one of {known[0]}..{known[-1]}, not {number} ({self.where})")
        return number

    def name(self, column: str) -> str:
        """What will be part of a path. Raises DataError where it is empty or could lead elsewhere."""
        text = self.text(column)
        if not text:
            raise DataError(f"{column} must not be empty ({self.where}); a merged cell counts for its first row only")
        return plain(text, self.where)

    def one_of(self, column: str, known: Iterable[str]) -> str:
        """A word in lower case. Raises DataError for one that is not known: it would be left out without a word."""
        word, words = self.text(column).lower(), sorted(known)
        if word not in words:
            raise DataError(
                f"{column} must be one of {', '.join(words)}, not {word!r}{nearest(word, words)} ({self.where})"
            )
        return word


def _key(column: str) -> str:
    """Without case, blanks, line ends and underscores."""
    return re.sub(r"[\W_]+", "", column.lower())


def find(root: Path, pattern: str) -> Path:
    """The one workbook under root (at most one folder deep) that matches. Raises DataError if there is none or more."""
    found = optional(root, pattern)
    if found is None:
        raise DataError(f"{root}: must hold the annotation {pattern}, found none; found {holds(root)}")
    return found


def optional(root: Path, pattern: str) -> Path | None:
    """The same, or None. Upper case and lower case are one; what an open spreadsheet leaves, ~$..., is passed over."""
    near = chain(root.iterdir(), *(below.iterdir() for below in root.iterdir() if below.is_dir()))
    found = sorted(path for path in near if fnmatchcase(path.name.lower(), pattern.lower()))
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(root)) for path in found)
        raise DataError(f"{root}: must hold one annotation {pattern}, found {names}")
    return found[0] if found else None


def rows(
    file: Path, columns: tuple[str, ...], sheet: str | None = None, also: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Row]:
    """The rows below the header, which is the first row that holds the first column's name; blank rows are skipped,
    hidden ones are not.

    Column names are compared without case and blanks; `also` has other names by which some copies call a column.
    Raises DataError for an unreadable file, a missing sheet, a column that is missing or there twice, and a formula
    without its value."""
    book, formulas = _opened(file, values=True), _opened(file, values=False)
    if sheet is not None and sheet not in book.sheetnames:
        raise DataError(f"{file}: must hold a sheet {sheet!r}, found {', '.join(book.sheetnames)}")
    title, top, names = _header(file, [book[sheet]] if sheet else book.worksheets, columns, also)
    header = _checked(file, top, names, columns)
    content = (_content(one[title], top + 1) for one in (book, formulas))
    for number, (values, written) in enumerate(zip(*content, strict=True), top + 1):
        if not any(value is not None and str(value).strip() for value in written):
            continue
        row = Row(file, number, {key: values[i] if i < len(values) else None for key, i in header.items()})
        for column in columns:
            place = header[_key(column)]
            if place < len(written) and str(written[place]).startswith("=") and values[place] is None:
                raise DataError(
                    f"{column} must have a value, not only the formula {written[place]} ({row.where}); open and save "
                    "the file in a spreadsheet program"
                )
        yield row
    book.close()
    formulas.close()


def csv_rows(file: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """The same of a CSV file, whose columns are called exactly so. Raises DataError as `listing` does."""
    for number, cells in listing(file, columns):
        yield Row(file, number, {_key(column): value for column, value in cells.items()})


def _opened(file: Path, values: bool) -> Any:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=values)
    except Exception as error:  # openpyxl lets zip, XML and key errors through
        start = file.read_bytes() if file.is_file() else b""
        why = f"cut short or damaged: {error}" if start.startswith(b"PK") else f"it holds {kind(start)}"
        raise DataError(f"{file}: is not a readable workbook ({why})") from error
    for page in book.worksheets:
        page.reset_dimensions()  # some programs write a wrong one, and all beyond it would be lost
    return book


def _content(page: Any, start: int) -> Iterator[tuple[Any, ...]]:
    rows: Iterator[tuple[Any, ...]] = page.iter_rows(min_row=start, values_only=True)
    return rows


Header = tuple[str, int, list[str]]  # sheet; number of its row; names by position, "" where a cell is empty


def _header(file: Path, pages: list[Any], columns: tuple[str, ...], also: Mapping[str, str]) -> Header:
    """Of the first sheet that has one, hidden sheets last. Raises DataError where none has it, or two shown ones do."""
    shown = [page for page in pages if page.sheet_state == "visible"]
    found = [header for page in shown for header in _headers(page, columns, also)]
    whole = [title for title, _, names in found if {_key(column) for column in columns} <= set(names)]
    if len(whole) > 1:
        raise DataError(f"{file}: must hold the annotation in one sheet, not in {' and '.join(whole)}")
    found += [header for page in pages if page not in shown for header in _headers(page, columns, also)]
    if not found:
        raise DataError(f"{file}: must have a header row with column {columns[0]!r}, found none")
    return found[0] if not whole else next(header for header in found if header[0] == whole[0])


def _headers(page: Any, columns: tuple[str, ...], also: Mapping[str, str]) -> Iterator[Header]:
    """One, or none."""
    other = {_key(name): _key(column) for name, column in also.items()}
    for number, values in enumerate(_content(page, 1), 1):
        names = ["" if value is None else _key(str(value)) for value in values]
        names = [other[name] if name in other and other[name] not in names else name for name in names]
        if _key(columns[0]) in names:
            yield page.title, number, names
            return


def _checked(file: Path, number: int, names: list[str], columns: tuple[str, ...]) -> dict[str, int]:
    """Positions of the columns."""
    for column in columns:
        if names.count(_key(column)) > 1:
            raise DataError(f"{file}: column {column!r} must be there once, not twice in row {number}")
        if _key(column) not in names:
            raise DataError(f"{file}: column {column!r} is missing in row {number}{nearest(_key(column), names)}")
    return {_key(column): names.index(_key(column)) for column in columns}
