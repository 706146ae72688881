"""What is asked of every copy, whatever its layout: each clip once, nothing passed over without a word, all counted."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets.counting import counted, differing
from microexpr.datasets.frames import few, strays
from microexpr.datasets.layout import Layout, gathered, readable


def checked(about: Layout) -> Layout:
    """The layout with a reader that raises and notes this too; what a disk refuses is a DataError."""

    def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
        with readable():
            clips, notes = about.read(root, origin, problems)
            if about.frame is not None:
                notes += _strays(root, clips, about.frame)
        for clip, other in _twice(clips):
            with gathered(problems):
                raise DataError(f"clip {clip.id} must be there once, not in {clip.folder} and {other.folder}")
        if origin == "licensed" and about.published and problems is None:  # `check` calls it a problem
            difference = differing(counted(clips), about.published, *about.releases)
            notes += [f"{root}: {difference}"] if difference else []
        return clips, notes

    return replace(about, read=read)


def _strays(root: Path, clips: Sequence[Clip], pattern: re.Pattern[str]) -> Iterator[str]:
    """Notes on what lies among the frames and is none."""
    others = 0
    for folder in dict.fromkeys(root / clip.folder for clip in clips):
        pictures, rest = strays(folder, pattern)
        others += rest
        if pictures:
            yield f"{folder}: {few(pictures)}: not named like a frame, passed over"
    if others:
        yield f"{root}: files among the frames that are no pictures: {others}, passed over"


def _twice(clips: Sequence[Clip]) -> Iterator[tuple[Clip, Clip]]:
    first: dict[str, Clip] = {}
    for clip in clips:
        if clip.id in first:
            yield first[clip.id], clip
        first.setdefault(clip.id, clip)
