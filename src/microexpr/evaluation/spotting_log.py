"""Write and read spotted intervals as the challenges take them, so that any scorer can check ours, and ours any log.

Text only. `2022` is the form of MEGC 2022 and 2023, both kinds of expression, without classes: vid, pred_onset,
pred_offset, type (me or mae). `2025` is that of spotting, then recognising in MEGC 2024 and 2025, micro-expressions
alone: subject, video, onset, offset, emotion.
"""

import io
from collections.abc import Sequence

from microexpr.core import csv_file
from microexpr.core.clip import KINDS, LABELS, LongVideo
from microexpr.core.errors import DataError, nearest
from microexpr.core.store import csv_text
from microexpr.datasets.layout import label_of
from microexpr.evaluation.spotting import Intervals, Spotted
from microexpr.protocols.splits import subject_key

COLUMNS = {  # by year
    "2022": ("vid", "pred_onset", "pred_offset", "type"),
    "2025": ("subject", "video", "onset", "offset", "emotion"),
}
TYPES = {"micro": "me", "macro": "mae"}
NAMES = {  # of a column in the logs of each year
    "video": ("vid", "video"),
    "onset": ("onset", "pred_onset"),
    "offset": ("offset", "pred_offset"),
    "subject": ("subject",),
    "type": ("type",),
    "emotion": ("emotion",),
}
OPTIONAL = ("subject", "type", "emotion")


def format_log(videos: Sequence[LongVideo], intervals: Intervals, year: str) -> str:
    """Return the log of the intervals spotted in videos of one data set, a line for each, in the form of a year."""
    rows = []
    for video in videos:
        for spotted in intervals[video.clip.id]:
            times = {"onset": spotted.onset, "offset": spotted.offset}
            times |= {f"pred_{name}": value for name, value in times.items()}
            names = {"subject": video.clip.subject, "video": video.clip.name, "vid": _vid(video)}
            if year == "2022" or spotted.kind == "micro":
                rows.append(names | times | {"type": TYPES[spotted.kind], "emotion": spotted.emotion})
    return csv_text(COLUMNS[year], [{name: str(row[name]) for name in COLUMNS[year]} for row in rows])


def _vid(video: LongVideo) -> str:
    """Return a name that no other video of the data set has."""
    clip = video.clip
    return clip.name if clip.name.startswith(clip.subject.lstrip("s")) else f"{clip.subject}_{clip.name}"


def read(text: str, name: str, videos: Sequence[LongVideo]) -> Intervals:
    """Return the intervals that a log lists for each of these videos, in either form; without a type all are micro.

    Emotions are classes, or words that belong to one; other words are no class. Raises DataError naming the row of a
    missing column, another type or number, a misspelt class, a video that is not among these, and one that several
    subjects have where none is named."""
    header, rows = csv_file.parse(io.StringIO(text, newline=""), name)
    columns = {}
    for column, names in NAMES.items():
        if columns_found := [head for head in header if head.strip().lower() in names]:
            columns[column] = columns_found[0]
        elif column not in OPTIONAL:
            listed = ", ".join(header) or "nothing"
            raise DataError(f"{name}: must have a column {' or '.join(names)}, not only {listed}")
    intervals: Intervals = {video.clip.id: [] for video in videos}
    kinds = {short: kind for kind, short in TYPES.items()} | {kind: kind for kind in KINDS}
    for number, row in rows:
        where = f"{name}, row {number}"
        cells = {column: row[head].strip() for column, head in columns.items()}
        clip = _video(cells["video"], cells.get("subject", ""), videos, where).clip
        numbers = []
        for column in ("onset", "offset"):
            try:
                numbers.append(round(csv_file.number(cells[column])))
            except ValueError:
                raise DataError(f"{columns[column]} must be a frame number, not {cells[column]!r} ({where})") from None
        onset, offset = numbers
        if onset > offset:
            raise DataError(f"onset must not be after offset, not {onset} and {offset} ({where})")
        if (word := cells.get("type") or "me").lower() not in kinds:
            raise DataError(f"type must be one of {', '.join(kinds)}, not {word!r} ({where})")
        kind, emotion = kinds[word.lower()], cells.get("emotion", "").lower()
        if (label := label_of(emotion)) is not None:
            emotion = LABELS[label]
        elif emotion not in LABELS and (near := nearest(emotion, LABELS)):
            raise DataError(f"emotion must be one of {', '.join(LABELS)}, not {cells['emotion']!r}{near} ({where})")
        intervals[clip.id].append(Spotted(kind, onset, (onset + offset) // 2, offset, 1.0, emotion))
    return intervals


def _video(name: str, subject: str, videos: Sequence[LongVideo], where: str) -> LongVideo:
    """Return the video of a name, its own or after its subject, that the subject has, in whatever spelling."""
    of_subject = [v for v in videos if not subject or v.clip.subject.lower() == subject.lower()]
    if not of_subject:
        of_subject = [v for v in videos if subject_key(v.clip.subject) == subject_key(subject)]
    of_subject = of_subject or [*videos]  # a number of another list: the video's name may be enough
    aliases = {v.clip.id: (_vid(v), f"{v.clip.subject}_{v.clip.name}") for v in of_subject}
    matches = [v for v in of_subject if name.lower() == v.clip.name.lower()]
    matches = matches or [v for v in of_subject if name.lower() in map(str.lower, aliases[v.clip.id])]
    if len(matches) > 1:
        subjects = sorted({video.clip.subject for video in matches})
        raise DataError(f"subject must tell whose video {name!r} is, {' or '.join(subjects[:4])} ({where})")
    if not matches:
        near = nearest(
            name.lower(), [alias.lower() for v in of_subject for alias in (v.clip.name, *aliases[v.clip.id])]
        )
        of = f" of subject {subject}" if subject else ""
        raise DataError(f"a video must be one of the data set{of}, not {name!r}{near} ({where})")
    return matches[0]
