"""Write and read spotted intervals as the challenges take them, so that any scorer can check ours, and ours any log.

Text only. `2022` is the form of MEGC 2022 and 2023, both kinds of expression, without classes: vid, pred_onset,
pred_offset, type (me or mae). `2025` is that of spotting, then recognising in MEGC 2024 and 2025, micro-expressions
alone: subject, video, onset, offset, emotion.
"""

import io
from collections import Counter
from collections.abc import Sequence

from microexpr.core import csv_file
from microexpr.core.clip import LABELS, Clip, LongVideo, event_kind
from microexpr.core.errors import DataError, nearest
from microexpr.core.recordings import Recordings
from microexpr.core.store import csv_text
from microexpr.core.subjects import Subjects, stated
from microexpr.datasets.layout import check_events, label_of
from microexpr.evaluation.spotting import Intervals, Spotted

COLUMNS = {  # by year
    "2022": ("vid", "pred_onset", "pred_offset", "type"),
    "2025": ("subject", "video", "onset", "offset", "emotion"),
}
TYPES = {"micro": "me", "macro": "mae"}
NAMES = {  # of a column in the logs of each year, and of others
    "video": ("vid", "video", "recording"),
    "onset": ("onset", "pred_onset"),
    "offset": ("offset", "pred_offset"),
    "subject": csv_file.SUBJECT,
    "type": ("type", "kind", "expression_type"),
    "emotion": ("emotion", "class", "label", "pred_emotion"),
}
OPTIONAL = ("subject", "type", "emotion")


def format_log(videos: Sequence[LongVideo], intervals: Intervals, year: str) -> str:
    """Return the log of the intervals spotted in videos of one data set, a line for each, in the form of a year."""
    rows = []
    for video in videos:
        for spotted in intervals[video.clip.id]:
            times = {"onset": spotted.onset, "offset": spotted.offset}
            times |= {f"pred_{name}": value for name, value in times.items()}
            names = {"subject": video.clip.subject, "video": video.clip.name, "vid": _vid(video.clip)}
            if year == "2022" or spotted.kind == "micro":
                rows.append(names | times | {"type": TYPES[spotted.kind], "emotion": spotted.emotion})
    return csv_text(COLUMNS[year], [{name: str(row[name]) for name in COLUMNS[year]} for row in rows])


def _vid(clip: Clip) -> str:
    """Return a name that no other video of the data set has."""
    return clip.name if clip.name.startswith(clip.subject.lstrip("s")) else f"{clip.subject}_{clip.name}"


def read(text: str, name: str, videos: Sequence[LongVideo]) -> tuple[Intervals, list[str]]:
    """Return the intervals that a log lists for each of these videos, in either form, and notes; without a type, micro.

    Emotions are classes, or words that belong to one; other words are no class. Raises DataError naming the row of a
    missing column, of two columns of one thing that differ, another type or number, a misspelt class, a video that is
    not among these, one that several subjects have where none is named, an interval outside of the video, and one that
    is there twice."""
    header, rows = csv_file.parse(io.StringIO(text, newline=""), name)
    columns = csv_file.Columns(header, NAMES, name)
    for column, names in NAMES.items():
        if column not in columns.heads and column not in OPTIONAL:
            listed = ", ".join(header) or "nothing"
            raise DataError(f"{name}: must have a column {' or '.join(names)}, not only {listed}")
    clips = {video.clip.id: video.clip for video in videos}
    subjects = Subjects({clip.subject: clip.id for clip in clips.values()})
    names_of = {c.id: (f"{c.subject}/{c.name}", c.name, _vid(c), f"{c.subject}_{c.name}") for c in clips.values()}
    recordings = Recordings(names_of, {clip.id: clip.subject for clip in clips.values()}, subjects)
    intervals: Intervals = {clip_id: [] for clip_id in clips}
    seen, others = dict[tuple[str, str, int, int], int](), Counter[str]()
    of_log, heads = [*rows], columns.heads.get("type", ())
    has_types = any(row[head].strip() for _, row in of_log for head in heads)
    for number, row in of_log:
        where = f"{name}, row {number}"
        cells = columns.cells(number, row)
        if not cells["video"]:
            raise DataError(f"a video must have a name, not an empty cell ({where})")
        if subject := stated(cells.get("subject", "")):
            subjects.find_one(subject, where)
        clip = clips[recordings.find_one(cells["video"], subject, where, "a video")]
        frames = csv_file.cells(name, number, cells, dict.fromkeys(("onset", "offset"), csv_file.whole))
        onset, offset = frames["onset"], frames["offset"]
        check_events(where, range(clip.first, clip.last + 1), onset=onset, offset=offset)
        if onset > offset:
            raise DataError(f"onset must not be after offset, not {onset} and {offset} ({where})")
        word = cells["type"].lower() if has_types else "me"
        kind = event_kind(word)
        if kind != "micro" and kind != "macro":
            raise DataError(f"type must be one of {', '.join((*TYPES.values(), *TYPES))}, not {word!r} ({where})")
        if other := seen.get(key := (clip.id, kind, onset, offset)):
            raise DataError(f"an interval must be there once, not twice: {onset} to {offset} ({where}; row {other})")
        seen[key] = number
        emotion = cells.get("emotion", "").lower()
        if (label := label_of(emotion)) is not None:
            emotion = LABELS[label]
        elif emotion not in LABELS and (near := nearest(emotion, LABELS)):
            raise DataError(f"emotion must be one of {', '.join(LABELS)}, not {cells['emotion']!r}{near} ({where})")
        elif event_kind(emotion):
            raise DataError(f"emotion must be no type, as {cells['emotion']!r} is: call the column type ({where})")
        if emotion and emotion not in LABELS:
            others[emotion] += 1
        intervals[clip.id].append(Spotted(kind, onset, (onset + offset) // 2, offset, 1.0, emotion))
    listed = ", ".join(f"{count} of {word}" for word, count in sorted(others.items()))
    return intervals, [*columns.notes(), *[f"{name}: emotions that are of no class: {listed}"] * bool(listed)]
