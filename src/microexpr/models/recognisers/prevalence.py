"""Every label of every clip: the floor of tables of several labels. It reads nothing of a clip."""

import numpy as np

from microexpr.core.arrays import label_shares
from microexpr.models.base import Scorer, Targets
from microexpr.models.handcrafted import Guess
from microexpr.models.labels import LABEL, LABELS


class Prevalence(Guess):
    """Predicts every label for every clip: no guess without looking has a higher F1.

    Its F1 of a label is 2 p / (1 + p), and its average precision p, where p is the share of clips that have the label.
    A score is the label's share of the training clips. Where a clip has one class, it is the majority class."""

    paper = "None: the floor of several labels; `Constant` in Varanka et al., IEEE Trans. Affective Computing 2024"

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        if not self.several:
            counts = np.bincount(targets[LABEL], minlength=self.classes).astype(np.float32)
            return lambda features: np.tile(counts, (len(features), 1))
        shares = np.maximum(label_shares(targets[LABELS]), np.finfo(np.float32).tiny)
        return lambda features: np.tile(shares, (len(features), 1))
