"""4DME, its grey videos: 267 micro-expressions at 60 fps (Li et al. 2022). Colour, depth and 4D are not read.

Quirks it handles: two emotions at once, "Surprise+Positive"; action units marked (k), which were there all the while
and are no part of the expression; a comma or a sign for "and" between units or emotions; raw or cropped frames. A clip
of two emotions has a class of the three only if both have the same, as negative and repression have. Not known for
certain: how people are called, so the folder is the one of that name or of the same number.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import contiguous, listed
from microexpr.datasets.layout import Counts, Layout, first_folder, label_of, unread, without_row

FRAME = re.compile(r"(?:img|reg_img)?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs")
ALSO = {"AU": "AUs", "Action Units": "AUs"}
FOLDERS = ("gray_micro", "gray_micro_crop")
EMOTIONS = ("negative", "others", "positive", "repression", "surprise")


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    pictures = first_folder(root, *FOLDERS)
    notes = unread(root, pictures, *FOLDERS)
    if pictures.name == "gray_micro_crop":
        notes.append(f"{pictures}: cropped frames are read, which have lost what lies around the face")
    people = sorted(path.name for path in pictures.glob("[!._]*/"))
    rows = workbook.rows(workbook.find(root, "4DME_Labelling_Micro_release*.xlsx"), COLUMNS, also=ALSO)
    clips, known = annotation.clips(
        "fourdme",
        rows,
        lambda row: (_person(row, people), row.name("fold_name")),
        lambda row, key: _clip(root, pictures / "/".join(key), origin, row, key, notes),
        problems,
    )
    return clips, notes + without_row(pictures, known)


def _person(row: workbook.Row, people: list[str]) -> str:
    """The folder of this name, or the one of the same number."""
    written = row.name("sub_ID")
    alike = [name for name in people if written.isdigit() and re.fullmatch(rf"\D*0*{int(written)}", name)]
    if written not in people and len(alike) > 1:
        raise DataError(f"sub_ID must tell one of {', '.join(alike)}, not {written!r} ({row.where})")
    return written if written in people else (*alike, written)[0]


def _clip(root: Path, folder: Path, origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]) -> Clip:
    found = contiguous(listed(folder, FRAME), folder)
    onset, apex, offset = annotation.events(row, "Onset", ("Apex",), "Offset", found, notes)
    emotion = _emotion(row)
    return Clip(
        dataset="fourdme", subject=key[0], name=key[1], origin=origin, folder=str(folder.relative_to(root)),
        first=min(found), last=max(found), frames=len(found), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label(emotion), objective_class=None, action_units=annotation.units(row.text("AUs")),
    )  # fmt: skip


def _emotion(row: workbook.Row) -> str:
    """The words in alphabetical order, "positive+surprise"."""
    words = sorted({word.strip() for word in re.split(r"[+,/&]", row.text("Emotion").lower())})
    if strange := [word for word in words if word not in EMOTIONS]:
        raise DataError(f"Emotion must be of {', '.join(EMOTIONS)}, not {strange[0]!r} ({row.where})")
    return "+".join(words)


def label(emotion: str) -> int | None:
    """The class that all of its words have; None where they differ."""
    labels = {label_of(word) for word in emotion.split("+")}
    return labels.pop() if len(labels) == 1 else None


LAYOUT = Layout("fourdme", "4DME", "micro", 60, FRAME, Counts(267), read)
