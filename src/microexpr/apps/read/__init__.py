"""Read a face in a video: action units, movement of its regions, gaze and turn of the head, on an even clock.

A video is read several times: once to learn the times of its frames and to track the face (`take`), once for what is
read here. The spotter learns from the same readings of rendered takes (`takes`)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from microexpr.apps.read.take import Progress, Stretch
from microexpr.core.arrays import luma
from microexpr.signals.aus import recording, regressor
from microexpr.signals.aus.recording import Curves
from microexpr.signals.faces import align
from microexpr.videos import Video
from microexpr.videos.timeline import GAP

READ = 100  # times a second that action units are read, at most
PART = 5.0  # seconds read against one frame

See = Callable[[np.ndarray | None], None]  # is shown each crop that is read, uint8[H, H], or None without a face


def read_curves(
    video: Video, stretch: Stretch, reader: regressor.Model, progress: Progress, rate: float = READ,
    see: See | None = None,
) -> Curves:  # fmt: skip
    """Read action units and gaze of the face, `rate` times a second or as often as there are frames. `see` gets each
    crop, uint8[H, H], None where no face was found."""
    step = max(1, round(video.fps / rate))
    numbers, gaze = video.timeline.select(stretch.frames, step), list[float]()

    def looks() -> Iterator[np.ndarray | None]:
        frames = counted(video.read(numbers.tolist()), "reading action units", len(numbers), progress)
        for number, frame in zip(numbers.tolist(), frames, strict=False):
            is_seen = stretch.is_detected(number)
            crop = align(luma(frame), stretch.matrix_at(number))[..., 0] if is_seen else None
            if see:
                see(crop)
            gaze.append(0.0 if crop is None else recording.horizontal_gaze(crop, stretch.landmarks_at(number)))
            yield None if crop is None else regressor.reduce_crop(crop)

    fps = video.fps / step
    read = recording.curves(looks(), reader, round(PART * fps))
    read_off = read.intensity, read.movement, np.array(gaze), read.seen, read.resting
    curves = Curves(numbers, fps, *read_off, stretch.turn(numbers))
    return curves if video.timeline.is_even and len(numbers) == len(stretch.frames[::step]) else evened(curves, video)


def evened(curves: Curves, video: Video) -> Curves:
    """Return curves of frames at uneven times, interpolated on an even clock. Nothing is seen in gaps above `GAP`."""
    times = video.seconds[curves.numbers]
    clock = np.arange(times[0], times[-1] + 1e-9, 1 / curves.fps)
    after = np.clip(np.searchsorted(times, clock), 1, max(len(times) - 1, 1))
    before = after - 1 if len(times) > 1 else np.zeros_like(after)
    after = np.minimum(after, len(times) - 1)
    span = np.maximum(times[after] - times[before], 1e-9)
    share = np.clip((clock - times[before]) / span, 0, 1)
    nearest = np.where(share < 0.5, before, after)
    is_known = (span <= GAP + 1e-6) | (np.minimum(share, 1 - share) < 1e-6)

    def between(values: np.ndarray) -> np.ndarray:
        weight = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray((1 - weight) * values[before] + weight * values[after], values.dtype)

    detected = curves.detected[before] & curves.detected[after] & is_known
    return replace(
        curves, numbers=curves.numbers[nearest], intensity=between(curves.intensity), movement=between(curves.movement),
        gaze=between(curves.gaze), detected=detected, resting=curves.resting[nearest] & detected,
        turn=between(curves.turn),
    )  # fmt: skip


def counted(images: Iterable[np.ndarray], what: str, total: int, progress: Progress) -> Iterator[np.ndarray]:
    """Yield images, and report each before; there may be more than `total`."""
    for done, image in enumerate(images, 1):
        progress(what, done, max(total, done))
        yield image
