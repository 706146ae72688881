"""DFME: 1,856 micro-expressions of 176 people as released, of the 7,526 that were recorded; in colour, at 200, 300 or
500 fps (Zhao et al. 2024).

Quirks it handles: each row has its own rate; the annotation is one list or several, workbooks or CSV files. Not known
for certain: how folders and lists are called. So any with DFME in its name is read as a list, and a clip's frames are
looked for below DFME, frames or the top, in the folder of its person and in one of its own name.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import contiguous, listed
from microexpr.datasets.layout import Counts, Layout, first_folder, holds, label_of, without_row

FRAME = re.compile(r"(?:img|frame_?)?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "Fps", "AU")
ALSO = {"Action Units": "AU", "AUs": "AU"}
FOLDERS = ("DFME/DFME", "DFME", "frames", ".")
RATES = (200, 300, 500)
EMOTIONS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    pictures = first_folder(root, *FOLDERS)
    notes: list[str] = []
    clips, known = annotation.clips(
        "dfme",
        _rows(root),
        lambda row: (row.name("Subject"), row.name("Filename")),
        lambda row, key: _clip(root, pictures, origin, row, key, notes),
        problems,
    )
    return clips, notes + (without_row(pictures, known) if pictures != root else [])


def _rows(root: Path) -> Iterator[workbook.Row]:
    """Of all lists, in the order of their names."""
    near = sorted((*root.glob("[!.~]*"), *root.glob("*/[!.~]*")))
    lists = [path for path in near if "dfme" in path.name.lower() and path.suffix.lower() in (".xlsx", ".csv")]
    if not lists:
        raise DataError(f"{root}: must hold the annotation *DFME*.xlsx or *DFME*.csv, found none; found {holds(root)}")
    for path in lists:
        csv = path.suffix.lower() == ".csv"
        yield from workbook.csv_rows(path, COLUMNS) if csv else workbook.rows(path, COLUMNS, also=ALSO)


def _clip(root: Path, pictures: Path, origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]) -> Clip:
    subject, name = key
    own = annotation.folder(annotation.folder(pictures, subject), name)
    folder = own if own.is_dir() or not (pictures / name).is_dir() else pictures / name
    found = contiguous(listed(folder, FRAME), folder)
    onset, apex, offset = annotation.events(row, "OnsetFrame", ("ApexFrame",), "OffsetFrame", found, notes)
    emotion, fps = row.one_of("Emotion", EMOTIONS), row.integer("Fps")
    if fps not in RATES:
        raise DataError(f"Fps must be one of {', '.join(map(str, RATES))}, not {fps} ({row.where})")
    return Clip(
        dataset="dfme", subject=subject, name=name, origin=origin, folder=str(folder.relative_to(root)),
        first=min(found), last=max(found), frames=len(found), onset=onset, apex=apex, offset=offset, fps=fps,
        emotion=emotion, label=label_of(emotion), objective_class=None, action_units=annotation.units(row.text("AU")),
    )  # fmt: skip


LAYOUT = Layout("dfme", "DFME", "micro", 0, FRAME, Counts(1856, 176), read, releases=(Counts(7526),))
