"""Read long videos and the expressions in them from folders of frames and rows. Knows no data set."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.core.expression import Expression, Kind, LongVideo, long_video
from microexpr.datasets.frames import gaps, numbered_frames
from microexpr.datasets.workbook import Row

Key = TypeVar("Key", str, tuple[str, str])  # by which a row names its video


def clip(
    dataset: str,
    root: Path,
    folder: Path,
    pattern: re.Pattern[str],
    origin: Origin,
    subject: str,
    fps: int,
    name: str = "",
    notes: list[str] | None = None,
) -> Clip:
    """Return the video of a folder of frames, called like the folder, without events.

    Raises DataError for a missing frame; adds a note on them to `notes` instead, if that is given."""
    frames = numbered_frames(folder, pattern)
    if missing := gaps(frames):
        message = f"{folder}: frame {missing[0]} is missing between {min(frames)} and {max(frames)}"
        message += f", {len(missing)} of {max(frames) - min(frames) + 1} are" if len(missing) > 1 else ""
        if notes is None:
            raise DataError(message)
        notes.append(f"{message}; the frame before stands for each")
    return Clip(
        dataset=dataset, subject=subject, name=name or folder.name, origin=origin, folder=str(folder.relative_to(root)),
        first=min(frames), last=max(frames), frames=len(frames), onset=None, apex=None, offset=None, fps=fps,
        emotion="", label=None, objective_class=None, action_units="",
    )  # fmt: skip


def video_of(clips: Mapping[Key, Clip], key: Key, row: Row, example: str) -> Clip:
    """Return the video of a row by its key. Raises DataError if there is none."""
    if key not in clips:
        words = key if isinstance(key, str) else "/".join(map(str, key))
        raise DataError(f"there must be a folder of frames like {example} for {words}, found none ({row.where})")
    return clips[key]


def expression(
    kind: Kind,
    clip: Clip,
    onset: int,
    apex: int | None,
    offset: int,
    emotion: str,
    label: int | None,
    action_units: str,
    row: Row,
    notes: list[str],
) -> Expression:
    """Return an expression of a video whose events lie in its frames, in order.

    An onset before the first frame and an offset after the last are cut there, and an apex that is not between them is
    not known; each adds a note. Raises DataError for an offset that does not lie after the onset."""
    first, last = max(onset, clip.first), min(offset, clip.last)
    if (first, last) != (onset, offset):
        notes.append(f"{onset}..{offset} is cut to the frames {first}..{last} of {clip.folder} ({row.where})")
    if first >= last:
        raise DataError(
            f"onset must lie before offset, both in the frames {clip.first}..{clip.last} of {clip.folder}, not {onset} "
            f"and {offset} ({row.where})"
        )
    if apex is not None and not first <= apex <= last:
        notes.append(f"apex {apex} does not lie in {first}..{last}: it is not known ({row.where})")
        apex = None
    return Expression(kind, first, apex, last, emotion, label, action_units)


def joined(clips: Iterable[Clip], expressions: Mapping[str, Sequence[Expression]]) -> list[LongVideo]:
    """Return the videos, sorted by id, each with its expressions, which are given by the video's id."""
    ordered = sorted(clips, key=lambda clip: clip.id)
    return [long_video(clip, expressions.get(clip.id, ())) for clip in ordered]
