"""Random numbers inside losses, as a function of a key and a counter. No generator with a state.

torch's own generators do not serve: under vmap they are forbidden or shared by all folds.
"""

import math

import numpy as np
import torch
from torch import Tensor

from microexpr.models.layers.portable import square_root

GOLDEN = 0x9E3779B9  # 2^32 / golden ratio, odd, so repeated addition visits every word
# lowbias32 (C. Wellons, "Prospecting for Hash Functions", 2018; revised)
SHIFTS, MULTIPLIERS = (16, 15, 15), (0x21F0AAAD, 0xD35A2D97)
BLOCK = 1 << 14  # words hashed at once, which stay in the cache


def mix(words: np.ndarray) -> np.ndarray:
    """Replace uint32 words, in place, by a bijection in which each input bit flips about half of the output's."""
    high = np.empty_like(words)
    for shift, multiplier in zip(SHIFTS, (*MULTIPLIERS, 1), strict=True):
        np.right_shift(words, np.uint32(shift), out=high)
        words ^= high
        if multiplier != 1:
            words *= np.uint32(multiplier)
    return words


def mix_tensor(words: Tensor) -> Tensor:
    """Return `mix` of int32 words, with products that wrap around; also under vmap and on any device."""
    for shift, multiplier in zip(SHIFTS, (*MULTIPLIERS, 1), strict=True):
        high = (words >> shift).bitwise_and_((1 << (32 - shift)) - 1)  # clear the sign bits that >> fills in
        words = high.bitwise_xor_(words)
        if multiplier != 1:
            words.mul_(_signed(multiplier))
    return words


def _signed(word: int) -> int:
    """Return the int32 that has the bits of a uint32."""
    return word - (word >> 31 << 32)


class Stream:
    """Random numbers that depend only on the key and the number of earlier calls, also stacked and on any device.

    On a CPU, outside of vmap, NumPy computes them: the same numbers, in less time for each call."""

    def __init__(self, key: Tensor):
        """Start the stream of a key, int32[]: one for each run, step and update."""
        is_plain = key.device.type == "cpu" and not torch._C._are_functorch_transforms_active()
        self.key = key
        self._state: Tensor | np.ndarray = key.numpy().astype(np.uint32).reshape(1) if is_plain else key

    def uniform(self, *shape: int) -> Tensor:
        """Return uniform numbers of the default dtype, multiples of 2^-24 in [0, 1)."""
        if isinstance(self._state, Tensor):
            self._state = mix_tensor(self._state + _signed(GOLDEN))
            bits = hash_tensor(self._state, math.prod(shape))
        else:
            self._state = mix(self._state + np.uint32(GOLDEN))
            bits = torch.from_numpy(hash_words(self._state, math.prod(shape)))
        return bits.to(torch.get_default_dtype()).mul_(2.0**-24).add_(0.5).view(shape)

    def normal(self, *shape: int) -> Tensor:
        """Return normal numbers of the default dtype, mean 0 and variance 1 (Box-Muller)."""
        radius = square_root(-2 * (1 - self.uniform(*shape)).log())
        return radius * (2 * math.pi * self.uniform(*shape)).cos()


def hash_words(key: np.ndarray, count: int) -> np.ndarray:
    """Return int32[count] of 24 random bits each, from -2^23 on, by a key uint32[1]."""
    bits = np.empty(count, np.int32)
    for start in range(0, count, BLOCK):
        words = np.arange(start, min(start + BLOCK, count), dtype=np.uint32)
        words ^= key
        mix(words)
        words += key
        np.right_shift(mix(words).view(np.int32), 8, out=bits[start : start + BLOCK])
    return bits


def hash_tensor(key: Tensor, count: int) -> Tensor:
    """Return the same as `hash_words`, by a key int32[]."""
    counter = torch.arange(count, dtype=torch.int32, device=key.device)
    return mix_tensor(mix_tensor(counter ^ key).add_(key)) >> 8


def dropout(x: Tensor, share: float, rng: Stream | None) -> Tensor:
    """Set that share of the values to 0 and scale the others up; return `x` itself without a stream, as in scoring."""
    return x if rng is None or share == 0 else x * (rng.uniform(*x.shape) >= share) / (1 - share)
