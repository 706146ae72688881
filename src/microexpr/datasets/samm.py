"""SAMM: 159 clips of 29 people at 200 fps, grey (Davison et al. 2018).

Quirks it handles: thirteen lines above the header; frame numbers of 4 or 5 digits; a folder `SAMM` or none.
"""

import re
from pathlib import Path

from microexpr.clip import Clip, Origin
from microexpr.datasets import workbook
from microexpr.datasets.frames import contiguous, listed
from microexpr.datasets.layout import Counts, Layout, gathered, label_of, plain
from microexpr.errors import DataError

FRAME = re.compile(r"\d{3}_(\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = (
    "Subject", "Filename", "Onset Frame", "Apex Frame", "Offset Frame",
    "Action Units", "Estimated Emotion", "Objective Classes",
)  # fmt: skip


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    pictures = Path("SAMM") if (root / "SAMM").is_dir() else Path()
    clips: list[Clip] = []
    rows = list(workbook.rows(workbook.find(root, "SAMM_Micro_FACS_Codes*.xlsx"), COLUMNS, "MICRO_ONLY"))
    for row in rows:
        with gathered(problems):
            clip = _clip(root, pictures, origin, row)
            if any(clip.id == other.id for other in clips):
                raise DataError(f"clip {clip.id} has two rows ({row.where})")
            clips.append(clip)
    known = {(row.text("Subject").zfill(3), row.text("Filename")) for row in rows}
    notes = [
        f"{folder}: has no row in the annotation; passed over"
        for folder in sorted((root / pictures).glob("[0-9][0-9][0-9]/*/"))
        if folder.parts[-2:] not in known
    ]
    return sorted(clips, key=lambda clip: clip.id), notes


def _clip(root: Path, pictures: Path, origin: Origin, row: workbook.Row) -> Clip:
    subject = plain(row.text("Subject").zfill(3), row.where)
    name = plain(row.text("Filename"), row.where)
    folder = pictures / subject / name
    found = contiguous(listed(root / folder, FRAME), root / folder)
    onset, apex, offset = (row.integer(c) for c in ("Onset Frame", "Apex Frame", "Offset Frame"))
    where = f"{row.where}, clip {name}"
    if not onset <= apex <= offset:
        raise DataError(f"onset <= apex <= offset must hold, not {onset}, {apex}, {offset} ({where})")
    for word, number in (("Onset Frame", onset), ("Apex Frame", apex), ("Offset Frame", offset)):
        if not min(found) <= number <= max(found):
            raise DataError(f"{word} must lie in the frames {min(found)}..{max(found)}, not {number} ({where})")
    emotion = row.text("Estimated Emotion").lower()
    return Clip(
        dataset="samm", subject=subject, name=name, origin=origin, folder=str(folder),
        first=min(found), last=max(found), frames=len(found), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label_of(emotion), objective_class=row.integer("Objective Classes"),
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
LAYOUT = Layout("samm", "SAMM", "micro", 200, FRAME, PUBLISHED, read)
