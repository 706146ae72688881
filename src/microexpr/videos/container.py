"""Decode video files by FFmpeg: each frame with its own time, and the container's settings for its display.

A file is opened by its bytes, never by its name, which a library could take for an address. FFmpeg reads `FORMATS`
alone, whose files hold their own frames: a playlist would open other files, and a description of a session sockets.
FFmpeg decodes on one thread, so that parallel jobs do not compete for cores."""

import math
import os
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import read_errors, regular
from microexpr.videos.frames import Raw, Source, small_size
from microexpr.videos.picture import AVIF, HEIF, LONGEST, describe_content

if TYPE_CHECKING:
    import av

MOST, FASTEST = 10**6, 1000  # largest plausible number of frames and frames a second in a header
ROUNDED = 0.01  # by which pixels that are square may differ from it
SKIPPED = 5  # frames that are rather decoded than sought past
HELD = 1 << 28  # bytes of decoded frames that a short video is held in after it was scanned
PEEKED = 60  # frames that give times and fields before a video is read
START = 64  # bytes that identify the type of a file
BUFFER = 1 << 17  # bytes that are read at once
STREAMED = (0, 2**32 - 1)  # sizes in the header of an AVI that was written without going back
PATIENCE = 15.0  # seconds in which a file must open
FORMATS = (  # FFmpeg's names of what is read, by content; pictures, `*_pipe`, join them, to say that they are none
    *("avi", "mov", "matroska", "mpegts", "mpeg", "asf", "flv", "ogg", "mxf", "gif", "apng", "dv", "gxf", "wtv", "rm"),
    *("ivf", "nut", "nuv", "nsv", "pva", "yuv4mpegpipe", "cine", "r3d", "ser", "dhav", "ifv", "lmlm4", "swf"),
    *("h261", "h263", "h264", "hevc", "vvc", "m4v", "mpegvideo", "mjpeg", "mpjpeg", "smjpeg", "mjpeg_2000", "vc1"),
    *("av1", "obu", "cavsvideo", "dirac", "dnxhd", "apv", "evc"),
    *("mp3", "wav", "flac", "aac", "ac3", "aiff", "caf", "amr"),  # sound, to say so
)
NO_TIMES = 0x80  # FFmpeg's mark of a format without times of frames
HIGH_RANGE = {16: "PQ", 18: "HLG"}  # FFmpeg's numbers of transfer curves
DEFAULT, COVERS = 0x1, 0x400 | 0x800  # FFmpeg's marks of streams: that players show, of covers' pictures and thumbnails
SECOND = 1_000_000  # FFmpeg's unit of a container's start
DEINTERLACE = "mode=send_field:parity=auto:deint=all"  # a frame of each field


class NoVideo(DataError):
    """A file without a video; `content` describes it."""

    def __init__(self, path: Path, content: str, message: str = ""):
        super().__init__(f"{path}: {message or f'is not a readable video (it holds {content})'}")
        self.content = content


class Decoded(NamedTuple):
    """A frame of a file; `seconds` is None where the file has no time for it."""

    seconds: float | None
    picture: "av.VideoFrame"
    is_key: bool
    is_damaged: bool


