"""CASME II: 255 clips of 26 people at 200 fps, in colour (Yan et al. 2014).

Quirks it handles: the frame folder nested twice; an apex of "/" or at the onset; an offset before the apex;
folders without a row; subject numbers as text or as numbers.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from microexpr.clip import Clip, Origin
from microexpr.datasets import workbook
from microexpr.datasets.frames import contiguous, listed
from microexpr.datasets.layout import Counts, Layout, first_folder, gathered, label_of, plain
from microexpr.errors import DataError

FRAME = re.compile(r"(?:reg_)?img_?(\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
FOLDERS = ("CASME2_RAW_selected/CASME2_RAW_selected", "CASME2_RAW_selected", "Cropped/Cropped", "Cropped")
DROPPED = ("fear", "sadness")  # MEGC2019 keeps neither of CASME II


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    pictures = first_folder(root, *FOLDERS).relative_to(root)
    classes = dict(_objective_classes(root))
    clips: list[Clip] = []
    notes: list[str] = []
    rows = list(workbook.rows(workbook.find(root, "CASME2-coding-*.xlsx"), COLUMNS))
    for row in rows:
        with gathered(problems):
            clip = _clip(root, pictures, origin, row, classes, notes)
            if any(clip.id == other.id for other in clips):
                raise DataError(f"clip {clip.id} has two rows ({row.where})")
            clips.append(clip)
    known = {(_subject(row), row.text("Filename")) for row in rows}
    for folder in sorted((root / pictures).glob("sub*/*/")):
        if folder.parts[-2:] not in known:
            notes.append(f"{folder}: has no row in the annotation; passed over")
    return sorted(clips, key=lambda clip: clip.id), notes


def _subject(row: workbook.Row) -> str:
    return f"sub{row.text('Subject').removeprefix('sub').zfill(2)}"


def _clip(
    root: Path, pictures: Path, origin: Origin, row: workbook.Row, classes: dict[tuple[str, str], int], notes: list[str]
) -> Clip:
    subject = plain(_subject(row), row.where)
    name = plain(row.text("Filename"), row.where)
    folder = pictures / subject / name
    found = contiguous(listed(root / folder, FRAME), root / folder)
    where = f"{row.where}, clip {name}"
    onset, offset = row.integer("OnsetFrame"), row.integer("OffsetFrame")
    written = row.text("ApexFrame")
    apex = None if written in ("", "/") else row.integer("ApexFrame")
    if offset < max(onset, apex or onset):
        notes.append(f"OffsetFrame {offset} lies before the apex; taken as the last frame {max(found)} ({where})")
        offset = max(found)
    if apex is not None and onset > apex:
        raise DataError(f"OnsetFrame must be <= ApexFrame, not {onset} > {apex} ({where})")
    for word, number in (("OnsetFrame", onset), ("ApexFrame", apex), ("OffsetFrame", offset)):
        if number is not None and not min(found) <= number <= max(found):
            raise DataError(f"{word} must lie in the frames {min(found)}..{max(found)}, not {number} ({where})")
    emotion = row.text("Estimated Emotion").lower()
    label = label_of(emotion, DROPPED)
    if label is not None and (written == "/" or apex == onset):
        notes.append(f"no apex after the onset: not among MEGC2019's 145 clips ({where})")
        label = None
    elif written == "":
        notes.append(f"the apex is not annotated: it will be spotted ({where})")
    return Clip(
        dataset="casme2", subject=subject, name=name, origin=origin, folder=str(folder),
        first=min(found), last=max(found), frames=len(found), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label, objective_class=classes.get((subject, name)),
        action_units=row.text("Action Units"),
    )  # fmt: skip


def _objective_classes(root: Path) -> Iterator[tuple[tuple[str, str], int]]:
    """By (subject, clip): a workbook of its own, which not every copy has."""
    for file in sorted(root.glob("CASME2-ObjectiveClasses.xlsx")):
        for row in workbook.rows(file, ("Subject", "Filename", "Objective Class")):
            yield (_subject(row), row.text("Filename")), row.integer("Objective Class")


MEGC2019 = (88, 32, 25)  # clips by class
PUBLISHED = Counts(
    clips=255,
    subjects=26,
    megc2019=MEGC2019,
    objective=(25, 15, 99, 26, 20, 1, 69),
    emotions={
        "disgust": 63, "fear": 2, "happiness": 32, "others": 99, "repression": 27, "sadness": 7, "surprise": 25,
    },
)  # fmt: skip
LAYOUT = Layout("casme2", "CASME II", "micro", 200, FRAME, PUBLISHED, read)
