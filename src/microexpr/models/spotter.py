"""The contract of a spotter: curves of a long video in, intervals out. No folds, files, devices or optimiser steps.

Shapes: T frames that were read of a video, C scores of a frame, N frames of all videos.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from microexpr.core.clip import Expression, Kind
from microexpr.models.base import Targets
from microexpr.models.classifier import Classifier

NONE, MICRO, MACRO = 0, 1, 2  # target "label" of a frame


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """A long video as the stage `spot` measured it: arrays by name, along the T frames that were read."""

    arrays: Mapping[str, np.ndarray]
    fps: float  # that were read

    def __len__(self) -> int:
        return len(self.arrays["seen"])

    def frames(self, seconds: float) -> int:
        """Return the number of frames in a time, at least one."""
        return max(1, round(seconds * self.fps))


@dataclass(frozen=True, slots=True)
class Interval:
    """A spotted expression, in positions among the frames that were read; the offset is its last."""

    kind: Kind
    onset: int
    apex: int
    offset: int
    confidence: float
    emotion: str = ""  # its class, if the method recognises, too


class Params(BaseModel):
    """Base of every spotter's params: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FrameNetwork(Classifier):
    """A network that scores each frame of a video from the frames around it. Its "clips" are frames."""

    @abstractmethod
    def windows(self, curves: Curves) -> dict[str, np.ndarray]:
        """Return the inputs of each frame [T, ...] by name."""

    @abstractmethod
    def targets(self, curves: Curves, expressions: Sequence[Expression]) -> Targets:
        """Return the training targets of each frame [T, ...], by name; expressions are in positions among the frames.

        `label` int64[T] is what a frame shows: NONE, MICRO or MACRO."""


class Spotter(ABC):
    """Spots micro- and macro-expressions in long videos. It has the name of its module and params key."""

    paper: ClassVar[str]  # one line: authors, title, where, year
    recognises: ClassVar[bool] = False  # whether it also classifies what it finds
    reads_movement: ClassVar[bool] = True  # whether its curves have those of `signals.spotting.movement`, too
    Params: ClassVar[type[Params]] = Params
    params: Any  # of `Params`

    def __init__(self, params: BaseModel, side: int):
        """`side` is that of the picture of brows and mouth which the stage measures, in rows and columns."""
        self.params, self.side = params, side

    def networks(self) -> Mapping[str, FrameNetwork]:
        """Return the networks that the training videos of a fold train, by name; none where nothing is learnt."""
        return {}

    @abstractmethod
    def find(self, curves: Curves, scores: Mapping[str, np.ndarray]) -> list[Interval]:
        """Return the intervals in a video, in any order; `scores` float32[T, C] are those of each network."""


def frame_labels(count: int, expressions: Sequence[Expression]) -> np.ndarray:
    """Return int64[count]: MICRO from the onset of a micro-expression to its offset, else MACRO in the other kind."""
    label = np.full(count, NONE)
    for kind, value in (("macro", MACRO), ("micro", MICRO)):
        for e in expressions:
            if e.kind == kind:
                label[max(0, e.onset) : e.offset + 1] = value
    return label


def overlaps(count: int, width: int, expressions: Sequence[Expression], kind: Kind) -> np.ndarray:
    """Return bool[count]: whether the `width` frames from each on meet an expression of a kind, its onset excluded."""
    first = np.arange(count)
    spans = [(e.onset + 1, e.offset) for e in expressions if e.kind == kind]
    meetings = [(first <= last) & (first + width - 1 >= start) for start, last in spans]
    return np.any(meetings, axis=0) if meetings else np.zeros(count, bool)


def scaled(regions: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Return pictures float32[T, C, R, R] with each channel in 0..1 of its least and most values [T, C, 1, 1]."""
    return np.asarray((regions - least) / np.maximum(most - least, 1e-9), np.float32)


def moving_mean(scores: np.ndarray, width: int) -> np.ndarray:
    """Return the mean of `width` scores [T] around each, of fewer at both ends."""
    kernel = np.ones(min(width, len(scores)))
    total = np.convolve(scores.astype(np.float64), kernel, "same")
    return np.asarray(total / np.convolve(np.ones(len(scores)), kernel, "same"))


def peaks(curve: np.ndarray, share: float, distance: int) -> np.ndarray:
    """Return the positions of peaks above mean + share (largest - mean), at least `distance` apart, the higher first.

    They are those of scipy's `find_peaks`, which takes half a second to import; of equal ones the last is first."""
    height = curve.mean() + share * (curve.max() - curve.mean())
    changes = np.flatnonzero(np.diff(curve))
    firsts, lasts = np.r_[0, changes + 1], np.r_[changes, len(curve) - 1]
    levels = curve[firsts]
    tops = 1 + np.flatnonzero((levels[1:-1] > levels[:-2]) & (levels[1:-1] > levels[2:]) & (levels[1:-1] >= height))
    positions = (firsts[tops] + lasts[tops]) // 2
    selection: list[int] = []
    for position in positions[np.argsort(curve[positions], kind="stable")][::-1].tolist():
        if all(abs(position - other) >= distance for other in selection):
            selection.append(position)
    return np.array(sorted(selection), np.int64)


def around_peaks(kind: Kind, scores: np.ndarray, share: float, gap: int) -> list[Interval]:
    """Return the intervals of `gap` frames before and after each of the `peaks` of the moving mean of scores [T]."""
    curve = moving_mean(scores, 2 * gap)
    return [
        Interval(kind, max(0, peak - gap), peak, min(len(curve) - 1, peak + gap), float(curve[peak]))
        for peak in peaks(curve, share, gap).tolist()
    ]