class VideoFile(Source):
    """A video file; `fps` are frames a second in place of its rate."""

    def __init__(self, path: Path, fps: float | None = None):
        self.path, self.marked_file, self._asked = path, path, fps
        # Once the file was scanned: times of frames from which decoding can begin, and all frames of a short video.
        self._keys: dict[int, float] = {}
        self._held: dict[int, av.VideoFrame] = {}
        self._read_header()
        self.notes = [*self._describe()]

    def scan(self) -> Iterator[tuple[int, Raw]]:
        """Yield number and content of each frame that decodes."""
        import cv2

        self._keys, self._held = {}, {}
        held, held_bytes = dict[int, "av.VideoFrame"](), 0
        for number, frame in enumerate(self.decode()):
            held_bytes += sum(plane.buffer_size for plane in frame.picture.planes)
            if held_bytes <= HELD:
                held[number] = frame.picture
            else:
                held.clear()
            if frame.is_key and frame.seconds is not None and not self.interlaced:
                self._keys[number] = frame.seconds
            picture, image = frame.picture, partial(self.pixels, frame.picture)
            plane, component = picture.planes[0], picture.format.components[0]  # reduced, but not turned
            if picture.format.is_planar and component.bits == 8 and component.is_luma:
                levels = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
                levels = levels[:, : plane.width]
                small = np.asarray(cv2.resize(levels, small_size(levels.shape), interpolation=cv2.INTER_AREA))
            else:
                shape = small_size((picture.height, picture.width))
                small = np.asarray(picture.reformat(*shape, "gray", threads=1).to_ndarray())
            yield number, Raw(small, image, frame.seconds, frame.is_damaged)
        self._held = held

    def read(self, numbers: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """Yield the frames of these numbers, rising, or all that decode: RGB uint8[H, W, 3], all of one size."""
        if self._held:
            present = self._held if numbers is None else filter(self._held.__contains__, numbers)
            yield from (self.pixels(self._held[number]) for number in present)
            return
        if numbers is None:
            yield from (self.pixels(frame.picture) for frame in self.decode())
            return
        frames: Iterator[tuple[int, Decoded]] = enumerate(self.decode())
        number, keys = -1, [*self._keys]
        for due in numbers:
            key = keys[max(0, bisect_right(keys, due) - 1)] if keys else 0
            if key > number + SKIPPED:  # decoding can begin there
                frames = self._from_key(key)
            for number, frame in frames:
                if number == due:
                    yield self.pixels(frame.picture)
                    break

    def _from_key(self, key: int) -> Iterator[tuple[int, Decoded]]:
        """Yield number and content of frames from a key frame on; from the first where the file does not lead there."""
        start = self._keys[key]
        frames = (frame for frame in self.decode(start) if frame.seconds is not None and frame.seconds >= start)
        first = next(frames, None)
        if first is None or first.seconds != start or not first.is_key:
            yield from islice(enumerate(self.decode()), key, None)
            return
        yield from enumerate(chain([first], frames), key)

    def _read_header(self) -> None:
        with opened(self.path) as (container, stream):
            if not self._asked and container.format.flags & NO_TIMES:
                name = container.format.long_name
                raise DataError(f"{self.path}: {name} does not say how many frames a second it has; fps (--fps) does")
            readable = [other for other in container.streams.video if other in _videos(container)]
            self.others = len(readable) - 1  # that are not read
            self.number = 1 + [other.index for other in readable].index(stream.index)
            self.dynamic_range = HIGH_RANGE.get(stream.codec_context.color_trc, "")  # the curve of a high one
            has_times = not container.format.flags & NO_TIMES
            stated = float(stream.average_rate or stream.guessed_rate or 0)
            length = float((stream.duration or 0) * stream.time_base) if stream.time_base else 0.0
            is_counted = not length or container.format.name == "avi"
            # an edit list shows a part of them; a length is a guess where none are counted
            guess = round(length * stated)
            frames = stream.frames if is_counted else min(stream.frames or guess, guess)
            squeezed = float(stream.sample_aspect_ratio or 1)  # a closed file has none
            try:  # the rate of slow motion at which it was recorded
                self.recorded_rate = float({**container.metadata, **stream.metadata}.get("com.android.capture.fps", 0))
            except ValueError:
                self.recorded_rate = 0.0
            # width of a pixel, in heights
            self.squeezed = squeezed if 1 / 8 <= squeezed <= 8 and abs(squeezed - 1) > ROUNDED else 1.0
            rows, columns = stream.codec_context.height, round(stream.codec_context.width * self.squeezed)
            if max(rows, columns) > LONGEST:
                raise DataError(f"{self.path}: must have at most {LONGEST} pixels a side, not {columns}x{rows}")
            times, interlaced_frames = list[float | None](), 0
            for frame in islice(_decode(container, stream), PEEKED):  # one by one: together they take much memory
                if not times:
                    self.turn, self.mirrored = _turn(frame.picture)
                    # rows and columns of a frame before it is turned
                    self.shape = frame.picture.height, round(frame.picture.width * self.squeezed)
                times.append(frame.seconds)
                interlaced_frames += frame.picture.interlaced_frame
        if not times:
            raise DataError(f"{self.path}: is not a readable video (no frame of it decodes)")
        self.interlaced = interlaced_frames > len(times) / 2
        fields = 1 + self.interlaced
        steps = np.diff(np.sort([time for time in times if time is not None]))
        measured = 1 / float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
        is_plausible = 1 <= stated <= FASTEST and (measured == 0 or 0.4 < stated / measured < 2.5)
        # the rate of the first frames where the header's is absurd
        own_rate = (stated if is_plausible else measured) * fields
        self.rate = self._asked or own_rate
        self.replaced = own_rate if self._asked and has_times else 0.0
        self.expected = frames * fields

    def _describe(self) -> Iterator[str]:
        rows, columns = self.shape
        if self.interlaced:
            yield f"interlaced: each field is read as a frame, {self.rate:.4g} a second"
        if self.turn or self.mirrored:
            mirrored = "mirrored and " * self.mirrored
            yield f"{mirrored}turned by {90 * self.turn} degrees to the left, as the file says"
        if self.squeezed != 1:
            yield f"pixels are {self.squeezed:.3g} times as wide as high; frames are read as {columns}x{rows}"
        is_recorded_rate = self.recorded_rate and abs(self.rate / self.recorded_rate - 1) < ROUNDED
        if self.replaced and abs(self.rate / self.replaced - 1) > ROUNDED and not is_recorded_rate:
            yield f"read as {self.rate:g} frames a second, evenly spaced, as asked; the file says {self.replaced:.4g}"
        if self._asked is None and self.recorded_rate > 1.5 * self.rate:
            rates = f"{self.recorded_rate:g} frames a second, says the file, and shown at {self.rate:.4g}"
            yield f"slow motion: recorded at {rates}; --fps {self.recorded_rate:g} reads it as it happened"
        if self.others:
            which = "the first" if self.number == 1 else f"number {self.number}, which players show"
            yield f"the file holds {1 + self.others} videos; {which}, {columns}x{rows}, is read"
        if self.dynamic_range:
            yield f"high dynamic range ({self.dynamic_range}), read without conversion: its contrast is lower"
        if missing := missing_bytes(self.path):
            yield f"{missing} bytes are missing at the end, by its header: it is cut short"

    def decode(self, start: float | None = None) -> Iterator[Decoded]:
        """Yield every frame in the order of display, fields as separate frames; or those from about `start` seconds on.
        Frames that do not decode are left out. Raises DataError if the file is no video."""
        with opened(self.path) as (container, stream):
            frames = _decode(container, stream, start)
            yield from _fields(frames, stream) if self.interlaced else frames

    def pixels(self, picture: "av.VideoFrame") -> np.ndarray:
        """Return a decoded frame as it is shown, RGB uint8[H, W, 3]."""
        rows, columns = self.shape
        rgb = picture.reformat(columns, rows, "rgb24", threads=1).to_ndarray()
        return np.ascontiguousarray(np.rot90(rgb[:, ::-1] if self.mirrored else rgb, self.turn))


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Yield a file's container and its video. Raises DataError if it is no video."""
    import av  # a tenth of a second, which planning a run must not wait for

    def refuse(url: str, flags: int, options: dict[str, str]) -> None:
        """Refuse to open another file that the first one names."""
        raise FileNotFoundError(url)

    av.logging.set_level(None)  # our own one-line error replaces its messages
    if not regular(path).is_file():
        raise DataError(f"{path}: the video is missing")
    formats = ",".join([*FORMATS, *(name for name in av.formats_available if name.endswith("_pipe"))])
    limits = {"format_whitelist": formats, "protocol_whitelist": "none"}
    with ExitStack() as stack:
        stack.enter_context(read_errors(path))
        file = stack.enter_context(open(os.fsencode(path), "rb"))  # noqa: PTH123 a name need not be UTF-8
        start, size = file.read(START), path.stat().st_size
        file.seek(0)
        errors, deadline = list[OSError](), time.monotonic() + PATIENCE

        def read(size: int) -> bytes:
            """Return bytes, none after an error: PyAV would print its traceback."""
            try:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"it does not open within {PATIENCE:g} s")
                return file.read(size)
            except OSError as error:
                errors.append(error)
                return b""

        try:
            nameless = SimpleNamespace(read=read, seek=file.seek, tell=file.tell)  # FFmpeg may see no name
            container = stack.enter_context(av.open(nameless, io_open=refuse, options=limits, buffer_size=BUFFER))
            streams = _videos(container)
        except (av.error.FFmpegError, ValueError, IndexError) as error:
            if errors:
                raise errors[0] from None
            reason = str(getattr(error, "strerror", None) or error)
            if start[4:12] in HEIF:
                reason = f"it holds {describe_content(start, size)}"
            elif start[4:8] == b"ftyp":
                reason = "the index of its frames is missing: its recording was not finished, or its copy is cut short"
            elif "Invalid" in reason:
                reason = f"it holds {describe_content(start, size)}"
            raise DataError(f"{path}: is not a readable video ({reason})") from None
        if not streams:
            if container.streams.audio:
                raise NoVideo(path, "sound alone")
            raise DataError(f"{path}: is not a readable video (it holds {describe_content(start, size)})")
        if start[4:12] in HEIF and all(stream.frames == 1 for stream in streams):  # each part of a photograph is one
            content = describe_content(start, size)
            raise NoVideo(path, content, f"is not a video, but {content}")
        if container.format.name.endswith("_pipe") or (start[4:12] == AVIF and streams[0].frames == 1):
            advice = "; `predict --onset A --apex B` takes two of a face"
            raise NoVideo(path, "a picture of a kind that is not read", f"is not a video, but a picture{advice}")
        streams[0].codec_context.thread_count = 1
        streams[0].codec_context.options = {"max_pixels": str(LONGEST**2)}  # of any frame, whatever the header says
        deadline = math.inf
        yield container, streams[0]
        if errors:
            raise errors[0]


