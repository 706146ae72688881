"""PatchGAN: the receptive field of a unit, by gradient; spectral norm against numpy's singular values."""

import numpy as np
import torch

from microexpr.models.layers.patchgan import Convolution, largest_singular_value, trunk


def test_a_unit_sees_70_pixels():
    image = torch.rand(1, 1, 128, 128, requires_grad=True)
    patches = trunk(2, spectral_norm=False)(image)
    assert patches.shape == (1, 16, 14, 14)
    patches[0, :, 6, 6].sum().backward()
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    assert rows.max() - rows.min() + 1 == 70


def test_of_random_weights_it_falls_short_by_a_few_percent():
    for seed in range(3):
        matrix = torch.randn(64, 128, generator=torch.Generator().manual_seed(seed))
        share = largest_singular_value(matrix) / torch.linalg.svdvals(matrix)[0]
        assert 0.85 < share <= 1.0001


def test_a_normalised_convolution_stretches_nothing_more_than_once():
    """The weight has singular values of 7, 3.5, ..."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(size, size)))[0] for size in (12, 20))
    matrix = torch.tensor(left @ np.diag(7.0 * 0.5 ** np.arange(12)) @ right[:12]).float()
    layer, patches = Convolution(5, 12, 2, 1, 0, normalised=True), torch.randn(4, 5, 2, 2)
    layer.weight.data = matrix.view(12, 5, 2, 2)
    actual = layer(patches)[:, :, 0, 0] - layer.bias
    torch.testing.assert_close(actual, patches.flatten(1) @ (matrix / 7).T, rtol=1e-3, atol=1e-4)
