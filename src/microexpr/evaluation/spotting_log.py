"""Write and read spotted intervals as the challenges take them, so that any scorer can check ours, and ours any log.

Text only. `2022` is the form of MEGC 2022 and 2023, both kinds of expression, without classes: vid, pred_onset,
pred_offset, type (me or mae). `2025` is that of spotting, then recognising in MEGC 2024 and 2025, micro-expressions
alone: subject, video, onset, offset, emotion.
"""

import io
from collections.abc import Sequence

from microexpr.core import csv_file
from microexpr.core.clip import KINDS, LongVideo
from microexpr.core.errors import DataError, nearest
from microexpr.core.store import csv_text
from microexpr.evaluation.spotting import Intervals, Spotted

COLUMNS = {  # by year
    "2022": ("vid", "pred_onset", "pred_offset", "type"),
    "2025": ("subject", "video", "onset", "offset", "emotion"),
}
TYPES = {"micro": "me", "macro": "mae"}
NAMES = {  # of a column in the logs of each year
    "video": ("vid", "video"),
    "onset": ("onset", "pred_onset"),
    "offset": ("offset", "pred_offset"),
}


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

    Raises DataError naming the row of a missing column, another word or number, and a video that is not among these."""
    header, rows = csv_file.parse(io.StringIO(text, newline=""), name)
    columns = {}
    for column, names in NAMES.items():
        if not (columns_found := [head for head in header if head.strip().lower() in names]):
            listed = ", ".join(header) or "nothing"
            raise DataError(f"{name}: must have a column {' or '.join(names)}, not only {listed}")
        columns[column] = columns_found[0]
    intervals: Intervals = {video.clip.id: [] for video in videos}
    by_name = {}  # each name of a video, also after its subject
    for clip, video in ((video.clip, video) for video in videos):
        for alias in (clip.name, _vid(video), f"{clip.subject}_{clip.name}"):
            by_name[clip.subject.lower(), alias.lower()] = by_name["", alias.lower()] = video
    kinds = {short: kind for kind, short in TYPES.items()} | {kind: kind for kind in KINDS}
    for number, row in rows:
        where = f"{name}, row {number}"
        subject, key = (row.get("subject") or "").strip().lower(), row[columns["video"]].strip().lower()
        candidates = ((subject, key), (subject.zfill(3), key), (f"s{subject}", key), ("", key))
        if not (matches := [by_name[candidate] for candidate in candidates if candidate in by_name]):
            near = nearest(key, [alias for _, alias in by_name])
            raise DataError(f"a video must be one of the data set, not {row[columns['video']]!r}{near} ({where})")
        numbers = []
        for column in (columns["onset"], columns["offset"]):
            try:
                numbers.append(round(csv_file.number(row[column])))
            except ValueError:
                raise DataError(f"{column} must be a frame number, not {row[column]!r} ({where})") from None
        onset, offset = numbers
        if onset > offset:
            raise DataError(f"onset must not be after offset, not {onset} and {offset} ({where})")
        if (word := row.get("type") or "me").strip().lower() not in kinds:
            raise DataError(f"type must be one of {', '.join(kinds)}, not {word!r} ({where})")
        kind, emotion = kinds[word.strip().lower()], (row.get("emotion") or "").strip().lower()
        spotted = Spotted(kind, onset, (onset + offset) // 2, offset, 1.0, emotion)
        intervals[matches[0].clip.id].append(spotted)
    return intervals
