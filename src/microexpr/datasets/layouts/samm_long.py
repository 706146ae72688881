"""SAMM Long Videos: 147 of 30 subjects at 200 fps, grey, 343 macro- and 159 micro-expressions (Yap et al. 2020).

Quirks: nine lines above the header; frame numbers of macro-expressions that are no whole numbers; an apex of -1, or
in the first release an impossible one, where it is not known; ten macro-expressions that begin before the video, at
frame 0, and three that end after it; one name of two expressions; frame numbers of 4 digits or 5. The workbook has no
emotions: those of micro-expressions are in SAMM's own, by name, if it lies there too. Facts are from the loaders of the
baseline of MEGC 2020 (He et al., arXiv 1912.11985) and of MEAN (Liong et al. 2023); the print says 32 subjects.
"""

import math
import re
from pathlib import Path

from microexpr.core.clip import Origin
from microexpr.core.errors import DataError
from microexpr.core.expression import Expression, Kind
from microexpr.datasets import annotation, long_videos, workbook
from microexpr.datasets.layout import Counts, LongLayout, Videos, collect_errors, first_folder, label_of

FRAME = re.compile(r"(?P<owner>\d{3}_\d+)_(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
VIDEO = re.compile(r"(?P<subject>\d{3})_\d+")
COLUMNS = ("Subject", "Filename", "Onset", "Apex", "Offset", "Type", "Action Units")
FOLDERS = ("SAMM_longvideos/SAMM_longvideos", "SAMM_longvideos")
TYPES: dict[str, Kind] = {"micro - 1/2": "micro", "micro": "micro", "macro": "macro"}


def read_videos(root: Path, origin: Origin, problems: list[str] | None = None) -> Videos:
    """Return all videos, sorted by id, and notes, as `LongLayout` describes."""
    pictures = first_folder(root, *FOLDERS)
    notes: list[str] = []
    clips = []
    for folder in sorted(pictures.glob("[!._]*/")):
        if match := VIDEO.fullmatch(folder.name):
            with collect_errors(problems):
                clips.append(long_videos.clip("samm_long", root, folder, FRAME, origin, match["subject"], LAYOUT.fps))
        else:
            notes.append(f"{folder}: is not named like 006_1; passed over")
    emotions, by_name = _emotions(root, notes), {clip.name: clip for clip in clips}
    expressions: dict[str, list[Expression]] = {}
    for row in workbook.rows(workbook.find(root, "SAMM_LongVideos*.xlsx"), COLUMNS):
        with collect_errors(problems):
            name = row.name("Filename")
            if not (match := re.fullmatch(r"(\d{3}_\d+)_\d+", name)):
                raise DataError(f"Filename must be like 006_1_2, not {name!r} ({row.where})")
            clip = long_videos.video_of(by_name, match[1], row, "SAMM_longvideos/006_1")
            kind = TYPES[row.choice_of("Type", TYPES)]
            onset, apex, offset = (_number(row, column) for column in ("Onset", "Apex", "Offset"))
            emotion = emotions.get(name, "") if kind == "micro" else ""
            expressions.setdefault(clip.id, []).append(
                long_videos.expression(
                    kind, clip, onset, apex if apex >= 0 else None, offset, emotion, label_of(emotion),
                    annotation.units(row.text("Action Units")), row, notes,
                )
            )  # fmt: skip
    return long_videos.joined(clips, expressions), notes


def _number(row: workbook.Row, column: str) -> int:
    """Return a frame number, rounded half up."""
    try:
        return math.floor(float(row.text(column)) + 0.5)
    except (ValueError, OverflowError):
        raise DataError(f"{column} must be a frame number, not {row.text(column)!r} ({row.where})") from None


def _emotions(root: Path, notes: list[str]) -> dict[str, str]:
    """Return the emotion of each micro-expression by its name, from SAMM's own workbook."""
    file = workbook.find_optional(root, "*Micro_FACS_Codes*.xlsx")
    if file is None:
        notes.append(f"{root}: has no SAMM_Micro_FACS_Codes_v2.xlsx: emotions are not known")
        return {}
    rows = workbook.rows(file, ("Subject", "Filename", "Estimated Emotion"))
    return {row.text("Filename"): row.text("Estimated Emotion").lower() for row in rows}


LAYOUT = LongLayout.of("samm_long", "SAMM Long Videos", 200, FRAME, Counts(147, 30, micro=159, macro=343), read_videos)
