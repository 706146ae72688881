"""Blocks and their histograms against counting pixel by pixel."""

import numpy as np
import pytest

from microexpr.signals import blocks


@pytest.mark.parametrize("size", [28, 62, 126, 128])
def test_sides_of_blocks_differ_by_a_pixel_at_most(size):
    indices = blocks.block_indices(size, size, 5)
    rows = np.bincount(indices[:, 0], minlength=21)[::5]
    assert rows.sum() == size and np.ptp(rows) <= 1
    assert (np.diff(indices, axis=0) >= 0).all() and (indices % 5 == indices.T // 5).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_histograms_count_each_pixel_in_its_block_and_bin(weighted):
    rng = np.random.default_rng(0)
    bins, weights = rng.integers(0, 4, (3, 7, 9)), rng.random((3, 7, 9))
    expected = np.zeros((4, 4))
    for t, row, column in np.ndindex(3, 7, 9):
        block = 2 * (row * 2 // 7) + column * 2 // 9
        expected[block, bins[t, row, column]] += weights[t, row, column] if weighted else 1
    histograms = blocks.histograms(bins, 4, 2, weights if weighted else None)
    np.testing.assert_allclose(histograms, expected, rtol=1e-12)


def test_shares_of_nothing_are_nothing():
    assert blocks.normalise(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist() == [[0.25, 0.75], [0.0, 0.0]]
