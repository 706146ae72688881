"""CAS(ME)^3, part A: 860 micro-expressions at 30 fps, in colour (Li et al. 2023). Part C and the depth are not read.

Quirks: a Filename is that of a video, which may hold several clips. So a clip is named by video and annotated onset,
`a_355`, and cut from the video's frames, onset to offset; or it lies in a folder of its own, `spNo.1_a_355`, whose name
differs in case from the annotation. One onset is a slip of a digit and one is before the first frame. Offsets before
the onset are set half a second after it, the longest duration of a micro-expression. Apexes at or before the onset are
spotted. It is not certain how AU-based classes are written, so 1 to 7 and I to VII are read and others passed over. The
number of subjects with a micro-expression is not known, so it is not checked.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import annotation, workbook
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import OBJECTIVE, Counts, Layout, first_folder, label_of

FRAME = re.compile(r"(?P<number>\d+)\.(?:jpg|jpeg|png)", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
FOLDERS = ("ME_A", "part_A/ME_A", "part_A/data/ME_A", "frame")
EMOTIONS = ("anger", "disgust", "fear", "happy", "others", "sad", "surprise")
ONSETS = {("spNO.216", "d", 3647): 2647}  # slips of a digit: its apex is 2668
LONGEST = 15  # frames: half a second
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")
CLASSES = dict(zip(map(str, OBJECTIVE), OBJECTIVE, strict=True)) | dict(zip(ROMAN, OBJECTIVE, strict=True))


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    pictures = first_folder(root, *FOLDERS)
    notes: list[str] = []
    rows = workbook.rows(workbook.find(root, "cas(me)3_part_A_ME_label_JpgIndex*.xlsx"), COLUMNS)
    clips, _ = annotation.clips(
        "casme3", rows, _key, lambda row, key: _clip(root, pictures, origin, row, key, notes), problems
    )
    used = {clip.folder for clip in clips}
    pattern = "*/" if pictures.name == "frame" else "*/*/color/"
    existing = {str(path.relative_to(root)) for path in pictures.glob(pattern)}
    if unused := len(existing - used):
        notes.append(f"{pictures}: folders of frames without a row in the annotation: {unused}, passed over")
    return clips, notes


def _key(row: workbook.Row) -> annotation.Key:
    subject = row.name("Subject")
    if not (match := re.fullmatch(r"spno\.?([0-9]+)", subject, re.IGNORECASE)):
        raise DataError(f"Subject must be like spNO.1, not {subject!r} ({row.where})")
    return f"spNO.{match[1]}", f"{row.name('Filename')}_{row.integer('Onset')}"


def _clip(root: Path, pictures: Path, origin: Origin, row: workbook.Row, key: annotation.Key, notes: list[str]) -> Clip:
    folder = _folder(pictures, key, row)
    video_frames = numbered_frames(folder, FRAME)
    onset, apex, offset = _events(row, key[0], video_frames, notes)
    clip_frames = {number: path for number, path in video_frames.items() if onset <= number <= offset}
    frames = check_contiguous(clip_frames, folder)
    emotion = row.choice_of("emotion", EMOTIONS)
    return Clip(
        dataset="casme3", subject=key[0], name=key[1], origin=origin, folder=str(folder.relative_to(root)),
        first=onset, last=offset, frames=len(frames), onset=onset, apex=apex, offset=offset, fps=LAYOUT.fps,
        emotion=emotion, label=label_of(emotion), objective_class=CLASSES.get(row.text("Objective class").upper()),
        action_units=annotation.units(row.text("AU")),
    )  # fmt: skip


def _folder(pictures: Path, key: annotation.Key, row: workbook.Row) -> Path:
    """Return the folder of the clip or of its video."""
    if pictures.name == "frame":
        return annotation.folder(pictures, "_".join(key))
    return annotation.folder(pictures, key[0]) / row.name("Filename") / "color"


def _events(row: workbook.Row, subject: str, frames: dict[int, Path], notes: list[str]) -> tuple[int, int | None, int]:
    """Return onset, apex and offset; mend impossible ones, with a note."""
    first, last = min(frames), max(frames)
    annotated, offset = row.integer("Onset"), row.integer("Offset")
    onset = max(ONSETS.get((subject, row.name("Filename"), annotated), annotated), first)
    if onset != annotated:
        notes.append(f"Onset {annotated} is not possible: taken as {onset} ({row.where})")
    if onset not in frames:
        raise DataError(f"Onset must lie in the frames {first}..{last}, not {onset} ({row.where})")
    if not onset < offset <= last:
        likely = min(onset + LONGEST, last)
        notes.append(f"Offset {offset} is not possible: taken as {likely} ({row.where})")
        offset = likely
    return onset, annotation.apex(row, ("Apex",), onset, offset, notes), offset


MEGC2019 = (457, 55, 187)  # clips by class; 161 others
UNITS = (153, 128, 274, 44, 8, 27, 50, 10, 15, 193, 6, 20)
LAYOUT = Layout(
    "casme3",
    "CAS(ME)^3",
    "micro",
    30,
    FRAME,
    Counts(860, megc2019=MEGC2019),
    read,
    clips_share_folder=True,
    units=UNITS,
)
