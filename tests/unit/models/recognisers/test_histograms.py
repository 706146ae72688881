"""Histograms of handcrafted features against loops over pixels, blocks and voxels, and scikit-image's patterns."""

import math
from itertools import product

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from microexpr.models.recognisers import find, hog3d, lbp_top

FACES = np.concatenate([hog3d.AXES, -hog3d.AXES])  # of an icosahedron


def described(name, clip, **params):
    return find(name)(find(name).Params(**params)).describe(clip)


def video(shape, levels=256):
    return np.random.default_rng(0).integers(0, levels, shape, dtype=np.uint8)


def moving(size=20):
    flow = np.random.default_rng(0).normal(size=(3, size, size))
    return np.stack([*flow[:2], abs(flow[2])])  # strain is a size


def votes(flow, bins, grid, signed):
    """Lengths by block and bin of the angle, [G, G, bins], a pixel at a time."""
    rows, columns = (size // grid for size in flow.shape[1:])
    counts = np.zeros((grid, grid, bins))
    for y, x in np.ndindex(grid * rows, grid * columns):
        u, v = flow[:2, y, x]
        share = math.atan2(v, u) / math.tau + 1 / 2 if signed else math.atan2(v, abs(u)) / math.pi + 1 / 2
        counts[y // rows, x // columns, math.floor(share * bins) % bins] += math.hypot(u, v)
    return counts


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("sums", ["block", "clip"])
def test_hoof_is_a_loop_over_blocks_and_pixels(signed, sums):
    counts = votes(moving(), 8, 5, signed)
    expected = counts / (counts.sum(2, keepdims=True) if sums == "block" else counts.sum())
    actual = described("hoof", moving(), bins=8, signed=signed, sums=sums)
    np.testing.assert_allclose(actual, expected.ravel(), rtol=1e-5)


@pytest.mark.parametrize(("bins", "grid"), [(8, 5), (12, 2)])
def test_bi_woof_weighs_these_histograms_by_strain(bins, grid):
    counts, size = votes(moving(), bins, grid, True), 20 // grid
    strain = moving()[2].reshape(grid, size, grid, size).mean((1, 3))
    expected = counts / counts.sum(2, keepdims=True) * strain[..., None]
    actual = described("bi_woof", moving(), bins=bins, blocks=grid)
    np.testing.assert_allclose(actual, expected.ravel() / np.linalg.norm(expected), rtol=1e-6)


def test_straight_to_the_left_is_one_angle_and_what_does_not_move_has_none():
    above, below = (np.full((3, 4, 4), 1.0) * [[[-1]], [[zero]], [[1]]] for zero in (-0.0, 0.0))
    for name, params in (("hoof", {"signed": True}), ("bi_woof", {})):
        first, second = (described(name, flow, bins=8, blocks=1, **params) for flow in (above, below))
        assert first.argmax() == 0 and np.array_equal(first, second)
    flow = np.ones((3, 20, 20))
    flow[:, :10, :10] = 0
    assert described("hoof", flow, bins=6, blocks=2).reshape(4, 6).sum(1).tolist() == [0, 1, 1, 1]
    assert not described("bi_woof", np.zeros((3, 28, 28))).any()


@pytest.mark.parametrize(("before", "radius"), [(1, 1), (3, 1), (2, 3)])
def test_lbp_sip_is_a_loop_over_voxels(before, radius):
    """One block of few levels, so that many neighbours are equal."""
    counts, grey = np.zeros(20), video((7, 9, 8), levels=6)
    inner = [range(r, size - r) for r, size in zip((before, radius, radius), grey.shape, strict=True)]
    for t, y, x in product(*inner):
        around = grey[t, y, x + radius], grey[t, y - radius, x], grey[t, y, x - radius], grey[t, y + radius, x]
        in_time = grey[t + before, y, x], grey[t - before, y, x]
        counts[sum(2**n for n, other in enumerate(around) if other >= grey[t, y, x])] += 1
        counts[16 + sum(2**n for n, other in enumerate(in_time) if other >= grey[t, y, x])] += 1
    assert (counts > 0).sum() > 15
    expected = np.concatenate([part / part.sum() for part in (counts[:16], counts[16:])])
    actual = described("lbp_sip", grey, radius_time=before, radius_space=radius, blocks=1)
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


def test_uniform_codes_of_eight_points_are_58_and_the_rest():
    changes = [bin(code ^ ((code >> 1) | (code & 1) << 7)).count("1") for code in range(256)]
    actual = lbp_top.bin_of_codes(8)
    assert sorted(actual[np.array(changes) <= 2]) == list(range(58))
    assert set(actual[np.array(changes) > 2]) == {58}


@pytest.mark.parametrize("plane", lbp_top.PLANES)
@pytest.mark.parametrize("radius", [1, 2])
@pytest.mark.parametrize(("points", "method", "fewest"), [(4, "default", 16), (8, "nri_uniform", 41)])
def test_patterns_are_scikit_images(plane, radius, points, method, fewest):
    """The same partition of the voxels into 16 or 59 patterns, each plane cut out and given to scikit-image."""
    grey = video((16, 18, 17))
    ours = lbp_top.bins(grey, (radius,) * 3, plane, points)
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
    assert (lbp_top.bins(step, (1, 1, 1), (0, 2), points)[6 - 1] == lbp_top.bin_of_codes(points)[2**points - 1]).all()
    assert (lbp_top.bins(step, (2, 1, 1), (0, 2), points)[6 - 2] == lbp_top.bin_of_codes(points)[before]).all()


@pytest.mark.parametrize(("points", "codes"), [(4, 16), (8, 59)])
def test_each_block_has_its_own_histogram(points, codes):
    grey, params = video((9, 22, 22)), {"radius_time": 1, "points": points}
    whole = described("lbp_top", grey, blocks=2, **params).reshape(2, 2, 3 * codes)
    for row, column in np.ndindex(2, 2):  # 20 x 20 inner pixels: blocks of 10 x 10 with one pixel around them
        part = grey[:, 10 * row : 10 * row + 12, 10 * column : 10 * column + 12]
        np.testing.assert_array_equal(whole[row, column], described("lbp_top", part, blocks=1, **params))


def test_faces_are_an_icosahedrons():
    """Twenty unit vectors, each with three next to it at the angle between neighbours of an icosahedron's faces."""
    np.testing.assert_allclose(np.linalg.norm(FACES, axis=1), 1)
    cosines = np.sort(FACES @ FACES.T, axis=1)
    np.testing.assert_allclose(cosines[:, -1], 1)
    np.testing.assert_allclose(cosines[:, -4:-1], np.cos(np.pi - np.arccos(-np.sqrt(5) / 3)))  # its dihedral angle
    assert (cosines[:, -5] < 0.5).all() and pytest.approx(0.74535599) == hog3d.NEAREST


@pytest.mark.parametrize(("size", "count"), [(18, 9), (32, 24), (10, 9), (5, 5)])
def test_means_are_differences_of_the_integral(size, count):
    """A row's integral, linear between its numbers, read at the ends of the parts: the paper's integral videos."""
    row = np.random.default_rng(0).random(size)
    ends = np.interp(np.arange(count + 1) * size / count, np.arange(size + 1), [0, *np.cumsum(row)])
    np.testing.assert_allclose(hog3d.means(size, count) @ row, np.diff(ends) * count / size)


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
    params = {"blocks": grid, "cells_time": cells[0], "cells_space": cells[1], "parts": parts}
    actual = described("hog3d", video(shape), **params)
    np.testing.assert_allclose(actual, looped(video(shape), grid, cells, parts).ravel(), atol=2e-6)


def test_a_block_without_gradients_is_all_zeros():
    grey = video((6, 16, 16))
    grey[:, :9, :9] = 80
    actual = described("hog3d", grey, blocks=2, cells_time=3, cells_space=2, parts=2).reshape(4, -1)
    assert (np.linalg.norm(actual, axis=1) > 0.99).tolist() == [False, True, True, True]
