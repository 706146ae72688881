"""Randomness for tensors inside a loss: numbers as a function of a key. No generator with a state comes in.

torch's own generators cannot serve: under vmap they are forbidden, or one stream for all folds.
"""

import math

import torch
from torch import Tensor

WORD = 0xFFFFFFFF
GOLDEN = 0x9E3779B9  # 2^32 / golden ratio, odd: adding it again and again visits every word
MULTIPLIERS = (0x21F0AAAD, 0xD35A2D97)  # lowbias32 (C. Wellons, "Prospecting for Hash Functions", 2018; revised)


def mix(x: Tensor) -> Tensor:
    """A bijection of 32-bit words, held in int64, in which every bit of the input turns half of the output's."""
    x = ((x ^ (x >> 16)) * MULTIPLIERS[0]) & WORD
    x = ((x ^ (x >> 15)) * MULTIPLIERS[1]) & WORD
    return x ^ (x >> 15)


class Stream:
    """Numbers that depend on (key, how many draws before) only: the same alone, stacked, on any device."""

    def __init__(self, key: Tensor):
        self.key = key  # int64[], a word: one for each run, step and update

    def uniform(self, *shape: int) -> Tensor:
        """Of the default dtype, multiples of 2^-24 in [0, 1)."""
        self.key = mix((self.key + GOLDEN) & WORD)
        counter = torch.arange(math.prod(shape), device=self.key.device)
        bits = mix((mix(counter ^ self.key) + self.key) & WORD)
        return ((bits >> 8).to(torch.get_default_dtype()) * 2.0**-24).view(shape)

    def normal(self, *shape: int) -> Tensor:
        """Of the default dtype, mean 0 and variance 1 (Box-Muller)."""
        radius = (-2 * (1 - self.uniform(*shape)).log()).sqrt()
        return radius * (2 * math.pi * self.uniform(*shape)).cos()


def dropout(x: Tensor, share: float, rng: Stream | None) -> Tensor:
    """`x` with that share of its values at 0 and the others scaled up; `x` itself without a stream, as in scoring."""
    return x if rng is None or share == 0 else x * (rng.uniform(*x.shape) >= share) / (1 - share)