def _videos(container: Any) -> list[Any]:
    """Return the videos in a file that can be read, first that which players show; covers and thumbnails are none."""
    streams = [s for s in container.streams.video if not s.disposition & COVERS and s.codec_context is not None]
    return sorted(streams, key=lambda stream: (stream.frames == 1, not stream.disposition & DEFAULT))


def packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets of a video, also after one of a stream that begins later."""
    while True:
        with suppress(IndexError):
            yield from container.demux(stream)
            return


def _decode(container: Any, stream: Any, start: float | None = None) -> Iterator[Decoded]:
    import av

    origin = max(container.start_time or 0, 0) / SECOND
    if start is not None:
        container.seek(round((start + origin) / stream.time_base), stream=stream)
    is_broken = is_drifting = False
    has_times = container.format.name != "avi" or not stream.codec_context.has_b_frames  # AVI has no times of showing
    stored = packets(container, stream)
    while True:
        try:
            if (packet := next(stored, None)) is None:
                return
            is_broken |= packet.is_corrupt
            frames = packet.decode()
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, ValueError):
            is_broken = True
            continue
        for picture in frames:
            seconds, is_key = picture.time if has_times else None, bool(picture.key_frame)
            is_drifting = bool(picture.is_corrupt) or (not is_key and (is_broken or is_drifting))
            is_damaged = is_broken or is_drifting  # a lost frame is missed by all up to the next keyframe
            yield Decoded(None if seconds is None else seconds - origin, picture, is_key, is_damaged)
            is_broken = False


def _fields(frames: Iterator[Decoded], stream: Any) -> Iterator[Decoded]:
    """Yield two frames for each interlaced one, a field each, filled up from those around it (bwdif)."""
    import av

    graph, last, origin = av.filter.Graph(), None, 0.0

    def pulled(decoded: Decoded) -> Iterator[Decoded]:
        while True:
            try:
                picture = graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            seconds = None if decoded.seconds is None or picture.time is None else picture.time - origin
            yield Decoded(seconds, picture, decoded.is_key, decoded.is_damaged)

    for decoded in frames:
        if last is None:
            graph.threads = 1
            source = graph.add_buffer(template=stream)
            filtered, sink = graph.add("bwdif", DEINTERLACE), graph.add("buffersink")
            source.link_to(filtered)
            filtered.link_to(sink)
            graph.configure()
            origin = (decoded.picture.time or 0) - (decoded.seconds or 0)
        last = decoded
        graph.push(decoded.picture)
        yield from pulled(decoded)
    if last is not None:
        graph.push(None)
        yield from pulled(last)


def _turn(picture: "av.VideoFrame") -> tuple[int, bool]:
    """Return by how many quarters a frame is to be turned, and whether it is mirrored before, as it says."""
    sides: Iterable[Any] = picture.side_data  # PyAV's types say that they are names
    matrix = next((np.frombuffer(data, np.int32) for data in sides if data.type.name == "DISPLAYMATRIX"), None)
    if matrix is None or matrix.size < 5:
        return round(picture.rotation / 90) % 4, False
    a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
    mirrored = a * d - b * c < 0
    a, b = (-a, -b) if mirrored else (a, b)
    return round(np.degrees(np.arctan2(-b, a)) / 90) % 4, mirrored


def measure(path: Path) -> tuple[int, int]:
    """Return the number of frames in a file's header, and frames a second rounded to an integer; none is decoded.
    Raises DataError if it is no video or is cut short."""
    with opened(path) as (_, stream):
        length = float((stream.duration or 0) * stream.time_base) if stream.time_base else 0.0
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        frames = stream.frames or round(length * rate)
    if missing := missing_bytes(path):
        size = path.stat().st_size
        raise DataError(f"{path}: must be {size + missing} bytes long, as its header says, not {size}: it is cut short")
    if not (1 <= frames <= MOST and 1 <= rate <= FASTEST):
        raise DataError(f"{path}: must hold 1 to {MOST} frames at 1 to {FASTEST} a second, not {frames} at {rate:g}")
    return frames, round(rate)


def read_all(path: Path, frames: int, start: int = 0) -> Iterator[tuple[float | None, np.ndarray]]:
    """Yield time and pixels, RGB uint8[H, W, 3], of the frames start..frames-1 of a file that must be whole. Raises
    DataError naming the first frame that does not decode, and if more than `frames` follow."""
    count = 0
    with opened(path) as (container, stream):
        for frame in _decode(container, stream):
            if count == frames:
                raise DataError(f"{path}: must hold {frames} frames, as its header says, but more follow")
            if frame.is_damaged:
                break
            if count >= start:
                yield frame.seconds, frame.picture.reformat(format="rgb24", threads=1).to_ndarray()
            count += 1
    if count < frames:
        raise DataError(f"{path}: must hold {frames} frames, but frame {count} does not decode")


def missing_bytes(path: Path) -> int:
    """Return how many bytes an AVI lacks of the length in its header, as where a camera died; 0 for other files."""
    with path.open("rb") as file:
        start = file.read(12)
    length = int.from_bytes(start[4:8], "little")
    if not (start.startswith(b"RIFF") and start.endswith(b"AVI ")) or length in STREAMED:
        return 0
    return max(0, length + 8 - path.stat().st_size)
