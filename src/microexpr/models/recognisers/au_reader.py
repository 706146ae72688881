"""Action units as they are read, judged by what the population's read clips showed. No network.

Shapes: N clips, A action units of the aus stage, 2 sides, D features, C classes or labels.
"""

from typing import Any

import numpy as np
from torch import Tensor

from microexpr.core.arrays import best_thresholds
from microexpr.core.facs import UNKNOWN
from microexpr.models.base import ClassicalMethod, Scorer, Shapes, Targets
from microexpr.models.handcrafted import Machine, SupportVectors, logistic_regression, standard_scaler
from microexpr.models.labels import LABEL, LABELS
from microexpr.signals.aus import ACTION_UNITS

TRACE = 0.1  # FACS intensity: features are asinh(change / TRACE), so that a faint change counts
LEAST = 1e-6  # FACS intensity by which changes are divided at least
ABSENT, ALWAYS = -1.0, 1.0  # scores of a label that no training clip has, and of one that all have
NEVER = -1e4  # score of a class that no training clip has


class AuReader(ClassicalMethod):
    """The change of each action unit as the shipped reader reads it, and a logistic regression for each label.

    From the population, it is fitted on rendered subjects of no data set alone, read like any clip, and learns nothing
    from a fold's clips: the reader and its thresholds, as somebody would use them who has no coded clip. From scratch
    it is fitted on a fold's clips. The stronger and the weaker side of each unit count, absolutely and relative to
    the largest change of the face. The decision is the one of highest F1 on the clips that it is fitted on."""

    paper = "None: ours; the reader of action units with thresholds from rendered subjects"
    inputs: Shapes = {"au_read": (len(ACTION_UNITS), 2)}
    takes_several = True
    Params = SupportVectors.Params

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        """Return float32[N, 4 A]: of the stronger side, then of the weaker, relative change; then bent change."""
        change = inputs["au_read"].numpy().astype(np.float64)
        sides = np.concatenate([change.max(-1), change.min(-1)], 1)
        largest = np.maximum(np.abs(sides).max(1, keepdims=True), LEAST)
        return np.concatenate([sides / largest, np.arcsinh(sides / TRACE)], 1).astype(np.float32)

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        first = {name: tensor.double().numpy() for name, tensor in self.initial_weights.items()}
        weights = first or self.population_weights(features, targets)
        slopes, offsets = weights["slopes"], weights["offsets"]
        return lambda features: (features.astype(np.float64) @ slopes.T + offsets).astype(np.float32)

    def population_weights(self, features: np.ndarray, targets: Targets) -> dict[str, np.ndarray]:
        """Return `slopes` float64[C, D] and `offsets` [C] of the scores."""
        scaler = standard_scaler().fit(features)
        if self.several:
            lines = [self._fit_label(scaler, features, label) for label in targets[LABELS].T]
        else:
            lines = self._fit_classes(scaler, features, targets[LABEL])
        slopes, offsets = map(np.array, zip(*lines, strict=True))
        slopes = slopes / scaler.scale_
        return {"slopes": slopes, "offsets": offsets - slopes @ scaler.mean_}

    def _fit_label(self, scaler: Any, features: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, float]:
        """Return slopes and offset of one label of clips, int64[n], on the scaler's scale; above 0 it is predicted."""
        rows = label != UNKNOWN
        values, truth = scaler.transform(features[rows]), label[rows]
        if len(np.unique(truth)) < 2:
            return np.zeros(features.shape[1]), ALWAYS if truth.any() else ABSENT
        machine = self._machine().fit(values, truth)
        (threshold,) = best_thresholds(machine.decision_function(values)[:, None], truth[:, None])
        return machine.coef_[0], float(machine.intercept_[0] - threshold)

    def _fit_classes(self, scaler: Any, features: np.ndarray, label: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """Return slopes and offset of each class, on the scaler's scale; the largest score is predicted."""
        names = np.unique(label)
        lines = [(np.zeros(features.shape[1]), NEVER)] * self.classes
        if len(names) == 1:
            lines[names[0]] = (np.zeros(features.shape[1]), 0.0)
            return lines
        machine = self._machine().fit(scaler.transform(features), label)
        slopes, offsets = machine.coef_, machine.intercept_
        if len(names) == 2:
            slopes, offsets = np.concatenate([-slopes, slopes]), np.concatenate([-offsets, offsets])
        for position, name in enumerate(names):
            lines[name] = (slopes[position], float(offsets[position]))
        return lines

    def _machine(self) -> Machine:
        return logistic_regression(self.params.penalty, 3000)
