"""A video or a folder of frames, recorded by anyone, as images in order. Knows no data set."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets import picture, video
from microexpr.datasets.frames import PICTURE_SUFFIXES
from microexpr.rendering.recording import MARK

ENDS = 1 << 16  # bytes at either end of a file, where a comment is stored
SLOWEST = 20.0  # frames a second, so that a micro-expression of 0.2 s has four
SHORTEST = 0.2  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """A video file or a folder of frames."""

    path: Path
    fps: float
    frames: int  # as the header says, until the video was read once; it may hold fewer
    files: tuple[Path, ...]  # frames of a folder, () for a video
    generated: bool
    grey: bool

    def read_frames(
        self, select: Callable[[int], bool] = lambda number: True, timing: video.Timing | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the frames whose number, from 0, `select` accepts: uint8[H, W, 3] RGB or uint8[H, W] grey.

        The times of all frames of a video are added to `timing`. Raises DataError naming a frame that is unreadable or
        of another size than the first.
        """
        if not self.files:
            yield from video.read_selected(self.path, select, timing)
            return
        size: tuple[int, ...] = ()
        for number, path in enumerate(self.files):
            if select(number):
                image = picture.read(path, longest=picture.LONGEST)
                if (size := size or image.shape) != image.shape:
                    width, height = image.shape[1], image.shape[0]
                    raise DataError(f"{path}: must be {size[1]}x{size[0]} as the frames before, not {width}x{height}")
                yield image


def open_footage(path: Path, fps: float | None) -> Footage:
    """Return the video or folder of frames at a path.

    `fps` overrides the rate in a video's header; a folder needs it. Raises DataError if there is no video and there are
    no frames, or too few of them in all or a second.
    """
    if not path.exists():
        raise DataError(f"{path}: is not there")
    files = (
        tuple(sorted((file for file in path.iterdir() if _is_picture(file)), key=_by_number)) if path.is_dir() else ()
    )
    if path.is_dir() and not files:
        raise DataError(f"{path}: must be a video or hold frames ({', '.join(PICTURE_SUFFIXES)}), not an empty folder")
    frames, rate = (len(files), fps) if files else video.header(path)
    rate = rate if fps is None else fps
    if rate is None:
        raise DataError(f"{path}: a folder does not say how many frames a second it has; --fps does")
    if not SLOWEST <= rate <= video.FASTEST:  # nor NaN
        expected = f"{SLOWEST:g} to {video.FASTEST} frames a second"
        raise DataError(f"{path}: must have {expected}, not {rate:g}; a slower camera misses micro-expressions")
    footage = Footage(path, rate, frames, files, _is_rendered(files[0] if files else path), False)
    first = next(footage.read_frames(), None)
    if first is None or frames < SHORTEST * rate:
        raise DataError(f"{path}: must last at least {SHORTEST:g} s, {round(SHORTEST * rate)} frames, not {frames}")
    grey = first.ndim == 2 or bool((first[..., :1] == first).all())
    return Footage(path, rate, frames, files, footage.generated, grey)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def _by_number(path: Path) -> tuple[list[int], str]:
    """Return a sort key that puts img2 before img10."""
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name


def _is_rendered(path: Path) -> bool:
    """Whether a file has the mark of rendered videos."""
    with regular(path).open("rb") as file:
        start = file.read(ENDS)
        file.seek(max(0, path.stat().st_size - ENDS))
        return MARK in start or MARK in file.read()
