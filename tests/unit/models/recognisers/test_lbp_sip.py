"""Patterns against a loop over voxels, against scikit-image, and against LBP-TOP's, whose bits they share."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from skimage.feature import local_binary_pattern

from microexpr.models.recognisers import lbp_top
from microexpr.models.recognisers.lbp_sip import LbpSip, histograms


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


def test_patterns_in_space_are_scikit_images():
    grey = video((5, 20, 20))
    theirs = np.stack([local_binary_pattern(frame, 4, 1, "default") for frame in grey])[1:-1, 1:-1, 1:-1]
    counts = np.bincount(theirs.astype(int).ravel(), minlength=16)
    np.testing.assert_allclose(histograms(grey, (1, 1, 1), 1)[:16], counts / counts.sum(), rtol=1e-6)


def test_lbp_top_has_the_same_patterns_in_space():
    grey, radii = video((10, 22, 22)), (4, 1, 1)
    ours = histograms(grey, radii, 2).reshape(4, 20)[:, :16]
    theirs = lbp_top.histograms(grey, radii, 2, 4).reshape(4, 3, 16)[:, 0]
    np.testing.assert_array_equal(ours, theirs)


def test_a_clip_played_backwards_exchanges_before_and_after():
    forwards, backwards = (histograms(value, (2, 1, 1), 2).reshape(4, 20) for value in (video(), video()[::-1]))
    order = [*range(16), 16, 18, 17, 19]
    np.testing.assert_array_equal(backwards, forwards[:, order])
    assert (forwards[:, 17] != forwards[:, 18]).any()


def test_features_of_the_paper():
    method = LbpSip(LbpSip.Params(image_size=32))
    actual = method.features({"video": torch.from_numpy(video((2, 1, 10, 32, 32)))})
    assert actual.shape == (2, 5 * 5 * (2**4 + 2**2)) and actual.dtype == np.float32  # LBP-TOP's are 5 * 5 * 3 * 2 ** 4
    np.testing.assert_allclose(actual.sum(1), 5 * 5 * 2, rtol=1e-5)


def test_time_must_have_room():
    with pytest.raises(ValidationError, match="frames must be > 2"):
        LbpSip.Params(frames=8, radius_time=4)
