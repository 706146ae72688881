"""Read CSV files as this program, a spreadsheet program or an editor writes them, each column by its meaning.

Excel writes semicolons where a comma is the decimal sign, tabs in UTF-16 as "Unicode text", and a mark before UTF-8."""

import codecs
import csv
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from microexpr.core.errors import DataError, MicroexprError, remedy
from microexpr.core.files import regular

MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # with another or none it is read as UTF-8
SEPARATORS = ",;\t|"
THOUSANDS = r"\s*[+-]?[1-9][0-9]{0,2}([.,][0-9]{3})+\s*"
FORMULA = re.compile(  # begins what a spreadsheet program would run: not a number, a sign alone or before a slash
    r"(?:^|(?<=[;|]))'*"  # after ; or | too, which may end a cell in a program's settings
    r"(?:[=@\uff1d\uff20\t\r\n]|[+\-\uff0b\uff0d](?!\s*(?:/|$)|(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|nan)$))"
)
SUBJECT = ("subject", "sub", "subject_id", "participant", "participant_id")  # usual names of a column
LONGEST = 2**17  # characters of a line: as many as of a cell, by the csv module's own limit

Row = dict[str, str]
Kind = Callable[[str], Any]  # see below
Rows = Iterator[tuple[int, Row]]  # number of the line, as in an editor, and its cells by column


class Header(list[str]):
    """The names of a file's columns, in order, and what separates its cells."""

    separator = ","


def encoding(path: Path) -> str:
    """Return the encoding of a text by its first bytes."""
    with path.open("rb") as file:
        return MARKS.get(file.read(2), "utf-8-sig")


@contextmanager
def opened(path: str | Path, error: type[MicroexprError] = DataError) -> Iterator[tuple[Header, Rows]]:
    """Yield the header of a CSV file, and its rows that are not blank. A column without a name is called "column 3".
    Raises `error`, then or when rows are read: for a file that is missing or no such text, for a column that occurs
    twice, and for a row of more cells than the header. Cells that a row lacks at its end are ""."""
    try:
        file = regular(path, error).open(encoding=encoding(Path(path)), errors="surrogateescape", newline="")
    except OSError as problem:
        reason = "does not exist" if isinstance(problem, FileNotFoundError) else f"cannot be read: {problem.strerror}"
        raise error(f"{path}: {reason}{remedy(path)}") from None
    with file:
        yield parse(file, str(path), error)


def parse(file: TextIO, name: str, error: type[MicroexprError] = DataError) -> tuple[Header, Rows]:
    """Return the header and the rows of a text, opened with newline="", as `opened` does."""
    separator, rows = _rows(file, name, error)
    header = Header(original(cell.strip()) for cell in next(rows, (0, []))[1])
    header.separator = separator
    while header and not header[-1]:  # columns that were deleted in a spreadsheet program
        header.pop()
    if not header:
        raise error(f"{name}: must be a CSV file with a header, not empty{remedy(name)}")
    header[:] = [head or f"column {position}" for position, head in enumerate(header, 1)]
    for column, count in Counter(header).items():
        if count > 1:
            raise error(f"{name}: column {column!r} must be there once, not {count} times{remedy(name)}")

    def by_column() -> Rows:
        for number, cells in rows:
            if any(cells[len(header) :]):
                title = f"; a header, not {header[0][:40]!r}, must come first" * (len(header) == 1)
                count = f"{len(header)} cells like the header, not {len(cells)}{title}"
                raise error(f"{name}, row {number}: must have {count}")
            yield number, dict(zip(header, [*map(original, cells), *[""] * (len(header) - len(cells))], strict=False))

    return header, by_column()


def _rows(file: TextIO, name: str, error: type[MicroexprError]) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """Return what separates cells, and an iterator over line numbers and cells of the rows that are not blank."""

    def checked_lines() -> Iterator[str]:
        while line := file.readline(LONGEST):
            if byte := re.search("[\0\udc80-\udcff]", line):
                raise csv.Error(f"byte 0x{ord(byte[0]) & 0xFF:02x}")
            if len(line) == LONGEST:
                raise csv.Error(f"a line of more than {LONGEST} characters")
            yield line

    def refused(problem: Exception, number: int) -> MicroexprError:
        return error(f"{name}: must be a CSV file in UTF-8, not so after row {number} ({problem}){remedy(name)}")

    lines = checked_lines()
    try:
        first = next(lines, "").removeprefix("\ufeff")
        excel_line = re.fullmatch(f"sep=([{SEPARATORS}])\\s*", first)  # a line for Excel
        first = next(lines, "") if excel_line else first
    except (UnicodeError, OSError, csv.Error) as problem:
        raise refused(problem, 0) from None
    separator = excel_line[1] if excel_line else max(SEPARATORS, key=first.count)

    def rows() -> Iterator[tuple[int, list[str]]]:
        number = 0
        try:
            reader = csv.reader(chain([first], lines), delimiter=separator, strict=True)
            for cells in reader:
                number = reader.line_num + bool(excel_line)
                if any(map(str.strip, cells)):
                    yield number, cells
        except (UnicodeError, OSError, csv.Error) as problem:
            raise refused(problem, number) from None

    return separator, rows()


