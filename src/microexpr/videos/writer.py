"""Write images as a video, at an even rate or each at its own time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np

from microexpr.core import store

FORMATS = {".avi": "avi", ".mkv": "matroska"}
TICKS = 1000  # a second, in which times are stored
SCALE = "4"  # of Motion JPEG, 2 to 31, the worst

Write = Callable[[np.ndarray, float | None], None]  # takes RGB uint8[H, W, 3], and its time in seconds or None


@contextmanager
def writer(path: Path, fps: float, mark: bytes) -> Iterator[Write]:
    """Yield a function that adds a frame to a new file of Motion JPEG: .avi, or .mkv if frames have times of their own.

    `mark` is the file's comment. Raises StoreError when the disk is full."""
    import av

    rate = Fraction(fps).limit_denominator(1001)
    with store.atomic(path) as part, part.open("wb") as file, av.open(
        file, "w", format=FORMATS[path.suffix], options={"fflags": "+bitexact"}
    ) as container:  # fmt: skip
        container.metadata["comment"] = mark.decode()
        stream = container.add_stream("mjpeg", rate=rate, options={"qmin": SCALE, "qmax": SCALE, "flags": "+bitexact"})
        stream.pix_fmt, stream.codec_context.thread_count, count = "yuvj420p", 1, 0
        if path.suffix == ".mkv":
            stream.codec_context.time_base = Fraction(1, TICKS)

        def write(image: np.ndarray, seconds: float | None = None) -> None:
            nonlocal count
            if not count:
                stream.height, stream.width = image.shape[:2]
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
            if path.suffix == ".mkv":
                picture.pts, picture.time_base = round((seconds or 0) * TICKS), Fraction(1, TICKS)
            else:
                picture.pts, picture.time_base = count, 1 / rate
            count += 1
            container.mux(stream.encode(picture))

        yield write
        if count:
            container.mux(stream.encode(None))
