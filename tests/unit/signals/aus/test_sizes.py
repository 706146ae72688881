"""Image sizes against corners whose place is known, and against a reader that jumps."""

import numpy as np
import pytest

from microexpr.signals.aus import SIZES
from microexpr.signals.aus.sizes import average_over_sizes, resize, size_jumps


@pytest.mark.parametrize("size", [-10, 5])
def test_a_picture_grows_about_its_middle_and_landmarks_go_along(size: int) -> None:
    crop, points = np.zeros((1, 288, 288), np.uint8), np.zeros((1, 68, 2))
    crop[0, 60:63, 200:203] = 255
    points[:] = 201, 61
    grown, gone = resize(crop, points, size)
    y, x = np.mgrid[:288, :288]
    centre = [(axis * grown[0]).sum() / grown[0].sum() for axis in (x, y)]
    assert grown.shape == crop.shape and grown.dtype == np.uint8
    assert gone[0, 0] == pytest.approx(143.5 + (np.array([201, 61]) - 143.5) * (288 + size) / 288)
    assert centre == pytest.approx(gone[0, 0], abs=0.1)


def test_no_change_of_size_is_the_same_picture() -> None:
    crop, points = np.full((2, 8, 8), 7, np.uint8), np.ones((2, 68, 2))
    assert resize(crop, points, 0) == (crop, points)


def test_a_reader_that_jumps_with_the_size_jumps_by_a_fifth() -> None:
    """Equation 1 written out, of a reader that says 3 from some size on and 1 below."""
    crop, points = np.zeros((1, 288, 288), np.uint8), np.full((1, 68, 2), 287.0)

    def read(_: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        return np.array([3.0 if landmarks[0, 0, 0] > 287.4 else 1.0])

    assert average_over_sizes(read, crop, points, SIZES) == pytest.approx((1 + 1 + 1 + 3 + 3) / 5)
    assert average_over_sizes(read, crop, points, [size + 5 for size in SIZES]) == pytest.approx(
        (1 + 1 + 3 + 3 + 3) / 5
    )
    assert average_over_sizes(read, crop, points, [5]) - average_over_sizes(read, crop, points, [0]) == 2


def test_jumps_are_lengths_of_the_vectors_change_either_way() -> None:
    """The reader returns the size and its square: 3 and 4 px to either side change it by known vectors."""
    crops, points = np.zeros((2, 288, 288), np.uint8), np.full((2, 68, 2), 287.5)

    def read(_: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        size = (landmarks[:, :1, 0] - 287.5) * 2
        return np.concatenate([size, size**2], axis=1)

    alone, averages = size_jumps(read, crops, points, sizes=(0, 4), by=3)
    assert alone == pytest.approx(np.full(2, np.hypot(3, 9)), rel=1e-6)
    either = [np.hypot(3, ((0 + by) ** 2 + (4 + by) ** 2) / 2 - 8) for by in (-3, 3)]
    assert averages == pytest.approx(np.full(2, np.mean(either)), rel=1e-6)
