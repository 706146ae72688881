"""Video files on disk: how many frames they hold, and their pixels. Knows no data set.

Frames are numbered from 0. FFmpeg decodes on one thread, so that jobs side by side do not fight for cores.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from microexpr.core.errors import DataError

MOST, FASTEST = 10**6, 1000  # frames, and frames a second, that a header is believed


def measure(path: Path) -> tuple[int, int]:
    """Frames and frames a second, rounded; as `header` has them."""
    frames, rate = header(path)
    return frames, round(rate)


def header(path: Path) -> tuple[int, float]:
    """Frames and frames a second, as the file's header tells them. Raises DataError if it is no video that opens."""
    with _opened(path) as capture:
        frames, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    if not (1 <= frames <= MOST and 1 <= rate <= FASTEST):  # not a number is in no range
        raise DataError(f"{path}: must hold 1 to {MOST} frames at 1 to {FASTEST} a second, not {frames:g} at {rate:g}")
    return round(frames), float(rate)


def read(path: Path, frames: int, start: int = 0) -> Iterator[np.ndarray]:
    """The pictures of frames start..frames-1, RGB uint8[H, W, 3] each.

    Raises DataError naming the first frame that does not decode: a copy that was cut short has fewer than `frames`. So
    it does where more follow: a header that lies."""
    with _opened(path) as capture:
        for number in range(frames):
            decoded = capture.grab()
            if decoded and number < start:
                continue
            picture = capture.retrieve()[1] if decoded else None
            if picture is None:
                raise DataError(f"{path}: must hold {frames} frames, but frame {number} does not decode")
            yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        if capture.grab():
            raise DataError(f"{path}: must hold {frames} frames, as its header says, but more follow")


def shown(path: Path, wanted: Callable[[int], bool]) -> Iterator[np.ndarray]:
    """The pictures of the frames whose number is wanted, as many as decode: a header's count is not asked."""
    with _opened(path) as capture:
        number = 0
        while capture.grab():
            if wanted(number):
                yield cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)
            number += 1


@contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    if not path.is_file():
        raise DataError(f"{path}: the video is missing")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        if not capture.isOpened():
            raise DataError(f"{path}: is not a readable video")
        yield capture
    finally:
        capture.release()
