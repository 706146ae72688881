"""SMIC-HS: 164 clips of 16 subjects at 100 fps, in colour; no apex, no action units (Li et al. 2013).

Quirks: subjects `s1` in some copies and `s01` in others; raw and cropped folders; frame numbers that are
the camera's counter; the emotion is in the folder and in the clip's name.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets.frames import gaps, numbered_frames
from microexpr.datasets.layout import (
    Counts,
    Layout,
    collect_errors,
    first_folder,
    label_of,
    list_content,
    unread_folders,
)

FRAME = re.compile(r"(?:reg_)?image(?P<number>\d+)\.(?:bmp|jpg|jpeg|png)", re.IGNORECASE)
FOLDERS = ("HS", "SMIC_all_raw/HS", "SMIC_all_cropped/HS")
CLIP = re.compile(r"s(\d+)_(ne|po|sur)_(\d+)", re.IGNORECASE)
EMOTION = {"ne": "negative", "po": "positive", "sur": "surprise"}


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    pictures = first_folder(root, *FOLDERS)
    clips: list[Clip] = []
    notes = unread_folders(root, pictures, *FOLDERS)
    for folder in sorted(pictures.glob("[!._]*/[!._]*/*/*/")):
        match = CLIP.fullmatch(folder.name)
        if match is None or folder.parts[-3].lower() != "micro":
            notes.append(f"{folder}: is not named like s1/micro/negative/s1_ne_01; passed over")
            continue
        with collect_errors(problems):
            clips.append(_clip(root, folder, origin, match, notes))
    if not clips and not problems:
        raise DataError(
            f"{pictures}: must hold clips like s1/micro/negative/s1_ne_01, found none; found {list_content(pictures)}"
        )
    with_clips = {Path(clip.folder).parts[-4] for clip in clips}
    for folder in sorted(pictures.glob("[!._]*/")):
        if folder.name not in with_clips:
            notes.append(f"{folder}: holds no clips like micro/negative/s1_ne_01; passed over")
    return sorted(clips, key=lambda clip: clip.id), notes


def _clip(root: Path, folder: Path, origin: Origin, match: re.Match[str], notes: list[str]) -> Clip:
    subject, token = f"s{int(match[1]):02d}", match[2].lower()
    emotion = EMOTION[token]
    if folder.parts[-4].lower() not in (subject, f"s{int(match[1])}"):
        raise DataError(f"{folder}: lies in the folder of {folder.parts[-4]}, but its name says {subject}")
    if folder.parent.name.lower() != emotion:
        raise DataError(f"{folder}: lies under {folder.parent.name!r}, but its name says {emotion!r}")
    frames = numbered_frames(folder, FRAME)
    if missing := gaps(frames):  # the camera's counter: a frame may never have been recorded
        notes.append(f"{folder}: frame {missing[0]} is missing, {len(missing)} of {max(frames) - min(frames) + 1} are")
    return Clip(
        dataset="smic", subject=subject, name=f"{subject}_{token}_{match[3]}", origin=origin,
        folder=str(folder.relative_to(root)), first=min(frames), last=max(frames), frames=len(frames),
        onset=min(frames), apex=None, offset=max(frames), fps=LAYOUT.fps,
        emotion=emotion, label=label_of(emotion), objective_class=None, action_units="",
    )  # fmt: skip


MEGC2019 = (70, 51, 43)  # clips by class
LAYOUT = Layout("smic", "SMIC-HS", "micro", 100, FRAME, Counts(164, 16, MEGC2019), read)
