"""A generator for changes of less than a pixel: it moves a face's skin by what is asked, then paints over what is new.

GANimation's mask and colours, over a face that has been moved. A movement is the sum of those of the action units,
each as large as its intensity, so that little is moved where little is asked; nothing where nothing is.

Shapes: n images [n, 3, H, H] in -1..1, intensities [n, A] in 0..1 of A action units (17); W channels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from microexpr.models.layers.ganimation import composed
from microexpr.signals.aus import ACTION_UNITS

REACH = 0.25  # halves of the face's side, by which a unit moves skin at full intensity where the network says 1


class Plain(nn.Module):
    """A residual block without a norm, whose second layer starts at 0: [n, W, h, h] -> the same shape"""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, 1, 1) for _ in range(2))
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = x + self.second(self.first(x.relu()).relu())
        return found


class Mover(nn.Module):
    """No norm: what is far from a unit's skin must not change with it, nor colours with the picture's mean."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        w, units = width, len(ACTION_UNITS)
        self.inward = nn.ModuleList(
            [
                nn.Conv2d(3, w, 3, 1, 1),
                nn.Conv2d(w, 2 * w, 4, 2, 1),
                nn.Conv2d(2 * w, 4 * w, 4, 2, 1),
                nn.Conv2d(4 * w, 4 * w, 4, 2, 1),
            ]
        )
        self.blocks = nn.Sequential(*(Plain(4 * w) for _ in range(blocks)))
        self.outward = nn.ModuleList(
            [nn.ConvTranspose2d(4 * w, 4 * w, 4, 2, 1), nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1)]
        )
        self.between = Plain(4 * w)
        self.movement = nn.Conv2d(2 * w, 2 * units, 3, 1, 1)
        self.told = nn.Linear(units, 2 * w, bias=False)
        self.shown = nn.Conv2d(2 * w, 2 * w, 3, 1, 1)
        self.finer = nn.ConvTranspose2d(2 * w, w, 4, 2, 1)
        self.skin = nn.Conv2d(3, w, 3, 1, 1)
        self.paint = nn.Conv2d(w, w, 3, 1, 1)
        self.mask, self.colour = nn.Conv2d(w, 1, 3, 1, 1), nn.Conv2d(w, 3, 3, 1, 1)
        nn.init.zeros_(self.movement.weight)
        nn.init.zeros_(self.colour.weight)

    def seen(self, face: Tensor) -> Tensor:
        """[n, 2 W, H/2, H/2], of the face alone"""
        seen = [face]
        for layer in self.inward:
            seen.append(layer(seen[-1]).relu())
        x = self.outward[0](self.blocks(seen[4]).relu())
        x = self.outward[1](self.between(x + seen[3]).relu())
        found: Tensor = (x + seen[2]).relu()
        return found

    def forward(self, face: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor]:
        """-> the faces, and masks [n, 1, H, H]: 1 where the moved face is painted over"""
        flow, mask, paint = self.parts(face, intensity)
        return painted(moved(face, flow), mask, paint), mask

    def parts(self, face: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Movements [n, 2, H, H], as `moved` takes them; masks; by how much colours differ from the moved face's."""
        seen = self.seen(face)
        each = self.movement(seen).unflatten(1, (-1, 2)).to(face.dtype)  # [n, A, 2, H/2, H/2]
        flow = REACH * (intensity[:, :, None, None, None] * each).sum(1)
        flow = F.interpolate(flow, scale_factor=2, mode="bilinear")
        told = self.shown(seen * self.told(intensity)[:, :, None, None]).relu()
        x = self.paint((self.finer(told) + self.skin(moved(face, flow))).relu()).relu()
        some = 1 - (-intensity.sum(1)).exp()[:, None, None, None]
        return flow, self.mask(x).to(face.dtype).sigmoid() * some, 2 * self.colour(x).to(face.dtype).tanh()


def moved(face: Tensor, flow: Tensor) -> Tensor:
    """Faces [n, 3, H, H], each pixel from where a movement [n, 2, H, H] says, x and y in halves of the side; linear."""
    side = face.shape[-1]
    place = (2 * torch.arange(side, dtype=face.dtype, device=face.device) + 1) / side - 1
    grid = torch.stack(torch.meshgrid(place, place, indexing="xy"), -1) + flow.movedim(1, -1)
    return F.grid_sample(face, grid, mode="bilinear", padding_mode="border", align_corners=False)


def painted(face: Tensor, mask: Tensor, paint: Tensor) -> Tensor:
    """The face with other colours where the mask is 1; light that it lacks is none."""
    return composed(mask, face + paint, face).clamp(-1, 1)
