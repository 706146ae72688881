"""Patterns against scikit-image's and against figures worked out by hand."""

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from microexpr.models.recognisers.lbp_top import PLANES, bin_of_codes, bins, histograms


def video(shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_uniform_codes_of_eight_points_are_58_and_the_rest():
    changes = [bin(code ^ ((code >> 1) | (code & 1) << 7)).count("1") for code in range(256)]
    actual = bin_of_codes(8)
    assert sorted(actual[np.array(changes) <= 2]) == list(range(58))
    assert set(actual[np.array(changes) > 2]) == {58}


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("radius", [1, 2])
@pytest.mark.parametrize(("points", "method", "fewest"), [(4, "default", 16), (8, "nri_uniform", 41)])
def test_patterns_are_scikit_images(plane, radius, points, method, fewest):
    """The same partition of the voxels into 16 or 59 patterns, each plane cut out and given to scikit-image."""
    grey = video((16, 18, 17))
    ours = bins(grey, (radius,) * 3, plane, points)
    (across,) = {0, 1, 2} - set(plane)
    theirs = np.stack([local_binary_pattern(image, points, radius, method) for image in np.moveaxis(grey, across, 0)])
    inner = np.moveaxis(theirs, 0, across)[(slice(radius, -radius),) * 3]
    pairs = set(zip(ours.ravel(), inner.ravel(), strict=True))
    assert len(pairs) == len(np.unique(ours)) == len(np.unique(inner)) >= fewest


@pytest.mark.parametrize(("points", "before"), [(8, 0b11110001), (4, 0b1101)])
def test_time_has_its_own_radius(points, before):
    """Dark until frame 5: one frame later, the neighbours two frames before (and those between) are darker."""
    step = np.zeros((9, 6, 6), np.uint8)
    step[5:] = 200
    assert (bins(step, (1, 1, 1), (0, 2), points)[6 - 1] == bin_of_codes(points)[2**points - 1]).all()
    assert (bins(step, (2, 1, 1), (0, 2), points)[6 - 2] == bin_of_codes(points)[before]).all()


@pytest.mark.parametrize(("points", "codes"), [(4, 16), (8, 59)])
def test_each_block_has_its_own_histogram(points, codes):
    grey = video((9, 22, 22))
    whole = histograms(grey, (1, 1, 1), 2, points).reshape(2, 2, 3 * codes)
    for row, column in np.ndindex(2, 2):  # 20 x 20 inner pixels: blocks of 10 x 10 with one pixel around them
        part = grey[:, 10 * row : 10 * row + 12, 10 * column : 10 * column + 12]
        np.testing.assert_array_equal(whole[row, column], histograms(part, (1, 1, 1), 1, points))
