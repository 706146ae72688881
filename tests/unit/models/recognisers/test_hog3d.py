"""The icosahedron's geometry, and whole descriptors against a loop."""

import numpy as np
import pytest

from microexpr.models.recognisers.hog3d import AXES, NEAREST, descriptors, means

FACES = np.concatenate([AXES, -AXES])


def video(shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_faces_are_an_icosahedrons():
    """Twenty unit vectors, each with three next to it at the angle between neighbours of an icosahedron's faces."""
    np.testing.assert_allclose(np.linalg.norm(FACES, axis=1), 1)
    cosines = np.sort(FACES @ FACES.T, axis=1)
    np.testing.assert_allclose(cosines[:, -1], 1)
    np.testing.assert_allclose(cosines[:, -4:-1], np.cos(np.pi - np.arccos(-np.sqrt(5) / 3)))  # its dihedral angle
    assert (cosines[:, -5] < 0.5).all() and pytest.approx(0.74535599) == NEAREST


@pytest.mark.parametrize(("size", "count"), [(18, 9), (32, 24), (10, 9), (5, 5)])
def test_means_are_differences_of_the_integral(size, count):
    """A row's integral, linear between its numbers, read at the ends of the parts: the paper's integral videos."""
    row = np.random.default_rng(0).random(size)
    ends = np.interp(np.arange(count + 1) * size / count, np.arange(size + 1), [0, *np.cumsum(row)])
    np.testing.assert_allclose(means(size, count) @ row, np.diff(ends) * count / size)


def looped(grey, grid, cells, parts):
    """Descriptors of a video whose sides are whole numbers of sub-blocks, one sub-block at a time."""
    gradient = np.stack(np.gradient(grey.astype(float)))
    counts = cells[0] * parts, *[grid * cells[1] * parts] * 2
    steps = [size // count for size, count in zip(grey.shape, counts, strict=True)]
    actual = np.zeros((grid, grid, cells[0], cells[1], cells[1], 20))
    for t, y, x in np.ndindex(*counts):
        box = tuple(slice(n * step, (n + 1) * step) for n, step in zip((t, y, x), steps, strict=True))
        mean = gradient[(slice(None), *box)].mean(axis=(1, 2, 3))
        above = [max(face @ mean / np.linalg.norm(mean) - 0.745356, 0) for face in FACES]
        cell_y, cell_x = y // parts, x // parts
        index = cell_y // cells[1], cell_x // cells[1], t // parts, cell_y % cells[1], cell_x % cells[1]
        actual[index] += np.array(above) / sum(above) * np.linalg.norm(mean)
    rows = actual.reshape(grid**2, -1)
    rows = np.minimum(rows / np.linalg.norm(rows, axis=1, keepdims=True), 0.25)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("shape", "grid", "cells", "parts"), [((6, 16, 16), 2, (3, 2), 2), ((6, 18, 18), 1, (2, 3), 3)]
)
def test_descriptors_are_those_of_a_loop_over_sub_blocks(shape, grid, cells, parts):
    actual = descriptors(video(shape), grid, cells, parts)
    np.testing.assert_allclose(actual, looped(video(shape), grid, cells, parts), atol=2e-6)


def test_a_block_without_gradients_is_all_zeros():
    grey = video((6, 16, 16))
    grey[:, :9, :9] = 80
    assert (np.linalg.norm(descriptors(grey, 2, (3, 2), 2), axis=1) > 0.99).tolist() == [False, True, True, True]
