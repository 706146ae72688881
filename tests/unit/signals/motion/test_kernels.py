"""Compiled samples next to those of torch."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from microexpr.core.seeds import generator
from microexpr.signals.motion import kernels


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
