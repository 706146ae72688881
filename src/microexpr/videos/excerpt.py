"""The times of a video file's frames without decoding them, and some of its frames without those before."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from microexpr.core.errors import DataError
from microexpr.videos import timeline
from microexpr.videos.container import SECOND, VideoFile, opened, packets

SAME_TIME = 1e-4  # seconds


def times(path: Path) -> np.ndarray:
    """Return when players show each frame of `VideoFile`, as `Video.seconds`, float64[T]; few are decoded. Raises
    DataError if it is no video."""
    file, (stamps, _) = VideoFile(path), _stamps(path)
    if file.interlaced:
        stamps = np.sort(np.concatenate([stamps, stamps + 1 / file.rate]))
    if len({*stamps.tolist()}) < len(stamps):
        return np.arange(len(stamps)) / file.rate
    fps, positions, _ = timeline.keep_time(stamps, file.rate)
    return positions / fps


def _stamps(path: Path) -> tuple[np.ndarray, bool]:
    """Return the times of a file's packets, as of `Decoded`, sorted, float64[T], and whether all have their own. Zeros
    stand for those that a packet lacks."""
    import av

    with opened(path) as (container, stream):
        origin = max(container.start_time or 0, 0) / SECOND
        stamps = list[float | None]()
        with suppress(av.error.FFmpegError, ValueError):  # no frame after the damage is decoded either
            for packet in packets(container, stream):
                if packet.size and not packet.is_discard:
                    stamps.append(None if packet.pts is None else float(packet.pts * packet.time_base) - origin)
        is_avi = container.format.name == "avi"  # whose frames have no times of showing
        has_times = not is_avi and None not in stamps
    values = np.sort(np.array([stamp or 0.0 for stamp in stamps]))
    values -= values[:1] if is_avi else 0
    return values, has_times and len({*values.tolist()}) == len(values)


def read_some(path: Path, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield the pixels, RGB uint8[H, W, 3], of these frames of `VideoFile`, rising, from the key frame before them on.
    Raises DataError naming the first that does not decode, or that does so with damage."""
    if not numbers:
        return
    file, (stamps, has_times) = VideoFile(path), _stamps(path)
    start = float(stamps[numbers[0]]) if has_times and not file.interlaced and numbers[0] < len(stamps) else None
    count = 0
    for from_where in dict.fromkeys((start, None)):  # a file may not lead to its key frames
        for position, frame in enumerate(file.decode(from_where)):
            number = position
            if from_where is not None:
                number = int(np.searchsorted(stamps, (frame.seconds or 0.0) - SAME_TIME))
            if number > numbers[count] or (frame.is_damaged and (from_where is None or number == numbers[count])):
                break
            if number == numbers[count]:
                yield file.pixels(frame.picture)
                count += 1
                if count == len(numbers):
                    return
        if count:
            break
    raise DataError(f"{path}: must hold frame {numbers[count]}, but a frame up to it does not decode")
