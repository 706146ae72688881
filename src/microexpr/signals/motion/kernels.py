"""Compiled functions of motion: weights of a fit, where a head takes each pixel, and samples. Arrays in, arrays out."""

import numpy as np
from numba import njit

from microexpr.core.arithmetic import FASTMATH

kernel = njit(fastmath=FASTMATH, error_model="numpy", cache=True, _nrt=False)  # type: ignore[call-overload]


@kernel
def median_length(values, fitted, weights, lengths, order):  # type: ignore[no-untyped-def]
    """Write the distances [n] between vectors [n, 2] to `lengths`; return their weighted median; `order` is memory."""
    for i in range(len(lengths)):
        across, down = values[i, 0] - fitted[i, 0], values[i, 1] - fitted[i, 1]
        lengths[i] = np.sqrt(across * across + down * down)
    return weighted_median(lengths, weights, order)


@kernel
def reweight(prior, lengths, unit, weights):  # type: ignore[no-untyped-def]
    """Write the weights prior / (1 + (length / unit)^2), all [n]."""
    for i in range(len(prior)):
        weights[i] = prior[i] / (1 + (lengths[i] / unit) ** 2)


@kernel
def weighted_median(values, weights, order):  # type: ignore[no-untyped-def]
    """Return the least of values [n] up to which at least half of the weight lies, by selection; `order` is memory."""
    first, end, below, half = 0, len(values), 0.0, weights.sum() / 2
    for i in range(end):
        order[i] = i
    while True:
        pivot = values[order[(first + end) // 2]]
        less, more, i, lighter, equal = first, end, first, 0.0, 0.0
        while i < more:  # three parts: less than the pivot, equal, more
            item = order[i]
            if values[item] < pivot:
                order[i], order[less] = order[less], item
                lighter += weights[item]
                less += 1
                i += 1
            elif values[item] > pivot:
                more -= 1
                order[i], order[more] = order[more], item
            else:
                equal += weights[item]
                i += 1
        if below + lighter >= half and less > first:
            end = less
        elif below + lighter + equal >= half or more == end:
            return pivot
        else:
            below, first = below + lighter + equal, more


@kernel
def move(motion, axis, depth, places):  # type: ignore[no-untyped-def]
    """Write where a head that moves by `motion` [6], in terms of `head.basis`, takes each pixel, x and y.

    `axis` float64[H] has the pixels' distances from the middle, `depth` float64[H, H] theirs; `places` is
    float32[2, H, H]."""
    right, down, growth, roll, yaw, nod = motion
    for row in range(len(axis)):
        y = axis[row]
        for column in range(len(axis)):
            x, nearer = axis[column], depth[row, column]
            places[0, row, column] = np.float32(right + growth * x - roll * y + yaw * nearer) + np.float32(column)
            places[1, row, column] = np.float32(down + growth * y + roll * x + nod * nearer) + np.float32(row)


@kernel
def bicubic(images, places, samples):  # type: ignore[no-untyped-def]
    """Write samples float32[C, h, w] of images float32[C, H, W] at places float32[h, w, 2], x and y in pixels.

    It is Keys' cubic convolution (1981) with a = -0.75, as OpenCV and torch have it; the edge goes on outside."""
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
