"""Choices of several methods where their papers are silent: class weights, schedules. No network."""

import math

import torch
from torch import Tensor


def class_weights(label: Tensor, classes: int) -> Tensor:
    """Return float[C], mean class size over class size, so that classes weigh alike; empty ones count as one clip."""
    count = torch.bincount(label, minlength=classes).clamp(min=1)
    return len(label) / (classes * count)


def linear(progress: float) -> float:
    """Return a factor that falls from 1 to 0 in a line."""
    return 1 - progress


def cosine(progress: float) -> float:
    """Return a factor that falls from 1 to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * progress))
