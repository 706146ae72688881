"""Weights, weighted means and falling rates that losses and schedules of several methods share. No network."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def class_weights(label: Tensor, classes: int) -> Tensor:
    """Return float[C], mean class size over class size, so that classes weigh equally; empty ones count as one clip."""
    count = torch.bincount(label, minlength=classes).clamp(min=1)
    return len(label) / (classes * count)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean of values by weights of the same shape that are 0 or 1; 0 if all weights are 0."""
    return (values * weight).sum() / weight.sum().clamp(min=1)


def linear(progress: float) -> float:
    """Return a factor that falls from 1 to 0 linearly."""
    return 1 - progress


def cosine(progress: float) -> float:
    """Return a factor that falls from 1 to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def linear_at_the_end(epochs: int, last: int) -> Callable[[float], float]:
    """Return a schedule that is 1 and falls linearly to 0 over the `last` ones of `epochs`."""
    return lambda progress: min(1.0, (1 - progress) * epochs / max(last, 1))


def in_steps(factor: float, epochs: int, every: int = 1) -> Callable[[float], float]:
    """Return a schedule that is multiplied by `factor` each time that `every` of `epochs` are done."""
    return lambda progress: factor ** (round(progress * epochs) // every)
