"""MTMNet's networks: encoder, decoder and discriminator. No loss comes in.

Shapes: B clips, images [B, 3, H, H], W `width`, F `features`.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from microexpr.models.layers.pretrained import standardise
from microexpr.models.layers.resnet18 import ResNet18

DOWNSAMPLING = 32  # image rows to one of the last maps
HIDDEN = 128  # units of the discriminator


class Encoder(nn.Module):
    """ResNet-18, then a branch for the expression and one for the identity (Sec. 3.1.1)."""

    def __init__(self, width: int, features: int):
        super().__init__()
        self.backbone = ResNet18(width)
        self.expression, self.identity = (nn.Linear(self.backbone.out_channels, features) for _ in range(2))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 3, H, H] in 0..1 -> f^e and f^s, both [B, F]"""
        pooled = self.backbone(standardise(images)).mean((2, 3))
        return self.expression(pooled), self.identity(pooled)


class PlacedEncoder(nn.Module):
    """Four convolutions and the same branches, of maps that keep their places: ours, for small faces."""

    def __init__(self, width: int, features: int, channels: int, image_size: int):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, stride in ((0, 1, 1), (1, 2, 2), (2, 2, 1), (2, 4, 2)):
            convolution = nn.Conv2d(before * width or channels, after * width, 3, stride, 1, bias=False)
            layers += [convolution, nn.BatchNorm2d(after * width), nn.ReLU()]
        self.backbone = nn.Sequential(*layers, nn.AvgPool2d(2), nn.Flatten())
        places = 4 * width * (image_size // 8) ** 2
        self.expression, self.identity = (nn.Linear(places, features) for _ in range(2))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, channels, H, H] -> f^e and f^s, both [B, F]"""
        maps = self.backbone(images)
        return self.expression(maps), self.identity(maps)


class Decoder(nn.Module):
    """D_r: a face from the expression of one image and the identity of another (Sec. 3.1.2)."""

    def __init__(self, width: int, features: int, image_size: int):
        super().__init__()
        widths = [width * 8, width * 4, width * 2, width, width, max(width // 2, 1)]
        self.first, self.side = widths[0], image_size // DOWNSAMPLING
        self.begin = nn.Linear(2 * features, self.first * self.side**2)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
            layers += [nn.Upsample(scale_factor=2), convolution, nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 3, 3, padding=1), nn.Sigmoid())

    def forward(self, expression: Tensor, identity: Tensor) -> Tensor:
        """f^e and f^s, both [B, F] -> [B, 3, H, H] in 0..1"""
        x = self.begin(torch.cat([expression, identity], 1)).relu()
        return self.layers(x.unflatten(1, (self.first, self.side, self.side)))


class Discriminator(nn.Module):
    """D: a logit of whether expression features are MacroNet's (Sec. 3.2.1)."""

    def __init__(self, features: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, HIDDEN), nn.LeakyReLU(0.2), nn.Linear(HIDDEN, 1))

    def forward(self, expression: Tensor) -> Tensor:
        """[B, F] -> [B]"""
        return self.layers(expression)[:, 0]
