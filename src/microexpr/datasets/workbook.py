"""Read annotation workbooks and lists as rows by column name. Knows no data set."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zipfile import ZipFile

from microexpr.core import csv_file
from microexpr.core.errors import DataError, nearest
from microexpr.core.files import regular, visible
from microexpr.datasets.layout import list_content, plain_name
from microexpr.videos.picture import describe_content

SPREADSHEETS = (".xls", ".xlsm", ".xlsb", ".ods", ".csv", ".tsv")  # that `find` does not look for
# Limits of a workbook, so that any is read in seconds: those of the data sets have 3 MB and a tenth of these cells.
UNPACKED = 16 * 2**20  # bytes to which it may unpack
TAGS = 2 * 10**6  # of XML, times its sheets, which may be one part of the file many times
ROWS, CELLS = 2**20, 3 * 10**5  # of a sheet; openpyxl yields every row before the last, and every cell
HEADER_ROWS = 100  # among which the header is looked for
NO_NAMES: Mapping[str, str] = MappingProxyType({})
DOCTYPE = "<!DOCTYPE"  # could define entities that become more than memory holds


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a workbook; `number` is its number in a spreadsheet program."""

    file: Path
    number: int
    values: dict[str, dict[str, Any]]  # cells of each column, by the names of those that mean it

    @property
    def where(self) -> str:
        """Return file and row, for messages."""
        return f"{self.file.name}, row {self.number}"

    def text(self, column: str) -> str:
        """Return a cell as it is typed; "" if empty. Raises DataError for a date, as programs make of codes, and for
        two columns of one thing that differ."""
        texts = dict[str, str]()
        for head, value in self.values[_key(column)].items():
            if isinstance(value, date | time | timedelta):
                day = value.date() if isinstance(value, datetime) else value
                raise DataError(f"{head} must be text or a number, not the date {day} ({self.where})")
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if text := "" if value is None else str(value).strip():
                texts[head] = text
        if len({*map(str.casefold, texts.values())}) > 1:
            listed = " and ".join(f"{head} {text!r}" for head, text in texts.items())
            raise DataError(f"{listed} must not differ, both are {column}: leave one column ({self.where})")
        return next(iter(texts.values()), "")

    def integer(self, column: str) -> int:
        """Return a cell as an integer. Raises DataError naming file and row if it is none."""
        return int(self._as(csv_file.whole, column))

    def decimal(self, column: str) -> float:
        """Return a cell as a number. Raises DataError for another one, and for a text such as 1.000, maybe 1000."""
        is_text = any(isinstance(cell, str) for cell in self.values[_key(column)].values())
        return float(self._as(lambda text: csv_file.number(text.replace(".", "," * is_text or ".")), column))

    def _as(self, kind: csv_file.Kind, column: str) -> Any:
        text = self.text(column)
        try:
            return kind(text)
        except ValueError as problem:
            raise DataError(f"{column} must be {problem}, not {text!r} ({self.where})") from None

    def integer_if_any(self, column: str) -> int | None:
        """Return a cell as an integer; None if it is empty or "/". Raises DataError as `integer` does."""
        return None if self.text(column) in ("", "/") else self.integer(column)

    def integer_within(self, column: str, valid: range) -> int:
        """Return a cell as an integer in a range. Raises DataError for another value."""
        number = self.integer(column)
        if number not in valid:
            raise DataError(f"{column} must be one of {valid[0]}..{valid[-1]}, not {number} ({self.where})")
        return number

    def name(self, column: str) -> str:
        """Return a cell that becomes part of a path. Raises DataError if it is empty or could lead elsewhere."""
        text = self.text(column)
        if not text:
            raise DataError(f"{column} must not be empty ({self.where})")
        return plain_name(text, self.where)

    def choice_of(self, column: str, choices: Iterable[str]) -> str:
        """Return a cell in lower case if it is one of the choices. Raises DataError for another word: otherwise its row
        would be left out silently."""
        word, valid = self.text(column).lower(), sorted(choices)
        if word not in valid:
            near = nearest(word, valid)
            raise DataError(f"{column} must be one of {', '.join(valid)}, not {word!r}{near} ({self.where})")
        return word


