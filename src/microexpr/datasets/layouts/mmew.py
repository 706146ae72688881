"""MMEW: 300 micro-expressions of 36 subjects at 90 fps, in colour (Ben et al. 2022). Its macro-expressions are not
read.

Quirks: a clip lies in the folder of its emotion, or in that of its subject and then of its emotion; the subject is a
number in the workbook, and S03 in the clip's name, S03-01-002; 16 rows have apexes or offsets that are not among the
frames. Some copies may write repression for "others", as the authors' page does; both are read as written: "others" has
no class, repression is negative.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import Counts, Layout, first_folder, label_of

FRAME = re.compile(r"(?:img|reg_img)?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
ALSO = {"AU": "Action Units", "AUs": "Action Units", "Emotion": "Estimated Emotion"}
FOLDERS = ("Micro_Expression/Micro_Expression", "Micro_Expression")
CLIP = re.compile(r"S[0-9]+-[0-9]+-[0-9]+", re.IGNORECASE)


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    folders = _folders(first_folder(root, *FOLDERS))
    notes: list[str] = []
    rows = workbook.rows(workbook.find(root, "MMEW_Micro_Exp*.xlsx"), COLUMNS, also=ALSO)
    clips, keys = annotation.clips(
        "mmew", rows, _key, lambda row, key: _clip(root, folders, origin, row, key, notes), problems
    )
    names = {name for _, name in keys}
    notes += [f"{folders[name]}: has no row in the annotation; passed over" for name in sorted({*folders} - names)]
    return clips, notes


def _folders(pictures: Path) -> dict[str, Path]:
    """Return the folders of clips by name. Raises DataError for a clip that lies in two."""
    folders: dict[str, Path] = {}
    for folder in sorted((*pictures.glob("*/*/"), *pictures.glob("*/*/*/"))):
        if CLIP.fullmatch(folder.name):
            other = folders.setdefault(folder.name.upper(), folder)
            if other != folder:
                raise DataError(f"clip {folder.name} must lie in one folder, not in {other} and {folder}")
    return folders


def _key(row: workbook.Row) -> annotation.Key:
    """Return the subject, as S03 for 3, 03 and S03, and the clip's name."""
    subject = annotation.subject(row, "S?([0-9]+)", "S{:02d}", "a number like 3 or S03")
    name = row.name("Filename").upper()
    owner = re.fullmatch(r"S([0-9]+)-.*", name)
    if owner is None or f"S{int(owner[1]):02d}" != subject:
        raise DataError(f"Filename must be like {subject}-01-002, not {name!r} ({row.where})")
    return subject, name


def _clip(
    root: Path, folders: dict[str, Path], origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]
) -> Clip:
    if key[1] not in folders:
        raise DataError(f"{root}: must hold a folder {key[1]}, found none ({row.where})")
    folder = folders[key[1]]
    frames = check_contiguous(numbered_frames(folder, FRAME), folder)
    onset, apex, offset = annotation.events(row, "OnsetFrame", ("ApexFrame",), "OffsetFrame", frames, notes)
    emotion = row.choice_of("Estimated Emotion", (*(PUBLISHED.emotions or ()), "repression"))
    return Clip(
        dataset="mmew", subject=key[0], name=key[1], origin=origin, folder=str(folder.relative_to(root)),
        first=min(frames), last=max(frames), frames=len(frames), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label_of(emotion), objective_class=None, action_units=row.text("Action Units"),
    )  # fmt: skip


MEGC2019 = (109, 36, 89)  # clips by class
PUBLISHED = Counts(
    clips=300,
    subjects=36,
    megc2019=MEGC2019,
    emotions={
        "anger": 8, "disgust": 72, "fear": 16, "happiness": 36, "others": 66, "sadness": 13, "surprise": 89,
    },
)  # fmt: skip
UNITS = (50, 41, 109, 70, 10, 47, 8, 38, 37, 17, 6, 11)
LAYOUT = Layout("mmew", "MMEW", "micro", 90, FRAME, PUBLISHED, read, units=UNITS)
