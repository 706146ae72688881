"""CAS(ME)^3, part A, long videos: 860 micro- and 3,346 macro-expressions at 30 fps, in colour (Li et al. 2023).

Quirks: frames numbered from 0, of which most videos lack the first seven or eight and some a few between; events as
text; a video's letter in capitals in five rows; two offsets of 0, after which half a second is taken; micro-expressions
are those of an apex within a quarter of a second, so that they may be long. The workbook of both kinds is an .xls, to
be saved as .xlsx, and has no emotions: those of micro-expressions are in another, by subject, video and onset, if it
lies there too. Counts are those of the second release; videos without an expression are read where their folders are.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.core.expression import Expression, Kind
from microexpr.datasets import annotation, long_videos, workbook
from microexpr.datasets.layout import Counts, LongLayout, Videos, collect_errors, first_folder, label_of

FRAME = re.compile(r"(?P<number>\d+)\.(?:jpg|jpeg|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type")
FOLDERS = ("part_A/data/part_A_split/part_A", "part_A_split/part_A", "part_A")
TYPES: dict[str, Kind] = {"micro-expression": "micro", "macro-expression": "macro"}
LONGEST = 15  # frames: half a second
SUBJECT = re.compile(r"spno\.?(\d+)", re.IGNORECASE)


def read_videos(root: Path, origin: Origin, problems: list[str] | None = None) -> Videos:
    """Return all videos, sorted by id, and notes, as `LongLayout` describes."""
    pictures = first_folder(root, *FOLDERS)
    notes: list[str] = []
    clips = []
    for folder in sorted(pictures.glob("[!._]*/[!._]*/color/")):
        if match := SUBJECT.fullmatch(folder.parts[-3]):
            with collect_errors(problems):
                name, subject = folder.parts[-2].lower(), f"spNO.{match[1]}"
                clips.append(
                    long_videos.clip("casme3_long", root, folder, FRAME, origin, subject, LAYOUT.fps, name, notes)
                )
        else:
            notes.append(f"{folder}: is not named like spNO.1/a/color; passed over")
    emotions, by_name = _emotions(root, notes), {(clip.subject, clip.name): clip for clip in clips}
    expressions: dict[str, list[Expression]] = {}
    for row in workbook.rows(workbook.find(root, "CAS(ME)3_part_A_v*.xlsx"), COLUMNS):
        with collect_errors(problems):
            clip = long_videos.video_of(by_name, _key(row), row, "part_A/spNO.1/a/color")
            expressions.setdefault(clip.id, []).append(_expression(row, clip, emotions, notes))
    return long_videos.joined(clips, expressions), notes


def _key(row: workbook.Row) -> tuple[str, str]:
    """Return subject and video."""
    if not (match := SUBJECT.fullmatch(row.name("Subject"))):
        raise DataError(f"Subject must be like spNO.1, not {row.text('Subject')!r} ({row.where})")
    return f"spNO.{match[1]}", row.name("Filename").lower()


def _expression(
    row: workbook.Row, clip: Clip, emotions: dict[tuple[str, str, int], str], notes: list[str]
) -> Expression:
    onset, apex, offset = row.integer("Onset"), row.integer_if_any("Apex"), row.integer("Offset")
    if offset <= onset:
        likely = onset + LONGEST
        notes.append(f"Offset {offset} is not possible: taken as {likely} ({row.where})")
        offset = likely
    kind = TYPES[row.choice_of("Expression type", TYPES)]
    emotion = emotions.get((clip.subject, clip.name, onset), "") if kind == "micro" else ""
    units = annotation.units(row.text("AU"))
    return long_videos.expression(kind, clip, onset, apex, offset, emotion, label_of(emotion), units, row, notes)


def _emotions(root: Path, notes: list[str]) -> dict[tuple[str, str, int], str]:
    """Return the emotion of each micro-expression by subject, video and onset."""
    file = workbook.find_optional(root, "cas(me)3_part_A_ME_label_JpgIndex*.xlsx")
    if file is None:
        notes.append(f"{root}: has no cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx: emotions are not known")
        return {}
    rows = workbook.rows(file, ("Subject", "Filename", "Onset", "emotion"))
    return {(*_key(row), row.integer("Onset")): row.text("emotion").lower() for row in rows}


LAYOUT = LongLayout.of(
    "casme3_long", "CAS(ME)^3, long videos", 30, FRAME, Counts(None, micro=860, macro=3346), read_videos
)