def _key(column: str) -> str:
    """Return a column name without case, blanks, line ends and underscores."""
    return re.sub(r"[\W_]+", "", column.lower())


def find(root: Path, pattern: str, notes: list[str]) -> Path:
    """Return the only matching workbook in root or one folder deeper; note spreadsheets of its name in other formats.
    Raises DataError if there is none or several."""
    path = find_optional(root, pattern)
    others = [other for suffix in SPREADSHEETS for other in _matches(root, str(Path(pattern).with_suffix(suffix)))]
    if path is None:
        advice = f"; save {others[0].relative_to(root)} as .xlsx" if others else ""
        raise DataError(f"{root}: must hold the annotation {pattern}, found none; found {list_content(root)}{advice}")
    notes += [f"{other}: is passed over: {path.name} is read" for other in others]
    return path


def find_optional(root: Path, pattern: str) -> Path | None:
    """Return the only matching workbook in root or one folder deeper, whatever its case; None if there is none. Raises
    DataError if there are several."""
    matches = _matches(root, pattern)
    if len(matches) > 1:
        names = ", ".join(str(path.relative_to(root)) for path in matches)
        raise DataError(f"{root}: must hold one annotation {pattern}, found {names}")
    return matches[0] if matches else None


def _matches(root: Path, pattern: str) -> list[Path]:
    content = visible(root)
    paths = chain(content, *(visible(folder) for folder in content if folder.is_dir()))
    files = (path for path in paths if not path.name.startswith("~"))  # the lock of an open spreadsheet is ~$...
    return sorted(path for path in files if fnmatchcase(path.name.lower(), pattern.lower()))


def rows(
    file: Path, columns: tuple[str, ...], notes: list[str], sheet: str | None = None, also: Mapping[str, str] = NO_NAMES
) -> Iterator[Row]:
    """Yield the rows below the header. Blank rows are skipped, hidden rows are not; other sheets like it are noted,
    and so are columns that are not read and called like one that is, as "ApexFrame (corrected)".

    The header is the first of `HEADER_ROWS` rows that holds the name of the first column. Column names are compared
    without case and blanks; `also` maps other names, which some copies use, to columns. Raises DataError for an
    unreadable file, a missing sheet, a column that is missing or occurs twice, and a formula without its value.
    A CSV file has its header in row 1."""
    meanings = {column: {_key(column), *(_key(name) for name in also if also[name] == column)} for column in columns}
    if file.suffix.lower() == ".csv":
        with csv_file.opened(file) as (header, lines):
            heads = _heads(file, 1, header, meanings)
            for number, texts in lines:
                yield Row(file, number, {key: {head: texts[head] for head in heads[key]} for key in heads})
        return
    book, formulas = _load(file, values=True), _load(file, values=False)
    if sheet is not None and sheet not in book.sheetnames:
        raise DataError(f"{file}: must hold a sheet {sheet!r}, found {', '.join(book.sheetnames)}")
    title, top, names = _header(file, [book[sheet]] if sheet else book.worksheets, meanings, notes)
    heads = _heads(file, top, names, meanings)
    used, passed_over = {*chain(*heads.values())}, dict[str, None]()
    plain = "|".join(csv_file.plain_name(head) for head in used)
    likes = {name for name in names if re.search(rf"(?<![a-z])({plain})(?![a-z])", csv_file.plain_name(name))} - used
    content = (_cells(file, version[title], top + 1) for version in (book, formulas))
    for number, (values, formula_cells) in enumerate(zip(*content, strict=True), top + 1):
        if not any(value is not None and str(value).strip() for value in formula_cells):
            continue
        cells = dict(zip(names, values, strict=False))
        row = Row(file, number, {key: {head: cells.get(head) for head in heads[key]} for key in heads})
        for head, formula in zip(names, formula_cells, strict=False):
            if head in used and str(formula).startswith("=") and cells.get(head) is None:
                must = f"{head} must have a value, not only the formula {formula} ({row.where})"
                raise DataError(f"{must}; open and save the file in a spreadsheet program")
        passed_over |= dict.fromkeys(name for name in likes if cells.get(name) is not None)
        yield row
    if passed_over:
        notes.append(f"{file}: columns passed over: {', '.join(passed_over)}; those read are {', '.join(sorted(used))}")
    book.close()
    formulas.close()


