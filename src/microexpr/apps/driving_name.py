"""Parse the name of a driving clip. Imports nothing heavy, so that a refusal takes milliseconds."""

import re
from pathlib import Path
from typing import Literal

from microexpr.core.clip import LABELS
from microexpr.core.errors import ParamsError, nearest
from microexpr.core.files import run_files

DEFAULT = "surprise"
EMOTION = re.compile(r"[^/]+:\d+")


def choose(driving: str | Path | None, emotion: str | None, style: int | None, fps: float | None = None) -> str:
    """Return the name of a driving clip, of a display of an emotion "<emotion>:<style>", the default's without either.

    Raises ParamsError for a driving clip next to an emotion, for a style without an emotion, and for frames a second of
    what is no video or folder of frames."""
    if driving and emotion:
        raise ParamsError(f"--emotion must stand in place of --driving, not next to it: {emotion}, {driving}")
    if style and not emotion:
        raise ParamsError(f"--style must be of an --emotion, and there is none; it is {style}")
    name = f"{emotion}:{style or 1}" if emotion else str(driving or DEFAULT)
    if fps is not None and (what := kind(name)) != "video":
        words = {"sample": "a sample", "emotion": "a display of an emotion", "clip": "a clip of a run"}
        raise ParamsError(f"--fps must be of a driving video or folder of frames; {name} is {words[what]}")
    return name


def kind(name: str) -> Literal["sample", "video", "emotion", "clip"]:
    """Return what a name means: a sample, a file or folder of frames, a display, a clip of a run; else ParamsError."""
    if name in LABELS:
        return "sample"
    if Path(name).exists():
        return "video"
    if EMOTION.fullmatch(name):
        return "emotion"
    if name.count("/") != 2 or Path(name).suffix:
        kinds = f"{', '.join(LABELS)}, a video or folder of frames, or DATASET/SUBJECT/CLIP of a run"
        raise ParamsError(f"--driving must be {kinds}; there is no {name}{nearest(name, LABELS)}")
    return "clip"


def files(name: str, results: Path) -> list[Path]:
    """Return the files that may be read for a driving clip: its video, or files of a run in the folder `results`."""
    what = kind(name)
    return [Path(name)] if what == "video" else run_files(name, results) if what == "clip" else []
