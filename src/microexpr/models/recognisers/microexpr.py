"""Our own method: the mean of a kernel machine and a regression on the pattern of flow, and one on action units.

Shapes: N clips, n of them training, flow [N, 3, 28, 28] of u, v and strain; A action units; D features, C classes.
Out of scope: a network.
"""

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from pydantic import Field
from scipy.special import softmax
from torch import Tensor

from microexpr.models import base, handcrafted
from microexpr.models.base import ClassicalMethod, Scorer, Shapes, Targets
from microexpr.models.handcrafted import KernelMachine, Machine, TrainingSet, fit_scorer, training_set
from microexpr.signals.aus import ACTION_UNITS

SIZE = 14  # rows and columns of the pattern
FLOW = 3 * SIZE**2  # its features, before those of action units
CHANNEL_SIGNS = np.array([-1, 1, 1], np.float32)[:, None, None]  # of u, v and strain of a mirrored clip


class Microexpr(ClassicalMethod):
    """The mean class probability of classifiers that are strong for different reasons, with mirrored training clips.

    Flow is blurred, halved in size, and divided by its own root mean square, u and v together: a micro-expression is
    known by its pattern, and its size is mostly the subject's. A support vector machine with an RBF kernel and a
    logistic regression read it; with `parts: all` another regression reads the change of action units. Every training
    clip is also shown mirrored: u changes its sign, left and right exchange their columns and action units. Features
    are standardised over both versions of the training clips, class weights are balanced. The decisions of the support
    vector machine count as log-odds. Kernel, penalties and blur of flow were chosen on subjects of the population."""

    paper = "None: ours, for this pipeline; blurred flow and action units, each clip also mirrored"

    class Params(base.Params):
        parts: Literal["all", "flow"] = Field("all", description="inputs: flow and action units | flow alone")
        blur: float = Field(1.0, gt=0, le=5, description="standard deviation of the Gaussian on flow, pixels of 28")
        penalty: float = Field(3.0, gt=0, le=1e6, description="C of the support vector machine")
        kernel: float = Field(0.3, gt=0, le=100, description="gamma of the RBF kernel, times the number of features")
        regression_penalty: float = Field(0.02, gt=0, le=1e6, description="C of the logistic regression on flow")
        au_penalty: float = Field(1.0, gt=0, le=1e6, description="C of the logistic regression on action units")

    @property
    def inputs(self) -> Shapes:
        flow: Shapes = {"flow": (3, 2 * SIZE, 2 * SIZE)}
        return flow if self.params.parts == "flow" else flow | {"au_change": (len(ACTION_UNITS), 2)}

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        """Return float32[N, 3 * 14 * 14], and with action units these and A * 2, sides of a unit next to each other."""
        patterns = [pattern(flow, self.params.blur).ravel() for flow in inputs["flow"].numpy()]
        parts = [np.stack(patterns), *(inputs[name].flatten(1).numpy() for name in self.inputs if name != "flow")]
        return np.concatenate(parts, 1).astype(np.float32)

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        params = self.params
        training = with_mirrored(training_set(features, targets["label"], self.classes, True, self.initial_weights))
        flow, aus = np.s_[:FLOW], np.s_[FLOW:]
        members: list[tuple[slice, Machine]] = [
            (flow, KernelMachine("rbf", params.penalty, params.kernel / FLOW)),
            (flow, handcrafted.logistic_regression(params.regression_penalty)),
        ]
        if params.parts == "all":
            members.append((aus, handcrafted.logistic_regression(params.au_penalty)))
        scorers = []
        for part, machine in members:
            scaler = handcrafted.standard_scaler()
            scaler.mean_, scaler.scale_ = (getattr(training.scaler, name)[part] for name in ("mean_", "scale_"))
            restricted = replace(training, features=training.features[:, part], scaler=scaler)
            scorers.append((part, fit_scorer(machine, restricted)))

        def score(features: np.ndarray) -> np.ndarray:
            """Return the mean class probabilities float32[B, C]."""
            probabilities = [softmax(scorer(features[:, part]).astype(float), axis=1) for part, scorer in scorers]
            return np.mean(probabilities, axis=0).astype(np.float32)

        return score


def pattern(flow: np.ndarray, blur: float) -> np.ndarray:
    """Return flow float[3, 28, 28] blurred, at every other pixel, over its root mean square: float32[3, 14, 14].

    u and v share a root mean square, strain has its own; without movement all is 0."""
    smooth = np.stack([cv2.GaussianBlur(channel.astype(np.float32), (0, 0), blur) for channel in flow])
    # pairs of pixels are averaged, so that the pattern of a mirrored clip is the mirrored pattern
    small = smooth.reshape(3, SIZE, 2, SIZE, 2).mean((2, 4))
    size = np.sqrt([np.mean(small[:2] ** 2)] * 2 + [np.mean(small[2] ** 2)])[:, None, None]
    return np.divide(small, size, out=np.zeros_like(small), where=size > 0).astype(np.float32)


def mirrored(features: np.ndarray, signed: bool = True) -> np.ndarray:
    """Return features [n, D] of the mirrored clips; of values without a sign, as deviations, if not `signed`."""
    flow = features[:, :FLOW].reshape(-1, 3, SIZE, SIZE)[..., ::-1] * (CHANNEL_SIGNS if signed else 1)
    aus = features[:, FLOW:].reshape(len(features), -1, 2)[..., ::-1]
    return np.concatenate([flow.reshape(len(features), FLOW), aus.reshape(len(features), -1)], 1)


def with_mirrored(training: TrainingSet) -> TrainingSet:
    """Return the training set with each clip and its mirrored version, on the scale of both."""
    scaler = handcrafted.standard_scaler()
    mean, deviation = training.scaler.mean_[None], training.scaler.scale_[None]
    other = mirrored(mean)
    variance = (deviation**2 + mirrored(deviation, signed=False) ** 2) / 2 + ((mean - other) / 2) ** 2
    scaler.mean_, scaler.scale_ = ((mean + other) / 2)[0], np.sqrt(variance[0])
    features = np.concatenate([training.features, mirrored(training.features)])
    return TrainingSet(features, np.tile(training.label, 2), 2 * training.counts, scaler)
