"""One video or folder of frames: what is spotted in it, and what a trained network calls that. Writes no file.

A video is read several times and never held: once for where the face is, ten times a second; once for action units;
once for what was spotted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from microexpr.apps.predict import domain, recognition
from microexpr.apps.predict.footage import Footage
from microexpr.apps.predict.recognition import Brief
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma
from microexpr.signals import faces, spotting
from microexpr.signals.aus import filters, recording, regressor
from microexpr.signals.aus.features import FaceFeatures, describe_face
from microexpr.signals.faces import FaceTrack, align, alignment
from microexpr.training import refit

LOOKED_AT = 10  # times a second that the face is looked for
STEADY = 1.0  # seconds before and after over which its place is averaged: alignment adds no movement of its own
READ = 100  # times a second that action units are read, at most
PART = 5.0  # seconds read against one frame
LEAST = 0.5  # of the looks that must find the face

Progress = Callable[[str, int, int], None]  # what is done, frames done and to do


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Who reads and who names."""

    reader: regressor.Model
    recogniser: refit.Recogniser
    told: tuple[str, ...]  # what they were fitted on, a line each

    @classmethod
    def loaded(cls, method: str | None, folder: Path) -> "Models":
        """`method` as for `recognition.path`."""
        path, reader = recognition.path(method, folder), regressor.load()
        recogniser = refit.load(path)
        told = (
            f"classes by {method or 'the shipped network'}, fitted on {domain.fitted_on(path, recogniser.fitted_on)}",
            f"action units by the shipped reader, fitted on {domain.fitted_on(regressor.MODEL, reader.fitted_on)}",
        )
        return cls(reader, recogniser, told)

    @property
    def fitted_on(self) -> tuple[str, ...]:
        return (*self.reader.fitted_on, *self.recogniser.fitted_on)


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """What was read of a video, every `step`-th frame of it. T of them."""

    step: int
    intensity: np.ndarray  # float32[T, 17, 2], since some frame of the video
    gaze: np.ndarray  # float64[T], pixels of the crop
    seen: np.ndarray  # bool[T], whether the face was


@dataclass(frozen=True, slots=True)
class Expression:
    """One interval, in frames of the video, with each class's probability if it is a micro-expression."""

    interval: spotting.Interval
    classes: dict[str, float]

    @property
    def likeliest(self) -> str:
        return max(self.classes, key=lambda name: self.classes[name], default="")


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """All that is said of a video."""

    footage: Footage
    face: FaceTrack  # LOOKED_AT times a second
    curves: Curves
    signal: spotting.Signal
    expressions: list[Expression]
    warnings: list[str]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last frame of each micro-expression."""
        return [(one.interval.onset, one.interval.offset) for one in self.expressions if one.interval.kind == "micro"]


def predicted(
    footage: Footage, models: Models, progress: Progress = silent, params: spotting.Params | None = None
) -> Prediction:
    """Raises DataError where no face is found."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    params = params or spotting.Params()
    face = followed(footage, progress)
    curves = read(footage, face, models.reader, progress)
    fps = footage.fps / curves.step
    found = [
        one
        for one in spotting.spot(curves.intensity, curves.gaze, fps, params)
        if curves.seen[one.onset : one.offset + 1].all()
    ]
    whole = [in_frames(one, curves.step) for one in found]
    named = classes(footage, face, [one for one in whole if one.kind == "micro"], models, progress)
    return Prediction(
        footage, face, curves, spotting.compute_signal(curves.intensity, curves.gaze, fps, params),
        [Expression(one, named.get(one.onset, {}) if one.kind == "micro" else {}) for one in whole],
        domain.warnings(footage, face, models.fitted_on),
    )  # fmt: skip


