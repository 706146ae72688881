"""A video or a folder of frames as pictures in order, whoever filmed it. Knows no data set."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core.errors import DataError
from microexpr.datasets import picture, video
from microexpr.datasets.frames import PICTURES
from microexpr.rendering.recording import MARK

ENDS = 1 << 16  # bytes at either end of a file, where a comment stands
SLOWEST = 20.0  # frames a second: a micro-expression of 0.2 s has four then
SHORTEST = 1.0  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """What `opened` found."""

    path: Path
    fps: float
    frames: int  # as the header says; a video may hold fewer
    files: tuple[Path, ...]  # of a folder
    generated: bool
    grey: bool

    def pictures(self, wanted: Callable[[int], bool] = lambda number: True) -> Iterator[np.ndarray]:
        """Those of the frames whose number, from 0, is wanted: uint8[H, W, 3] RGB or uint8[H, W] grey, all of one size.

        Raises DataError naming the frame that is not."""
        if not self.files:
            yield from video.shown(self.path, wanted)
            return
        size: tuple[int, ...] = ()
        for number, path in enumerate(self.files):
            if wanted(number):
                found = picture.read(path)
                if (size := size or found.shape) != found.shape:
                    raise DataError(f"{path}: must be as the frames before, {size[1]}x{size[0]}, not {found.shape}")
                yield found


def opened(path: Path, fps: float | None) -> Footage:
    """`fps` is asked for a folder, and goes before what a video's header says.

    Raises DataError where nothing is, where it is no video or holds no frames, and for too few frames, in all or a
    second."""
    if not path.exists():
        raise DataError(f"{path}: is not there")
    files = tuple(sorted((one for one in path.iterdir() if _is_picture(one)), key=_numbered)) if path.is_dir() else ()
    if path.is_dir() and not files:
        raise DataError(f"{path}: must be a video or hold frames ({', '.join(PICTURES)}), not neither")
    frames, rate = (len(files), fps) if files else video.header(path)
    rate = fps or rate
    if rate is None:
        raise DataError(f"{path}: a folder does not say how many frames a second it has; --fps does")
    if rate < SLOWEST:
        raise DataError(f"{path}: must have at least {SLOWEST:g} frames a second, not {rate:g}: it would miss too much")
    found = Footage(path, rate, frames, files, _marked(files[0] if files else path), False)
    first = next(found.pictures(), None)
    if first is None or frames < SHORTEST * rate:
        raise DataError(f"{path}: must last at least {SHORTEST:g} s, {round(SHORTEST * rate)} frames, not {frames}")
    grey = first.ndim == 2 or bool((first[..., :1] == first).all())
    return Footage(path, rate, frames, files, found.generated, grey)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".")


def _numbered(path: Path) -> tuple[list[int], str]:
    """img2 before img10."""
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name


def _marked(path: Path) -> bool:
    """Whether a file says that it is generated."""
    with path.open("rb") as file:
        start = file.read(ENDS)
        file.seek(max(0, path.stat().st_size - ENDS))
        return MARK in start or MARK in file.read()
