"""Oulu-CASIA, visible light, strong: 480 colour sequences of 80 subjects at 25 fps, neutral to apex (Zhao et al. 2011).

Quirks: the pictures lie in `B_OriginalImg`, `OriginalImg` or at the root. Other light and the near-infrared
camera are not read. No action units.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import Counts, Layout, collect_errors, first_folder, label_of

FRAME = re.compile(r"(?P<number>\d+)\.(?:jpeg|jpg|png)", re.IGNORECASE)
FOLDERS = ("B_OriginalImg/VL/Strong", "OriginalImg/VL/Strong", "VL/Strong")
EMOTIONS = ("Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise")


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    pictures = first_folder(root, *FOLDERS)
    clips: list[Clip] = []
    notes: list[str] = []
    for folder in sorted(pictures.glob("P[0-9]*/*/")):
        if folder.name not in EMOTIONS:
            notes.append(f"{folder}: is none of {', '.join(EMOTIONS)}; passed over")
            continue
        with collect_errors(problems):
            clips.append(_clip(root, folder, origin))
    if not clips and not problems:
        raise DataError(f"{pictures}: must hold sequences like P001/Anger, found none")
    return sorted(clips, key=lambda clip: clip.id), notes


def _clip(root: Path, folder: Path, origin: Origin) -> Clip:
    subject, emotion = folder.parts[-2], folder.name.lower()
    frames = check_contiguous(numbered_frames(folder, FRAME), folder)
    first, apex = min(frames), max(frames)
    return Clip(
        dataset="oulu_casia", subject=subject, name=f"{subject}_{emotion}", origin=origin,
        folder=str(folder.relative_to(root)), first=first, last=apex, frames=len(frames),
        onset=first, apex=apex, offset=apex, fps=LAYOUT.fps, emotion=emotion, label=label_of(emotion),
        objective_class=None, action_units="",
    )  # fmt: skip


LAYOUT = Layout("oulu_casia", "Oulu-CASIA", "macro", 25, FRAME, Counts(480, 80, (320, 80, 80)), read)
