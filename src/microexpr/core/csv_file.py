"""Read CSV files as this program, a spreadsheet program or an editor writes them. Knows no column.

Excel writes semicolons where a comma is the decimal sign, tabs in UTF-16 as "Unicode text", and a mark before UTF-8.
"""

import codecs
import csv
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from microexpr.core.errors import DataError, MicroexprError, remedy
from microexpr.core.files import regular

MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # with another or none it is read as UTF-8
SEPARATORS = ",;\t|"
LONGEST = 2**17  # characters of a line: as many as of a cell, by the csv module's own limit

Row = dict[str, str]
Kind = Callable[[str], Any]  # see below
Rows = Iterator[tuple[int, Row]]  # number of the line, as in an editor, and its cells by column


def encoding(path: Path) -> str:
    """Return the encoding of a text by its first bytes."""
    with path.open("rb") as file:
        return MARKS.get(file.read(2), "utf-8-sig")


@contextmanager
def opened(path: str | Path, error: type[MicroexprError] = DataError) -> Iterator[tuple[list[str], Rows]]:
    """Yield the header of a CSV file, and its rows that are not blank.

    Raises `error`, then or when rows are read: for a file that is missing or no such text, for a column that occurs
    twice, and for a row of more cells than the header. Cells that a row lacks at its end are ""."""
    try:
        file = regular(path, error).open(encoding=encoding(Path(path)), errors="surrogateescape", newline="")
    except OSError as problem:
        reason = "does not exist" if isinstance(problem, FileNotFoundError) else f"cannot be read: {problem.strerror}"
        raise error(f"{path}: {reason}{remedy(path)}") from None
    with file:
        yield parse(file, str(path), error)


def parse(file: TextIO, name: str, error: type[MicroexprError] = DataError) -> tuple[list[str], Rows]:
    """Return the header and the rows of a text, opened with newline="", as `opened` does."""
    rows = _rows(file, name, error)
    header = [cell.strip() for cell in next(rows, (0, []))[1]]
    while header and not header[-1]:  # columns that were deleted in a spreadsheet program
        header.pop()
    if not header:
        raise error(f"{name}: must be a CSV file with a header, not empty{remedy(name)}")
    for column, count in Counter(filter(None, header)).items():
        if count > 1:
            raise error(f"{name}: column {column!r} must be there once, not {count} times{remedy(name)}")

    def by_column() -> Rows:
        for number, cells in rows:
            if any(cells[len(header) :]):
                raise error(f"{name}, row {number}: must have {len(header)} cells like the header, not {len(cells)}")
            yield number, dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=False))

    return header, by_column()


def _rows(file: TextIO, name: str, error: type[MicroexprError]) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and cells of the rows that are not blank."""

    def checked_lines() -> Iterator[str]:
        while line := file.readline(LONGEST):
            if byte := re.search("[\0\udc80-\udcff]", line):
                raise csv.Error(f"byte 0x{ord(byte[0]) & 0xFF:02x}")
            if len(line) == LONGEST:
                raise csv.Error(f"a line of more than {LONGEST} characters")
            yield line

    lines, number = checked_lines(), 0
    try:
        first = next(lines, "").removeprefix("\ufeff")
        separator = max(SEPARATORS, key=first.count)
        reader = csv.reader(chain([first], lines), delimiter=separator, strict=True)
        for cells in reader:
            number = reader.line_num
            if any(map(str.strip, cells)):
                yield number, cells
    except (UnicodeError, csv.Error) as problem:
        raise error(
            f"{name}: must be a CSV file in UTF-8, not so after row {number} ({problem}){remedy(name)}"
        ) from None


def cells(
    path: str | Path, line: int, row: Row, kinds: Mapping[str, Kind], error: type[MicroexprError] = DataError
) -> dict[str, Any]:
    """Convert a row's cells by the kinds of their columns. Raises `error` for a cell of another kind."""
    values = {}
    for column, kind in kinds.items():
        try:
            values[column] = kind(row[column])
        except ValueError as problem:
            where = f"{path}, row {line}"
            raise error(f"{where}: {column} must be {problem}, not {row[column]!r}{remedy(path)}") from None
    return values


# Kinds of cells: functions of the text of one. They raise a ValueError that names the expected value.


def number(text: str) -> float:
    """Return a finite number, with a point or, as Excel writes it in many countries, a comma."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("a number")
    return value


def whole(text: str) -> int:
    """Return a whole number, of up to 15 digits."""
    if not re.fullmatch(r"\s*-?[0-9]{1,15}([.,]0*)?\s*", text):
        raise ValueError("a whole number")
    return int(number(text))


def figure(text: str) -> str:
    """Return the text of a number, with a point."""
    number(text)
    return text.replace(",", ".")


def figure_if_any(text: str) -> str:
    """Return the text of a number, with a point, or ""."""
    return text and figure(text)


def one_of(words: Collection[str]) -> Callable[[str], str]:
    """Return the kind of a cell that is one of these words."""

    def word(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return word