def headerless_rows(file: Path, sheet: int, columns: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a sheet without a header, by its position in the file; cells are these columns in order. Rows
    without a number are skipped, as those of text are. Raises DataError for an unreadable file, a missing sheet and a
    row with numbers but none in its first cell."""
    book = _load(file, values=True)
    if sheet >= len(book.worksheets):
        raise DataError(f"{file}: must hold {sheet + 1} sheets, found {', '.join(book.sheetnames)}")
    for number, values in enumerate(_cells(file, book.worksheets[sheet], 1), 1):
        if any(is_number := [bool(re.fullmatch(r"[0-9]+(\.0+)?", str(value).strip())) for value in values]):
            cells = {**dict.fromkeys(columns), **dict(zip(columns, values, strict=False))}
            row = Row(file, number, {_key(column): {column: cell} for column, cell in cells.items()})
            if not is_number[0]:
                text = f"{columns[0]} must be a number, not {row.text(columns[0])!r}"
                raise DataError(f"{text} ({row.where} of sheet {book.sheetnames[sheet]})")
            yield row
    book.close()


def listing(path: Path, columns: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number, as in an editor, and the cells of each row, stripped of blanks. Raises DataError for a
    file that is not CSV, as `csv_file.opened` does, and for a missing column."""
    with csv_file.opened(path) as (header, rows):
        for column in columns:
            if column not in header:
                raise DataError(f"{path}: column {column!r} is missing in row 1{nearest(column, header)}")
        for number, row in rows:
            yield number, {column: cell.strip() for column, cell in row.items()}


def _load(file: Path, values: bool) -> Any:
    """Load a workbook, with the values of its formulas or the formulas themselves. Raises DataError if that fails, and
    for one that openpyxl would need more than seconds or much memory for."""
    from openpyxl import load_workbook

    with _unreadable_as_data_error(file):
        with ZipFile(regular(file)) as archive:
            size = sum(part.file_size for part in archive.infolist())  # zipfile unpacks no more than it names
            if size > UNPACKED:
                raise DataError(f"{file}: must unpack to at most {UNPACKED >> 20} MB, not to {size >> 20}")
            tags = sheets = 0
            for part in archive.infolist():
                content = archive.read(part)
                if DOCTYPE.encode() in content or DOCTYPE.encode("utf-16-le")[:-1] in content:
                    raise DataError(f"{file}: must have no {DOCTYPE} ({part.filename})")
                tags, sheets = tags + content.count(b"<"), sheets + len(re.findall(rb"[<:]sheet[\s/]", content))
            if tags * sheets > TAGS:
                raise DataError(f"{file}: must have at most {TAGS} XML tags times sheets, not {tags} x {sheets}")
        book = load_workbook(file, read_only=True, data_only=values)
    for page in book.worksheets:
        page.reset_dimensions()  # some programs write wrong ones, and cells beyond them would be lost
    return book


@contextmanager
def _unreadable_as_data_error(file: Path) -> Iterator[None]:
    """Raise DataError in place of openpyxl's errors, also those of zip, XML and keys."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        with file.open("rb") if file.is_file() else BytesIO() as stream:
            start = stream.read(UNPACKED)
        reason = f"cut short or damaged: {error}" if start.startswith(b"PK") else f"it holds {describe_content(start)}"
        raise DataError(f"{file}: is not a readable workbook ({reason})") from error


def _cells(file: Path, page: Any, start: int) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of each row from row `start` on; a merged one counts for all of its rows that have others. Raises
    DataError for more than a sheet of a data set has."""
    from openpyxl.utils import column_index_from_string

    count, merged, current = 0, dict[int, list[tuple[int, int]]](), dict[int, tuple[int, Any]]()
    with _unreadable_as_data_error(file):
        xml = page.parent._archive.read(page._worksheet_path)  # openpyxl tells of merged cells only without read_only
        for column, first, last in re.findall(rb"""mergeCell\s[^>]*?ref=["']([A-Z]+)(\d+):[A-Z]+(\d+)""", xml):
            merged.setdefault(int(first), []).append((column_index_from_string(column.decode()) - 1, int(last)))
        for number, cells in enumerate(page.iter_rows(min_row=start, values_only=True), start):
            current = {column: of for column, of in current.items() if number <= of[0]}
            if current and any(cell is not None for cell in cells):
                cells += (None,) * (max(current) + 1 - len(cells))
                filled = [current[i][1] if cell is None and i in current else cell for i, cell in enumerate(cells)]
                cells = tuple(filled)
            for column, last in merged.get(number, ()):
                current[column] = last, cells[column] if column < len(cells) else None
            count += len(cells)
            if number > ROWS or count > CELLS:
                limit = f"{ROWS} rows and {CELLS} cells"
                raise DataError(f"{file}: a sheet must have at most {limit}, not more ({page.title}, row {number})")
            yield cells


Header = tuple[str, int, list[str]]  # sheet; number of its row; names by position, "" if a cell is empty
Meanings = Mapping[str, set[str]]  # keys of the names that mean a column, by column


def _heads(file: Path, top: int, names: Sequence[str], meanings: Meanings) -> dict[str, list[str]]:
    """Return the names in a header that mean a column, by its key. Raises DataError for none, and for one twice."""
    result = {_key(column): [name for name in names if _key(name) in keys] for column, keys in meanings.items()}
    for column, heads in zip(meanings, result.values(), strict=True):
        if len({*map(_key, heads)}) < len(heads):
            raise DataError(f"{file}: column {column!r} must be there once, not twice in row {top}")
        if not heads:
            raise DataError(f"{file}: column {column!r} is missing in row {top}{nearest(column, names)}")
    return result


def _header(file: Path, pages: list[Any], meanings: Meanings, notes: list[str]) -> Header:
    """Return the header of the first sheet that has all columns, else of the first with the first column. Visible
    sheets go before hidden ones; others with the first column are noted. Raises DataError if no sheet has a header, or
    two visible sheets have all columns."""
    first, visible = next(iter(meanings)), [page.title for page in pages if page.sheet_state == "visible"]
    headers, complete = list[Header](), list[str]()
    for page in sorted(pages, key=lambda page: page.title not in visible):
        for number, values in enumerate(islice(_cells(file, page, 1), HEADER_ROWS), 1):
            names = ["" if value is None else str(value).strip() for value in values]
            keys_there = {*map(_key, names)}
            if meanings[first] & keys_there:
                headers.append((page.title, number, names))
                if page.title in visible and all(keys & keys_there for keys in meanings.values()):
                    complete.append(page.title)
                break
    if len(complete) > 1:
        raise DataError(f"{file}: must hold the annotation in one sheet, not in {' and '.join(complete)}")
    if not headers:
        raise DataError(f"{file}: must have a header row with column {first!r}, found none")
    chosen = next((header for header in headers if header[0] in complete), headers[0])
    if others := ", ".join(title for title, _, _ in headers if title != chosen[0]):
        notes.append(f"{file}: of sheets with column {first!r}, {chosen[0]} is read; passed over: {others}")
    return chosen
