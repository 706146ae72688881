"""Record a video from a camera of this machine, at the rate that the camera really has."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from microexpr.apps.predict.take import Progress
from microexpr.core.errors import DataError
from microexpr.rendering.recording import recorder
from microexpr.videos import SLOWEST

FILE = "camera.avi"
WARM_UP = 1.0  # seconds in which exposure settles and the rate is measured
QUALITY = 95  # of Motion JPEG
MARK = b"recorded from a camera by microexpr"


def record(
    path: Path, number: int, seconds: float, progress: Progress, clock: Callable[[], float] = time.monotonic
) -> float:
    """Write an AVI of this length from a camera and return its frames a second.

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
        with recorder(path.suffix, False, QUALITY, fps, MARK) as write:
            for done in range(1, total + 1):
                write(path, cv2.cvtColor(_read(camera, number), cv2.COLOR_BGR2RGB))
                progress("recording", done, total)
            fps = total / max(clock() - start, 1e-9)
    return fps


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
