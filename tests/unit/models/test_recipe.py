"""Class weights and the schedule against their closed forms."""

import numpy as np
import torch

from microexpr.models.recipe import class_weights, cosine


def test_class_weights_make_classes_weigh_alike():
    label = torch.tensor([0] * 6 + [1] * 3 + [2] * 1)
    weights = class_weights(label, 3)
    torch.testing.assert_close(weights * torch.tensor([6.0, 3.0, 1.0]), torch.full((3,), 10 / 3))
    assert class_weights(torch.tensor([0, 0, 2]), 3).isfinite().all()


def test_cosine_falls_from_one_to_zero():
    np.testing.assert_allclose([cosine(p) for p in (0, 1 / 3, 0.5, 1)], [1, 0.75, 0.5, 0], atol=1e-12)
