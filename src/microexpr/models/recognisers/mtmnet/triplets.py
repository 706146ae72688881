"""MTMNet's triplets: their sampler, and distances within them. No network comes in.

Index 0, 1, 2 of a triplet: anchor, positive, negative (Sec. 3.2.1).
"""

import numpy as np
from torch import Tensor

from microexpr.core.errors import StoreError
from microexpr.models.base import Targets
from microexpr.models.layers.square_root import square_root
from microexpr.models.samplers import micro_only

TINY = 1e-12  # under a root, where the gradient at 0 is undefined


def distance(first: Tensor, second: Tensor) -> Tensor:
    """Return the Euclidean distance [B], not squared, of [B, ...] and [B, ...]."""
    return square_root((first - second).flatten(1).square().sum(1) + TINY)


def is_guided(label: Tensor, like: Tensor) -> Tensor:
    """Return which triplets [B] have a positive of the anchor's class, 1 or 0, from labels int64[B, 3]."""
    return (label[:, 0] == label[:, 1]).to(like.dtype)


def triplets(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Sample int64[S, B, 3]: a micro-expression, a macro-expression of its class, a micro-expression of another.

    Anchors come in shuffled order. If no macro-expression has the anchor's class, the positive has another class; if
    there is only one class, the negative has the same. The losses recognise both cases by the labels.
    """
    label = targets["label"]
    micro, macro = (np.flatnonzero(targets["macro"] == kind) for kind in (0, 1))
    if not len(macro):
        raise StoreError("guidance must have macro-expressions of the protocol's classes, not none")
    anchor = micro_only(targets, steps, batch, rng)
    sampled = np.stack([anchor, np.empty_like(anchor), np.empty_like(anchor)], -1)
    for class_index in np.unique(label[micro]):
        of_class = label[anchor] == class_index
        positives, negatives = label[macro] == class_index, label[micro] != class_index
        for column, pool, eligible in ((1, macro, positives), (2, micro, negatives)):
            sampled[of_class, column] = rng.choice(pool[eligible] if eligible.any() else pool, int(of_class.sum()))
    return sampled
