"""Compiled head motion next to the same in NumPy."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from microexpr.core.seeds import generator
from microexpr.signals.motion import head, kernels

N = 400


def sorted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


@pytest.mark.parametrize("distinct", [1, 2, 7, 10**6])
def test_the_weighted_median_is_that_of_sorted_values(distinct: int) -> None:
    rng = generator(0, "tests", "median")
    for count in (1, 2, 3, N, N + 1):
        values = rng.integers(0, distinct, count).astype(float)
        weights = 2.0 ** rng.integers(0, 4, count)  # whose sums are exact in any order
        median = kernels.weighted_median(values, weights, np.empty(count, np.int64))
        assert median == sorted_median(values, weights)


def test_weights_fall_with_the_distance_from_the_fit() -> None:
    rng = generator(0, "tests", "weights")
    (values, fitted), prior = rng.normal(0, 1, (2, N, 2)), rng.uniform(1, 3, N)
    lengths, weights = np.empty((2, N))
    unit = kernels.median_length(values, fitted, prior, lengths, np.empty(N, np.int64))
    assert np.array_equal(lengths, np.linalg.norm(values - fitted, axis=1)) and unit == sorted_median(lengths, prior)
    kernels.reweight(prior, lengths, 2 * unit, weights)
    assert np.array_equal(weights, prior / (1 + (lengths / (2 * unit)) ** 2))


def test_a_head_takes_each_pixel_where_its_flow_points() -> None:
    basis, motion = head.basis(24), np.array([1.0, -2, 0.5, 0.1, 3, -0.7])
    places = np.empty((2, 24, 24), np.float32)
    kernels.move(motion, basis[0, :, 0, 2].copy(), basis[..., 0, 4].copy(), places)
    truth = np.mgrid[:24, :24][::-1].transpose(1, 2, 0) + basis @ motion
    assert np.moveaxis(places, 0, -1) == pytest.approx(truth, abs=1e-5)  # float32, up to 24


def test_samples_between_pixels_are_those_of_torch() -> None:
    rng = generator(0, "tests", "bicubic")
    images = rng.normal(0, 50, (3, 20, 31)).astype(np.float32)
    places = rng.uniform(-3, 34, (17, 13, 2)).astype(np.float32)  # also outside
    samples = np.empty((3, 17, 13), np.float32)
    kernels.bicubic(images, places, samples)
    grid = torch.from_numpy((2 * places + 1) / np.float32([31, 20]) - 1)
    expected = functional.grid_sample(torch.from_numpy(images)[None], grid[None], "bicubic", "border", False)
    assert samples == pytest.approx(expected[0].numpy(), abs=2e-3)
    whole = np.stack(np.meshgrid(np.arange(31), np.arange(20)), -1).astype(np.float32)
    kernels.bicubic(images, whole, same := np.empty_like(images))
    assert (same == images).all()
