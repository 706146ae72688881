"""ResNet-18 (He et al. 2016) and VGG-16 (Simonyan & Zisserman 2015) of any width, to load published tensors by name.

Shapes: B images, W `width`, H rows. No file is opened here.
"""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

from microexpr.core.errors import StoreError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue in 0..1
WIDTH = 64  # channels of the first stage of the published weights; each later stage has twice as many
STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))  # channels in units of W, and convolutions, before each pool
DOWNSAMPLING = 2 ** len(STAGES)  # image rows to one of the last maps, also of ResNet-18
HIDDEN = 64  # units of a fully connected layer to one of W: 4096
RELU3_3 = 15  # index in VGG-16's `features` of the third stage's last ReLU, before its pool


def load(network: nn.Module, published: Mapping[str, Tensor], file: str) -> None:
    """Load all tensors of a network. Raises StoreError, naming `file`, if one is missing or has another shape."""
    state = network.state_dict()
    for name, tensor in state.items():
        if name not in published or published[name].shape != tensor.shape:
            shape = tuple(published[name].shape) if name in published else "nothing"
            raise StoreError(f"{file}: {name} must be of shape {tuple(tensor.shape)}, not {shape}")
    network.load_state_dict({name: published[name] for name in state})


def standardise(images: Tensor) -> Tensor:
    """Normalise images [..., 3, H, W] in 0..1 by ImageNet's statistics, as torchvision's networks expect."""
    # not `new_tensor`: vmap lacks it on the `meta` device, on which tests run
    mean, deviation = (
        torch.tensor(values, dtype=images.dtype, device=images.device)[:, None, None] for values in (MEAN, DEVIATION)
    )
    return (images - mean) / deviation


class Block(nn.Module):
    """A residual block of two 3x3 convolutions; the first one has the stride."""

    def __init__(self, channels: int, out: int, stride: int):
        super().__init__()
        self.stride = stride
        self.conv1, self.bn1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.downsample = nn.Sequential()
        if stride != 1 or channels != out:
            self.downsample.extend([nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out)])

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


def vgg16_features(width: int = WIDTH, channels: int = 3) -> nn.Sequential:
    """Return the convolutions, numbered as torchvision's: [B, channels, H, H] -> [B, 8 W, H / 32, H / 32]"""
    layers: list[nn.Module] = []
    for factor, count in STAGES:
        for _ in range(count):
            layers += [nn.Conv2d(channels, factor * width, 3, padding=1), nn.ReLU()]
            channels = factor * width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def vgg16_relu3_3(width: int = WIDTH) -> nn.Sequential:
    """Return VGG-16 up to relu3_3, `features` by name: [B, 3, H, H] -> [B, 4 W, H / 4, H / 4]"""
    return nn.Sequential(OrderedDict(features=vgg16_features(width)[: RELU3_3 + 1]))


def initialise_vgg16(network: nn.Module) -> None:
    """Initialise weights after He et al. 2015 and biases by 0: torch's default loses the signal in thirteen layers."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