def as_text(value: Any) -> Any:
    """Return a value to be written as a cell: with ' before a text that a spreadsheet program would run."""
    return FORMULA.sub(r"'\g<0>", value) if isinstance(value, str) else value


def original(cell: str) -> str:
    """Return the text of a cell that `as_text` may have made."""
    return FORMULA.sub(lambda start: start[0].removeprefix("'"), cell) if "'" in cell else cell


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


class Columns:
    """The columns of a table by what they mean. Several may mean one thing, where their cells do not differ."""

    def __init__(self, header: Sequence[str], meanings: Mapping[str, Collection[str]], name: str) -> None:
        """Take names of columns for each meaning; case, blanks and other characters than letters do not count. `name`
        is that of the file, for messages."""
        self._name = name
        plain = {head: plain_name(head) for head in header}
        self.heads = {
            meaning: heads
            for meaning, names in meanings.items()
            if (heads := [head for head, text in plain.items() if text in map(plain_name, names)])
        }
        read = {head for heads in self.heads.values() for head in heads}
        self.passed_over = [head for head in header if head not in read]
        self._filled, self._rows = set[str](), 0  # those of them that have a cell, and how many rows were read

    def cells(self, line: int, row: Row, error: type[MicroexprError] = DataError) -> dict[str, str]:
        """Return a row's cells by meaning, without blanks around. Raises `error` where two columns of one differ."""
        cells = {}
        index, self._rows = ("column 1", str(self._rows)), self._rows + 1  # as pandas writes it
        self._filled |= {head for head in self.passed_over if (text := row[head].strip()) and (head, text) != index}
        for meaning, heads in self.heads.items():
            values = {text.casefold(): head for head in heads if (text := row[head].strip())}
            if len(values) > 1:
                listed = " and ".join(f"{head} {text!r}" for text, head in values.items())
                raise error(f"{self._name}, row {line}: {listed} must not differ, both are {meaning}: leave one column")
            cells[meaning] = next((row[head].strip() for head in values.values()), "")
        return cells

    def notes(self) -> list[str]:
        """Return a line on columns that are passed over, if there are any that are not empty in the rows read."""
        listed = "; ".join(f"{meaning}: {' or '.join(heads)}" for meaning, heads in self.heads.items())
        names = ", ".join(head for head in self.passed_over if head in self._filled)
        return [f"{self._name}: columns passed over: {names}; those read are {listed}"] * bool(names)


def plain_name(column: str) -> str:
    """Return the name of a column in small letters, with _ for other characters than letters and digits."""
    return re.sub(r"[\W_]+", "_", column.strip().lower()).strip("_")


# Kinds of cells: functions of the text of one. They raise a ValueError that names the expected value.


def number(text: str) -> float:
    """Return a finite number, with a point or, as Excel writes it in many countries, a comma. A text such as 1,200
    could be either 1.2 or 1200, and is refused."""
    if re.fullmatch(r"\s*[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+\s*", text):
        raise ValueError("a number with a point, or without a comma between thousands")
    if not re.fullmatch(r"\s*[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]{1,4})?\s*", text):
        raise ValueError("a number")
    if not math.isfinite(value := float(text.replace(",", "."))):
        raise ValueError("a number")
    return value


def decimal(separator: str) -> Callable[[str], float]:
    """Return `number` for cells of a file with this separator: next to another than a comma, a comma is a point."""
    return number if separator == "," else lambda text: number(text.replace(",", "."))


def milliseconds(text: str) -> float:
    """Return a number of milliseconds. One such as 1.000 or 1,000 could be 1 or 1000, and is refused."""
    if re.fullmatch(THOUSANDS, text):
        raise ValueError("a number without a sign between thousands")
    return number(text.replace(",", "."))


def whole(text: str) -> int:
    """Return a whole number, of up to 18 digits. One such as 1.000 could be 1 or 1000, and is refused."""
    if re.fullmatch(THOUSANDS, text):
        raise ValueError("a whole number without a sign between thousands")
    if not re.fullmatch(r"\s*-?[0-9]{1,18}([.,]0*)?\s*", text):
        raise ValueError("a whole number")
    return int(text.replace(",", ".").partition(".")[0])


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
