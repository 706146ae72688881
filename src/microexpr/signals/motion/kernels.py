"""Compiled functions of head motion: weights of a fit, and where a head takes each pixel. Arrays in, arrays out."""

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
