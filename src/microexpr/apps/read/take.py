"""A video with its tracked face: alignment, landmarks and turn of the head in each frame. Tracks once, reads no more.

A cut or another face begins a new stretch, with its own face. A video that lies on its side is turned."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TypeVar

import numpy as np

from microexpr.core.errors import DataError
from microexpr.signals import faces
from microexpr.signals.aus import filters
from microexpr.signals.faces import FaceTrack, alignment, detection
from microexpr.signals.faces.alignment import RIGID
from microexpr.videos import Scan, Seen, Video

TRACKED = 10  # times a second that the face is detected
STEADY = 1.0  # seconds before and after over which the position of a still head is averaged
FOLLOWED = 0.15  # the same, of a head that moves
STILL = 1.0  # pixels of the crop between these two averages, about the most of rendered heads at rest
LEAST = 0.05  # share of detections that must find the face
AWAY = 3.0  # seconds without a face, after which the next one may be another
LOST = 0.5  # the same, of a face that comes back elsewhere or in another size
ELSEWHERE, OTHER_SIZE = 0.5, 1.3  # widths of the face by which it has moved then; its width, in widths before
JUMP = 1.0  # widths by which one face does not move within `LOST`
LOOKED_AT = 3  # frames, one a second, that tell which way up the face is

Progress = Callable[[str, int, int], None]  # step, frames done, frames in all
T = TypeVar("T")


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """One face in a part of a video without a cut."""

    frames: range  # of the video
    tracked: np.ndarray  # int64[n], numbers of the frames in which the face was looked for
    face: FaceTrack  # in these
    positions: np.ndarray  # float64[T], of all frames of the video, as its timeline has them
    fps: float  # of the video

    @cached_property
    def rate(self) -> float:
        """How often a second the face was looked for."""
        return self.fps / max(1.0, float(np.median(np.diff(self.tracked)))) if len(self.tracked) > 1 else self.fps

    @cached_property
    def places(self) -> np.ndarray:
        """The positions in time of the tracked frames, float64[n]."""
        return self.positions[self.tracked]

    @cached_property
    def steady(self) -> np.ndarray:
        """Landmarks of the tracked frames that follow the head without adding movement, float64[n, 68, 2]."""
        return steady_landmarks(self.face.landmarks, self.face.detected, self.rate)

    @cached_property
    def matrices(self) -> np.ndarray:
        """The similarities of the tracked frames to their crops, float64[n, 2, 3]."""
        return np.stack([alignment(landmarks[None]) for landmarks in self.steady])

    def matrix_at(self, number: int) -> np.ndarray:
        """Return a frame's similarity to its crop, float64[2, 3], which changes slowly."""
        return self._interpolate(self.matrices, number)

    def landmarks_at(self, number: int) -> np.ndarray:
        """Return a frame's landmarks in pixels of its crop, float64[68, 2]; they change slowly."""
        matrix = self.matrix_at(number)
        return self._interpolate(self.steady, number) @ matrix[:, :2].T + matrix[:, 2]

    def landmarks(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return landmarks in these frames, float64[n, 68, 2], pixels of the frame, as they were tracked."""
        return self._between(self.face.landmarks.reshape(len(self.tracked), -1), numbers).reshape(-1, 68, 2)

    def turn(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return yaw, pitch and roll in degrees in these frames, float64[n, 3], averaged over `FOLLOWED`."""
        turns = self.face.pose().astype(float)
        return self._between(filters.smooth_stretches(turns, self.face.detected, self.rate, FOLLOWED), numbers)

    def is_detected(self, number: int) -> bool:
        """Return whether the face is found before and after a frame."""
        before = min(bisect_right(self.tracked, number) - 1, len(self.tracked) - 1)
        return bool(self.face.detected[before] and self.face.detected[min(before + 1, len(self.tracked) - 1)])

    def _interpolate(self, values: np.ndarray, number: int) -> np.ndarray:
        tracked, position = self.places, self.positions[number]
        after = int(np.clip(np.searchsorted(tracked, position), 1, max(len(tracked) - 1, 1)))
        if len(tracked) == 1:
            return np.asarray(values[0])
        share = np.clip((position - tracked[after - 1]) / (tracked[after] - tracked[after - 1]), 0, 1)
        return np.asarray((1 - share) * values[after - 1] + share * values[after])

    def _between(self, values: np.ndarray, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        positions = self.positions[np.asarray(numbers)]
        return np.column_stack([np.interp(positions, self.places, column) for column in values.T])


@dataclass(frozen=True, eq=False)
class Take:
    """A video and the face in each stretch of it that shows one."""

    video: Video
    stretches: list[Stretch]

    def at(self, number: int) -> Stretch:
        """Return the stretch of a frame, the nearest before it for one between two."""
        starts = [stretch.frames.start for stretch in self.stretches]
        return self.stretches[max(0, bisect_right(starts, number) - 1)]

    def landmarks(self, numbers: Sequence[int]) -> np.ndarray:
        """Return landmarks in these frames, float64[n, 68, 2], pixels of the frame."""
        groups = groupby(numbers, key=self.at)
        return np.concatenate([stretch.landmarks([*group]) for stretch, group in groups] or [np.zeros((0, 68, 2))])

    @property
    def face(self) -> FaceTrack:
        """The largest face of all stretches, one after the other."""
        parts = [stretch.face for stretch in self.stretches]
        detected, landmarks = (np.concatenate([getattr(p, name) for p in parts]) for name in ("detected", "landmarks"))
        return FaceTrack(detected, landmarks, parts[0].size, max(part.other_faces for part in parts))


def track(source: Scan | Video, progress: Progress = silent, every: int | None = None) -> Take:
    """Track the largest face, `TRACKED` times a second or in every n-th frame, and turn the video upright.

    A video that is not scanned yet is read now. Raises DataError if fewer than `LEAST` of the frames show the face."""
    rate, path = source.rate if isinstance(source, Scan) else source.fps, source.source.path
    turn, every = find_turn(source), every or max(1, round(rate / TRACKED))
    if isinstance(source, Scan):
        source.turn(turn)
        seen = iter(source)
    else:
        source = source.turned(turn)
        seen = _seen_again(source, every)
    expected = source.source.expected
    params = faces.Params(min_detected=LEAST, smooth=0)
    parts, detected = list[tuple[list[int], FaceTrack | None]](), list[np.ndarray]()

    def due(frames: Iterable[Seen], numbers: list[int]) -> Iterator[np.ndarray]:
        for frame in _spaced(frames, every, attrgetter("number")):
            numbers.append(frame.number)
            progress("looking for the face", frame.number, max(expected, frame.number + 1))
            yield frame.image()

    for _, group in groupby(seen, key=lambda frame: frame.stretch):
        numbers: list[int] = []
        try:
            face = faces.follow(due(group, numbers), params, str(path), rate / every)
            detected.append(face.detected)
        except faces.Faceless as error:
            face = None
            detected.append(error.detected)
        parts.append((numbers, face))
    if all(face is None for _, face in parts):
        share = np.concatenate(detected).mean() if detected else 0
        most = f"in {LEAST:.0%} of its frames, not in {share:.0%}"
        raise DataError(f"{path}: must show a face, seen from the front, {most}")
    video = source.video if isinstance(source, Scan) else source
    stretches = [
        stretch
        for frames, (numbers, face) in zip(video.timeline.stretches, parts, strict=True)
        if face is not None
        for stretch in by_face(Stretch(frames, np.array(numbers), face, video.timeline.positions, video.fps))
    ]
    begins = sorted({stretch.frames.start for stretch in stretches} - {0, *video.timeline.cuts})
    if begins:
        times = ", ".join(f"{video.seconds[number]:.2f}" for number in begins)
        note = f"perhaps another face from {times} s on: each is read by itself, with its own face at rest"
        video = replace(video, notes=(*video.notes, note))
    return Take(video, stretches)


def _seen_again(video: Video, every: int) -> Iterator[Seen]:
    """Yield the frames of a video that was scanned, `every` apart in each part without a cut: no other is decoded."""
    parts = [np.array(part)[video.timeline.present[part]].tolist() for part in video.timeline.stretches]
    numbers = [(number, i) for i, part in enumerate(parts) for number in _spaced(part, every, int)]
    images = video.read([number for number, _ in numbers])
    for (number, part), image in zip(numbers, images, strict=True):
        yield Seen(number, part, partial(np.asarray, image))


def _spaced(frames: Iterable[T], every: int, number: Callable[[T], int]) -> Iterator[T]:
    """Yield the first frame and each that is `every` or more after the one before."""
    due = -math.inf
    for frame in frames:
        if number(frame) >= due:
            due = number(frame) + every
            yield frame


def by_face(stretch: Stretch) -> list[Stretch]:
    """Return the parts of a stretch between which the face may have changed: it was away for long, or has jumped."""
    face, seconds = stretch.face, stretch.places / stretch.fps
    detections = np.flatnonzero(face.detected)
    centres, widths = face.landmarks[detections].mean(axis=1), np.ptp(face.landmarks[detections, :, 0], axis=1)
    away = np.diff(seconds[detections])
    moved = np.abs(np.diff(centres, axis=0)).max(axis=1) / np.minimum(widths[1:], widths[:-1])
    larger = np.maximum(widths[1:] / widths[:-1], widths[:-1] / widths[1:])
    is_elsewhere = (away > LOST) & ((moved > ELSEWHERE) | (larger > OTHER_SIZE))
    is_other = (away > AWAY) | is_elsewhere | ((away <= LOST) & (moved > JUMP))
    starts = [0, *detections[1:][is_other].tolist(), len(stretch.tracked)]
    limits = [stretch.frames.start, *stretch.tracked[starts[1:-1]].tolist(), stretch.frames.stop]
    parts = []
    for (start, end), (first, stop) in zip(pairwise(starts), pairwise(limits), strict=True):
        of_part = replace(face, detected=face.detected[start:end], landmarks=face.landmarks[start:end])
        parts.append(replace(stretch, frames=range(first, stop), tracked=stretch.tracked[start:end], face=of_part))
    return parts


def find_turn(source: Scan | Video) -> int:
    """Return by how many quarters, anticlockwise, a video is to be turned so that its face is upright: mostly 0."""
    rate, frames = (source.rate, source.source) if isinstance(source, Scan) else (source.fps, source)
    return detection.best_turn(frames.read([round(second * rate) for second in range(LOOKED_AT)]))


def steady_landmarks(landmarks: np.ndarray, detected: np.ndarray, fps: float) -> np.ndarray:
    """Return landmarks [T, 68, 2] averaged over time, so that alignment follows a head without adding movement. Over
    `STEADY` where it keeps still, over `FOLLOWED` where these two averages differ by twice `STILL`."""
    steady = filters.smooth_stretches(landmarks, detected, fps, STEADY)
    shift = filters.smooth_stretches(landmarks, detected, fps, FOLLOWED) - steady
    scale = np.array([np.hypot(*alignment(points[None])[:, 0]) for points in steady])
    squares = scale**2 * (shift[:, list(RIGID)] ** 2).sum(axis=2).mean(axis=1)
    distance = np.sqrt(filters.smooth_stretches(squares, detected, fps, STEADY))
    share = np.clip(distance / STILL - 1, 0, 1)
    return np.asarray(steady + share[:, None, None] * shift)
