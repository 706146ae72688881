"""Read video files: their number of frames, and their pixels. Knows no data set.

Frames are numbered from 0. FFmpeg decodes on one thread, so that parallel jobs do not compete for cores.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import regular

if TYPE_CHECKING:
    import cv2

MOST, FASTEST = 10**6, 1000  # largest plausible number of frames and frames a second in a header
STREAMED = (0, 2**32 - 1)  # sizes in the header of an AVI that was written without going back


@dataclass(slots=True)
class Timing:
    """Number of frames of a video that decode, and the times between them in milliseconds."""

    frames: int = 0
    shortest: float = float("inf")
    longest: float = 0.0
    _last: float = 0.0

    def add(self, milliseconds: float) -> None:
        """Add a frame's time in the video."""
        if self.frames:
            self.shortest = min(self.shortest, milliseconds - self._last)
            self.longest = max(self.longest, milliseconds - self._last)
        self.frames, self._last = self.frames + 1, milliseconds

    @property
    def unevenness(self) -> str:
        """Describe a frame rate that varies by more than a container's rounding; "" if it does not."""
        if self.frames < 2 or self.longest - self.shortest <= max(2.0, self._last / (self.frames - 1) / 2):
            return ""
        return f"frames are {self.shortest:.3g} to {self.longest:.3g} ms apart; they are read as if evenly spaced"


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
        content = "a picture" if frames < 0 else f"{frames:g} at {rate:g}"
        raise DataError(f"{path}: must hold 1 to {MOST} frames at 1 to {FASTEST} a second, not {content}")
    return round(frames), float(rate)


def read(path: Path, frames: int, start: int = 0, timing: Timing | None = None) -> Iterator[np.ndarray]:
    """Yield the frames start..frames-1, RGB uint8[H, W, 3] each, and add the times of all frames to `timing`.

    Raises DataError naming the first frame that does not decode, as in a truncated copy, and if more than `frames`
    follow, so that the header is wrong."""
    import cv2

    with _open(path) as capture:
        for i in range(frames):
            decoded = capture.grab()
            if timing is not None and decoded:
                timing.add(capture.get(cv2.CAP_PROP_POS_MSEC))
            if decoded and i < start:
                continue
            picture = capture.retrieve()[1] if decoded else None
            if picture is None:
                raise DataError(f"{path}: must hold {frames} frames, but frame {i} does not decode")
            yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        if capture.grab():
            raise DataError(f"{path}: must hold {frames} frames, as its header says, but more follow")


def read_selected(path: Path, is_selected: Callable[[int], bool], timing: Timing | None = None) -> Iterator[np.ndarray]:
    """Yield the selected frames, RGB uint8[H, W, 3] each, up to the last that decodes, whatever the header says.

    The times of all frames are added to `timing`."""
    import cv2

    with _open(path) as capture:
        i = 0
        while capture.grab():
            if timing is not None:
                timing.add(capture.get(cv2.CAP_PROP_POS_MSEC))
            if is_selected(i):
                yield cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)
            i += 1


@contextmanager
def _open(path: Path) -> Iterator["cv2.VideoCapture"]:
    import cv2  # a tenth of a second, which planning a run must not wait for

    if not regular(path).is_file():
        raise DataError(f"{path}: the video is missing")
    _check_length(path)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        if not capture.isOpened():
            raise DataError(f"{path}: is not a readable video")
        yield capture
    finally:
        capture.release()


def _check_length(path: Path) -> None:
    """Raise DataError for an AVI that ends before the length in its header: half of its last frame would decode."""
    with path.open("rb") as file:
        start = file.read(12)
    length = 8 + int.from_bytes(start[4:8], "little")
    if start.startswith(b"RIFF") and start.endswith(b"AVI ") and length - 8 not in STREAMED:
        actual = path.stat().st_size
        if actual < length:
            raise DataError(f"{path}: must be {length} bytes long, as its header says, not {actual}: it is cut short")
