"""Check what every copy must satisfy, whatever its layout: each clip once, and a note on every file passed over."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.core.facs import notation
from microexpr.datasets.counting import compare_counts, count_clips, count_videos
from microexpr.datasets.frames import shorten, stray_files
from microexpr.datasets.layout import Layout, LongLayout, Videos, collect_errors, os_errors_as_data_errors


def with_checks(layout: Layout) -> Layout:
    """Return the layout with a reader that also makes these checks, and raises DataError for what a disk refuses."""
    if isinstance(layout, LongLayout):
        return _long_with_checks(layout)

    def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
        with os_errors_as_data_errors():
            clips, notes = layout.read(root, origin, problems)
            notes += _check_clips(layout, root, clips, problems)
        notes += _unread_unit_notes(root, [(clip.id, clip.action_units) for clip in clips], "clips")
        if origin == "licensed" and layout.published and problems is None:  # in a check it is a problem, not a note
            difference = compare_counts(count_clips(clips), layout.published, *layout.releases)
            notes += [f"{root}: {difference}"] if difference else []
        return clips, notes

    return replace(layout, read=read)


def _long_with_checks(layout: LongLayout) -> Layout:
    """Return a layout of long videos with these checks."""

    def read_videos(root: Path, origin: Origin, problems: list[str] | None = None) -> Videos:
        with os_errors_as_data_errors():
            videos, notes = layout.read_videos(root, origin, problems)
            notes += _check_clips(layout, root, [video.clip for video in videos], problems)
        codes = [(video.clip.id, e.action_units) for video in videos for e in video.expressions]
        notes += _unread_unit_notes(root, codes, "expressions")
        if origin == "licensed" and layout.published and problems is None:
            difference = compare_counts(count_videos(videos), layout.published, *layout.releases)
            notes += [f"{root}: {difference}"] if difference else []
        return videos, notes

    return LongLayout.of(layout.name, layout.title, layout.fps, layout.frame, layout.published, read_videos)


def _check_clips(layout: Layout, root: Path, clips: Sequence[Clip], problems: list[str] | None) -> list[str]:
    """Return notes on strays among the frames; raise DataError for two clips of one id, or append it to `problems`."""
    notes = list(_stray_notes(root, clips, layout.frame)) if layout.frame is not None else []
    for clip, other in duplicates(clips):
        with collect_errors(problems):
            raise DataError(f"clip {clip.id} must be there once, not in {clip.folder} and {other.folder}")
    return notes


def _stray_notes(root: Path, clips: Sequence[Clip], pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield notes on files among the frames that are no frames."""
    others = 0
    for folder in dict.fromkeys(root / clip.folder for clip in clips):
        pictures, rest = stray_files(folder, pattern)
        others += rest
        if pictures:
            yield f"{folder}: {shorten(pictures)}: not named like a frame, passed over"
    if others:
        yield f"{root}: files among the frames that are no pictures: {others}, passed over"


def _unread_unit_notes(root: Path, codes: Sequence[tuple[str, str]], what: str) -> Iterator[str]:
    """Yield a note on each code of action units, given after the id of its clip, that is not understood."""
    ids: dict[str, list[str]] = {}
    for clip_id, units in codes:
        for code in notation.unread(units):
            ids.setdefault(code, []).append(clip_id)
    for code, names in sorted(ids.items()):
        expected = "action units must be coded like 1+L2, A12, R12B or (R6 or R12)+R15"
        passed_over = f"passed over in {len(names)} of {len(codes)} {what}, {names[0]} for one"
        yield f"{root}: {expected}, not {code!r}, which is {passed_over}"


def duplicates(clips: Sequence[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Yield each clip whose id an earlier clip has, after that earlier clip."""
    first: dict[str, Clip] = {}
    for clip in clips:
        if clip.id in first:
            yield first[clip.id], clip
        first.setdefault(clip.id, clip)
