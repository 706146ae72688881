"""Prediction for one video or folder of frames: which expressions are in it, and their classes. Writes no file.

A video is read several times and never held in memory: once to track the face, ten times a second; once for action
units; once for the expressions that were spotted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np

from microexpr.apps.predict import limits, rates, recognition, recorded
from microexpr.apps.predict.calibration import Calibration
from microexpr.apps.predict.footage import Footage
from microexpr.apps.predict.head import steady_alignment, tracked_landmarks, tracking_step, turn
from microexpr.apps.predict.recognition import Classes, Excerpt
from microexpr.core import digests
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma
from microexpr.datasets import video
from microexpr.signals import faces, frame_edges, spotting
from microexpr.signals.aus import recording, regressor
from microexpr.signals.aus.regressor import FaceFeatures
from microexpr.signals.faces import FaceTrack, align, predictors
from microexpr.signals.faces.alignment import frame_mask
from microexpr.training import refit

READ = 100  # times a second that action units are read, at most
PART = 5.0  # seconds read against one frame
LEAST = 0.05  # share of detections that must find the face

Progress = Callable[[str, int, int], None]  # what is done, frames done, frames in all
See = Callable[[np.ndarray | None], None]  # is shown each crop that is read, uint8[H, H], or None without a face


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """The reader of action units and the recogniser of classes."""

    reader: regressor.Model
    recogniser: refit.Recogniser
    calibration: Calibration
    digest: str  # of the recogniser's weights
    figures: recorded.Figures | None  # of the recogniser on recorded faces, where these weights were measured there
    descriptions: tuple[str, ...]  # what each was fitted on, and what the recogniser is worth, a line each

    @classmethod
    def load(cls, method: str | None, folder: Path) -> "Models":
        """Load the shipped reader and a recogniser; `method` and `folder` as for `recognition.weights_path`."""
        path, reader = recognition.weights_path(method, folder), regressor.load()
        recogniser, figures = refit.load(path), recorded.read(path)
        calibration = Calibration.read(recogniser.metadata)
        uncalibrated = "" if calibration else "; its probabilities are not calibrated, and its limits are not known"
        by_recogniser = limits.describe_training(path, recogniser.fitted_on - {*predictors.fitted_on("network")})
        by_reader = limits.describe_training(regressor.MODEL, reader.fitted_on)
        landmarks = limits.describe_training(predictors.MODEL, predictors.fitted_on("network"))
        descriptions = (
            f"classes by {method or 'the shipped network'}, fitted on {by_recogniser}{uncalibrated}",
            recorded.describe(figures, recogniser.fitted_on),
            f"landmarks by the shipped network, fitted on {landmarks}",
            f"action units by the shipped reader, fitted on {by_reader}",
        )
        return cls(reader, recogniser, calibration or Calibration(), digests.of_file(path), figures, descriptions)

    @property
    def fitted_on(self) -> tuple[str, ...]:
        """Provenance of both and of the landmarks."""
        fitted_on = (self.reader.fitted_on, self.recogniser.fitted_on, predictors.fitted_on("network"))
        return tuple(sorted({*chain(*fitted_on)}))


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Signals of T frames of a video, every `step`-th of it."""

    step: int
    intensity: np.ndarray  # float32[T, 17, 2], relative to some frame of the video
    gaze: np.ndarray  # float64[T], pixels of the crop
    detected: np.ndarray  # bool[T], whether the face was detected, and nothing covers it
    resting: np.ndarray  # bool[T], whether it shows little expression
    turn: np.ndarray  # float64[T, 3], yaw, pitch and roll of the head in degrees


