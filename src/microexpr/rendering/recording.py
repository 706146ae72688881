"""Write a clip's frames as files of its native format, each with a comment that it is generated. Knows no face."""

import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.videos.frames import MARK

Record = Callable[[Path, np.ndarray], None]  # takes a frame's path and its image, RGB uint8[H, W, 3]
VIDEOS, PICTURES = (".avi", ".mp4"), (".jpg", ".jpeg", ".png")
WRITERS, WAITING = 4, 64  # threads that write pictures, and pictures that may wait for them


def recorder(suffix: str, grey: bool, quality: int, fps: float) -> AbstractContextManager[Record]:
    """Return the context of a function that writes a clip's frames in order, each to a file or all to a video at `fps`.

    Their comment is MARK. `quality` 0..100 is that of JPEG, also of each frame of an .avi; an .mp4 is about a twentieth
    of the size, and its bytes are those of this FFmpeg.
    Raises StoreError if the disk is full, and for a suffix that cannot be written."""
    if suffix not in VIDEOS + PICTURES:
        raise StoreError(f"a generated frame must be a .jpg, .jpeg, .png, .avi or .mp4 file, not {suffix}")
    return _video(suffix, quality, fps) if suffix in VIDEOS else _pictures(suffix, grey, quality)


@contextmanager
def _pictures(suffix: str, grey: bool, quality: int) -> Iterator[Record]:
    """Yield a function that writes frames as pictures. The next is drawn while the disk confirms those before."""
    import cv2  # a tenth of a second, which planning a run must not wait for: it needs MARK alone

    options = [] if suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, quality]
    waiting = deque[Future[None]]()

    def write(path: Path, *parts: bytes) -> None:
        with store.atomic(path) as part:
            part.write_bytes(b"".join(parts))

    def record_picture(path: Path, image: np.ndarray) -> None:
        pixels = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY if grey else cv2.COLOR_RGB2BGR)
        data = cv2.imencode(suffix, pixels, options)[1].tobytes()
        if suffix == ".png":  # a text chunk right after the header, which ends at byte 33
            chunk, end = b"tEXtComment\0" + MARK, 33
            mark = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        else:  # a comment segment right after the start of the image
            mark, end = b"\xff\xfe" + (len(MARK) + 2).to_bytes(2, "big") + MARK, 2
        if len(waiting) == WAITING:
            waiting.popleft().result()
        waiting.append(pool.submit(write, path, data[:end], mark, data[end:]))

    with ThreadPoolExecutor(WRITERS) as pool:
        yield record_picture
        for future in waiting:
            future.result()


@contextmanager
def _video(suffix: str, quality: int, fps: float) -> Iterator[Record]:
    """Yield a function that writes frames as MPEG-4, or by OpenCV as Motion JPEG, with reproducible bytes."""
    import cv2  # takes long, see `_pictures`

    writer, target, is_avi = cv2.VideoWriter(), Path(), suffix == ".avi"
    backend, codec = (cv2.CAP_OPENCV_MJPEG, "MJPG") if is_avi else (cv2.CAP_FFMPEG, "mp4v")
    with TemporaryDirectory() as folder:
        temporary = Path(folder) / f"clip{suffix}"

        def record_frame(path: Path, image: np.ndarray) -> None:
            nonlocal target
            if not writer.isOpened():
                writer.open(str(temporary), backend, cv2.VideoWriter.fourcc(*codec), fps, image.shape[1::-1])
                writer.set(cv2.VIDEOWRITER_PROP_QUALITY, quality)  # `open` ignores this property
                target = path
            writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))

        yield record_frame
        writer.release()
        video = temporary.read_bytes()
    if is_avi and len(video) != 8 + struct.unpack("<I", video[4:8])[0]:  # OpenCV does not report a full disk
        reason = "no space left on the disk, or no file may be as large here (ulimit -f)"
        raise StoreError(f"{target}: cannot be written: {temporary} is cut short: {reason}")
    if is_avi:  # an INFO comment at the end of the RIFF list; its size counts from byte 8
        text = MARK + b"\0" * (2 - len(MARK) % 2)
        info = b"INFOICMT" + struct.pack("<I", len(text)) + text
        chunk = b"LIST" + struct.pack("<I", len(info)) + info
        video = video[:4] + struct.pack("<I", len(video) - 8 + len(chunk)) + video[8:] + chunk
    else:  # a box that players skip
        video += struct.pack(">I", 8 + len(MARK)) + b"free" + MARK
    with store.atomic(target) as part:
        part.write_bytes(video)
