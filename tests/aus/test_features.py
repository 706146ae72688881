"""Sides of a face against mirrored pictures and gradients against ramps."""

import numpy as np
import pytest

from microexpr.aus.features import LENGTH, MIDDLE, MIRRORED, features, sides
from microexpr.seeds import generator

LEFT, RIGHT, BOTH = range(3)


@pytest.fixture
def face() -> tuple[np.ndarray, np.ndarray]:
    """A crop with another texture on either side, and landmarks about the middle column."""
    rng = generator(0, "features")
    crop = rng.integers(0, 256, (36, 36), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    points = rng.normal(0, 1, (68, 2)) + [MIDDLE, 150]
    points[:, 0] += np.where(np.arange(68) < MIRRORED, -50, np.where(np.arange(68) > MIRRORED, 50, 0))
    return crop, points


def mirrored(crop: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(crop[:, ::-1]), points[MIRRORED] * [-1, 1] + [2 * MIDDLE, 0]


def test_a_mirror_swaps_left_and_right(face: tuple[np.ndarray, np.ndarray]) -> None:
    seen, reflected = features(*face), features(*mirrored(*face))
    assert seen.shape == (3, LENGTH) and seen.dtype == np.float32
    assert reflected[LEFT] == pytest.approx(seen[RIGHT], abs=1e-4)
    assert reflected[RIGHT] == pytest.approx(seen[LEFT], abs=1e-4)
    assert np.abs(seen[LEFT] - seen[RIGHT]).max() > 0.1


def test_each_side_is_a_symmetric_face_of_its_own_half(face: tuple[np.ndarray, np.ndarray]) -> None:
    crop, _ = face
    left, right, both = sides(*face)
    for picture, points in (left, right):
        assert np.array_equal(picture, picture[:, ::-1])
        assert mirrored(picture, points)[1] == pytest.approx(points)
    assert np.array_equal(left[0][:, 64:], both[0][:, 64:])  # the subject's left is at the right of the picture
    assert np.array_equal(right[0][:, :64], both[0][:, :64])
    assert both[0][0, 0] == round(crop[16:18, 16:18].mean())


@pytest.mark.parametrize(("axis", "bins"), [(1, {0, 8}), (0, {4})])
def test_gradients_lie_in_the_bin_of_their_orientation(axis: int, bins: set[int]) -> None:
    """Nine bins over half a turn: 0 and 8 meet at gradients along a row, 4 holds those along a column."""
    ramp = np.broadcast_to(np.arange(288).reshape(-1, 1) * 3 // 4, (288, 288))
    crop = np.ascontiguousarray(np.moveaxis(ramp, 0, axis)).astype(np.uint8)
    gradients = features(crop, np.zeros((68, 2)))[BOTH, : LENGTH - 2 * 68].reshape(-1, 9).sum(axis=0)
    assert gradients[list(bins)].sum() > 0.95 * gradients.sum() > 0
