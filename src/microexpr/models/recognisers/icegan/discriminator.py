"""ICE-GAN's heads on PatchGAN's trunk: capsules or fully connected layers. No loss comes in.

Shapes: B clips, C classes, W `width`, images [B, 1, H, H] in -1..1, h = H / 16, features of the trunk
[B, 8 W, 2 h - 2, 2 h - 2].
"""

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from microexpr.models.layers import capsules

TRUNK_WIDTH = 8  # channels of the trunk's features, times `width`
PRIMARY_SIZE = 8  # D_PrimaryCaps
EPSILON = 1e-6  # least distance of a probability to 0 and 1


class CapsuleHeads(nn.Module):
    """PrimaryCaps at h x h positions, from which AdvCaps and ExpCaps are routed (Sec. 2.3)."""

    def __init__(self, side: int, width: int, primary: int, adv_size: int, classes: int, exp_size: int, routing: int):
        super().__init__()
        self.reduce = nn.Sequential(
            nn.Conv2d(TRUNK_WIDTH * width, width, 1, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, primary * PRIMARY_SIZE, 1),
        )
        below = primary * side * side
        layer = partial(capsules.Capsules, below, PRIMARY_SIZE)
        self.adversarial = layer(1, adv_size, iterations=1) if adv_size else None  # one capsule gets all votes
        self.expression = layer(classes, exp_size, iterations=routing)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Trunk features -> realness [B], the logit of AdvCaps' length; ExpCaps [B, C, D]"""
        primary = capsules.primary(self.reduce(patches), PRIMARY_SIZE)  # [B, N h h, 8]
        expression = self.expression(primary)
        if self.adversarial is None:
            return torch.zeros_like(expression[:, 0, 0]), expression
        return capsules.length(self.adversarial(primary)[:, 0]).logit(EPSILON), expression


class CnnHeads(nn.Module):
    """Table 3's alternatives to capsules: the mean over 4x4 patches, or with `hidden` two fully connected layers."""

    def __init__(self, side: int, width: int, classes: int, hidden: int):
        super().__init__()
        if hidden:
            reduce, flat = nn.Conv2d(TRUNK_WIDTH * width, width, 1, 2, 1), side * side * width
            layers = [nn.Flatten(), nn.Linear(flat, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1 + classes)]
        else:
            reduce = nn.Conv2d(TRUNK_WIDTH * width, width, 1)
            layers = [nn.Conv2d(width, 1 + classes, 4, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.layers = nn.Sequential(reduce, nn.LeakyReLU(0.2), *layers)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Trunk features -> realness [B], a logit; class scores [B, C]"""
        logits = self.layers(patches)
        return logits[:, 0], logits[:, 1:]


class Reconstruction(nn.Module):
    """The regulariser of ExpCaps: reconstructs the image from the capsule of the clip's class."""

    def __init__(self, capsules: int, hidden: tuple[int, int], image_size: int):
        super().__init__()
        sizes = (capsules, *hidden, image_size**2)
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*layers[:-1], nn.Sigmoid())

    def forward(self, expression: Tensor, label: Tensor) -> Tensor:
        """ExpCaps [B, C, D] and classes [B] -> grey levels [B, H * H] in 0..1."""
        mask = F.one_hot(label, expression.shape[1])[..., None]
        return self.layers((expression * mask).flatten(1))
