"""CASME: 195 clips of 19 subjects at 60 fps, in colour, by two cameras: class A in daylight, class B under lamps
(Yan et al. 2013). The published workbook has 189 rows.

Quirks: two columns for the apex, of which the first that lies within the clip is used; five rows whose onset or offset
is not among the frames; frame numbers of three digits in some folders and unpadded in others; raw frames in one folder,
or in one for each camera. The workbook's name is not certain, so any name with casme in it is accepted. Raw folders may
or may not hold more frames than onset to offset; both are read.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import Counts, Layout, first_folder, folders_without_row, label_of, unread_folders

FRAME = re.compile(r"(?:[a-z_]*EP\w*-|img)?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetF", "ApexF1", "ApexF2", "OffsetF", "AU", "Emotion")
ALSO = {"Action Units": "AU", "Estimated Emotion": "Emotion"}
FOLDERS = ("CASME_raw_selected/CASME_raw_selected", "CASME_raw_selected", "Cropped/Cropped", "Cropped")
CAMERAS = ("Section [AB]", "*/Section [AB]", "*/*/Section [AB]")
EMOTIONS = (
    "amusement", "contempt", "disgust", "fear", "happiness", "others", "repression", "sadness", "surprise", "tense",
)  # fmt: skip


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    homes = _homes(root)
    notes = [] if len(homes) > 1 else unread_folders(root, homes[0], *FOLDERS)
    if "Cropped" in homes[0].parts:
        notes.append(f"{homes[0]}: cropped frames are read, which have lost what lies around the face")
    rows = workbook.rows(workbook.find(root, "*casme*.xlsx"), COLUMNS, also=ALSO)
    clips, keys = annotation.clips(
        "casme", rows, _key, lambda row, key: _clip(root, homes, origin, row, key, notes), problems
    )
    for home in homes:
        notes += folders_without_row(home, keys)
    return clips, notes


def _homes(root: Path) -> list[Path]:
    """Return the folders that hold subjects' folders: one for each camera, or one for all."""
    cameras = sorted(path for pattern in CAMERAS for path in root.glob(f"{pattern}/"))
    return cameras or [first_folder(root, *FOLDERS)]


def _key(row: workbook.Row) -> annotation.Key:
    """Return the subject, as sub01 for 1, 01, sub1 and sub01, and the clip's name."""
    subject = annotation.subject(row, r"(?:sub)?([0-9]{1,2})", "sub{:02d}", "a number like 01 or sub01")
    return subject, row.name("Filename")


def _clip(
    root: Path, homes: list[Path], origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]
) -> Clip:
    candidates = [home / "/".join(key) for home in homes]
    existing = [candidate for candidate in candidates if candidate.is_dir()]
    if len(existing) > 1:
        raise DataError(f"the clip must lie in one folder, not in {' and '.join(map(str, existing))} ({row.where})")
    folder = (existing or candidates)[0]
    frames = check_contiguous(numbered_frames(folder, FRAME), folder)
    onset, apex, offset = annotation.events(row, "OnsetF", ("ApexF1", "ApexF2"), "OffsetF", frames, notes)
    emotion = row.choice_of("Emotion", EMOTIONS)
    return Clip(
        dataset="casme", subject=key[0], name=key[1], origin=origin, folder=str(folder.relative_to(root)),
        first=min(frames), last=max(frames), frames=len(frames), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label_of(emotion), objective_class=None, action_units=row.text("AU"),
    )  # fmt: skip


UNITS = (23, 17, 70, 0, 1, 4, 40, 3, 9, 23, 14, 13)
LAYOUT = Layout("casme", "CASME", "micro", 60, FRAME, Counts(195, 19), read, releases=(Counts(189, 19),), units=UNITS)
