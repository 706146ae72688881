"""ICE-GAN's generators: a U-Net from the neutral face, or a DCGAN without it. No loss comes in.

Shapes: B clips, W `width`, images [B, 1, H, H] in -1..1.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from microexpr.models.layers.steady_change import gradient

MAX_WIDTH = 8  # times `width`: layers double up to it
MAX_MOTION = 1 / 8  # of the image's side, largest displacement of `generator_output: motion`


def downsample(channels: int, out: int, norm: bool) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, H / 2, H / 2]"""
    layers = [nn.Conv2d(channels, out, 4, 2, 1, bias=not norm), *([nn.InstanceNorm2d(out)] if norm else [])]
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def upsample(channels: int, out: int, norm: bool) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, 2 H, 2 H]"""
    layers = [nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=not norm), *([nn.InstanceNorm2d(out)] if norm else [])]
    return nn.Sequential(*layers, nn.ReLU())


def initialise(network: nn.Module) -> None:
    """Initialise weights after He et al. 2015, by the number that contribute to a pixel.

    With torch's default each layer attenuates the signal, and little of the class leaves the bottleneck."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, 0.2)
        elif isinstance(layer, nn.ConvTranspose2d):
            taps = layer.kernel_size[0] * layer.kernel_size[1] // (layer.stride[0] * layer.stride[1])
            nn.init.normal_(layer.weight, 0, (2 / (taps * layer.in_channels)) ** 0.5)


class UNet(nn.Module):
    """A U-Net from a neutral face through an embedding f of 8 W; z and c enter there or at the input (Sec. 2.2)."""

    def __init__(
        self, image_size: int, width: int, condition: int, norm: bool, skips: bool, early: bool, warps: bool = False
    ):
        """`early`: z and c enter at the input; `warps`: the output is how pixels move, not a face."""
        super().__init__()
        halvings = image_size.bit_length() - 2  # down to 2x2; the bottleneck makes it 1x1
        widths = [width * min(2**level, MAX_WIDTH) for level in range(halvings)]
        normed = [
            norm and 0 < level < halvings - 1 for level in range(halvings)
        ]  # a norm of 2x2 pixels removes the class
        first = 1 + condition if early else 1
        self.encoder = nn.ModuleList(map(downsample, [first, *widths], widths, normed))
        self.bottleneck = downsample(widths[-1], MAX_WIDTH * width, norm=False)
        self.skips, self.early, self.warps = skips, early, warps
        times = 2 if skips else 1  # a layer's output is concatenated with its skip
        inward = [MAX_WIDTH * width + (0 if early else condition), *(times * w for w in reversed(widths))]
        self.decoder = nn.ModuleList(map(upsample, inward, reversed(widths), reversed(normed)))
        self.paint = nn.ConvTranspose2d(inward[-1], 2 if warps else 1, 4, 2, 1)
        initialise(self)
        if warps:
            for tensor in self.paint.parameters():
                nn.init.zeros_(tensor)  # so that nothing moves at first

    def forward(self, neutral: Tensor, condition: Tensor) -> Tensor:
        """Neutral faces [B, 1, H, H] and [z, c] as [B, condition] -> faces [B, 1, H, H], both in -1..1."""
        seed = condition[:, :, None, None]
        x = torch.cat([neutral, seed.expand(-1, -1, *neutral.shape[2:])], 1) if self.early else neutral
        skips = []
        for layer in self.encoder:
            skips.append(x := layer(x))
        x = self.bottleneck(x)  # [B, 8 W, 1, 1]
        x = x if self.early else torch.cat([x, seed], 1)  # s = [f, z, c]
        for layer, skip in zip(self.decoder, reversed(skips), strict=True):
            x = torch.cat([layer(x), skip], 1) if self.skips else layer(x)
        output = self.paint(x).tanh()
        return warp(neutral, output * MAX_MOTION * neutral.shape[-1]) if self.warps else output


def warp(face: Tensor, motion: Tensor) -> Tensor:
    """Move the skin of faces [B, 1, H, H] in -1..1 by motion [B, 2, H, H] in pixels, right and down.

    The warp is of first order, as in optical flow: grey level minus gradient times displacement."""
    right, down = gradient(face)
    return (face - right * motion[:, :1] - down * motion[:, 1:]).clamp(-1, 1)


class Dcgan(nn.Module):
    """A face of no particular subject, from [z, c] alone (Radford et al. 2016): G_I of Table 2."""

    def __init__(self, image_size: int, width: int, condition: int, norm: bool):
        super().__init__()
        doublings = image_size.bit_length() - 4  # from 4x4 up to half the side
        widths = [width * min(2**level, MAX_WIDTH) for level in reversed(range(doublings + 1))]
        self.begin = nn.Sequential(nn.ConvTranspose2d(condition, widths[0], 4), nn.ReLU())
        self.layers = nn.Sequential(*(upsample(a, b, norm) for a, b in pairwise(widths)))
        self.paint = nn.ConvTranspose2d(widths[-1], 1, 4, 2, 1)
        initialise(self)

    def forward(self, neutral: Tensor, condition: Tensor) -> Tensor:
        """[z, c] as [B, condition] -> faces [B, 1, H, H] in -1..1; the neutral face is ignored."""
        return self.paint(self.layers(self.begin(condition[:, :, None, None]))).tanh()
