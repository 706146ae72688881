"""MMEW: 300 micro-expressions of 36 people at 90 fps, in colour (Ben et al. 2022). Its macro-expressions are not read.

Quirks it handles: a clip lies in the folder of its emotion, or in that of its person and then its emotion; the subject
is a number, and S03 in the clip's name, S03-01-002; apexes and offsets that are not among the frames, of which 16 rows
are known. Not known for certain: whether "others" is written repression in some copies, as on the authors' page, so
either is read as it stands: the one has no class, the other is negative.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import contiguous, listed
from microexpr.datasets.layout import Counts, Layout, first_folder, label_of

FRAME = re.compile(r"(?:img|reg_img)?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
ALSO = {"AU": "Action Units", "AUs": "Action Units", "Emotion": "Estimated Emotion"}
FOLDERS = ("Micro_Expression/Micro_Expression", "Micro_Expression")
CLIP = re.compile(r"S[0-9]+-[0-9]+-[0-9]+", re.IGNORECASE)


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    folders = _folders(first_folder(root, *FOLDERS))
    notes: list[str] = []
    rows = workbook.rows(workbook.find(root, "MMEW_Micro_Exp*.xlsx"), COLUMNS, also=ALSO)
    clips, known = annotation.clips(
        "mmew", rows, _key, lambda row, key: _clip(root, folders, origin, row, key, notes), problems
    )
    named = {name for _, name in known}
    notes += [f"{folders[name]}: has no row in the annotation; passed over" for name in sorted({*folders} - named)]
    return clips, notes


def _folders(pictures: Path) -> dict[str, Path]:
    """Of clips, by name. Raises DataError for a clip that lies in two."""
    found: dict[str, Path] = {}
    for folder in sorted((*pictures.glob("*/*/"), *pictures.glob("*/*/*/"))):
        if CLIP.fullmatch(folder.name):
            other = found.setdefault(folder.name.upper(), folder)
            if other != folder:
                raise DataError(f"clip {folder.name} must lie in one folder, not in {other} and {folder}")
    return found


def _key(row: workbook.Row) -> annotation.Key:
    """S03 for 3, 03 and S03; and the clip's name."""
    subject, name = row.name("Subject"), row.name("Filename").upper()
    if not (match := re.fullmatch(r"S?([0-9]+)", subject, re.IGNORECASE)):
        raise DataError(f"Subject must be a number like 3 or S03, not {subject!r} ({row.where})")
    whose = re.fullmatch(r"S([0-9]+)-.*", name)
    if whose is None or int(whose[1]) != int(match[1]):
        raise DataError(f"Filename must be like S{int(match[1]):02d}-01-002, not {name!r} ({row.where})")
    return f"S{int(match[1]):02d}", name


def _clip(
    root: Path, folders: dict[str, Path], origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]
) -> Clip:
    if key[1] not in folders:
        raise DataError(f"{root}: must hold a folder {key[1]}, found none ({row.where})")
    folder = folders[key[1]]
    found = contiguous(listed(folder, FRAME), folder)
    onset, apex, offset = annotation.events(row, "OnsetFrame", ("ApexFrame",), "OffsetFrame", found, notes)
    emotion = row.one_of("Estimated Emotion", (*(PUBLISHED.emotions or ()), "repression"))
    return Clip(
        dataset="mmew", subject=key[0], name=key[1], origin=origin, folder=str(folder.relative_to(root)),
        first=min(found), last=max(found), frames=len(found), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
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
LAYOUT = Layout("mmew", "MMEW", "micro", 90, FRAME, PUBLISHED, read)
