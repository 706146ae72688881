"""Simulate a camera's sensor on a rendered image: exposure, shot noise and read noise. Knows nothing about faces."""

from functools import cache

import numpy as np

from microexpr.core.seeds import generator
from microexpr.rendering.raster import kernel

FIELD = 1 << 20  # length of the noise table


def expose(image: np.ndarray, rng: np.random.Generator, noise: float, gain: float = 1.0) -> np.ndarray:
    """Return the exposed image uint8[H, W, C]: brightness times `gain`, plus noise of `noise` grey levels at level 128.

    The standard deviation grows with the root of the level, from 0.6 `noise` at black (read noise) to 1.16 `noise` at
    white (shot noise).
    """
    flat = np.ascontiguousarray(image).reshape(len(image), -1)
    starts = rng.integers(0, FIELD - flat.shape[1], len(flat))
    exposed = np.empty_like(flat)
    _add_noise(flat, np.float32(gain), np.float32(noise), _noise_table(), starts, exposed)
    return exposed.reshape(image.shape)


@cache
def _noise_table() -> np.ndarray:
    """Return normal deviates, sampled once. Each row of a frame takes a random window: 0.6 ms a frame, not 8."""
    return generator(0, "generated", "sensor noise").standard_normal(FIELD, np.float32)


@kernel
def _add_noise(flat, gain, noise, table, starts, exposed):  # type: ignore[no-untyped-def]
    for y in range(flat.shape[0]):
        row, deviates, noisy = flat[y], table[starts[y] : starts[y] + flat.shape[1]], exposed[y]
        for x in range(row.shape[0]):
            level = min(np.float32(row[x]) * gain, np.float32(255))
            deviation = noise * (np.float32(0.6) + np.float32(0.4) * np.sqrt(level * np.float32(1 / 128)))
            value = level + deviation * deviates[x] + np.float32(0.5)
            noisy[x] = np.uint8(np.int32(min(max(value, np.float32(0)), np.float32(255))))
