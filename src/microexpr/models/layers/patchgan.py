"""PatchGAN's trunk, with a receptive field of 70x70 pixels, and spectral norm without state. No heads.

Isola et al., Image-to-image translation with conditional adversarial networks, 2017. Shapes: B images, W `width`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2  # of the leaky ReLUs, below 0
POWER_STEPS = 5  # of the power iteration, which starts from ones each time and so needs no state


class Convolution(nn.Conv2d):
    """A convolution; if `normalised`, its weight is divided by its largest singular value."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, padding: int, normalised: bool):
        super().__init__(channels, out, kernel, stride, padding)
        nn.init.kaiming_normal_(self.weight, SLOPE)  # torch's default halves the signal in each layer
        self.normalised = normalised

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight / largest_singular_value(self.weight.flatten(1)) if self.normalised else self.weight
        return F.conv2d(input, weight, self.bias, self.stride, self.padding)


def largest_singular_value(matrix: Tensor) -> Tensor:
    """Return the spectral norm of [out, in] by power iteration (Miyato et al. 2018, Alg. 1), its vectors detached."""
    with torch.no_grad():
        right = torch.ones_like(matrix[0])
        for _ in range(POWER_STEPS):
            left = F.normalize(matrix @ right, dim=0)
            right = F.normalize(matrix.T @ left, dim=0)
    return left @ matrix @ right


def trunk(width: int, spectral_norm: bool) -> nn.Sequential:
    """Return the trunk of a 70x70 PatchGAN: [B, 1, H, H] -> [B, 8 W, H / 8 - 2, H / 8 - 2]"""
    widths = [width * times for times in (1, 2, 4, 8, 8)]
    layers: list[nn.Module] = []
    for before, after, stride in zip([1, *widths], widths, (2, 2, 2, 1, 1), strict=False):
        layers += [Convolution(before, after, 4, stride, 1, spectral_norm), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)