@dataclass(frozen=True, slots=True)
class Expression:
    """One interval, in frames of the video, with each class's probability if it is a micro-expression."""

    interval: spotting.Interval
    classes: dict[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()  # how it differs from the expressions that the models know, in words
    regions: Mapping[str, float] = field(default_factory=dict)  # as in `Classes`

    @property
    def predicted_class(self) -> str:
        """The most probable class, "" for other kinds of expression."""
        return max(self.classes, key=lambda name: self.classes[name], default="")

    @property
    def certainty(self) -> str:
        """How far the class can be relied on, as `Classes.certainty` says; "" for other kinds of expression."""
        return Classes(self.classes, self.reasons).certainty if self.classes else ""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The result for one video."""

    footage: Footage
    face: FaceTrack  # head.TRACKED times a second
    curves: Curves
    signal: spotting.Signal
    expressions: list[Expression]
    warnings: list[str]
    rate: rates.Figures  # how good it is at about this frame rate

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last frame of each micro-expression."""
        intervals = (expression.interval for expression in self.expressions)
        return [(interval.onset, interval.offset) for interval in intervals if interval.kind == "micro"]


@dataclass(frozen=True, slots=True, eq=False)
class Spotted:
    """The expressions of one video, without their classes."""

    footage: Footage  # with the number of frames that decode
    face: FaceTrack  # head.TRACKED times a second
    curves: Curves
    signal: spotting.Signal
    intervals: list[spotting.Interval]  # in frames of the video
    differences: list[str]  # of the frames from the video's header


def spot(
    footage: Footage,
    reader: regressor.Model,
    progress: Progress = silent,
    params: spotting.Params | None = None,
    rate: float = READ,
    see: See | None = None,
) -> Spotted:
    """Spot the expressions of a video, read `rate` times a second at most. Raises DataError if no face is found.

    `see` gets each crop that is read, uint8[H, H], None where no face was found."""
    params = params or spotting.Params()
    timing = video.Timing()
    face = track_face(footage, progress, timing)
    differences = limits.differences_from_header(footage, timing)
    footage = footage if footage.files else replace(footage, frames=timing.frames)
    curves = read_curves(footage, face, reader, progress, rate, see)
    fps = footage.fps / curves.step
    signal = spotting.compute_signal(
        curves.intensity, curves.gaze, fps, params, curves.detected, curves.resting, curves.turn
    )
    intervals = [in_frames(interval, curves.step) for interval in spotting.spot(signal, fps, params)]
    return Spotted(footage, face, curves, signal, intervals, differences)


def predict(
    footage: Footage, models: Models, progress: Progress = silent, params: spotting.Params | None = None
) -> Prediction:
    """Spot the expressions of a video and classify its micro-expressions. Raises DataError if no face is found."""
    spotted = spot(footage, models.reader, progress, params)
    footage, face, curves, signal = spotted.footage, spotted.face, spotted.curves, spotted.signal
    micro = [interval for interval in spotted.intervals if interval.kind == "micro"]
    classes = classify(footage, face, micro, models, progress)
    expressions = []
    for interval in spotted.intervals:
        if interval.kind == "micro" and interval.onset in classes:
            probabilities, reasons, regions = classes[interval.onset]
            reasons = (
                *limits.repetition(interval, spotted.intervals, footage.fps),
                *limits.cut_off(interval, curves.step, footage.frames),
                *reasons,
            )
            expressions.append(Expression(interval, probabilities, reasons, regions))
        else:
            expressions.append(Expression(interval))
    warnings = [*spotted.differences, *limits.warnings(footage, face, models.fitted_on)]
    rate = rates.at(footage.fps, models.digest)
    return Prediction(footage, face, curves, signal, expressions, warnings, rate)


def track_face(footage: Footage, progress: Progress, timing: video.Timing, every: int | None = None) -> FaceTrack:
    """Track the largest face, `head.TRACKED` times a second or in every n-th frame; add the times of all to `timing`.

    Raises DataError if the face is in fewer than `LEAST` of the frames."""
    every = every or tracking_step(footage.fps)
    params = faces.Params(min_detected=LEAST, smooth=0)
    frames = footage.read_frames(lambda number: number % every == 0, timing)
    counted_frames = counted(frames, "looking for the face", footage.frames // every, progress)
    try:
        return faces.follow(counted_frames, params, str(footage.path), footage.fps / every)
    except faces.Faceless as error:
        share = error.detected.mean() if len(error.detected) else 0
        raise DataError(
            f"{footage.path}: must show a face, seen from the front, in {LEAST:.0%} of its frames, not in {share:.0%}"
        ) from None


def read_curves(
    footage: Footage,
    face: FaceTrack,
    reader: regressor.Model,
    progress: Progress,
    rate: float = READ,
    see: See | None = None,
) -> Curves:
    """Read action units and gaze of the face, `rate` times a second or as often as there are frames.

    `see` gets each crop, uint8[H, H], None where no face was found."""
    step = max(1, round(footage.fps / rate))
    matrix_at, landmarks_at = steady_alignment(footage, face)
    gaze: list[float] = []
    tracked = np.minimum(np.arange(len(face.detected)) + 1, len(face.detected) - 1)
    detected = face.detected & face.detected[tracked]  # before and after

    def looks() -> Iterator[FaceFeatures | None]:
        frames = footage.read_frames(lambda number: number % step == 0)
        for i, frame in enumerate(counted(frames, "reading action units", footage.frames // step, progress)):
            if not detected[min(i * step // tracking_step(footage.fps), len(detected) - 1)]:
                gaze.append(0.0)
                if see:
                    see(None)
                yield None
                continue
            crop = align(luma(frame), matrix_at(i * step))[..., 0]
            if see:
                see(crop)
            gaze.append(recording.horizontal_gaze(crop, landmarks_at(i * step)))
            yield reader.describe(crop)

    read = recording.curves(looks(), reader, round(PART * footage.fps / step))
    turns = turn(footage, face, np.arange(len(gaze)) * step)
    return Curves(step, read.intensity, np.array(gaze), read.seen, read.resting, turns)


def in_frames(interval: spotting.Interval, step: int) -> spotting.Interval:
    """Convert an interval of every `step`-th frame to frames of the video."""
    return replace(interval, onset=interval.onset * step, apex=interval.apex * step, offset=interval.offset * step)


def classify(
    footage: Footage,
    face: FaceTrack,
    intervals: Sequence[spotting.Interval],
    models: Models,
    progress: Progress,
) -> dict[int, Classes]:
    """Return the classes of each interval by its onset."""
    matrix_at, landmarks_at = steady_alignment(footage, face)
    spans = {
        interval.onset: range(max(0, interval.onset - 1), min(interval.offset + 2, footage.frames))
        for interval in intervals
    }
    numbers = sorted({number for span in spans.values() for number in span})
    selected = footage.read_frames({*numbers}.__contains__)
    frames: dict[int, np.ndarray] = {}
    classes: dict[int, Classes] = {}
    counted_frames = counted(selected, "classifying micro-expressions", len(numbers), progress)
    for number, frame in zip(numbers, counted_frames, strict=False):
        frames[number] = frame
        for interval in intervals:
            span = spans[interval.onset]
            if interval.onset not in classes and number == span[-1]:
                matrix, first = matrix_at(interval.apex), span[0]
                in_frame = frame_mask(face.size, matrix)
                crop = np.stack([align(frames[position], matrix) for position in span])
                frame_edges.hold_outside_still(crop, in_frame)
                landmarks = np.repeat(landmarks_at(interval.apex)[None].astype(np.float32), len(crop), axis=0)
                events = (interval.onset - first, interval.apex - first, interval.offset - first)
                tracked = tracked_landmarks(footage, face, span)
                pose = np.array([faces.pose(points, face.size) for points in tracked])
                tracked = tracked @ matrix[:, :2].T + matrix[:, 2]
                excerpt = Excerpt(crop, landmarks, tracked, pose, *events, footage.fps, in_frame)
                classes[interval.onset] = recognition.classify(
                    models.recogniser, models.calibration, excerpt, models.reader
                )
                # frames that no later interval needs are dropped, since a video may be long
                later = [other.start for onset, other in spans.items() if onset not in classes]
                frames = {number: frame for number, frame in frames.items() if later and number >= min(later)}
    return classes


def counted(images: Iterable[np.ndarray], what: str, total: int, progress: Progress) -> Iterator[np.ndarray]:
    """Yield images, and report each before; there may be more than `total`."""
    for done, image in enumerate(images, 1):
        progress(what, done, max(total, done))
        yield image
