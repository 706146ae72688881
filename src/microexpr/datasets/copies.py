"""Check what every copy must satisfy, whatever its layout: each clip once, a note on every file passed over, counts.

The counts of a copy are compared with the published ones.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from microexpr.core import facs
from microexpr.core.clip import LABELS, Clip, LongVideo, Origin
from microexpr.core.errors import DataError
from microexpr.core.facs import EVALUATED, UNKNOWN, evaluated
from microexpr.datasets.frames import shorten, stray_files
from microexpr.datasets.layout import OBJECTIVE, Counts, Layout, LongLayout, collect_errors, os_errors_as_data_errors


def with_checks(layout: Layout) -> Layout:
    """Return the layout with a reader that also makes these checks, and raises DataError for errors of the disk."""
    long = layout if isinstance(layout, LongLayout) else None

    def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Any], list[str]]:
        with os_errors_as_data_errors():
            if long:
                videos, notes = long.read_videos(root, origin, problems)
                clips = [video.clip for video in videos]
                codes = [(video.clip.id, e.action_units) for video in videos for e in video.expressions]
            else:
                clips, notes = layout.read(root, origin, problems)
                codes = [(clip.id, clip.action_units) for clip in clips]
            notes += _check_clips(layout, root, clips, problems)
        notes += _unread_unit_notes(root, codes, "expressions" if long else "clips")
        if origin == "licensed" and layout.published and problems is None:  # in a check it is a problem, not a note
            counts = count_videos(videos) if long else count_clips(clips)
            difference = compare_counts(counts, layout.published, *layout.releases)
            notes += [f"{root}: {difference}"] if difference else []
        return (videos if long else clips), notes

    if long:
        return LongLayout.of(layout.name, layout.title, layout.fps, layout.frame, layout.published, read)
    return replace(layout, read=read)


def _check_clips(layout: Layout, root: Path, clips: Sequence[Clip], problems: list[str] | None) -> list[str]:
    """Return notes on strays among the frames; raise DataError for two clips of one id, or append it to `problems`."""
    notes, others = list[str](), 0
    for folder in dict.fromkeys(root / clip.folder for clip in clips):
        pictures, rest = stray_files(folder, layout.frame) if layout.frame is not None else ([], 0)
        others += rest
        if pictures:
            notes.append(f"{folder}: {shorten(pictures)}: not named like a frame, passed over")
    if others:
        notes.append(f"{root}: files among the frames that are no pictures: {others}, passed over")
    for clip, other in duplicates(clips):
        with collect_errors(problems):
            raise DataError(f"clip {clip.id} must be there once, not in {clip.folder} and {other.folder}")
    return notes


def _unread_unit_notes(root: Path, codes: Sequence[tuple[str, str]], what: str) -> Iterator[str]:
    """Yield a note on each code of action units, given after the id of its clip, that is not understood."""
    ids: dict[str, list[str]] = {}
    for clip_id, units in codes:
        for code in facs.unread(units):
            ids.setdefault(code, []).append(clip_id)
    for code, names in sorted(ids.items()):
        expected = "action units must be coded like 1+L2, A12, R12B or (R6 or R12)+R15"
        passed_over = f"passed over in {len(names)} of {len(codes)} {what}, {names[0]} for one"
        yield f"{root}: {expected}, not {code!r}, which is {passed_over}"


def duplicates(clips: Sequence[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Yield pairs of the first clip of an id and each later clip with the same id."""
    first: dict[str, Clip] = {}
    for clip in clips:
        if clip.id in first:
            yield first[clip.id], clip
        first.setdefault(clip.id, clip)


def count_clips(clips: Sequence[Clip]) -> Counts:
    """Return the counts of clips; AU-based classes are None if no clip has one."""
    labels, emotions = Counter(clip.label for clip in clips), Counter(clip.emotion for clip in clips)
    classes = Counter(clip.objective_class for clip in clips if clip.objective_class is not None)
    return Counts(
        clips=len(clips),
        subjects=len({clip.subject for clip in clips}),
        megc2019=(labels[0], labels[1], labels[2]),
        objective=tuple(classes[label] for label in OBJECTIVE) if classes else None,
        emotions=dict(sorted(emotions.items())),
    )


def count_videos(videos: Sequence[LongVideo]) -> Counts:
    """Return the counts of long videos and of the expressions in them."""
    kinds = Counter(e.kind for video in videos for e in video.expressions)
    emotions = Counter(e.emotion for video in videos for e in video.expressions if e.kind == "micro" and e.emotion)
    subjects = {video.clip.subject for video in videos}
    return Counts(
        len(videos), len(subjects), emotions=dict(sorted(emotions.items())) or None, micro=kinds["micro"],
        macro=kinds["macro"],
    )  # fmt: skip


def compare_counts(actual: Counts, published: Counts, *releases: Counts) -> str:
    """Describe the counts that differ from the published ones; "" if none does, or if they are those of a release.

    Where clips or subjects differ, these alone: all others follow from them. AU-based classes may be missing, and so
    may the emotions in long videos: not every copy has their workbook."""
    if any(not compare_counts(actual, release) for release in releases):
        return ""
    names = [field.name for field in fields(Counts) if getattr(published, field.name) is not None]
    missing = [name for name in ("objective", "emotions") if getattr(actual, name) is None]
    names = [name for name in names if getattr(actual, name) != getattr(published, name) and name not in missing]
    names = [name for name in names if name in ("clips", "subjects")] or names
    expected_text, actual_text = (
        "; ".join(_line(name, getattr(counts, name), counts) for name in names) for counts in (published, actual)
    )
    return f"must hold {expected_text}, but found {actual_text}" if names else ""


def count_lines(counts: Counts) -> Iterator[str]:
    """Yield a line for each count that is not None."""
    for field in fields(Counts):
        value = getattr(counts, field.name)
        if value is not None:
            yield _line(field.name, value, counts)


def count_units(clips: Sequence[Clip], published: Sequence[int] | None) -> str:
    """Return a line on the clips that show each unit, with the published counts in brackets; "" without any code."""
    labels = [evaluated(clip.action_units) for clip in clips]
    coded = [label for label in labels if any(value != UNKNOWN for value in label)]
    if not coded:
        return ""
    counts = [sum(value == 1 for value in column) for column in zip(*coded, strict=True)]
    words = [f"AU{number} {count}" for number, count in zip(EVALUATED, counts, strict=True)]
    if published:
        words = [f"{word} ({count})" for word, count in zip(words, published, strict=True)]
    return f"action units of {len(coded)} coded clips{' (published)' * bool(published)}: {', '.join(words)}"


def _line(name: str, value: object, counts: Counts) -> str:
    is_long = counts.micro is not None or counts.macro is not None
    if isinstance(value, dict):
        return f"{'emotions of micro-expressions' if is_long else name} " + ", ".join(
            f"{key} {count}" for key, count in value.items()
        )
    if isinstance(value, tuple):
        names = {"megc2019": f"MEGC2019 {'/'.join(LABELS)}", "objective": "AU-based classes 1 to 7"}
        return f"{names[name]} {'/'.join(map(str, value))}"
    words = {"clips": "videos", "micro": "micro-expressions", "macro": "macro-expressions"} if is_long else {}
    return f"{value} {words.get(name, name)}"
