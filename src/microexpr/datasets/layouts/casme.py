"""CASME: 195 clips of 19 people at 60 fps, in colour, by two cameras: class A in daylight, class B under lamps
(Yan et al. 2013). The workbook that is handed out has 189 rows.

Quirks it handles: two columns for the apex, of which the first counts if it lies within the clip; five rows whose onset
or offset is not among the frames; frame numbers of three digits in some folders and unpadded in others; raw frames in
one folder, or in one of each camera. Not known for certain: the workbook's name, so any with casme in it is read; and
whether raw folders hold more than onset to offset, so either is read.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import contiguous, listed
from microexpr.datasets.layout import Counts, Layout, first_folder, label_of, unread, without_row

FRAME = re.compile(r"(?:[a-z_]*EP\w*-|img)?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetF", "ApexF1", "ApexF2", "OffsetF", "AU", "Emotion")
ALSO = {"Action Units": "AU", "Estimated Emotion": "Emotion"}
FOLDERS = ("CASME_raw_selected/CASME_raw_selected", "CASME_raw_selected", "Cropped/Cropped", "Cropped")
CAMERAS = ("Section [AB]", "*/Section [AB]", "*/*/Section [AB]")
EMOTIONS = (
    "amusement", "contempt", "disgust", "fear", "happiness", "others", "repression", "sadness", "surprise", "tense",
)  # fmt: skip


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    homes = _homes(root)
    notes = [] if len(homes) > 1 else unread(root, homes[0], *FOLDERS)
    if "Cropped" in homes[0].parts:
        notes.append(f"{homes[0]}: cropped frames are read, which have lost what lies around the face")
    rows = workbook.rows(workbook.find(root, "*casme*.xlsx"), COLUMNS, also=ALSO)
    clips, known = annotation.clips(
        "casme", rows, _key, lambda row, key: _clip(root, homes, origin, row, key, notes), problems
    )
    for home in homes:
        notes += without_row(home, known)
    return clips, notes


def _homes(root: Path) -> list[Path]:
    """The folders that hold subjects' folders: one for each camera, or one for all."""
    cameras = sorted(path for pattern in CAMERAS for path in root.glob(f"{pattern}/"))
    return cameras or [first_folder(root, *FOLDERS)]


def _key(row: workbook.Row) -> annotation.Key:
    """sub01 for 1, 01, sub1 and sub01; and the clip's name."""
    written = row.name("Subject")
    if not (match := re.fullmatch(r"(?:sub)?([0-9]{1,2})", written, re.IGNORECASE)):
        raise DataError(f"Subject must be a number like 01 or sub01, not {written!r} ({row.where})")
    return f"sub{int(match[1]):02d}", row.name("Filename")


def _clip(
    root: Path, homes: list[Path], origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]
) -> Clip:
    places = [home / "/".join(key) for home in homes]
    there = [place for place in places if place.is_dir()]
    if len(there) > 1:
        raise DataError(f"the clip must lie in one folder, not in {' and '.join(map(str, there))} ({row.where})")
    folder = (there or places)[0]
    found = contiguous(listed(folder, FRAME), folder)
    onset, apex, offset = annotation.events(row, "OnsetF", ("ApexF1", "ApexF2"), "OffsetF", found, notes)
    emotion = row.one_of("Emotion", EMOTIONS)
    return Clip(
        dataset="casme", subject=key[0], name=key[1], origin=origin, folder=str(folder.relative_to(root)),
        first=min(found), last=max(found), frames=len(found), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label_of(emotion), objective_class=None, action_units=row.text("AU"),
    )  # fmt: skip


LAYOUT = Layout("casme", "CASME", "micro", 60, FRAME, Counts(195, 19), read, releases=(Counts(189, 19),))
