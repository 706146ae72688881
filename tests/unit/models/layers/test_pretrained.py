"""Published tensors reach their layers, and what does not fit is named."""

import pytest
import torch
from torch import nn

from microexpr.core.errors import StoreError
from microexpr.models.layers.pretrained import load, standardise


def test_tensors_go_where_their_names_say():
    network = nn.Sequential(nn.Linear(2, 3))
    published = {"0.weight": torch.ones(3, 2), "0.bias": torch.zeros(3), "9.weight": torch.ones(1)}
    load(network, published, "some.pth")
    torch.testing.assert_close(network(torch.ones(1, 2)), torch.full((1, 3), 2.0))
    with pytest.raises(StoreError, match=r"some.pth: 0.weight must be of shape \(3, 2\), not \(2, 3\)"):
        load(network, published | {"0.weight": torch.ones(2, 3)}, "some.pth")
    with pytest.raises(StoreError, match=r"0.bias must be of shape \(3,\), not nothing"):
        load(network, {"0.weight": torch.ones(3, 2)}, "some.pth")


def test_an_image_of_imagenets_mean_becomes_zero():
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None].expand(3, 2, 2)
    torch.testing.assert_close(standardise(mean), torch.zeros(3, 2, 2))
    torch.testing.assert_close(standardise(mean + 0.224)[1], torch.ones(2, 2))
