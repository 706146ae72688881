"""Record a video from a camera of this machine, with the time of each frame."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from microexpr.core.errors import DataError
from microexpr.videos import SLOWEST
from microexpr.videos.writer import writer

FILE = "camera.mkv"
WARM_UP = 1.0  # seconds in which exposure settles and the rate is measured
MARK = b"recorded from a camera by microexpr"


def record(
    path: Path,
    number: int,
    seconds: float,
    progress: Callable[[str, int, int], None],
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Write a video of this length from a camera and return its frames a second.

    Raises DataError if there is no such camera, or it gives no more frames, StoreError if the disk is full."""
    with _open(number) as camera:
        _read(camera, number)  # a camera takes its time for the first
        start, count = clock(), 0
        while clock() - start < WARM_UP:
            _read(camera, number)
            count += 1
        fps = count / (clock() - start)
        if fps < SLOWEST:
            raise DataError(
                f"camera {number}: must give {SLOWEST:g} frames a second, not {fps:.1f}; more light may help"
            )
        total, start = max(1, round(seconds * fps)), clock()
        with writer(path, fps, MARK) as write:
            for done in range(1, total + 1):
                frame = _read(camera, number)
                write(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), clock() - start)
                progress("recording", done, total)
            return total / max(clock() - start, 1e-9)


@contextmanager
def _open(number: int) -> Iterator[Any]:
    camera = cv2.VideoCapture(number)
    try:
        if not camera.isOpened():
            raise DataError(
                f"camera {number}: is not there, or another program uses it; --camera takes its number, from 0"
            )
        yield camera
    finally:
        camera.release()


def _read(camera: Any, number: int) -> Any:
    is_there, frame = camera.read()
    if not is_there:
        raise DataError(f"camera {number}: gives no more frames")
    return frame
