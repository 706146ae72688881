"""Read and write what coders mark in recordings: tables, ELAN's .eaf, Praat's TextGrid, exports of BORIS and Datavyu.

    events, notes = coding.read(Path("s01.eaf"))
    for event in events:
        print(event.kind, event.onset, event.offset, event.emotion)

Knows no data set and no pixels.

May import: core."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from microexpr.coding import elan, praat, tables
from microexpr.coding.events import Coded, Problems, without_nothing
from microexpr.core import facs
from microexpr.core.errors import DataError
from microexpr.core.files import VIDEO_SUFFIXES, read_errors
from microexpr.core.recordings import bare, local
from microexpr.core.subjects import Subjects, folded

__all__ = ["Coded", "check_media", "check_once", "coders", "links", "media", "of_coder", "read"]

READERS: dict[str, Callable[[Path, Problems], tuple[list[Coded], list[str]]]] = {  # by ending
    ".eaf": elan.read, ".textgrid": praat.read, ".csv": tables.read, ".tsv": tables.read,
}  # fmt: skip
SUFFIXES = tuple(READERS)
OTHER_SUFFIXES = (".xlsx", ".xls", ".ods", ".boris", ".opf")  # read once they are saved as CSV


def read(path: Path, problems: list[str] | None = None) -> tuple[list[Coded], list[str]]:
    """Return the events of a file, in its order, and notes on what of it was passed over. Raises DataError naming file
    and row, or tier, for what cannot be understood; if `problems` is a list, what concerns one event alone is appended
    to it."""
    if path.is_dir() or not path.exists():
        raise DataError(f"{path}: {'must be a file, not a folder' if path.is_dir() else 'is not there'}")
    if path.suffix.lower() not in READERS:
        raise DataError(f"{path}: must be one of {', '.join(SUFFIXES)}; a spreadsheet can be saved as CSV")
    with read_errors(path):
        events, notes = READERS[path.suffix.lower()](path, problems)
    events, more = without_nothing(events, path)
    if places := [event.where for event in events if facs.sustained(event.action_units)]:
        more.append(f"{path}: action units marked (k), there throughout, do not count: {len(places)}, {places[0]}")
    return events, [*notes, *more]


def coders(events: Iterable[Coded]) -> list[str]:
    """Return the coders of events, sorted, each in one spelling; "" where none is named."""
    names = [event.coder.strip() for event in events]
    key = Subjects(names, "coders").key
    return sorted({key(name): name for name in reversed(names)}.values())


def of_coder(
    path: Path, events: Sequence[Coded], coder: str, others: Collection[str] = ()
) -> tuple[list[Coded], list[str]]:
    """Return a coder's events of those of a file, and a note on those of coders who are none of `others`."""
    key = Subjects([coder, *others, *(event.coder for event in events)], "coders").key
    named = {key(name) for name in (coder, *others)}
    chosen = [event for event in events if key(event.coder) == key(coder)]
    rest = Counter(event.coder.strip() or "no coder" for event in events if key(event.coder) not in named)
    listed = ", ".join(f"{count} of {name}" for name, count in sorted(rest.items()))
    return chosen, [f"{path}: events passed over, of coders who are not asked for: {listed}"] * bool(rest)


def check_once(events: Iterable[Coded], seconds: np.ndarray | None = None) -> None:
    """Raise DataError for an event of one recording and coder that is there twice, naming both places. Times are
    compared as they are written, or as frames with these times, float64[T]."""
    seen = dict[tuple[str, float, float, str], str]()
    for event in events:
        times = (event.onset, event.offset) if seconds is None else event.frames(seconds)[::2]
        if other := seen.get(key := (event.kind, *times, event.unit if seconds is None else "")):
            span = f"{event.kind} {event.onset:g} to {event.offset:g}"
            raise DataError(f"an event must be there once, not twice: {span} ({other}; {event.where})")
        seen[key] = event.where


def links(path: Path) -> list[Path]:
    """Return the videos that a file is linked to, which may not be there; a table to none."""
    return elan.media(path) if path.suffix.lower() == ".eaf" else []


def check_media(path: Path, recording: Path) -> list[str]:
    """Return a note on an .eaf that is linked to videos that are not there and called otherwise than its recording.
    Raises DataError for one that is linked to other videos alone that are there."""
    others = links(path)
    linked = [other for other in others if other.is_file()]
    if linked and not any(other.samefile(recording) for other in linked if recording.exists()):
        raise DataError(f"{path}: must be linked to {recording}, not to {linked[0]}")
    end, *ends = [(folded(other.parent.name), folded(bare(other.name))) for other in (recording.absolute(), *others)]
    others = [] if linked or end in ends else others[:1]
    return [f"{path}: is linked to {other}, which is not there, and taken as of {recording}" for other in others]


def media(path: Path, recording: str = "") -> Path | None:
    """Return the video that events are of: that of a table's row, that which an .eaf names, or one of the same name.
    Raises DataError where several have the name."""
    if linked := next((other for other in links(path) if other.is_file()), None):
        return linked
    named = path.parent / local(recording) if recording else path.with_suffix("")
    if named.is_file() and named.suffix.lower() in VIDEO_SUFFIXES:
        return named
    folder = named.parent
    neighbours = sorted(folder.iterdir()) if folder.is_dir() else []
    videos = [other for other in neighbours if other.suffix.lower() in VIDEO_SUFFIXES and other.is_file()]
    alike = [video for video in videos if video.stem == bare(named.name)]
    if len(alike) > 1:
        raise DataError(f"{path}: must be of one video, but {' and '.join(map(str, alike))} have its name")
    return alike[0] if alike else None