def followed(footage: Footage, progress: Progress) -> FaceTrack:
    """Where the face is, `LOOKED_AT` times a second."""
    every = _every(footage)
    params = faces.Params(min_detected=LEAST, smooth=0)
    shown = footage.pictures(lambda number: number % every == 0)
    counted = _counted(shown, "looking for the face", footage.frames // every, progress)
    try:
        return faces.follow(counted, params, str(footage.path), footage.fps / every)
    except faces.Faceless as error:
        share = error.detected.mean() if len(error.detected) else 0
        raise DataError(
            f"{footage.path}: must show a face, seen from the front, in half of its frames, not in {share:.0%}"
        ) from None


def read(footage: Footage, face: FaceTrack, reader: regressor.Model, progress: Progress) -> Curves:
    """Action units and gaze of the face, READ times a second or as often as there are frames."""
    step = max(1, round(footage.fps / READ))
    matrices, points = places(footage, face)
    gaze: list[float] = []

    def looks() -> Iterator[FaceFeatures]:
        shown = footage.pictures(lambda number: number % step == 0)
        counted = _counted(shown, "reading action units", footage.frames // step, progress)
        for place, frame in enumerate(counted):
            crop = align(luma(frame), matrices(place * step))[..., 0]
            landmarks = points(place * step)
            gaze.append(recording.horizontal_gaze(crop, landmarks))
            yield describe_face(crop, landmarks)

    intensity = recording.curves(looks(), reader, round(PART * footage.fps / step))
    looked = np.minimum(np.arange(len(intensity)) * step // _every(footage), len(face.detected) - 1)
    after = np.minimum(looked + 1, len(face.detected) - 1)
    return Curves(step, intensity, np.array(gaze), face.detected[looked] & face.detected[after])


def places(footage: Footage, face: FaceTrack) -> tuple[Callable[[int], np.ndarray], Callable[[int], np.ndarray]]:
    """By a frame's number: its similarity to the crop [2, 3], and its landmarks [68, 2] there. Both change slowly."""
    slow = filters.smooth(face.landmarks, footage.fps / _every(footage), STEADY)
    laid = np.stack([alignment(one[None]) for one in slow])
    known = np.arange(len(slow)) * _every(footage)

    def between(values: np.ndarray, number: int) -> np.ndarray:
        after = int(np.clip(np.searchsorted(known, number), 1, max(len(known) - 1, 1)))
        if len(known) == 1:
            return np.asarray(values[0])
        share = np.clip((number - known[after - 1]) / (known[after] - known[after - 1]), 0, 1)
        return np.asarray((1 - share) * values[after - 1] + share * values[after])

    def landmarks(number: int) -> np.ndarray:
        matrix = between(laid, number)
        return between(slow, number) @ matrix[:, :2].T + matrix[:, 2]

    return lambda number: between(laid, number), landmarks


def in_frames(one: spotting.Interval, step: int) -> spotting.Interval:
    """An interval of every `step`-th frame in those of the video."""
    return spotting.Interval(
        one.kind, one.onset * step, one.apex * step, one.offset * step, one.score, one.action_units
    )


def classes(
    footage: Footage, face: FaceTrack, found: Sequence[spotting.Interval], models: Models, progress: Progress
) -> dict[int, dict[str, float]]:
    """Of each interval, by its onset."""
    matrices, points = places(footage, face)
    spans = {one.onset: range(max(0, one.onset - 1), min(one.offset + 2, footage.frames)) for one in found}
    wanted = sorted({number for span in spans.values() for number in span})
    shown = footage.pictures({*wanted}.__contains__)
    frames: dict[int, np.ndarray] = {}
    named: dict[int, dict[str, float]] = {}
    for number, frame in zip(wanted, _counted(shown, "naming what was spotted", len(wanted), progress), strict=False):
        frames[number] = frame
        for one in found:
            span = spans[one.onset]
            if one.onset not in named and number == span[-1]:
                matrix, first = matrices(one.apex), span[0]
                crop = np.stack([align(frames[place], matrix) for place in span])
                landmarks = np.repeat(points(one.apex)[None].astype(np.float32), len(crop), axis=0)
                events = (one.onset - first, one.apex - first, one.offset - first)
                named[one.onset] = recognition.classified(
                    models.recogniser, Brief(crop, landmarks, *events, footage.fps), models.reader
                )
                later = [other.start for onset, other in spans.items() if onset not in named]
                frames = {place: kept for place, kept in frames.items() if later and place >= min(later)}
    return named


def _every(footage: Footage) -> int:
    return max(1, round(footage.fps / LOOKED_AT))


def _counted(frames: Iterator[np.ndarray], what: str, total: int, progress: Progress) -> Iterator[np.ndarray]:
    for number, frame in enumerate(frames):
        progress(what, number + 1, max(total, number + 1))
        yield frame
