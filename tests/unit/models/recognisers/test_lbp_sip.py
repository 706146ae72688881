"""Patterns against a loop over voxels."""

import numpy as np
import pytest

from microexpr.models.recognisers.lbp_sip import histograms


def video(shape=(7, 9, 8)):
    return np.random.default_rng(0).integers(0, 6, shape, dtype=np.uint8)  # few levels: many neighbours are equal


def looped(grey, t_radius, radius):
    """Counts of the whole picture as one block, voxel by voxel."""
    counts = np.zeros(20)
    frames, rows, columns = grey.shape
    for t in range(t_radius, frames - t_radius):
        for y in range(radius, rows - radius):
            for x in range(radius, columns - radius):
                centre = grey[t, y, x]
                around = grey[t, y, x + radius], grey[t, y - radius, x], grey[t, y, x - radius], grey[t, y + radius, x]
                in_time = grey[t + t_radius, y, x], grey[t - t_radius, y, x]
                counts[sum(2**n for n, other in enumerate(around) if other >= centre)] += 1
                counts[16 + sum(2**n for n, other in enumerate(in_time) if other >= centre)] += 1
    return counts


@pytest.mark.parametrize(("t_radius", "radius"), [(1, 1), (3, 1), (2, 3)])
def test_histogram_is_that_of_a_loop_over_voxels(t_radius, radius):
    counts = looped(video(), t_radius, radius)
    assert (counts > 0).sum() > 15
    expected = np.concatenate([part / part.sum() for part in (counts[:16], counts[16:])])
    np.testing.assert_allclose(histograms(video(), (t_radius, radius, radius), 1), expected, rtol=1e-6)
