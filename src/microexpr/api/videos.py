"""Read a video of one's own, or render an example. Decodes frames; measures nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np

from microexpr.api import checks
from microexpr.apps.predict import footage
from microexpr.apps.predict.footage import Footage
from microexpr.core import outputs
from microexpr.core.errors import DataError
from microexpr.datasets.video import Timing
from microexpr.rendering import film, take

EXAMPLE = take.Params(seconds=2, fps=60, micro=1, macro=0, blinks=0, difficulty="standard", width=480, height=360)


@dataclass(frozen=True, eq=False)
class Video:
    """A video file, a folder of frames or an array. Frames are decoded when they are asked for, and counted from 0.

    Iterating yields one frame at a time, uint8[H, W, 3] RGB; `len` is the number of frames that decode.

    >>> import microexpr
    >>> video = microexpr.read_video(microexpr.example_video("example"))
    >>> video
    Video('example/example.avi', 120 frames of 480 x 360, 60 a second)
    >>> next(iter(video)).shape, video.frames.shape
    ((360, 480, 3), (120, 360, 480, 3))
    """

    footage: Footage

    @property
    def path(self) -> Path:
        """The file or folder; "array" stands for frames in memory."""
        return self.footage.path

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.footage.fps

    @cached_property
    def frames(self) -> np.ndarray:
        """All frames, uint8[T, H, W, 3] RGB: a second of 640 x 480 at 100 frames a second takes 92 MB."""
        return np.stack([*self])

    def __iter__(self) -> Iterator[np.ndarray]:
        for image in self.footage.read_frames():
            yield np.broadcast_to(image[..., None], (*image.shape, 3)) if image.ndim == 2 else image

    @cached_property
    def _count(self) -> int:
        if self.footage.files:
            return len(self.footage.files)
        timing = Timing()
        list(self.footage.read_frames(lambda number: False, timing))  # a header may say more frames than decode
        return timing.frames

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        height, width = next(iter(self)).shape[:2]
        return f"Video({str(self.path)!r}, {len(self)} frames of {width} x {height}, {self.fps:g} a second)"


Source = Video | str | Path | np.ndarray


def read_video(path: str | Path | np.ndarray, fps: float | None = None) -> Video:
    """Return a video file, a folder of frames, or an array uint8[T, H, W, 3] RGB or uint8[T, H, W] grey.

    `fps` is the number of frames a second: needed for a folder or an array, and for a video file in place of what its
    header says. Frames of a folder are sorted by the numbers in their names.

    Raises DataError if there is no video, a frame cannot be read, or there are fewer than 20 frames a second or 0.1 s
    in all, in which no micro-expression can be seen.

    >>> import microexpr
    >>> video = microexpr.read_video(microexpr.example_video("example"))
    >>> len(video), video.fps
    (120, 60.0)
    >>> microexpr.read_video(video.frames[:30], fps=60)
    Video('array', 30 frames of 480 x 360, 60 a second)
    """
    if fps is not None and (isinstance(fps, bool) or not isinstance(fps, (int, float, np.number))):
        raise DataError(f"fps must be a number of frames a second, not {fps!r}")
    if isinstance(path, np.ndarray):
        if fps is None:
            raise DataError("fps must be the frames a second of an array, not None")
        return Video(footage.from_array(path, fps))
    if not isinstance(path, (str, PathLike)):
        raise DataError(f"a video must be a path or an array uint8[T, H, W, 3], not {checks.describe(path)}")
    return Video(footage.open_footage(Path(path), fps))


def as_video(source: Source, fps: float | None) -> Video:
    """Return a source of frames as a video; `fps` is for those that are none yet."""
    return source if isinstance(source, Video) else read_video(source, fps)


def example_video(folder: str | Path, seed: int = 1) -> Path:
    """Render a video of 2 s with one micro-expression, and return its path; it takes seconds. No person is shown.

    The file example.avi in `folder` is marked as generated and has 120 frames of 480 x 360 at 60 a second. Next to it,
    example.csv holds the ground truth: a row for each expression with kind, emotion, action units, and the frames of
    onset, apex and offset. Each `seed` has its own subject. A video that is already there is returned as it is.

    Raises OutputError if the folder cannot be written.

    >>> import microexpr, pandas
    >>> path = microexpr.example_video("example")
    >>> pandas.read_csv(path.with_suffix(".csv"))[["kind", "emotion", "onset", "apex", "offset"]].values.tolist()
    [['micro', 'sadness', 47, 55, 69]]
    """
    name = "example.avi" if seed == 1 else f"example{seed}.avi"
    path = Path(folder) / name
    if path.is_file() and path.with_suffix(".csv").is_file():
        return path
    out = outputs.video(path, force=False)
    with outputs.publish(out) as part:
        film.write(part / out.names[0], EXAMPLE, seed)
    return path
