"""Prediction for one video: which expressions are in it, and their classes. Writes no file.

A video is read several times: once to learn the times of its frames and to track the face, ten times a second; once for
action units; once for the spotted expressions. `videos` holds the frames of a short one meanwhile, of no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from microexpr.apps.predict import limits, recognition
from microexpr.apps.predict.domain import Calibration
from microexpr.apps.predict.recognition import Classes, Excerpt
from microexpr.apps.read import READ, See, counted, read_curves
from microexpr.apps.read.take import Progress, Stretch, Take, silent, track
from microexpr.core.errors import StoreError
from microexpr.core.files import file_digest
from microexpr.signals import face_regions, faces, flow, spotting
from microexpr.signals.aus import regressor
from microexpr.signals.aus.recording import Curves
from microexpr.signals.faces import align, detection
from microexpr.signals.faces.alignment import frame_mask
from microexpr.signals.spotting import network
from microexpr.videos import Scan, Video


def prepare() -> None:
    """Load the compiled functions and the detector of faces."""
    flow.prepare()
    detection.prepare()


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """The reader of action units and the recogniser of classes."""

    reader: regressor.Model
    recogniser: recognition.Recogniser
    calibration: Calibration
    digest: str  # of the recogniser's weights
    figures: limits.Recorded | None  # of the recogniser on recorded faces, where these weights were measured there
    descriptions: tuple[str, ...]  # training data of each, and the accuracy of the recogniser, a line each

    @classmethod
    def load(cls, method: str | None, folder: Path) -> "Models":
        """Load the shipped reader and a recogniser; `method` and `folder` as for `recognition.weights_path`."""
        path, reader = recognition.weights_path(method, folder), regressor.load()
        recogniser, figures = recognition.load(path), limits.recorded_figures(path)
        landmarks = {*detection.fitted_on("network")}
        try:
            calibration = Calibration.read(recogniser.metadata)
            by_recogniser = limits.describe_training(recogniser.fitted_on - landmarks, recogniser.metadata)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"{path}: metadata must be as `microexpr` writes them, not with {error!r}") from error
        uncalibrated = "" if calibration else "; its probabilities are not calibrated, and its limits are not known"
        by_reader = limits.describe_training(reader.fitted_on)
        by_spotter = limits.describe_training({*network.load().fitted_on}.difference(landmarks, reader.fitted_on))
        by_landmarks = limits.describe_training(landmarks)
        descriptions = (
            f"classes by {method or 'the shipped network'}, fitted on {by_recogniser}{uncalibrated}",
            limits.describe_recorded(figures, recogniser.fitted_on),
            f"landmarks by the shipped network, fitted on {by_landmarks}",
            f"action units by the shipped reader, fitted on {by_reader}",
            f"expressions spotted by the shipped network, fitted on {by_spotter}",
        )
        return cls(reader, recogniser, calibration or Calibration(), file_digest(path), figures, descriptions)


class Expression(NamedTuple):
    """One interval, in frames of the video, with its classes if it is a micro-expression that was classified."""

    interval: spotting.Interval
    classes: Classes = Classes()


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The result for one video; of `spot` without classes."""

    take: Take
    curves: Curves
    signal: spotting.Signal
    probability: np.ndarray  # float64[T, 5], of each kind in `spotting.LENGTHS`
    expressions: list[Expression]
    warnings: list[str]  # of parts that were not searched; of a prediction, of all
    rate: limits.Figures = field(default_factory=dict)  # how good it is at about this frame rate

    @property
    def video(self) -> Video:
        """The video, upright."""
        return self.take.video

    @property
    def intervals(self) -> list[spotting.Interval]:
        """The intervals of all expressions, in frames of the video."""
        return [expression.interval for expression in self.expressions]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last frame of each micro-expression."""
        return [(interval.onset, interval.offset) for interval in self.intervals if interval.kind == "micro"]


def spot(
    source: Scan | Video, reader: regressor.Model, progress: Progress = silent, rate: float = READ,
    see: See | None = None,
) -> Prediction:  # fmt: skip
    """Spot the expressions of a video, read `rate` times a second at most. Raises DataError if no face is found. `see`
    gets each crop that is read, uint8[H, H], None where no face was found."""
    take = track(source, progress)
    long_enough = [  # to show the resting face; a video without cuts always counts
        stretch
        for stretch in take.stretches
        if len(stretch.frames) == len(take.video) or not spotting.is_short(len(stretch.frames), take.video.fps)
    ]
    stretches = long_enough or take.stretches
    parts, signals, probabilities, expressions = [], [], [], []
    for stretch in stretches:
        curves = read_curves(take.video, stretch, reader, progress, rate, see)
        signal, probability, intervals = network.spot(curves)
        for interval in intervals:
            onset, apex, offset = curves.numbers[[interval.onset, interval.apex, interval.offset]].tolist()
            expressions.append(Expression(replace(interval, onset=onset, apex=apex, offset=offset)))
        parts.append(curves)
        signals.append(signal)
        probabilities.append(probability)
    warnings = []
    if passed_over := len(take.stretches) - len(stretches):
        least = 2 * spotting.BRIEF
        warnings.append(f"{passed_over} stretches between cuts are shorter than {least:g} s and are not searched")
    joined = _joined(parts), _joined(signals), np.concatenate(probabilities)
    return Prediction(take, *joined, expressions, warnings)


def _joined(parts: Sequence[Any]) -> Any:
    """Return several curves or signals as one: arrays one after the other, the rest of the first."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    names = [item.name for item in fields(first) if isinstance(getattr(first, item.name), np.ndarray)]
    return replace(first, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def predict(source: Scan | Video, models: Models, progress: Progress = silent) -> Prediction:
    """Spot the expressions of a video and classify its micro-expressions. Raises DataError if no face is found."""
    spotted = spot(source, models.reader, progress)
    take, video, curves, intervals = spotted.take, spotted.video, spotted.curves, spotted.intervals
    micro = [interval for interval in intervals if interval.kind == "micro"]
    classes = classify(take, micro, models, progress)
    expressions = []
    for interval in intervals:
        of_interval = classes.get(interval.onset, Classes()) if interval.kind == "micro" else Classes()
        if of_interval.probabilities:
            reasons = (
                *limits.doubts(interval, intervals, take, curves.fps),
                *limits.contradiction(interval.action_units, of_interval.predicted_class),
                *of_interval.reasons,
            )
            of_interval = of_interval._replace(reasons=reasons)
        expressions.append(Expression(interval, of_interval))
    fitted_on = {*models.reader.fitted_on, *models.recogniser.fitted_on, *network.load().fitted_on}
    warnings = [*video.notes, *spotted.warnings, *limits.warnings(take, fitted_on)]
    rate = limits.rate_figures(video.fps, models.digest)
    return replace(spotted, expressions=expressions, warnings=warnings, rate=rate)


def classify(
    take: Take, intervals: Sequence[spotting.Interval], models: Models, progress: Progress
) -> dict[int, Classes]:
    """Return the classes of each interval by its onset."""
    video = take.video
    spans = {}
    for interval in intervals:
        within = take.at(interval.onset).frames
        around = range(max(within.start, interval.onset - 1), min(interval.offset + 2, within.stop))
        spans[interval.onset] = [number for number in around if video.timeline.present[number]]
    numbers = sorted({number for span in spans.values() for number in span})
    frames, classes = dict[int, np.ndarray](), dict[int, Classes]()
    counted_frames = counted(video.read(numbers), "classifying micro-expressions", len(numbers), progress)
    for number, frame in zip(numbers, counted_frames, strict=False):
        frames[number] = frame
        for interval in intervals:
            span = spans[interval.onset]
            if interval.onset not in classes and number == span[-1]:
                excerpt = cut_out(take.at(interval.onset), interval, {i: frames[i] for i in span}, video.fps)
                of_models = models.recogniser, models.calibration
                classes[interval.onset] = recognition.classify(*of_models, excerpt, models.reader)
                # frames that no later interval needs are dropped, since a video may be long
                later = [other[0] for onset, other in spans.items() if onset not in classes]
                frames = {number: frame for number, frame in frames.items() if later and number >= min(later)}
    return classes


def cut_out(stretch: Stretch, interval: spotting.Interval, frames: Mapping[int, np.ndarray], fps: float) -> Excerpt:
    """Return the frames of an expression, by number, aligned by the similarity of its apex."""
    numbers, size = [*frames], stretch.face.size
    matrix = stretch.matrix_at(interval.apex)
    in_frame = frame_mask(size, matrix)
    crop = np.stack([align(frames[number], matrix) for number in numbers])
    face_regions.hold_outside_still(crop, in_frame)
    landmarks = np.repeat(stretch.landmarks_at(interval.apex)[None].astype(np.float32), len(crop), axis=0)
    onset, apex, offset = (numbers.index(number) for number in (interval.onset, interval.apex, interval.offset))
    tracked = stretch.landmarks(numbers)
    pose = np.array([faces.pose(points, size) for points in tracked])
    return Excerpt(crop, landmarks, tracked @ matrix[:, :2].T + matrix[:, 2], pose, onset, apex, offset, fps, in_frame)
