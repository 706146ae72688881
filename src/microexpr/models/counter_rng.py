"""Random numbers inside losses, as a function of a key and a counter. No generator with a state.

torch's own generators do not serve: under vmap they are forbidden or shared by all folds.
"""

import math

import torch
from torch import Tensor

from microexpr.models.layers.square_root import square_root

GOLDEN = 0x9E3779B9 - 2**32  # 2^32 / golden ratio, odd, so repeated addition visits every word
# lowbias32 (C. Wellons, "Prospecting for Hash Functions", 2018; revised), as int32, whose products wrap around
SHIFTS, MULTIPLIERS = (16, 15, 15), (0x21F0AAAD, 0xD35A2D97 - 2**32)


def mix(x: Tensor) -> Tensor:
    """Return a bijection of int32 words in which each bit of the input flips about half of the output's."""
    for shift, multiplier in zip(SHIFTS, (*MULTIPLIERS, 1), strict=True):
        high = (x >> shift).bitwise_and_((1 << (32 - shift)) - 1)  # clear the sign bits that >> fills in
        x = high.bitwise_xor_(x)
        if multiplier != 1:
            x.mul_(multiplier)
    return x


class Stream:
    """Random numbers that depend only on the key and the number of earlier calls, also stacked and on any device."""

    def __init__(self, key: Tensor):
        self.key = key  # int32[], one for each run, step and update

    def uniform(self, *shape: int) -> Tensor:
        """Return uniform numbers of the default dtype, multiples of 2^-24 in [0, 1)."""
        self.key = mix(self.key + GOLDEN)
        counter = torch.arange(math.prod(shape), dtype=torch.int32, device=self.key.device)
        bits = mix(mix(counter ^ self.key).add_(self.key)) >> 8
        return (bits.to(torch.get_default_dtype()).mul_(2.0**-24).add_(0.5)).view(shape)

    def normal(self, *shape: int) -> Tensor:
        """Return normal numbers of the default dtype, mean 0 and variance 1 (Box-Muller)."""
        radius = square_root(-2 * (1 - self.uniform(*shape)).log())
        return radius * (2 * math.pi * self.uniform(*shape)).cos()


def dropout(x: Tensor, share: float, rng: Stream | None) -> Tensor:
    """Set that share of the values to 0 and scale the others up; return `x` itself without a stream, as in scoring."""
    return x if rng is None or share == 0 else x * (rng.uniform(*x.shape) >= share) / (1 - share)
