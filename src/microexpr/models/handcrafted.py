"""Bases of methods with handcrafted features: params, inputs and linear classifiers. No network.

Shapes: T frames, H rows, W columns; n training clips, B clips, D features, C classes. No single method comes in.
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from microexpr.models import base
from microexpr.models.base import ClassicalMethod, Scorer, Shapes, Targets

Radii = tuple[int, int, int]  # in t, y, x


class SupportVectors(ClassicalMethod):
    """A support vector machine on the features of a clip, with balanced class weights."""

    kernel: ClassVar[Literal["linear", "rbf"]] = "linear"
    standardised: ClassVar[bool] = True  # whether features are, over the fold's training clips

    class Params(base.Params):
        penalty: float = Field(1.0, gt=0, le=1e6, description="C, the price of a training error")

    params: Params

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        kernel = getattr(self.params, "kernel", self.kernel)
        machine = SVC(C=self.params.penalty, kernel=kernel, class_weight="balanced")
        return fit_scorer(machine, features, targets["label"], self.classes, self.standardised)


class FlowBlocks(SupportVectors):
    """A support vector machine on blocks of the flow from onset to apex."""

    class Params(SupportVectors.Params):
        image_size: int = Field(128, ge=28, le=288, description="rows and columns of the flow")
        blocks: int = Field(5, ge=1, le=12, description="blocks along x and along y")

    params: Params

    @property
    def inputs(self) -> Shapes:
        return {"flow": (3, self.params.image_size, self.params.image_size)}


class VideoBlocks(SupportVectors):
    """A support vector machine on blocks of the grey frames from onset to offset."""

    class Params(SupportVectors.Params):
        image_size: Literal[32, 64, 128, 256] = Field(128, description="pixels, side of the frames")
        frames: int = Field(10, ge=3, le=64, description="frames that a clip is resampled to")
        blocks: int = Field(5, ge=1, le=12, description="blocks along x and along y")

    params: Params

    @property
    def inputs(self) -> Shapes:
        size = self.params.image_size
        return {"video": (1, self.params.frames, size, size)}


class LocalPatterns(VideoBlocks):
    """A support vector machine on local binary patterns of a video's blocks."""

    class Params(VideoBlocks.Params):
        radius_space: int = Field(1, ge=1, le=4, description="pixels, distance of the neighbours in x and in y")
        radius_time: int = Field(4, ge=1, le=8, description="frames, distance of the neighbours in t")

        @model_validator(mode="after")
        def _check_frames(self) -> "LocalPatterns.Params":
            if self.frames <= 2 * self.radius_time:
                raise ValueError(f"frames must be > 2 * radius_time = {2 * self.radius_time}, not {self.frames}")
            return self

    params: Params

    @property
    def radii(self) -> Radii:
        return self.params.radius_time, self.params.radius_space, self.params.radius_space


def fit_scorer(
    machine: SVC | LogisticRegression, features: np.ndarray, label: np.ndarray, classes: int, standardised: bool = True
) -> Scorer:
    """Fit the machine to features float32[n, D] and return a function to one-vs-rest decisions float32[B, C].

    A class without training clips scores 1 less than the lowest of the others, so it is never predicted.
    """
    present = np.unique(label)
    steps = [StandardScaler(), machine] if standardised else [machine]
    pipeline = make_pipeline(*steps).fit(features, label) if len(present) > 1 else None

    def score(features: np.ndarray) -> np.ndarray:
        if pipeline is None:  # all training clips have one class
            decision = np.zeros(len(features), np.float32)[:, None]
        else:
            decision = pipeline.decision_function(features).astype(np.float32)
        if decision.ndim == 1:  # of two classes scikit-learn returns one decision, positive for the second
            decision = np.stack([-decision, decision], 1)
        scores = np.repeat(decision.min(1, keepdims=True) - 1, classes, 1)
        scores[:, present] = decision
        return scores

    return score


def pattern_codes(video: np.ndarray, radii: Radii, offsets: Sequence[Sequence[float]]) -> np.ndarray:
    """Return int64[T - 2 rt, H - 2 ry, W - 2 rx]; bit i is set where the neighbour at offset i is no darker."""
    grey = video.astype(np.float32)
    centre = _neighbour(grey, radii, (0, 0, 0))
    code = np.zeros(centre.shape, np.int64)
    for bit, offset in enumerate(offsets):
        code |= (_neighbour(grey, radii, offset) >= centre).astype(np.int64) << bit
    return code


def _neighbour(grey: np.ndarray, radii: Radii, offset: Sequence[float], whole: tuple[int, ...] = ()) -> np.ndarray:
    """Return the neighbours of all inner voxels at an offset in t, y, x, interpolated linearly between voxels.

    `whole` has the integer offsets of the axes that are already interpolated. The formula is exact where grey is
    constant, so that a neighbour there equals its centre.
    """
    axis = len(whole)
    if axis == grey.ndim:
        return grey[tuple(slice(r + o, n - r + o) for n, r, o in zip(grey.shape, radii, whole, strict=True))]
    low = math.floor(offset[axis])
    near = _neighbour(grey, radii, offset, (*whole, low))
    if offset[axis] == low:
        return near
    return near + (offset[axis] - low) * (_neighbour(grey, radii, offset, (*whole, low + 1)) - near)
