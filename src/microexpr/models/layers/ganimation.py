"""GANimation's networks and losses (Pumarola et al. 2018): colours replace a face where its action units change.

Shapes: n images [n, 3, H, H] in -1..1, intensities [n, A] in 0..1 of A action units (17).
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.func import grad

from microexpr.models.counter_rng import Stream
from microexpr.models.layers.portable import square_root
from microexpr.signals.aus import ACTION_UNITS

SLOPE = 0.01  # of the critic's leaky ReLUs, below 0
SMALL = 1e-12  # under the root of a norm, where the gradient at 0 is undefined
# GANimation's 4000 of its published program, which divides the mean over clips and units by its batch of 25 once more.
INTENSITY_WEIGHT = 4000 / 25


def with_norm(layer: nn.Module, channels: int) -> list[nn.Module]:
    """Return a layer without bias and an affine instance norm."""
    return [layer, nn.InstanceNorm2d(channels, affine=True)]


class Residual(nn.Module):
    """A residual block with instance norm: [n, W, h, h] -> [n, W, h, h]"""

    def __init__(self, width: int):
        super().__init__()
        first, second = (with_norm(nn.Conv2d(width, width, 3, 1, 1, bias=False), width) for _ in range(2))
        self.layers = nn.Sequential(*first, nn.ReLU(), *second)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Trunk(nn.Module):
    """GANimation's generator without its heads: two steps down, residual blocks, two steps up."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        inward = [width, 2 * width, 4 * width]
        layers = [*with_norm(nn.Conv2d(3 + len(ACTION_UNITS), width, 7, 1, 3, bias=False), width), nn.ReLU()]
        for before, after in pairwise(inward):
            layers += [*with_norm(nn.Conv2d(before, after, 4, 2, 1, bias=False), after), nn.ReLU()]
        layers += [Residual(inward[-1]) for _ in range(blocks)]
        for before, after in pairwise(reversed(inward)):
            layers += [*with_norm(nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), after), nn.ReLU()]
        self.layers = nn.Sequential(*layers)

    def features(self, face: Tensor, intensity: Tensor) -> Tensor:
        """Return feature maps [n, width, H, H]."""
        planes = intensity[:, :, None, None].expand(-1, -1, *face.shape[2:])
        return self.layers(torch.cat([face, planes], 1))


class SingleHeadGenerator(Trunk):
    """One of GANimation's two heads on its own trunk: AU-ICGAN's G_A ends in a sigmoid, its G_C in tanh."""

    def __init__(self, width: int, blocks: int, channels: int, last: nn.Module):
        super().__init__(width, blocks)
        self.head = nn.Sequential(nn.Conv2d(width, channels, 7, 1, 3), last)

    def forward(self, face: Tensor, intensity: Tensor) -> Tensor:
        """[n, 3, H, H], [n, A] -> [n, channels, H, H]"""
        return self.head(self.features(face, intensity))


class Generator(Trunk):
    """GANimation's generator: heads of an attention mask and of colours on one trunk."""

    def __init__(self, width: int, blocks: int):
        super().__init__(width, blocks)
        self.attention = nn.Sequential(nn.Conv2d(width, 1, 7, 1, 3), nn.Sigmoid())
        self.colour = nn.Sequential(nn.Conv2d(width, 3, 7, 1, 3), nn.Tanh())

    def forward(self, face: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor]:
        """[n, 3, H, H], [n, A] -> synthesised faces, and masks [n, 1, H, H], 1 where colours replace the input"""
        features = self.features(face, intensity)
        mask = self.attention(features)
        return compose(mask, self.colour(features), face), mask


class ImageCritic(nn.Module):
    """A PatchGAN with unbounded realness and a head that regresses intensities; no norm, because of the penalty."""

    def __init__(self, image_size: int, width: int):
        super().__init__()
        widths = [3, *(width * 2**level for level in range(image_size.bit_length() - 2))]  # down to 2x2
        layers = [(nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(SLOPE)) for before, after in pairwise(widths)]
        self.trunk = nn.Sequential(*(layer for pair in layers for layer in pair))
        self.realness = nn.Conv2d(widths[-1], 1, 3, 1, 1, bias=False)
        self.intensity = nn.Conv2d(widths[-1], len(ACTION_UNITS), 2)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """[n, 3, H, H] -> realness [n], the mean over patches; intensities [n, A]"""
        features = self.trunk(image)
        return self.realness(features).mean((1, 2, 3)), self.intensity(features).flatten(1)


def compose(mask: Tensor, colour: Tensor, face: Tensor) -> Tensor:
    """Return the face [n, 3, H, H], replaced by the colours where the mask [n, 1, H, H] is 1."""
    return mask * colour + (1 - mask) * face


def penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Return WGAN-GP's penalty [n]: (|gradient of the critic| - 1)^2 between pairs of real and fake inputs [n, ...].

    The gradient is taken at `share` [n] of the real input. `critic` returns [n], each value from its input alone."""
    share = share.view(-1, *(1 for _ in real.shape[1:]))
    slope = grad(lambda x: critic(x).sum())(share * real + (1 - share) * fake)
    return (square_root(slope.square().flatten(1).sum(1) + SMALL) - 1).square()


def realness_loss(
    critic: Callable[[Tensor], tuple[Tensor, Tensor]], real: Tensor, fake: Tensor, rng: Stream, penalty_weight: float
) -> tuple[Tensor, Tensor]:
    """Return WGAN-GP's loss of a critic of images [n, 3, H, H], and the intensities [n, A] read in the real."""
    realness, predicted = critic(real)
    slope = penalty(lambda x: critic(x)[0], real, fake, rng.uniform(len(real)))
    return critic(fake)[0].mean() - realness.mean() + penalty_weight * slope.mean(), predicted


def attention_loss(mask: Tensor, smooth_weight: float) -> Tensor:
    """Return the mean area and total variation of masks [n, 1, H, H] (GANimation, eq. 2).

    GANimation's mask is 1 minus ours: the share of the input that remains, which the loss keeps away from 1."""
    remaining = 1 - mask
    down, right = (remaining.diff(dim=dim).square().sum((1, 2, 3)) for dim in (2, 3))
    return (smooth_weight * (down + right) + remaining.square().mean((1, 2, 3))).mean()


def intensity_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference of intensities [n, A] in 0..1."""
    return (predicted - target).square().mean()


def noise(largest: float, shape: torch.Size, rng: Stream) -> Tensor:
    """Return random numbers between -largest and largest, which targets of a training get added (ours: a param)."""
    return largest * (2 * rng.uniform(*shape) - 1)


def signed_frames(video: Tensor) -> Tensor:
    """Convert uint8[B, 3, K, H, H] to frames [B, K, 3, H, H] in -1..1."""
    return video.movedim(1, 2).to(torch.get_default_dtype()) / 127.5 - 1
