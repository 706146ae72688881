"""Local contrast against SciPy's filters, and whether light and noise are gone."""

import numpy as np
import torch
from scipy.ndimage import correlate1d

from microexpr.models.layers.local_contrast import blur, local_contrast


def images(seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).uniform(0.2, 0.8, (2, 3, 20, 20)), dtype=torch.float64)


def test_blur_is_a_gaussian_window():
    weights = np.exp(-(np.linspace(-2, 2, 9) ** 2) / 2)
    expected = images().numpy()
    for axis in (2, 3):
        expected = correlate1d(expected, weights / weights.sum(), axis=axis, mode="nearest")
    np.testing.assert_allclose(blur(images(), 9), expected, rtol=1e-6)


def test_light_hardly_changes_it():
    contrast = local_contrast(images())
    assert (local_contrast(0.5 * images() + 0.1) - contrast).abs().max() < 0.2 * contrast.abs().max()


def test_noise_on_a_plain_wall_is_no_contrast():
    wall = torch.full((1, 1, 20, 20), 0.5) + 0.002 * torch.randn(1, 1, 20, 20)
    assert local_contrast(wall).abs().mean() < 0.1 < local_contrast(images()).abs().mean()
