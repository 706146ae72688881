"""Write images as a video, at an even rate or each at its own time; record one from a camera of this machine."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.videos import SLOWEST

FORMATS = {".avi": "avi", ".mkv": "matroska"}
TICKS = 1000  # a second, in which times are stored
QUALITY = 85  # of JPEG
FINE = 3  # FFmpeg's step of Motion JPEG, from 2 (finest) to 31

Write = Callable[[np.ndarray, float | None], None]  # takes RGB uint8[H, W, 3], and its time in seconds or None

FILE = "camera.mkv"
WARM_UP = 1.0  # seconds in which exposure settles and the rate is measured
CAMERA_MARK = b"recorded from a camera by microexpr"


@contextmanager
def writer(path: Path, fps: float, mark: bytes) -> Iterator[Write]:
    """Yield a function that adds a frame to a new file of Motion JPEG: .avi, or .mkv if frames have irregular times.
    `mark` is the file's comment. Raises StoreError when the disk is full."""
    import av

    rate = Fraction(fps).limit_denominator(1001)
    with (
        store.atomic(path) as part,
        part.open("wb") as file,
        av.open(  # FFmpeg loses errors of Python's own files
            f"/dev/fd/{file.fileno()}", "w", format=FORMATS[path.suffix], options={"fflags": "+bitexact"}
        ) as container,
    ):
        container.metadata["comment"] = mark.decode()
        stream: Any = container.add_stream("mjpeg", rate=rate, options={"flags": "+bitexact"})
        stream.pix_fmt, stream.codec_context.thread_count, count = "yuvj420p", 1, 0
        if path.suffix == ".mkv":
            stream.codec_context.time_base = Fraction(1, TICKS)

        def write(image: np.ndarray, seconds: float | None = None) -> None:
            nonlocal count
            if not count:
                stream.height, stream.width = image.shape[:2]
            packet = av.Packet(jpeg(image, QUALITY))  # in a quarter of the time that FFmpeg's encoder takes
            if path.suffix == ".mkv":
                packet.pts, packet.time_base = round((seconds or 0) * TICKS), Fraction(1, TICKS)
            else:
                packet.pts, packet.time_base = count, 1 / rate
            packet.dts, packet.stream, packet.is_keyframe = packet.pts, stream, True
            count += 1
            container.mux(packet)

        yield write


@contextmanager
def encoder(
    path: Path, fps: int, kilobits: int | None, keyframes: int, codec: str = "libx264", **options: str
) -> Iterator[Callable[[np.ndarray, int], None]]:
    """Yield a function that adds a frame, RGB uint8[H, W, 3], and its number in time to a new file, as FFmpeg does.

    It has this many kbit/s and a keyframe every `keyframes` frames, or is Motion JPEG without a limit (None). `options`
    are the codec's."""
    import av

    rate = Fraction(fps)
    with store.atomic(path) as part, av.open(str(part), "w", format=path.suffix.removeprefix(".")) as container:
        if kilobits:
            limits = {"maxrate": f"{kilobits}k", "bufsize": f"{kilobits}k"}
            stream: Any = container.add_stream(codec, rate=rate, options=limits | options)
            stream.bit_rate, stream.pix_fmt, stream.codec_context.gop_size = 1000 * kilobits, "yuv420p", keyframes
        else:
            stream = container.add_stream("mjpeg", rate=rate)
            stream.pix_fmt, stream.codec_context.qmin, stream.codec_context.qmax = "yuvj420p", FINE, FINE
        stream.codec_context.thread_count = 1

        def write(image: np.ndarray, number: int) -> None:
            if not stream.codec_context.is_open:
                stream.height, stream.width = image.shape[:2]
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24").reformat(format=stream.pix_fmt)
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(stream.encode(picture))

        yield write
        container.mux(stream.encode())


def jpeg(image: np.ndarray, quality: int) -> bytes:
    """Return an image, RGB uint8[H, W, 3] or grey uint8[H, W(, 1)], as a JPEG file."""
    import cv2

    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 and image.shape[2] == 3 else image
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def record(
    path: Path,
    number: int,
    seconds: float,
    progress: Callable[[str, int, int], None],
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Write a video of this length from a camera and return its frames a second. Raises DataError if there is no such
    camera, or it gives no more frames, StoreError if the disk is full."""
    with ExitStack() as stack:
        camera = cv2.VideoCapture(number)
        stack.callback(camera.release)
        if not camera.isOpened():
            raise DataError(
                f"camera {number}: is not there, or another program uses it; --camera takes its number, from 0"
            )
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
        with writer(path, fps, CAMERA_MARK) as write:
            for done in range(1, total + 1):
                frame = _read(camera, number)
                write(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), clock() - start)
                progress("recording", done, total)
            return total / max(clock() - start, 1e-9)


def _read(camera: Any, number: int) -> Any:
    is_there, frame = camera.read()
    if not is_there:
        raise DataError(f"camera {number}: gives no more frames")
    return frame
