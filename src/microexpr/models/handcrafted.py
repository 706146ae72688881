"""Bases of methods with handcrafted features: params, inputs and linear classifiers. No network.

scikit-learn, which takes about a second to load, is imported where a machine is made: a check of params imports all
methods.

Shapes: T frames, H rows, W columns; n training clips, B clips, D features, C classes. No single method comes in.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from torch import Tensor

from microexpr.core.facs import UNKNOWN
from microexpr.models import base
from microexpr.models.base import ClassicalMethod, Scorer, Targets
from microexpr.models.labels import LABELS

Radii = tuple[int, int, int]  # in t, y, x
Machine = Any  # KernelMachine or LogisticRegression, which scikit-learn does not type
Kernel = Literal["linear", "rbf"]


class KernelMachine:
    """scikit-learn's support vector machine, with the kernel of all pairs computed at once: faster, the same scores."""

    def __init__(self, kernel: Kernel, penalty: float, gamma: float | None = None):
        """`gamma` is that of kernel rbf; None: 1 by number and variance of the features, as scikit-learn has it."""
        from sklearn.svm import SVC

        self.kernel, self.given_gamma, self.machine = kernel, gamma, SVC(C=penalty, kernel="precomputed")

    def set_params(self, class_weight: Mapping[int, float]) -> None:
        self.machine.set_params(class_weight=class_weight)

    def fit(self, features: np.ndarray, label: np.ndarray) -> Self:
        """Fit to features [n, D] and return the machine."""
        self.rows = features.astype(np.float64)
        self.gamma = self.given_gamma or 1 / (self.rows.shape[1] * (self.rows.var() or 1.0))
        self.machine.fit(self._products(self.rows), label)
        self.support = self.machine.support_  # positions of the support vectors among the rows
        return self

    def decision_function(self, features: np.ndarray) -> np.ndarray:
        """Return decisions [B, C] of features [B, D], or [B] of two classes."""
        return self.machine.decision_function(self._products(features.astype(np.float64)))

    def _products(self, features: np.ndarray) -> np.ndarray:
        from sklearn.metrics.pairwise import linear_kernel, rbf_kernel

        if self.kernel == "linear":
            return linear_kernel(features, self.rows)
        return rbf_kernel(features, self.rows, self.gamma)


def logistic_regression(penalty: float, iterations: int = 1000) -> Machine:
    """Return scikit-learn's logistic regression; `penalty` is its C."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=penalty, max_iter=iterations)


def standard_scaler() -> Any:
    """Return scikit-learn's standardisation of features."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler()


class Guess(ClassicalMethod):
    """Base of methods that read nothing of a clip but that it is one."""

    pictures = {"flow": 3}
    learns = False
    takes_several = True

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        return np.empty((len(inputs["flow"]), 0), np.float32)


class SupportVectors(ClassicalMethod):
    """Base of methods that fit one machine to the features of clips, with balanced class weights."""

    standardised: ClassVar[bool] = True  # whether features are, over the fold's training clips
    kernel: ClassVar[Kernel] = "linear"
    takes_several = True

    class Params(base.Params):
        penalty: float = Field(1.0, gt=0, le=1e6, description="C, the price of a training error")

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        """Return float32[N, D]: by default the values of the only input, the last axis next to each other."""
        (values,) = inputs.values()
        return values.flatten(1).numpy()

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        """Fit a machine, or one for each of several labels; decisions above 0 predict a label.

        A label that all training clips have is predicted of every clip, one that none has of none."""
        if not self.several:
            training = training_set(features, targets["label"], self.classes, self.standardised, self.initial_weights)
            return fit_scorer(self._machine(), training)
        scorers = []
        for label in targets[LABELS].T:
            rows = label != UNKNOWN
            training = training_set(features[rows], label[rows], 2, self.standardised)
            scorers.append(fit_scorer(self._machine(), training))

        def score(features: np.ndarray) -> np.ndarray:
            decisions = np.stack([scorer(features) for scorer in scorers], 1)  # [B, L, 2]
            return (decisions[..., 1] - decisions[..., 0]) / 2

        return score

    def _machine(self) -> Machine:
        return KernelMachine(getattr(self.params, "kernel", self.kernel), self.params.penalty)

    def decisive(self, features: np.ndarray, targets: Targets) -> np.ndarray:
        """Return the positions of the support vectors, as a cascade of machines passes them on (Graf et al. 2004)."""
        training = training_set(features, targets["label"], self.classes, self.standardised)
        return np.sort(training.fit(self._machine()).support)


