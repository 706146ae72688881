"""Randomness for tensors inside a loss: numbers as a function of a key. No generator with a state comes in.

torch's own generators cannot serve: under vmap they are forbidden, or one stream for all folds.
"""

import math

import torch
from torch import Tensor

GOLDEN = 0x9E3779B9 - 2**32  # 2^32 / golden ratio, odd: adding it again and again visits every word
# lowbias32 (C. Wellons, "Prospecting for Hash Functions", 2018; revised), as int32, whose products wrap around
SHIFTS, MULTIPLIERS = (16, 15, 15), (0x21F0AAAD, 0xD35A2D97 - 2**32)


def mix(x: Tensor) -> Tensor:
    """A bijection of int32 words in which every bit of the input turns half of the output's."""
    for shift, multiplier in zip(SHIFTS, (*MULTIPLIERS, 1), strict=True):
        high = (x >> shift).bitwise_and_((1 << (32 - shift)) - 1)  # without the sign that >> fills in
        x = high.bitwise_xor_(x)
        if multiplier != 1:
            x.mul_(multiplier)
    return x


class Stream:
    """Numbers that depend on (key, how many draws before) only: the same alone, stacked, on any device."""

    def __init__(self, key: Tensor):
        self.key = key  # int32[], a word: one for each run, step and update

    def uniform(self, *shape: int) -> Tensor:
        """Of the default dtype, multiples of 2^-24 in [0, 1)."""
        self.key = mix(self.key + GOLDEN)
        counter = torch.arange(math.prod(shape), dtype=torch.int32, device=self.key.device)
        bits = mix(mix(counter ^ self.key).add_(self.key)) >> 8
        return (bits.to(torch.get_default_dtype()).mul_(2.0**-24).add_(0.5)).view(shape)

    def normal(self, *shape: int) -> Tensor:
        """Of the default dtype, mean 0 and variance 1 (Box-Muller)."""
        radius = (-2 * (1 - self.uniform(*shape)).log()).sqrt()
        return radius * (2 * math.pi * self.uniform(*shape)).cos()


def dropout(x: Tensor, share: float, rng: Stream | None) -> Tensor:
    """`x` with that share of its values at 0 and the others scaled up; `x` itself without a stream, as in scoring."""
    return x if rng is None or share == 0 else x * (rng.uniform(*x.shape) >= share) / (1 - share)
