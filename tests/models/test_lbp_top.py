"""Patterns against scikit-image's and against figures worked out by hand."""

import numpy as np
import pytest
from pydantic import ValidationError
from skimage.feature import local_binary_pattern

from microexpr.models.lbp_top import BIN_COUNT, BINS, PLANES, LbpTop, bins, histograms


def video(shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_uniform_codes_are_58_and_the_rest():
    changes = [bin(code ^ ((code >> 1) | (code & 1) << 7)).count("1") for code in range(256)]
    assert BIN_COUNT == 59
    assert sorted(BINS[np.array(changes) <= 2]) == list(range(58))
    assert set(BINS[np.array(changes) > 2]) == {58}


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("radius", [1, 2])
def test_patterns_are_scikit_images(plane, radius):
    """The same partition of the voxels into 59 patterns, each plane cut out and given to scikit-image."""
    grey = video((16, 18, 17))
    ours = bins(grey, (radius,) * 3, plane)
    (across,) = {0, 1, 2} - set(plane)
    slices = np.moveaxis(grey, across, 0)
    theirs = np.stack([local_binary_pattern(image, 8, radius, "nri_uniform") for image in slices])
    inner = np.moveaxis(theirs, 0, across)[(slice(radius, -radius),) * 3]
    pairs = set(zip(ours.ravel(), inner.ravel(), strict=True))
    assert len(pairs) == len(np.unique(ours)) == len(np.unique(inner)) > 40


def test_time_has_its_own_radius():
    """Dark until frame 5: one frame later, the neighbours two frames before (and those between) are darker."""
    step = np.zeros((9, 6, 6), np.uint8)
    step[5:] = 200
    assert (bins(step, (1, 1, 1), (0, 2))[6 - 1] == BINS[0b11111111]).all()
    assert (bins(step, (2, 1, 1), (0, 2))[6 - 2] == BINS[0b11110001]).all()


def test_flat_grey_has_one_pattern_everywhere():
    one = histograms(np.full((9, 20, 20), 77, np.uint8), (4, 1, 1), 2).reshape(4, 3, BIN_COUNT)
    assert (one[:, :, BINS[255]] == 1).all() and one.sum() == 12


def test_each_block_has_its_own_histogram():
    grey = video((9, 22, 22))
    whole = histograms(grey, (1, 1, 1), 2).reshape(2, 2, 3, BIN_COUNT)
    for row, column in np.ndindex(2, 2):  # 20 x 20 inner pixels: blocks of 10 x 10 with one pixel around them
        part = grey[:, 10 * row : 10 * row + 12, 10 * column : 10 * column + 12]
        np.testing.assert_array_equal(whole[row, column].ravel(), histograms(part, (1, 1, 1), 1))


def test_time_must_have_room():
    with pytest.raises(ValidationError, match="frames must be > 2"):
        LbpTop.Params(frames=8, radius_time=4)
