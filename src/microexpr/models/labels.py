"""Labels of clips: one class, or several labels at once (multi-label). Their weights and losses. No network.

Shapes: n training clips, B in a batch, L labels. A label is 1, 0 or `UNKNOWN`.
"""

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from microexpr.core.facs import UNKNOWN

LABEL, LABELS = "label", "labels"  # targets: class index int64[n]; several labels int64[n, L]
LARGEST_WEIGHT = 20.0  # of a positive label, so that a label of few clips does not outweigh all others
ALPHA, GAMMA = 0.25, 2.0  # of the focal loss, as published


class SeveralLabels(BaseModel):
    """How methods learn several labels at once, and from which score on a label is predicted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss: Literal["bce", "weighted_bce", "focal"] = Field(
        "weighted_bce",
        description="bce: binary cross-entropy | weighted_bce: the same, a label's positive clips weigh as much as its "
        "negative ones | focal: Lin et al. 2017",
    )
    threshold: Literal["zero", "training"] = Field(
        "zero",
        description="score from which a label is predicted: zero | training: that of the highest F1 on training clips",
    )


def class_weights(label: Tensor, classes: int) -> Tensor:
    """Return float[C], mean class size over class size, so that classes weigh equally; an empty class counts as 1."""
    count = torch.bincount(label, minlength=classes).clamp(min=1)
    return len(label) / (classes * count)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean of values by weights of the same shape; weights that sum to less than 1 count as a sum of 1."""
    return (values * weight).sum() / weight.sum().clamp(min=1)


def positive_weights(labels: Tensor) -> Tensor:
    """Return float[L], negative over positive clips of labels int64[n, L], at most 20; 1 where there is no positive."""
    positives, negatives = ((labels == value).sum(0) for value in (1, 0))
    ratio = negatives.clamp(min=1) / positives.clamp(min=1)
    return torch.where(positives > 0, ratio, torch.ones_like(ratio)).clamp(max=LARGEST_WEIGHT)


class SeveralTargets(NamedTuple):
    """Several labels of clips as a loss reads them; between 0 and 1 where clips are mixed."""

    truth: Tensor  # float[B, L] 0..1
    weight: Tensor  # float[B, L] 0..1, 0 where nothing is known

    @classmethod
    def of(cls, labels: Tensor, scores: Tensor) -> "SeveralTargets":
        """Return the targets of labels int64[B, L], of the dtype of the scores."""
        return cls(labels.clamp(min=0).to(scores.dtype), (labels != UNKNOWN).to(scores.dtype))


def several_loss(scores: Tensor, targets: SeveralTargets, weights: Tensor | None, several: SeveralLabels) -> Tensor:
    """Return the mean loss of scores [B, L] over known labels, 0 without any; `weights` [L] of weighted_bce."""
    truth, weight = targets
    positive = weights if several.loss == "weighted_bce" else None
    losses = F.binary_cross_entropy_with_logits(scores, truth, pos_weight=positive, reduction="none")
    if several.loss == "focal":
        probability = torch.exp(-losses)  # of the true label
        alpha = ALPHA * truth + (1 - ALPHA) * (1 - truth)
        losses = alpha * (1 - probability) ** GAMMA * losses
    return weighted_mean(losses, weight)
