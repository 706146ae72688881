"""Spacing of landmarks."""

import numpy as np

from microexpr.core.arrays import space_evenly


def test_points_of_a_line_are_spaced_evenly_along_it_and_its_ends_stay():
    points = np.random.default_rng(0).normal(0, 100, (68, 2))
    points[27:31] = [[0, 0], [0, 1], [0, 2], [0, 9]]  # the bridge
    points[17:22] = [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2]]  # a brow that bends at its middle
    spaced = space_evenly(points)
    np.testing.assert_allclose(spaced[27:31], [[0, 0], [0, 3], [0, 6], [0, 9]])
    np.testing.assert_allclose(spaced[17:22], [[0, 0], [1, 0], [2, 0], [2, 1], [2, 2]])
    np.testing.assert_array_equal(spaced[[0, 8, 16, 26]], points[[0, 8, 16, 26]])
    np.testing.assert_array_equal(spaced[31:], points[31:])
    still = np.ones((68, 2), np.float32)
    assert space_evenly(still).dtype == np.float32 and space_evenly(still) is not still
    np.testing.assert_array_equal(still, np.ones((68, 2)))
