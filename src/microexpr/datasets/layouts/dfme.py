"""DFME: 1,856 micro-expressions of 176 subjects as released, of 7,526 recorded; in colour, at 200, 300 or
500 fps (Zhao et al. 2024).

Quirks: each row has its own rate; the annotation is one list or several, workbooks or CSV files. The names of folders
and lists are not certain. So any file with DFME in its name is read as a list, and a clip's frames are looked for below
DFME, frames or the root, in the folder of its subject and in a folder of its own name.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import Counts, Layout, first_folder, folders_without_row, label_of, list_content

FRAME = re.compile(r"(?:img|frame_?)?(?P<number>\d+)\.(?:jpg|jpeg|bmp|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "Fps", "AU")
ALSO = {"Action Units": "AU", "AUs": "AU"}
FOLDERS = ("DFME/DFME", "DFME", "frames", ".")
RATES = (200, 300, 500)
EMOTIONS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    pictures = first_folder(root, *FOLDERS)
    notes: list[str] = []
    clips, keys = annotation.clips(
        "dfme",
        _rows(root),
        lambda row: (row.name("Subject"), row.name("Filename")),
        lambda row, key: _clip(root, pictures, origin, row, key, notes),
        problems,
    )
    return clips, notes + (folders_without_row(pictures, keys) if pictures != root else [])


def _rows(root: Path) -> Iterator[workbook.Row]:
    """Yield the rows of all lists, in the order of their names."""
    files = sorted((*root.glob("[!.~]*"), *root.glob("*/[!.~]*")))
    lists = [path for path in files if "dfme" in path.name.lower() and path.suffix.lower() in (".xlsx", ".csv")]
    if not lists:
        raise DataError(
            f"{root}: must hold the annotation *DFME*.xlsx or *DFME*.csv, found none; found {list_content(root)}"
        )
    for path in lists:
        csv = path.suffix.lower() == ".csv"
        yield from workbook.csv_rows(path, COLUMNS) if csv else workbook.rows(path, COLUMNS, also=ALSO)


def _clip(root: Path, pictures: Path, origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]) -> Clip:
    subject, name = key
    in_subject = annotation.folder(annotation.folder(pictures, subject), name)
    folder = in_subject if in_subject.is_dir() or not (pictures / name).is_dir() else pictures / name
    frames = check_contiguous(numbered_frames(folder, FRAME), folder)
    onset, apex, offset = annotation.events(row, "OnsetFrame", ("ApexFrame",), "OffsetFrame", frames, notes)
    emotion, fps = row.choice_of("Emotion", EMOTIONS), row.integer("Fps")
    if fps not in RATES:
        raise DataError(f"Fps must be one of {', '.join(map(str, RATES))}, not {fps} ({row.where})")
    return Clip(
        dataset="dfme", subject=subject, name=name, origin=origin, folder=str(folder.relative_to(root)),
        first=min(frames), last=max(frames), frames=len(frames), onset=onset, apex=apex, offset=offset, fps=fps,
        emotion=emotion, label=label_of(emotion), objective_class=None, action_units=annotation.units(row.text("AU")),
    )  # fmt: skip


LAYOUT = Layout("dfme", "DFME", "micro", 0, FRAME, Counts(1856, 176), read, releases=(Counts(7526),))
