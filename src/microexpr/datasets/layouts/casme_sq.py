"""CAS(ME)^2, long videos: 97 of 22 subjects at 30 fps, in colour, 300 macro- and 57 micro-expressions (Qu et al. 2018).

Quirks: a workbook of three sheets without headers, the expressions by a subject's index and a stimulus; the folder of
the subject in the second sheet, row by row; the stimulus's number in the third. 44 offsets are 0 and three lie before
the apex: the apex is taken. One apex is 0: it is not known. A video of s23 also lies in the folder of s19, and 95 of
the 97 have an expression. Facts are from the loaders of the baseline of MEGC 2020 (He et al., arXiv 1912.11985) and of
MEAN (Liong et al. 2023).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.core.expression import Expression, Kind
from microexpr.datasets import annotation, long_videos, workbook
from microexpr.datasets.layout import Counts, LongLayout, Videos, collect_errors, first_folder, label_of

FRAME = re.compile(r"img_?(?P<number>\d+)\.(?:jpg|jpeg|png)", re.IGNORECASE)
VIDEO = re.compile(r"(?P<subject>\d{2})_(?P<stimulus>\d{4})\w*")
COLUMNS = ("subject", "name", "onset", "apex", "offset", "AUs", "emotion", "type")
FOLDERS = ("rawpic/rawpic", "rawpic", "longVideoFaceCropped/longVideoFaceCropped", "longVideoFaceCropped")
EMOTIONS = ("negative", "others", "positive", "surprise")
TYPES: dict[str, Kind] = {"micro-expression": "micro", "macro-expression": "macro"}


def read_videos(root: Path, origin: Origin, problems: list[str] | None = None) -> Videos:
    """Return all videos, sorted by id, and notes, as `LongLayout` describes."""
    pictures = first_folder(root, *FOLDERS)
    notes: list[str] = []
    clips = _clips(root, pictures, origin, problems, notes)
    by_stimulus = {(clip.subject, clip.name[3:7]): clip for clip in clips}
    file = workbook.find(root, "CAS(ME)^2code_final*.xlsx")
    places = list(_places(file))
    rows = list(workbook.headerless_rows(file, 0, COLUMNS))
    if len(rows) != len(places):
        raise DataError(
            f"{file}: the second sheet must have a row for each of {len(rows)} expressions, not {len(places)}"
        )
    stimuli = {
        row.text("name"): row.text("code").zfill(4) for row in workbook.headerless_rows(file, 2, ("code", "name"))
    }
    expressions: dict[str, list[Expression]] = {}
    for row, folder in zip(rows, places, strict=True):
        with collect_errors(problems):
            key = folder, _stimulus(row, stimuli)
            clip = long_videos.video_of(by_stimulus, key, row, "rawpic/s15/15_0101disgustingteeth")
            expressions.setdefault(clip.id, []).append(_expression(row, clip, notes))
    return long_videos.joined(clips, expressions), notes


def _clips(root: Path, pictures: Path, origin: Origin, problems: list[str] | None, notes: list[str]) -> list[Clip]:
    """Return the videos below `pictures`, without strays."""
    clips = []
    for folder in sorted(pictures.glob("[!._]*/[!._]*/")):
        match = VIDEO.fullmatch(folder.name)
        if match is None or folder.parent.name.lower() != f"s{match['subject']}":
            notes.append(f"{folder}: is not named like s15/15_0101disgustingteeth; passed over")
            continue
        with collect_errors(problems):
            clips.append(long_videos.clip("casme_sq", root, folder, FRAME, origin, f"s{match['subject']}", LAYOUT.fps))
    return clips


def _places(file: Path) -> Iterator[str]:
    """Yield the subject's folder of each row of the first sheet."""
    for row in workbook.headerless_rows(file, 1, ("number", "folder", "subject")):
        yield row.name("folder").lower()


def _stimulus(row: workbook.Row, stimuli: dict[str, str]) -> str:
    """Return the stimulus's number of a name such as anger1_2."""
    name = row.name("name").rpartition("_")[0]
    if name not in stimuli:
        raise DataError(f"name must begin with one of {', '.join(stimuli)}, not {row.text('name')!r} ({row.where})")
    return stimuli[name]


def _expression(row: workbook.Row, clip: Clip, notes: list[str]) -> Expression:
    onset, apex, offset = (row.integer(column) for column in ("onset", "apex", "offset"))
    if apex and offset < apex:
        notes.append(f"offset {offset} lies before the apex: the apex {apex} is taken ({row.where})")
        offset = apex
    emotion = row.choice_of("emotion", EMOTIONS)
    kind = TYPES[row.choice_of("type", TYPES)]
    return long_videos.expression(
        kind, clip, onset, apex, offset, emotion, label_of(emotion), annotation.units(row.text("AUs")), row, notes
    )


PUBLISHED = Counts(
    97, 22, emotions={"negative": 21, "others": 19, "positive": 8, "surprise": 9}, micro=57, macro=300
)  # the videos as MEGC 2024 counts them
LAYOUT = LongLayout.of("casme_sq", "CAS(ME)^2, long videos", 30, FRAME, PUBLISHED, read_videos)
