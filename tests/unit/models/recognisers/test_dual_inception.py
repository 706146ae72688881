"""Dual-Inception's size, and a block against the functions it is made of."""

import torch
import torch.nn.functional as F
from torch import nn

from microexpr.models.recognisers.dual_inception import Inception, Network


def block(channels: int, k: int) -> int:
    """Weights of four 1x1 convolutions, one 3x3 and one 5x5."""
    return 4 * (channels * k + k) + (9 * k * k + k) + (25 * k * k + k)


def test_parameter_count():
    """The table in the released code of Off-TANet (PRICAI 2021) gives 6.45 M."""
    dense = (2 * 64 * 7 * 7 * 1024 + 1024) + (1024 * 3 + 3)
    blocks = block(1, 6) + block(24, 16)
    assert sum(p.numel() for p in Network(1024, 0.0, 3).parameters()) == 2 * blocks + dense == 6_449_867


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
