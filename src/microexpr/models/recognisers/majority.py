"""The majority class, the floor of every table. It reads nothing of a clip."""

import numpy as np
from torch import Tensor

from microexpr.core.arrays import label_shares
from microexpr.models.base import ClassicalMethod, Scorer, Targets
from microexpr.models.labels import LABELS


class Majority(ClassicalMethod):
    """Always predicts the most frequent class of the training clips; of several labels those that most of them have."""

    paper = "None: the floor that any recogniser must pass"
    pictures = {"flow": 3}  # only the number of clips is used
    learns = False
    takes_several = True

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        return np.empty((len(inputs["flow"]), 0), np.float32)

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        if self.several:
            shares = label_shares(targets[LABELS]) - 0.5
            return lambda features: np.tile(shares, (len(features), 1))
        share = (np.bincount(targets["label"], minlength=self.classes) / len(features)).astype(np.float32)
        return lambda features: np.tile(share, (len(features), 1))
