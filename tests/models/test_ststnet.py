"""STSTNet's size, and its mirror against a flow that is known."""

import numpy as np
import torch

from microexpr.models.ststnet import KERNELS, Network, class_weights, cosine, mirrored


def test_parameter_count():
    convolution = sum(3 * 3 * 3 * k + k for k in KERNELS)
    norm = sum(2 * k for k in KERNELS)
    assert sum(p.numel() for p in Network(0.5, 3).parameters()) == convolution + norm + 400 * 3 + 3 == 1683


def test_class_weights_make_classes_weigh_alike():
    label = torch.tensor([0] * 6 + [1] * 3 + [2] * 1)
    weights = class_weights(label, 3)
    torch.testing.assert_close(weights * torch.tensor([6.0, 3.0, 1.0]), torch.full((3,), 10 / 3))
    assert class_weights(torch.tensor([0, 0, 2]), 3).isfinite().all()


def test_mirrored_flow_is_the_flow_of_the_mirrored_face():
    """Widening about the middle column is its own mirror image; a shift to the right becomes one to the left."""
    x = torch.linspace(-1, 1, 28).expand(28, 28)
    widening = torch.stack([x, torch.zeros(28, 28), torch.ones(28, 28)])
    torch.testing.assert_close(mirrored(widening), widening)
    shift = torch.stack([torch.ones(28, 28), x, x])
    torch.testing.assert_close(mirrored(shift), torch.stack([-torch.ones(28, 28), -x, -x]))


def test_cosine_falls_from_one_to_zero():
    np.testing.assert_allclose([cosine(p) for p in (0, 1 / 3, 0.5, 1)], [1, 0.75, 0.5, 0], atol=1e-12)
