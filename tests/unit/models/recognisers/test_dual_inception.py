"""A block of Dual-Inception against the functions it is made of."""

import torch
import torch.nn.functional as F
from torch import nn

from microexpr.models.recognisers.dual_inception import Inception


def test_a_block_is_its_four_branches_side_by_side():
    network, x = Inception(5, 4), torch.randn(2, 5, 9, 9)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    one_by_one, three_in, three, five_in, five, pooled = [(layer.weight, layer.bias) for layer in layers]
    expected = [
        F.conv2d(x, *one_by_one).relu(),
        F.conv2d(F.conv2d(x, *three_in).relu(), *three, padding=1).relu(),
        F.conv2d(F.conv2d(x, *five_in).relu(), *five, padding=2).relu(),
        F.conv2d(F.max_pool2d(x, 3, 1, 1), *pooled).relu(),
    ]
    torch.testing.assert_close(network(x), torch.cat(expected, 1))
