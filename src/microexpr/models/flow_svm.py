"""A support vector machine on raw optical flow: the baseline without learned features. No network comes in."""

import numpy as np
from pydantic import Field
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch import Tensor

from microexpr import method
from microexpr.method import ClassicalMethod, Scorer, Shapes, Targets


class FlowSvm(ClassicalMethod):
    """RBF support vector machine on each pixel's u, v and strain, standardised over the fold's training clips."""

    paper = "Cortes & Vapnik, Support-vector networks, Machine Learning 20, 1995"

    class Params(method.Params):
        penalty: float = Field(1.0, gt=0, le=1e6, description="C, the price of a training error")

    params: Params

    @property
    def inputs(self) -> Shapes:
        return {"flow": (3, 28, 28)}

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        return inputs["flow"].flatten(1).numpy()

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        machine = SVC(C=self.params.penalty, kernel="rbf", class_weight="balanced")
        return class_scores(machine, features, targets["label"], self.classes)


def class_scores(
    machine: SVC, features: np.ndarray, label: np.ndarray, classes: int, standardised: bool = True
) -> Scorer:
    """Fits the machine to features float32[n, D], standardised or as they are; one-vs-rest decisions, float32[B, C].

    A class that no training clip has scores 1 less than the least of the others, so it is never predicted.
    """
    present = np.unique(label)
    steps = [StandardScaler(), machine] if standardised else [machine]
    pipeline = make_pipeline(*steps).fit(features, label) if len(present) > 1 else None

    def score(features: np.ndarray) -> np.ndarray:
        if pipeline is None:  # nothing to tell apart
            decision = np.zeros(len(features), np.float32)[:, None]
        else:
            decision = pipeline.decision_function(features).astype(np.float32)
        if decision.ndim == 1:  # two classes: positive for the second
            decision = np.stack([-decision, decision], 1)
        scores = np.repeat(decision.min(1, keepdims=True) - 1, classes, 1)
        scores[:, present] = decision
        return scores

    return score
