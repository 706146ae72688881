"""CASME II: 255 clips of 26 subjects at 200 fps, in colour (Yan et al. 2014).

Quirks: the frame folder nested twice; an apex of "/" or at the onset; an offset before the apex;
folders without a row; subject numbers as text or as numbers.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.annotation import Key
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import (
    OBJECTIVE,
    Counts,
    Layout,
    check_events,
    collect_errors,
    first_folder,
    folders_without_row,
    label_of,
    unread_folders,
)

FRAME = re.compile(r"(?:reg_)?img_?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
FOLDERS = ("CASME2_RAW_selected/CASME2_RAW_selected", "CASME2_RAW_selected", "Cropped/Cropped", "Cropped")
DROPPED = ("fear", "sadness")  # MEGC2019 leaves out both of CASME II


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    pictures = first_folder(root, *FOLDERS).relative_to(root)
    notes = unread_folders(root, root / pictures, *FOLDERS)
    if "Cropped" in pictures.parts:
        notes.append(f"{root / pictures}: cropped frames are read, which have lost what lies around the face")
    classes = _objective_classes(root, notes, problems)
    rows = workbook.rows(workbook.find(root, "CASME2-coding-*.xlsx"), COLUMNS)
    clips, keys = annotation.clips(
        "casme2",
        rows,
        _key,
        lambda row, key: _clip(root, pictures / "/".join(key), origin, row, classes, notes),
        problems,
    )
    notes += folders_without_row(root / pictures, keys)
    notes += [
        f"clip casme2/{subject}/{name} has an AU-based class, but no row in the annotation"
        for subject, name in sorted(classes.keys() - keys)
    ]
    return clips, notes


def _key(row: workbook.Row) -> Key:
    """Return the subject, as sub01 for 1, 01, sub1 and sub01, and the clip's name."""
    subject = annotation.subject(row, r"(?:sub)?([0-9]{1,2})", "sub{:02d}", "a number like 01 or sub01")
    return subject, row.name("Filename")


def _clip(
    root: Path, folder: Path, origin: Origin, row: workbook.Row, classes: dict[Key, int], notes: list[str]
) -> Clip:
    subject, name = folder.parts[-2:]
    frames = check_contiguous(numbered_frames(root / folder, FRAME), root / folder)
    where = f"{row.where}, clip {name}"
    onset, offset = row.integer("OnsetFrame"), row.integer("OffsetFrame")
    apex_text = row.text("ApexFrame")
    apex = None if apex_text in ("", "/") else row.integer("ApexFrame")
    if offset < max(onset, apex or onset):
        notes.append(f"OffsetFrame {offset} lies before the apex; taken as the last frame {max(frames)} ({where})")
        offset = max(frames)
    if apex is not None and onset > apex:
        raise DataError(f"OnsetFrame must be <= ApexFrame, not {onset} > {apex} ({where})")
    check_events(where, frames, OnsetFrame=onset, ApexFrame=apex, OffsetFrame=offset)
    emotion = row.choice_of("Estimated Emotion", PUBLISHED.emotions or ())
    label = label_of(emotion, DROPPED)
    if label is not None and (apex_text == "/" or apex == onset):
        notes.append(f"no apex after the onset: not among MEGC2019's 145 clips ({where})")
        label = None
    elif apex_text == "":
        notes.append(f"the apex is not annotated: it will be spotted ({where})")
    return Clip(
        dataset="casme2", subject=subject, name=name, origin=origin, folder=str(folder),
        first=min(frames), last=max(frames), frames=len(frames), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label, objective_class=classes.get((subject, name)),
        action_units=row.text("Action Units"),
    )  # fmt: skip


def _objective_classes(root: Path, notes: list[str], problems: list[str] | None) -> dict[Key, int]:
    """Return AU-based classes by subject and clip, from a separate workbook that not every copy has."""
    file = workbook.find_optional(root, "CASME2-ObjectiveClasses*.xlsx")
    if file is None:
        notes.append(f"{root}: has no CASME2-ObjectiveClasses.xlsx: AU-based classes are not known")
        return {}
    classes: dict[Key, int] = {}
    for row in workbook.rows(file, ("Subject", "Filename", "Objective Class")):
        with collect_errors(problems):
            classes[_key(row)] = row.integer_within("Objective Class", OBJECTIVE)
    return classes


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
UNITS = (26, 22, 130, 2, 13, 39, 13, 16, 34, 27, 16, 25)
LAYOUT = Layout("casme2", "CASME II", "micro", 200, FRAME, PUBLISHED, read, units=UNITS)
