"""Read recordings: a video file, a folder of frames, an array. Each frame has its own time.

    video = videos.open_video(Path("take.mp4"))
    for image in video.read([0, 30]):  # RGB uint8[H, W, 3]
        ...

Knows no data set and no face.

May import: core."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from microexpr.core.errors import DataError
from microexpr.videos import frames
from microexpr.videos import timeline as times
from microexpr.videos.container import FASTEST, VideoFile
from microexpr.videos.frames import Array, FrameFiles, Raw, Source, is_rendered
from microexpr.videos.timeline import Timeline

__all__ = ["Scan", "Seen", "Video", "from_array", "is_rendered", "of_files", "open_video"]

SLOWEST = 10.0  # frames a second, so that a macro-expression of 0.5 s has five
SHORTEST = 0.1  # seconds: data sets cut a micro-expression from its onset to its offset
CUT, CUT_RATIO = 10.0, 5.0  # mean difference in grey levels of reduced frames at a cut: at least, and in usual ones
USUAL = 30  # earlier frames; their median difference is usual
SETTLED = 5  # at least, or each frame of a noisy or flickering video would be a cut
GREY = 4  # grey levels by which the channels of a grey video may differ, as compression leaves them
COLOUR_CHECKS = 30  # frames that are looked at, one a second, until one has colours
TURNED = "turned by {} degrees to the left, so that the face is upright"


@dataclass(frozen=True, eq=False)
class Video:
    """A video of T frames, each with its own time; frames are decoded on access, and counted from 0.

    Iterating yields one frame at a time, uint8[H, W, 3] RGB.

    >>> import microexpr
    >>> video = microexpr.read_video(microexpr.example_video("example"))
    >>> video
    Video('example/example.avi', 120 frames of 480 x 360, 60 a second)
    >>> next(iter(video)).shape, video.frames.shape
    ((360, 480, 3), (120, 360, 480, 3))
    """

    source: Source
    fps: float  # frames a second, of most of it if the rate varies
    timeline: Timeline
    size: tuple[int, int]  # rows and columns of a frame
    generated: bool  # whether it is marked as rendered
    grey: bool
    notes: tuple[str, ...] = ()  # differences from a complete, progressive video of an even rate
    quarters: int = 0  # by which the source's frames are turned, anticlockwise

    @property
    def path(self) -> Path:
        """The file or folder; "array" for frames in memory."""
        return self.source.path

    def __len__(self) -> int:
        return len(self.timeline.positions)

    def __iter__(self) -> Iterator[np.ndarray]:
        for image in self.read():
            yield np.broadcast_to(image[..., None], (*image.shape, 3)) if image.ndim == 2 else image

    def __repr__(self) -> str:
        height, width = self.size
        return f"Video({str(self.path)!r}, {len(self)} frames of {width} x {height}, {self.fps:g} a second)"

    @cached_property
    def frames(self) -> np.ndarray:
        """All frames, uint8[T, H, W, 3] RGB: a second of 640 x 480 at 100 frames a second takes 92 MB."""
        return np.stack([*self])

    @cached_property
    def seconds(self) -> np.ndarray:
        """The time of each frame since the beginning, as players show it, float64[T]."""
        return self.timeline.positions / self.fps

    @property
    def end(self) -> float:
        """The time at which the last frame ends, in seconds."""
        return float((self.timeline.positions[-1] + 1) / self.fps)

    def read(self, numbers: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """Yield the frames of these numbers, rising, or all that exist: uint8[H, W, 3] RGB or uint8[H, W] grey. Raises
        DataError naming a frame that is unreadable or of another size than the first."""
        return (_turn(image, self.quarters) for image in self.source.read(numbers))

    def turned(self, quarters: int) -> "Video":
        """Return the video turned by quarters, anticlockwise."""
        if not quarters:
            return self
        size, notes = self.size[::-1] if quarters % 2 else self.size, (*self.notes, TURNED.format(90 * quarters))
        return replace(self, size=size, notes=notes, quarters=self.quarters + quarters)


def _turn(image: np.ndarray, quarters: int) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(image, quarters))


class Seen(NamedTuple):
    """A frame while a video is read for the first time."""

    number: int
    stretch: int  # number of the part without a cut, from 0
    image: Callable[[], np.ndarray]  # decodes it


class Scan:
    """The first reading of a video: iterate to see each frame; `video` is there when all were seen.

    `fps` overrides the rate in a video's header; a folder needs it. Raises DataError if there is no video and there are
    no frames, or too few of them: a video lasts `shortest` seconds and has `slowest` frames a second at least."""

    def __init__(
        self, source: Path | Source, fps: float | None = None, slowest: float = SLOWEST, shortest: float = SHORTEST
    ):
        self.source: Source
        if not isinstance(source, Path):
            self.source = source
        elif not source.exists():
            raise DataError(f"{source}: is not there")
        elif not source.is_dir():
            self.source = VideoFile(source, fps)
        elif fps is None:
            raise DataError(f"{source}: a folder does not say how many frames a second it has; fps (--fps) does")
        else:
            self.source = frames.find(source, fps)
        self.rate = self.source.rate if fps is None else fps
        self._asked, self._slowest, self._shortest = fps, slowest, shortest
        self._check_rate(self.rate)
        # number, time, change since the frame before, as in a timeline, and damage
        self._frames: list[tuple[int, float | None, float, bool]] = []
        self._cuts: list[int] = []
        self._is_grey, self._size = True, (0, 0)
        self._is_seen, self._quarters = False, 0

    def turn(self, quarters: int) -> None:
        """Turn the video by quarters, anticlockwise, before it is read."""
        self._quarters = quarters

    def _check_rate(self, rate: float) -> None:
        if not self._slowest <= rate <= FASTEST:  # nor NaN
            expected = f"{self._slowest:g} to {FASTEST} frames a second"
            advice = "`microexpr measure` reads slower ones"
            raise DataError(f"{self.source.path}: must have {expected}, not {rate:.4g}; {advice}")

    def __iter__(self) -> Iterator[Seen]:
        before, last, changes, every = None, 0, list[float](), max(1, round(self.rate))
        for number, raw in self.source.scan():
            small = raw.small.astype(np.int16)
            change, anywhere = 0.0, 0.0
            if before is not None and before.shape == small.shape:
                change, anywhere = times.change(small, before)
            moving = [other for other in changes if other >= times.SAME]
            usual = float(np.median(moving)) if moving else 0.0
            is_large = len(changes) >= SETTLED and change > max(CUT, (CUT_RATIO + number - last - 1) * usual)
            is_cut = before is not None and not raw.is_damaged and (before.shape != small.shape or is_large)
            if not self._frames:
                self._size = self._image(raw).shape[:2]
            if is_cut:
                self._cuts.append(number)
            if self._is_grey and len(self._frames) % every == 0 and len(self._frames) <= COLOUR_CHECKS * every:
                image = raw.image()
                self._is_grey = image.ndim == 2 or int(np.ptp(image.astype(np.int16), axis=2).max()) <= GREY
            is_first = before is None or is_cut
            self._frames.append((number, raw.seconds, np.inf if is_first else anywhere, raw.is_damaged))
            if not raw.is_damaged:  # or damage would look like two cuts
                changes = [] if is_first else [*changes, change][-USUAL:]
                before, last = small, number
            yield Seen(number, len(self._cuts), partial(self._image, raw))
        self._is_seen = True

    def _image(self, raw: Raw) -> np.ndarray:
        return _turn(raw.image(), self._quarters)

    @cached_property
    def video(self) -> Video:
        """The video; frames that were not seen yet are read. Raises DataError for too few frames."""
        for _ in () if self._is_seen else self:
            pass
        source, notes = self.source, [*self.source.notes]
        notes += [TURNED.format(90 * self._quarters)] * bool(self._quarters)
        numbers, seconds, changes, is_damaged = [*zip(*self._frames, strict=True)] or [()] * 4
        count = numbers[-1] + 1 if numbers else 0
        present = np.isin(np.arange(count), numbers)
        fps, positions = self.rate, np.arange(count, dtype=float)
        if self._asked is None and count and all(time is not None for time in seconds):
            fps, positions, further = times.keep_time(np.array(seconds), self.rate)
            notes += further
            self._check_rate(fps)
        if count < max(1, self._shortest * fps):
            least = f"{self._shortest:g} s, {round(self._shortest * fps)} frames"
            raise DataError(f"{source.path}: must last at least {least}, not {count}")
        if self.source.expected > 1.01 * count + 1:
            decoded = f"{count} of the {source.expected} frames that the header says decode"
            notes.append(f"{decoded}; the rest, perhaps cut off, is not searched")
        change, damaged = np.zeros(count), np.zeros(count, bool)
        change[present], damaged[present] = changes, is_damaged
        timeline = Timeline(positions, present, change, damaged, tuple(self._cuts))
        notes += times.describe(timeline, fps)
        is_generated = source.marked_file is not None and is_rendered(source.marked_file)
        return Video(source, fps, timeline, self._size, is_generated, self._is_grey, tuple(notes), self._quarters)


def open_video(path: Path, fps: float | None = None) -> Video:
    """Return the video or folder of frames at a path, after one reading. Arguments and errors are those of `Scan`."""
    return Scan(path, fps).video


def from_array(images: np.ndarray, fps: float, name: str = "array") -> Video:
    """Return frames in memory, uint8[T, H, W, 3] RGB or uint8[T, H, W] grey; `name` replaces the path in errors. Raises
    DataError for another type or shape, and as `open_video` does."""
    is_picture = images.ndim == 3 and images.shape[-1] in (3, 4) and images.shape[1] > 4  # channels last
    if images.dtype != np.uint8 or is_picture or (images.ndim != 3 and (images.ndim, images.shape[-1:]) != (4, (3,))):
        raise DataError(f"{name}: must be uint8[T, H, W, 3] or uint8[T, H, W], not {images.dtype}{[*images.shape]}")
    return Scan(Array(images, fps, Path(name))).video


def of_files(files: Mapping[int, Path], fps: float, generated: bool) -> Video:
    """Return frames that a data set's layout has named and checked, by number from 0, as a video; none is read."""
    source = FrameFiles(next(iter(files.values())).parent, files, fps)
    present = np.isin(np.arange(max(files) + 1), [*files])
    return Video(source, fps, Timeline.even(present), (0, 0), generated, False)
