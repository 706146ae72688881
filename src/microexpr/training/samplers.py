"""Which training clips a step sees, where it is not all of them in turn. No network and no loss.

A sampler gives int64[S, B] positions in a fold's training clips.
"""

import numpy as np

from microexpr.method import Sampler, Targets, shuffled


def balanced(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Drawn with replacement, so that every class that is there comes equally often."""
    label = targets["label"]
    share = 1 / np.bincount(label)[label]
    return rng.choice(len(label), (steps, batch), p=share / share.sum())


def only(macro: bool) -> Sampler:
    """The macro-expressions alone, or the others alone, in shuffled order."""

    def sample(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
        places = np.flatnonzero(targets["macro"] == macro)
        chosen: np.ndarray = places[shuffled({"label": places}, steps, batch, rng)]
        return chosen

    return sample
