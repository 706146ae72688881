"""Layers that the networks which read faces share."""

import torch
from torch import Tensor, nn


def convolution(before: int, after: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution with batch normalisation and a rectifier."""
    layer = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU())


class Residual(nn.Module):
    """Two convolutions of 3 x 3 and what goes past them (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        self.first = convolution(before, after, 3, stride)
        self.second = nn.Sequential(nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after))
        same = before == after and stride == 1
        self.past = nn.Identity() if same else nn.Conv2d(before, after, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, after, H / stride, W / stride] of [B, before, H, W]."""
        return torch.relu(self.past(x) + self.second(self.first(x)))
