"""Read and write what coders mark in recordings: tables, ELAN's .eaf, Praat's TextGrid, exports of BORIS and Datavyu.

    events, notes = coding.read(Path("s01.eaf"))
    for event in events:
        print(event.kind, event.onset, event.offset, event.emotion)

Knows no data set and no pixels.

May import: core.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from microexpr.coding import elan, praat, tables
from microexpr.coding.events import KINDS, Coded, Problems, collected
from microexpr.core.errors import DataError
from microexpr.core.files import VIDEO_SUFFIXES

__all__ = ["KINDS", "Coded", "bare", "coders", "collected", "media", "read"]

READERS: dict[str, Callable[[Path, Problems], tuple[list[Coded], list[str]]]] = {  # by ending
    ".eaf": elan.read, ".textgrid": praat.read, ".csv": tables.read, ".tsv": tables.read,
}  # fmt: skip
SUFFIXES = tuple(READERS)


def read(path: Path, problems: list[str] | None = None) -> tuple[list[Coded], list[str]]:
    """Return the events of a file, in its order, and notes on what of it was passed over.

    Raises DataError naming file and row, or tier, for what cannot be understood; if `problems` is a list, what concerns
    one event alone is appended to it."""
    if path.is_dir() or not path.exists():
        raise DataError(f"{path}: {'must be a file, not a folder' if path.is_dir() else 'is not there'}")
    if path.suffix.lower() not in READERS:
        raise DataError(f"{path}: must be one of {', '.join(SUFFIXES)}; a spreadsheet can be saved as CSV")
    return READERS[path.suffix.lower()](path, problems)


def coders(events: Iterable[Coded]) -> list[str]:
    """Return the coders of events, sorted; "" where none is named."""
    return sorted({event.coder for event in events})


def bare(name: str) -> str:
    """Return a name without the suffix of a video; any other dot belongs to it."""
    return name.removesuffix(suffix) if (suffix := Path(name).suffix).lower() in VIDEO_SUFFIXES else name


def media(path: Path, recording: str = "") -> Path | None:
    """Return the video that events are of: that of a table's row, that which an .eaf names, or one of the same name."""
    if path.suffix.lower() == ".eaf":
        for name in elan.media(path):
            if (path.parent / name).is_file():
                return path.parent / name
    named = path.parent / recording if recording else path.with_suffix("")
    if named.is_file() and (recording or named.suffix.lower() in VIDEO_SUFFIXES):
        return named
    stem, folder = bare(named.name), named.parent
    neighbours = sorted(folder.iterdir()) if folder.is_dir() else []
    videos = (other for other in neighbours if other.suffix.lower() in VIDEO_SUFFIXES and other.is_file())
    return next((video for video in videos if video.stem == stem), None)
