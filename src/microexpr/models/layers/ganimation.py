"""GANimation's networks and losses (Pumarola et al. 2018): a face is painted over where its action units are to change.

Shapes: n images [n, 3, H, H] in -1..1, intensities [n, A] in 0..1 of A action units (17).
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.func import grad

from microexpr.signals.aus import ACTION_UNITS

SLOPE = 0.01  # of the critic's leaky ReLUs, below 0
SMALL = 1e-12  # under the root of a norm, whose slope at 0 is none


def normed(layer: nn.Module, channels: int) -> list[nn.Module]:
    """A layer without bias, then instance norm with scale and shift of its own."""
    return [layer, nn.InstanceNorm2d(channels, affine=True)]


class Residual(nn.Module):
    """[n, W, h, h] -> the same shape"""

    def __init__(self, width: int):
        super().__init__()
        first, second = (normed(nn.Conv2d(width, width, 3, 1, 1, bias=False), width) for _ in range(2))
        self.layers = nn.Sequential(*first, nn.ReLU(), *second)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Trunk(nn.Module):
    """GANimation's generator without its heads: two steps down, residual blocks, two steps up."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        inward = [width, 2 * width, 4 * width]
        layers = [*normed(nn.Conv2d(3 + len(ACTION_UNITS), width, 7, 1, 3, bias=False), width), nn.ReLU()]
        for before, after in pairwise(inward):
            layers += [*normed(nn.Conv2d(before, after, 4, 2, 1, bias=False), after), nn.ReLU()]
        layers += [Residual(inward[-1]) for _ in range(blocks)]
        for before, after in pairwise(reversed(inward)):
            layers += [*normed(nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), after), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def seen(self, face: Tensor, intensity: Tensor) -> Tensor:
        """[n, width, H, H]"""
        planes = intensity[:, :, None, None].expand(-1, -1, *face.shape[2:])
        found: Tensor = self.layers(torch.cat([face, planes], 1))
        return found


class Painter(Trunk):
    """One of the generator's two heads on a trunk of its own: AU-ICGAN's G_A ends in a sigmoid, its G_C in tanh."""

    def __init__(self, width: int, blocks: int, channels: int, last: nn.Module):
        super().__init__(width, blocks)
        self.head = nn.Sequential(nn.Conv2d(width, channels, 7, 1, 3), last)

    def forward(self, face: Tensor, intensity: Tensor) -> Tensor:
        """-> [n, channels, H, H]"""
        painted: Tensor = self.head(self.seen(face, intensity))
        return painted


class Generator(Trunk):
    """Both heads on one trunk, as GANimation has them."""

    def __init__(self, width: int, blocks: int):
        super().__init__(width, blocks)
        self.attention = nn.Sequential(nn.Conv2d(width, 1, 7, 1, 3), nn.Sigmoid())
        self.colour = nn.Sequential(nn.Conv2d(width, 3, 7, 1, 3), nn.Tanh())

    def forward(self, face: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor]:
        """-> the painted faces, and masks [n, 1, H, H]: 1 where the face is painted over"""
        seen = self.seen(face, intensity)
        mask = self.attention(seen)
        return composed(mask, self.colour(seen), face), mask


class ImageCritic(nn.Module):
    """PatchGAN of unbounded realness with a head that regresses intensities; no norm, for the penalty's sake."""

    def __init__(self, image_size: int, width: int):
        super().__init__()
        widths = [3, *(width * 2**level for level in range(image_size.bit_length() - 2))]  # down to 2x2
        layers = [(nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(SLOPE)) for before, after in pairwise(widths)]
        self.trunk = nn.Sequential(*(layer for pair in layers for layer in pair))
        self.realness = nn.Conv2d(widths[-1], 1, 3, 1, 1, bias=False)  # of a difference it would be noise
        self.intensity = nn.Conv2d(widths[-1], len(ACTION_UNITS), 2)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """[n, 3, H, H] -> realness [n], the mean over patches; intensities [n, A]"""
        seen = self.trunk(image)
        return self.realness(seen).mean((1, 2, 3)), self.intensity(seen).flatten(1)


def composed(mask: Tensor, colour: Tensor, face: Tensor) -> Tensor:
    """The face [n, 3, H, H], painted over where the mask [n, 1, H, H] is 1."""
    return mask * colour + (1 - mask) * face


def penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """[n]: (|gradient of the critic| - 1)^2 between each real and fake one, [n, ...], at a share [n] of the real.

    `critic` gives [n], each from its own [...] alone (WGAN-GP; of sequences, eq. 8's last term)."""
    share = share.view(-1, *(1 for _ in real.shape[1:]))
    slope = grad(lambda x: critic(x).sum())(share * real + (1 - share) * fake)
    return ((slope.square().flatten(1).sum(1) + SMALL).sqrt() - 1).square()


def attention_loss(mask: Tensor, smooth_weight: float) -> Tensor:
    """Mean over masks [n, 1, H, H] of how much they keep and how they vary (GANimation, eq. 2).

    Its mask is what is kept of the input, 1 less ours: held away from 1, where nothing would be painted."""
    kept = 1 - mask
    down, right = (kept.diff(dim=dim).square().sum((1, 2, 3)) for dim in (2, 3))
    return (smooth_weight * (down + right) + kept.square().mean((1, 2, 3))).mean()


def intensity_loss(found: Tensor, asked: Tensor) -> Tensor:
    """Mean squared difference of intensities [n, A] in 0..1."""
    return (found - asked).square().mean()


def levels(film: Tensor) -> Tensor:
    """uint8[B, 3, K, H, H] as numbers [B, K, 3, H, H] in -1..1."""
    return film.movedim(1, 2).to(torch.get_default_dtype()) / 127.5 - 1
