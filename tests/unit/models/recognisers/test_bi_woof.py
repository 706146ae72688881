"""Histograms against a loop over blocks and pixels, and where a loop says nothing by hand."""

import math

import numpy as np
import pytest

from microexpr.models.recognisers.bi_woof import histograms


def random(size=20):
    flow = np.random.default_rng(0).normal(size=(3, size, size))
    flow[2] = abs(flow[2])
    return flow


def test_straight_to_the_left_is_one_angle():
    above, below = (np.full((3, 4, 4), 1.0) * [[[-1]], [[zero]], [[1]]] for zero in (-0.0, 0.0))
    np.testing.assert_array_equal(histograms(above, 8, 1), histograms(below, 8, 1))


def looped(flow, count, grid):
    """The formulas of the paper, a block and a pixel at a time."""
    rows, columns = (size // grid for size in flow.shape[1:])
    features = []
    for row, column in np.ndindex(grid, grid):
        u, v, strain = flow[:, row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
        bins = [0.0] * count
        for y, x in np.ndindex(rows, columns):
            angle = math.atan2(v[y, x], u[y, x])
            bins[math.floor((angle + math.pi) / (2 * math.pi / count)) % count] += math.hypot(u[y, x], v[y, x])
        features += [value / sum(bins) * strain.mean() for value in bins]
    return np.array(features) / math.sqrt(sum(value**2 for value in features))


@pytest.mark.parametrize(("count", "grid"), [(8, 5), (12, 2)])
def test_histogram_is_that_of_a_loop_over_blocks_and_pixels(count, grid):
    np.testing.assert_allclose(histograms(random(), count, grid), looped(random(), count, grid), rtol=1e-6)


def test_what_does_not_move_has_no_direction():
    assert not histograms(np.zeros((3, 28, 28)), 8, 5).any()
