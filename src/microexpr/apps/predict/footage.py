"""A video or a folder of frames, recorded by anyone, as images in order. Knows no data set."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets import picture, video
from microexpr.datasets.frames import PICTURE_SUFFIXES, shorten
from microexpr.rendering.recording import MARK

ENDS = 1 << 16  # bytes at either end of a file, where a comment is stored
SLOWEST = 20.0  # frames a second, so that a micro-expression of 0.2 s has four
SHORTEST = 0.1  # seconds: data sets cut a micro-expression from its onset to its offset


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


@dataclass(frozen=True, slots=True, eq=False)
class FramesInMemory(Footage):
    """Frames of an array in place of a video."""

    images: np.ndarray  # uint8[T, H, W, 3] RGB or uint8[T, H, W] grey

    def read_frames(
        self, select: Callable[[int], bool] = lambda number: True, timing: video.Timing | None = None
    ) -> Iterator[np.ndarray]:
        """Yield the frames whose number, from 0, `select` accepts, and add the times of all to `timing`."""
        for number, image in enumerate(self.images):
            if timing is not None:
                timing.add(1000 * number / self.fps)
            if select(number):
                yield image


def from_array(images: np.ndarray, fps: float, name: str = "array") -> Footage:
    """Return frames in memory as footage; `name` stands for the path in errors.

    Raises DataError for another type or shape than `FramesInMemory` has, and as `open_footage` does."""
    if images.dtype != np.uint8 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        raise DataError(f"{name}: must be uint8[T, H, W, 3] or uint8[T, H, W], not {images.dtype}{[*images.shape]}")
    return _checked(FramesInMemory(Path(name), fps, len(images), (), False, False, images))


def open_footage(path: Path, fps: float | None, slowest: float = SLOWEST, shortest: float = SHORTEST) -> Footage:
    """Return the video or folder of frames at a path.

    `fps` overrides the rate in a video's header; a folder needs it. Raises DataError if there is no video and there are
    no frames, or too few of them: a video lasts `shortest` seconds and has `slowest` frames a second at least.
    """
    if not path.exists():
        raise DataError(f"{path}: is not there")
    files = list_pictures(path, "a video or a folder of frames") if path.is_dir() else ()
    frames, rate = (len(files), fps) if files else video.header(path)
    rate = rate if fps is None else fps
    if rate is None:
        raise DataError(f"{path}: a folder does not say how many frames a second it has; fps (--fps) does")
    footage = Footage(path, rate, frames, files, is_rendered(files[0] if files else path), False)
    return _checked(footage, slowest, shortest)


def list_pictures(folder: Path, expected: str) -> tuple[Path, ...]:
    """Return the pictures in a folder by the numbers in their names. Raises DataError if there are none; `expected` is
    what the path must be."""
    pictures = sorted((file for file in folder.iterdir() if _is_picture(file)), key=_by_number)
    if not pictures:
        names = sorted(file.name for file in folder.iterdir())
        content = f"a folder of {shorten(names)}" if names else "an empty folder"
        raise DataError(f"{folder}: must be {expected} ({', '.join(PICTURE_SUFFIXES)}), not {content}")
    return tuple(pictures)


def _checked(footage: Footage, slowest: float = SLOWEST, shortest: float = SHORTEST) -> Footage:
    """Return the footage with `grey` as its first frame is. Raises DataError for too few frames, in all or a second."""
    path, rate = footage.path, footage.fps
    if not slowest <= rate <= video.FASTEST:  # nor NaN
        expected = f"{slowest:g} to {video.FASTEST} frames a second"
        raise DataError(f"{path}: must have {expected}, not {rate:g}; a slower camera misses micro-expressions")
    first = next(footage.read_frames(), None)
    if first is None or footage.frames < shortest * rate:
        least = f"{shortest:g} s, {round(shortest * rate)} frames"
        raise DataError(f"{path}: must last at least {least}, not {footage.frames}")
    return replace(footage, grey=first.ndim == 2 or bool((first[..., :1] == first).all()))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def _by_number(path: Path) -> tuple[list[int], str]:
    """Return a sort key that puts img2 before img10."""
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name


def is_rendered(path: Path) -> bool:
    """Whether a file has the mark of rendered videos."""
    with regular(path).open("rb") as file:
        start = file.read(ENDS)
        file.seek(max(0, path.stat().st_size - ENDS))
        return MARK in start or MARK in file.read()
