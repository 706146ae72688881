"""Read video files: their number of frames, and their pixels. Knows no data set.

Frames are numbered from 0. FFmpeg decodes on one thread, so that parallel jobs do not compete for cores.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import regular

if TYPE_CHECKING:
    import cv2

MOST, FASTEST = 10**6, 1000  # largest plausible number of frames and frames a second in a header


def measure(path: Path) -> tuple[int, int]:
    """Return the number of frames, and frames a second rounded to an integer. Raises DataError as `header` does."""
    frames, rate = header(path)
    return frames, round(rate)


def header(path: Path) -> tuple[int, float]:
    """Return the number of frames, and frames a second, from the header. Raises DataError if the file does not open."""
    import cv2

    with _open(path) as capture:
        frames, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    if not (1 <= frames <= MOST and 1 <= rate <= FASTEST):  # NaN is in no range
        raise DataError(f"{path}: must hold 1 to {MOST} frames at 1 to {FASTEST} a second, not {frames:g} at {rate:g}")
    return round(frames), float(rate)


def read(path: Path, frames: int, start: int = 0) -> Iterator[np.ndarray]:
    """Yield the frames start..frames-1, RGB uint8[H, W, 3] each.

    Raises DataError naming the first frame that does not decode, as in a truncated copy, and if more than `frames`
    follow, so that the header is wrong."""
    import cv2

    with _open(path) as capture:
        for i in range(frames):
            decoded = capture.grab()
            if decoded and i < start:
                continue
            picture = capture.retrieve()[1] if decoded else None
            if picture is None:
                raise DataError(f"{path}: must hold {frames} frames, but frame {i} does not decode")
            yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        if capture.grab():
            raise DataError(f"{path}: must hold {frames} frames, as its header says, but more follow")


def read_selected(path: Path, is_selected: Callable[[int], bool]) -> Iterator[np.ndarray]:
    """Yield the selected frames, RGB uint8[H, W, 3] each, up to the last that decodes, whatever the header says."""
    import cv2

    with _open(path) as capture:
        i = 0
        while capture.grab():
            if is_selected(i):
                yield cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)
            i += 1


@contextmanager
def _open(path: Path) -> Iterator["cv2.VideoCapture"]:
    import cv2  # a tenth of a second, which planning a run must not wait for

    if not regular(path).is_file():
        raise DataError(f"{path}: the video is missing")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        if not capture.isOpened():
            raise DataError(f"{path}: is not a readable video")
        yield capture
    finally:
        capture.release()
