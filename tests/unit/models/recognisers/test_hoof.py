"""Histograms against a loop over blocks and pixels."""

import math

import numpy as np
import pytest

from microexpr.models.recognisers.hoof import histograms


def random(size=20):
    return np.random.default_rng(0).normal(size=(3, size, size))


def looped(flow, bins, grid, signed, sums):
    """Histograms a block and a pixel at a time."""
    rows, columns = (size // grid for size in flow.shape[1:])
    counts = np.zeros((grid, grid, bins))
    for y, x in np.ndindex(grid * rows, grid * columns):
        u, v = flow[:2, y, x]
        angle, span = (
            (math.atan2(v, u) + math.pi, 2 * math.pi) if signed else (math.atan2(v, abs(u)) + math.pi / 2, math.pi)
        )
        counts[y // rows, x // columns, math.floor(angle / span * bins) % bins] += math.hypot(u, v)
    totals = counts.sum(2, keepdims=True) if sums == "block" else counts.sum()
    return (counts / totals).ravel()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("sums", ["block", "clip"])
def test_histogram_is_that_of_a_loop_over_blocks_and_pixels(signed, sums):
    expected = looped(random(), 8, 5, signed, sums)
    np.testing.assert_allclose(histograms(random(), 8, 5, signed, sums), expected, rtol=1e-5)


def test_straight_to_the_left_is_one_angle():
    above, below = (np.full((2, 4, 4), -1.0) * [[[1]], [[zero]]] for zero in (-0.0, 0.0))
    assert histograms(above, 8, 1, signed=True).argmax() == histograms(below, 8, 1, signed=True).argmax() == 0


def test_what_does_not_move_has_no_direction():
    flow = np.ones((3, 20, 20))
    flow[:, :10, :10] = 0
    assert histograms(flow, 6, 2).reshape(4, 6).sum(1).tolist() == [0, 1, 1, 1]
