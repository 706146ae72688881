"""4DME, its grey videos: 267 micro-expressions at 60 fps (Li et al. 2022). Colour, depth and 4D are not read.

Quirks: two emotions at once, "Surprise+Positive"; action units marked (k), which are there throughout and no part of
the expression; a comma or a sign for "and" between units or emotions; raw or cropped frames. A clip of two emotions has
one of the three classes only if both have the same, as negative and repression do. The names of subjects are not
certain, so a subject's folder is the one of that name or of the same number.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import Counts, Layout, first_folder, folders_without_row, label_of, unread_folders

FRAME = re.compile(r"(?:img|reg_img)?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs")
ALSO = {"AU": "AUs", "Action Units": "AUs"}
FOLDERS = ("gray_micro", "gray_micro_crop")
EMOTIONS = ("negative", "others", "positive", "repression", "surprise")


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    pictures = first_folder(root, *FOLDERS)
    notes = unread_folders(root, pictures, *FOLDERS)
    if pictures.name == "gray_micro_crop":
        notes.append(f"{pictures}: cropped frames are read, which have lost what lies around the face")
    subjects = sorted(path.name for path in pictures.glob("[!._]*/"))
    rows = workbook.rows(workbook.find(root, "4DME_Labelling_Micro_release*.xlsx"), COLUMNS, also=ALSO)
    clips, keys = annotation.clips(
        "fourdme",
        rows,
        lambda row: (_subject(row, subjects), row.name("fold_name")),
        lambda row, key: _clip(root, pictures / "/".join(key), origin, row, key, notes),
        problems,
    )
    return clips, notes + folders_without_row(pictures, keys)


def _subject(row: workbook.Row, subjects: list[str]) -> str:
    """Return the folder of this name, or the one of the same number."""
    name = row.name("sub_ID")
    matches = [subject for subject in subjects if name.isdigit() and re.fullmatch(rf"\D*0*{int(name)}", subject)]
    if name not in subjects and len(matches) > 1:
        raise DataError(f"sub_ID must name one of {', '.join(matches)}, not {name!r} ({row.where})")
    return name if name in subjects else (*matches, name)[0]


def _clip(root: Path, folder: Path, origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]) -> Clip:
    frames = check_contiguous(numbered_frames(folder, FRAME), folder)
    onset, apex, offset = annotation.events(row, "Onset", ("Apex",), "Offset", frames, notes)
    emotion = _emotion(row)
    return Clip(
        dataset="fourdme", subject=key[0], name=key[1], origin=origin, folder=str(folder.relative_to(root)),
        first=min(frames), last=max(frames), frames=len(frames), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label(emotion), objective_class=None, action_units=annotation.units(row.text("AUs")),
    )  # fmt: skip


def _emotion(row: workbook.Row) -> str:
    """Return the words in alphabetical order, "positive+surprise"."""
    words = sorted({word.strip() for word in re.split(r"[+,/&]", row.text("Emotion").lower())})
    if unknown := [word for word in words if word not in EMOTIONS]:
        raise DataError(f"Emotion must be of {', '.join(EMOTIONS)}, not {unknown[0]!r} ({row.where})")
    return "+".join(words)


def label(emotion: str) -> int | None:
    """Return the class that all words of an emotion have; None if they differ."""
    labels = {label_of(word) for word in emotion.split("+")}
    return labels.pop() if len(labels) == 1 else None


UNITS = (46, 54, 102, 8, 25, 89, 1, 2, 53, 4, 6, 11)
LAYOUT = Layout("fourdme", "4DME", "micro", 60, FRAME, Counts(267), read, units=UNITS)
