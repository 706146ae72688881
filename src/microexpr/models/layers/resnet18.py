"""ResNet-18 (He et al. 2016) under torchvision's tensor names, of any width. No file is opened here.

Shapes: B images, W `width`, H rows.
"""

from itertools import pairwise

from torch import Tensor, nn

WIDTH = 64  # channels of the first stage of the published weights; each later stage has twice as many


class Block(nn.Module):
    """A residual block of two 3x3 convolutions; the first one has the stride."""

    def __init__(self, channels: int, out: int, stride: int):
        super().__init__()
        self.stride = stride
        self.conv1, self.bn1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))
        else:
            self.downsample = nn.Sequential()

    def forward(self, x: Tensor) -> Tensor:
        """[B, channels, H, H] -> [B, out, H / stride, H / stride]"""
        inner = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (inner + self.shortcut(x)).relu()

    def shortcut(self, x: Tensor) -> Tensor:
        """[B, channels, H, H] -> [B, out, H / stride, H / stride]

        A 1x1 convolution with a stride writes beyond its memory on CPUs with AVX2: oneDNN issue 6035."""
        return self.downsample(x[:, :, :: self.stride, :: self.stride])


class ResNet18(nn.Module):
    """The first `stages` of four, without the layer for classes."""

    def __init__(self, width: int = WIDTH, stages: int = 4, pool: bool = True):
        """Without `pool` the stem halves the image once, not twice."""
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if pool else nn.Identity()
        widths = [width * 2**stage for stage in range(stages)]
        self.out_channels = widths[-1]
        for stage, (before, after) in enumerate(pairwise([width, *widths]), start=1):
            blocks = (Block(before if first else after, after, 1 + (first and stage > 1)) for first in (True, False))
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.stages = stages

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, H, H] -> feature maps [B, W 2^(stages - 1), h, h]"""
        x = self.maxpool(self.bn1(self.conv1(x)).relu())
        for stage in range(1, self.stages + 1):
            x = getattr(self, f"layer{stage}")(x)
        return x
