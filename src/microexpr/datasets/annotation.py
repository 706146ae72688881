"""Rows of an annotation as clips: each row one, its events held to the frames that are there. Knows no data set."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.datasets.layout import gathered
from microexpr.datasets.workbook import Row

Key = tuple[str, str]  # subject and clip


def clips(
    dataset: str,
    rows: Iterable[Row],
    key: Callable[[Row], Key],
    made: Callable[[Row, Key], Clip],
    problems: list[str] | None,
) -> tuple[list[Clip], set[Key]]:
    """A clip for each row, sorted; and all keys. Raises DataError for a key that is there twice, or gathers it."""
    found: list[Clip] = []
    known: set[Key] = set()
    for row in rows:
        with gathered(problems):
            here = key(row)
            if here in known:
                raise DataError(f"clip {dataset}/{'/'.join(here)} has two rows, this is the second ({row.where})")
            known.add(here)
            found.append(made(row, here))
    return sorted(found, key=lambda clip: clip.id), known


def events(
    row: Row, onset: str, apexes: Sequence[str], offset: str, found: Collection[int], notes: list[str]
) -> tuple[int, int | None, int]:
    """Onset, apex and offset from these columns, for data sets whose annotators slipped in known places.

    An onset that is no frame is the first one, an offset that is none or not after the onset the last one; of several
    columns for the apex the first counts that lies between, none where none does. All with a note."""
    start, end = row.integer_if_any(onset), row.integer_if_any(offset)
    if start is None or start not in found:
        start = _taken(onset, row, "first", min(found), notes)
    if end is None or end not in found or end <= start:
        end = _taken(offset, row, "last", max(found), notes)
    return start, apex(row, apexes, start, end, notes), end


def apex(row: Row, columns: Sequence[str], onset: int, offset: int, notes: list[str]) -> int | None:
    """The first that lies behind the onset and not behind the offset; None, with a note, where none does."""
    for column in columns:
        number = row.integer_if_any(column)
        if number is not None and onset < number <= offset:
            return number
        notes.append(f"{column} {row.text(column)!r} does not lie in {onset + 1}..{offset}: not taken ({row.where})")
    notes.append(f"the apex is not annotated: it will be spotted ({row.where})")
    return None


def _taken(column: str, row: Row, which: str, number: int, notes: list[str]) -> int:
    notes.append(f"{column} {row.text(column)!r} is not possible: taken as the {which} frame {number} ({row.where})")
    return number


def units(text: str) -> str:
    """A code of action units with + in place of commas, ours and Chinese ones."""
    return re.sub(r"\s*[,\N{FULLWIDTH COMMA}]\s*", "+", text)


def folder(parent: Path, name: str) -> Path:
    """A folder in another; where there is none of exactly this name, one that differs in case alone."""
    near = sorted(parent.glob("*/")) if not (parent / name).is_dir() else []
    return next((path for path in near if path.name.lower() == name.lower()), parent / name)
