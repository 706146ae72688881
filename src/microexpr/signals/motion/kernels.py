"""Compiled samples of images between their pixels. Arrays in, arrays out."""

import numpy as np
from numba import njit

from microexpr.core.arithmetic import FASTMATH

kernel = njit(fastmath=FASTMATH, error_model="numpy", cache=True, _nrt=False)  # type: ignore[call-overload]


@kernel
def bicubic(images, places, samples):  # type: ignore[no-untyped-def]
    """Write samples float32[C, h, w] of images float32[C, H, W] at places float32[h, w, 2], x and y in pixels. It is
    Keys' cubic convolution (1981) with a = -0.75, as OpenCV and torch have it; the edge goes on outside."""
    channels, height, width = images.shape
    for row in range(places.shape[0]):
        for column in range(places.shape[1]):
            x, y = places[row, column, 0], places[row, column, 1]
            left, top = np.floor(x), np.floor(y)
            for channel in range(channels):
                samples[channel, row, column] = 0
            for i in range(-1, 3):
                down = cubic(np.float32(abs(y - top - i)))
                r = int(min(max(top + i, 0), height - 1))
                for j in range(-1, 3):
                    share = down * cubic(np.float32(abs(x - left - j)))
                    c = int(min(max(left + j, 0), width - 1))
                    for channel in range(channels):
                        samples[channel, row, column] += share * images[channel, r, c]


@kernel
def cubic(distance):  # type: ignore[no-untyped-def]
    """Return the weight of a pixel at this distance, 0 to 2."""
    if distance <= 1:
        return (np.float32(1.25) * distance - np.float32(2.25)) * distance * distance + np.float32(1)
    return ((np.float32(-0.75) * distance + np.float32(3.75)) * distance - np.float32(6)) * distance + np.float32(3)