class Blocks(SupportVectors):
    """A support vector machine on blocks of the flow from onset to apex, or of the grey frames from onset to offset."""

    pictures = {"flow": 3}

    class Params(SupportVectors.Params):
        image_size: int = Field(128, ge=28, le=288, description="rows and columns of the flow")
        blocks: int = Field(5, ge=1, le=12, description="blocks along x and along y")

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        """Return float32[N, D], by block row and column."""
        clips = inputs["flow"].double() if "flow" in self.pictures else inputs["video"][:, 0]
        return np.stack([self.describe(clip) for clip in clips.numpy()])

    @abstractmethod
    def describe(self, clip: np.ndarray) -> np.ndarray:
        """Return the features float32[D] of flow float64[3, H, W] of u, v and strain, or of frames uint8[T, H, W]."""


class VideoBlocks(Blocks):
    """A support vector machine on blocks of the grey frames."""

    pictures = {"video": 1}

    class Params(SupportVectors.Params):
        image_size: Literal[32, 64, 128, 256] = Field(128, description="pixels, side of the frames")
        frames: int = Field(10, ge=3, le=64, description="frames that a clip is resampled to")
        blocks: int = Field(5, ge=1, le=12, description="blocks along x and along y")


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

    @property
    def radii(self) -> Radii:
        return self.params.radius_time, self.params.radius_space, self.params.radius_space


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Features float[n, D] of training clips as a linear or kernel machine reads them, and their classes."""

    features: np.ndarray
    label: np.ndarray  # int64[n]
    counts: np.ndarray  # int64[C]: clips of each class, also of those that are left out since they decide nothing
    scaler: Any  # `standard_scaler`, or None

    def read(self, features: np.ndarray) -> np.ndarray:
        """Return features [B, D] on the scale of the training clips."""
        return features if self.scaler is None else self.scaler.transform(features)

    def fit(self, machine: Machine) -> Machine:
        """Fit a machine with balanced class weights and return it."""
        present = np.flatnonzero(self.counts)
        weights = self.counts.sum() / (len(present) * self.counts[present])
        machine.set_params(class_weight=dict(zip(present.tolist(), weights.tolist(), strict=True)))
        return machine.fit(self.read(self.features), self.label)


def training_set(
    features: np.ndarray,
    label: np.ndarray,
    classes: int,
    standardised: bool = True,
    population: Mapping[str, Tensor] | None = None,
) -> TrainingSet:
    """Return the training set of features float32[n, D], after those of the population and then on their scale."""
    counts = np.bincount(label, minlength=classes)
    if population:
        first = {name: tensor.numpy() for name, tensor in population.items()}
        features = np.concatenate([first["features"].astype(np.float32), features])
        label, counts = np.concatenate([first["label"], label]), counts + first["counts"]
    scaler = standard_scaler().fit(features) if standardised and len(features) else None
    if scaler and population:
        scaler.mean_, scaler.scale_ = first["mean"].astype(float), first["deviation"].astype(float)
    return TrainingSet(features, label, counts, scaler)


def fit_scorer(machine: Machine, training: TrainingSet) -> Scorer:
    """Fit the machine and return a function from features to one-vs-rest decisions float32[B, C].

    A class without training clips scores 1 less than the lowest of the others, so it is never predicted."""
    present = np.flatnonzero(training.counts)
    fitted = training.fit(machine) if len(present) > 1 else None

    def score(features: np.ndarray) -> np.ndarray:
        if fitted is None:  # all training clips have one class
            decision = np.zeros(len(features), np.float32)[:, None]
        else:
            decision = fitted.decision_function(training.read(features)).astype(np.float32)
        if decision.ndim == 1:  # of two classes scikit-learn returns one decision, positive for the second
            decision = np.stack([-decision, decision], 1)
        scores = np.repeat(decision.min(1, keepdims=True) - 1, len(training.counts), 1)
        scores[:, present] = decision
        return scores

    return score


def angles(u: np.ndarray, v: np.ndarray, bins: int) -> np.ndarray:
    """Return int64[H, W], the bin of each pixel's angle: the first begins at the left, the next ones turn upwards."""
    return ((np.arctan2(v, u) / (2 * np.pi) + 0.5) * bins).astype(np.int64) % bins  # -pi and pi are one angle


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
    constant, so that a neighbour there equals its centre."""
    axis = len(whole)
    if axis == grey.ndim:
        return grey[tuple(slice(r + o, n - r + o) for n, r, o in zip(grey.shape, radii, whole, strict=True))]
    low = math.floor(offset[axis])
    near = _neighbour(grey, radii, offset, (*whole, low))
    if offset[axis] == low:
        return near
    return near + (offset[axis] - low) * (_neighbour(grey, radii, offset, (*whole, low + 1)) - near)
