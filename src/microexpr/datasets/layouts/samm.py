"""SAMM: 159 clips of 29 subjects at 200 fps, grey (Davison et al. 2018).

Quirks: thirteen lines above the header; frame numbers of 4 or 5 digits; a folder `SAMM` or none.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import (
    OBJECTIVE,
    Counts,
    Layout,
    check_events,
    first_folder,
    folders_without_row,
    label_of,
)

FRAME = re.compile(r"(?P<owner>\d{3})_(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
FOLDERS = ("SAMM/SAMM", "SAMM", ".")
COLUMNS = (
    "Subject", "Filename", "Onset Frame", "Apex Frame", "Offset Frame",
    "Action Units", "Estimated Emotion", "Objective Classes",
)  # fmt: skip


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    pictures = first_folder(root, *FOLDERS).relative_to(root)
    rows = workbook.rows(workbook.find(root, "SAMM_Micro_FACS_Codes*.xlsx"), COLUMNS, "MICRO_ONLY")
    clips, keys = annotation.clips(
        "samm", rows, _key, lambda row, key: _clip(root, pictures / "/".join(key), origin, row), problems
    )
    return clips, folders_without_row(root / pictures, keys)


def _key(row: workbook.Row) -> annotation.Key:
    """Return the subject, as 006 for 6 and 006, and the clip's name."""
    return annotation.subject(row, "([0-9]{1,3})", "{:03d}", "a number like 006"), row.name("Filename")


def _clip(root: Path, folder: Path, origin: Origin, row: workbook.Row) -> Clip:
    subject, name = folder.parts[-2:]
    frames = check_contiguous(numbered_frames(root / folder, FRAME, subject), root / folder)
    onset, apex, offset = (row.integer(c) for c in ("Onset Frame", "Apex Frame", "Offset Frame"))
    where = f"{row.where}, clip {name}"
    if not onset <= apex <= offset:
        raise DataError(f"onset <= apex <= offset must hold, not {onset}, {apex}, {offset} ({where})")
    check_events(where, frames, **{"Onset Frame": onset, "Apex Frame": apex, "Offset Frame": offset})
    emotion = row.choice_of("Estimated Emotion", PUBLISHED.emotions or ())
    return Clip(
        dataset="samm", subject=subject, name=name, origin=origin, folder=str(folder),
        first=min(frames), last=max(frames), frames=len(frames), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label_of(emotion), objective_class=row.integer_within("Objective Classes", OBJECTIVE),
        action_units=row.text("Action Units"),
    )  # fmt: skip


MEGC2019 = (92, 26, 15)  # clips by class
PUBLISHED = Counts(
    clips=159,
    subjects=29,
    megc2019=MEGC2019,
    objective=(24, 13, 20, 8, 3, 7, 84),
    emotions={
        "anger": 57, "contempt": 12, "disgust": 9, "fear": 8, "happiness": 26, "other": 26, "sadness": 6,
        "surprise": 15,
    },
)  # fmt: skip
UNITS = (6, 18, 23, 10, 3, 46, 5, 6, 28, 13, 4, 6)
LAYOUT = Layout("samm", "SAMM", "micro", 200, FRAME, PUBLISHED, read, units=UNITS)
