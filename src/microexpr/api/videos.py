"""Read a video of one's own, or render an example. Decodes frames; measures nothing."""

from os import PathLike
from pathlib import Path

import numpy as np

from microexpr.api import checks
from microexpr.core import outputs
from microexpr.core.errors import DataError
from microexpr.videos import Scan, Video, from_array

SAME_RATE = 1e-3  # by which rates are rounded, 29.97
Source = Video | str | Path | np.ndarray


def read_video(path: Source, fps: float | None = None) -> Video:
    """Return a video file, a folder of frames, or an array uint8[T, H, W, 3] RGB or uint8[T, H, W] grey.

    `fps` is the number of frames a second: needed for a folder or an array, and for a video file in place of what its
    header says; that of a `Video` is its own. Frames of a folder are sorted by the numbers in their names.

    Raises DataError if there is no video, a frame cannot be read, or there are fewer than 20 frames a second or 0.1 s
    in all, in which no micro-expression can be seen.

    >>> import microexpr
    >>> video = microexpr.read_video(microexpr.example_video("example"))
    >>> len(video), video.fps
    (120, 60.0)
    >>> microexpr.read_video(video.frames[:30], fps=60)
    Video('array', 30 frames of 480 x 360, 60 a second)
    """
    source = scan(path, fps)
    return source.video if isinstance(source, Scan) else source


def scan(path: Source, fps: float | None = None) -> Video | Scan:
    """Scan a path as `read_video` does before it reads frames; return a `Video` as it is."""
    if fps is not None and (isinstance(fps, bool) or not isinstance(fps, (int, float, np.number))):
        raise DataError(f"fps must be a number of frames a second, not {fps!r}")
    if isinstance(path, Video):
        if fps is not None and not np.isclose(fps, path.fps, rtol=SAME_RATE):
            raise DataError(f"fps must be {path.fps:g}, as the Video has, not {fps:g} ({path.path}); read it again")
        return path
    if isinstance(path, np.ndarray):
        if fps is None:
            raise DataError("fps must be the frames a second of an array, not None")
        return from_array(path, float(fps))
    if not isinstance(path, (str, PathLike)):
        raise DataError(f"a video must be a path or an array uint8[T, H, W, 3], not {checks.describe(path)}")
    return Scan(Path(path), fps)


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
    from facs_faces import take  # with numba, which takes long to load
    from microexpr.rendering import film

    params = take.Params(seconds=2, fps=60, micro=1, macro=0, blinks=0, difficulty="standard", width=480, height=360)
    out = outputs.file(path, outputs.VIDEOS, (), False, ".csv")
    with outputs.publish(out) as part:
        film.write(part / out.names[0], params, seed)
    return path
