"""Turn the rows of an annotation into clips, and check their events against the frames on disk. Knows no data set."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.datasets.layout import collect_errors
from microexpr.datasets.workbook import Row

Key = tuple[str, str]  # subject and clip


def clips(
    dataset: str,
    rows: Iterable[Row],
    key: Callable[[Row], Key],
    make_clip: Callable[[Row, Key], Clip],
    problems: list[str] | None,
) -> tuple[list[Clip], set[Key]]:
    """Return a clip for each row, sorted by id, and the keys of all rows.

    Raises DataError for a key of two rows, or appends it to `problems` if that is a list."""
    clips: list[Clip] = []
    keys: set[Key] = set()
    for row in rows:
        with collect_errors(problems):
            row_key = key(row)
            if row_key in keys:
                raise DataError(f"clip {dataset}/{'/'.join(row_key)} has two rows, this is the second ({row.where})")
            keys.add(row_key)
            clips.append(make_clip(row, row_key))
    return sorted(clips, key=lambda clip: clip.id), keys


def subject(row: Row, pattern: str, form: str, example: str) -> str:
    """Return the subject of a row in this form, of the number in column Subject, which the pattern's group 1 holds.

    Raises DataError, which gives the example, for a cell that the pattern does not match, whatever its case."""
    name = row.name("Subject")
    if not (match := re.fullmatch(pattern, name, re.IGNORECASE)):
        raise DataError(f"Subject must be {example}, not {name!r} ({row.where})")
    return form.format(int(match[1]))


def events(
    row: Row, onset: str, apexes: Sequence[str], offset: str, frames: Collection[int], notes: list[str]
) -> tuple[int, int | None, int]:
    """Return onset, apex and offset of a row from these columns, and mend known slips of the annotators.

    An onset that is no frame becomes the first frame. An offset that is no frame, or not after the onset, becomes the
    last frame. The apex is the first of its columns that lies between, or None. Each correction adds a note."""
    start, end = row.integer_if_any(onset), row.integer_if_any(offset)
    if start is None or start not in frames:
        start = _substitute(onset, row, "first", min(frames), notes)
    if end is None or end not in frames or end <= start:
        end = _substitute(offset, row, "last", max(frames), notes)
    return start, apex(row, apexes, start, end, notes), end


def apex(row: Row, columns: Sequence[str], onset: int, offset: int, notes: list[str]) -> int | None:
    """Return the first of these columns that lies in onset+1..offset; None, with a note, if none does."""
    for column in columns:
        number = row.integer_if_any(column)
        if number is not None and onset < number <= offset:
            return number
        notes.append(f"{column} {row.text(column)!r} does not lie in {onset + 1}..{offset}: not taken ({row.where})")
    notes.append(f"the apex is not annotated: it will be spotted ({row.where})")
    return None


def _substitute(column: str, row: Row, which: str, number: int, notes: list[str]) -> int:
    """Return the frame `number` in place of an impossible event, and add a note."""
    notes.append(f"{column} {row.text(column)!r} is not possible: taken as the {which} frame {number} ({row.where})")
    return number


def units(text: str) -> str:
    """Return a code of action units with + in place of commas, also full-width ones."""
    return re.sub(r"\s*[,\N{FULLWIDTH COMMA}]\s*", "+", text)


def folder(parent: Path, name: str) -> Path:
    """Return a folder in another; if none has exactly this name, one whose name differs in case alone."""
    candidates = sorted(parent.glob("*/")) if not (parent / name).is_dir() else []
    return next((path for path in candidates if path.name.lower() == name.lower()), parent / name)
