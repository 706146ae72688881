"""The majority class, the floor of every table. It reads nothing of a clip."""

import numpy as np

from microexpr.core.arrays import label_shares
from microexpr.models.base import Scorer, Targets
from microexpr.models.handcrafted import Guess
from microexpr.models.labels import LABELS


class Majority(Guess):
    """Always predicts the most frequent class of the training clips; of several labels those that most of them have."""

    paper = "None: the floor that any recogniser must pass"

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        if self.several:
            shares = label_shares(targets[LABELS]) - 0.5
            return lambda features: np.tile(shares, (len(features), 1))
        share = (np.bincount(targets["label"], minlength=self.classes) / len(features)).astype(np.float32)
        return lambda features: np.tile(share, (len(features), 1))
