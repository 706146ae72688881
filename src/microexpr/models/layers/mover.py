"""A generator for changes of less than a pixel: it warps a face by its target intensities, then adds colours.

It has GANimation's mask and colours, on a warped face. The flow is a sum over action units, each proportional to its
intensity, so that small intensities move little and none move nothing.

Shapes: n images [n, 3, H, H] in -1..1, intensities in 0..1 of A action units (17), K of each image in turn, [n K, A]
or, by column, [n K, A, H]; W channels. A negative intensity moves the other way.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from microexpr.models.layers.ganimation import compose
from microexpr.signals.aus import ACTION_UNITS

SEAM = 1 / 12  # share of a face's width over which its halves are blended
REACH = 0.25  # halves of the face's side: displacement by a unit of full intensity where the network's output is 1


class Plain(nn.Module):
    """A residual block without norm that starts as the identity: [n, W, h, h] -> [n, W, h, h]"""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, 1, 1) for _ in range(2))
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x.relu()).relu())


class Modulated(nn.Module):
    """Features of a face [n, W, h, h], scaled by intensities [n, A, 1 or H], then convolved."""

    def __init__(self, width: int):
        super().__init__()
        self.gain = nn.Linear(len(ACTION_UNITS), width, bias=False)
        self.mix = nn.Conv2d(width, width, 3, 1, 1)

    def forward(self, features: Tensor, columns: Tensor) -> Tensor:
        gain = self.gain(reduce_columns(columns, features.shape[-1]).transpose(1, 2)).transpose(1, 2)[:, :, None]
        return self.mix(features * gain)


class WarpGenerator(nn.Module):
    """The warping generator. It has no norm, so that distant pixels and the image's mean have no influence."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        w = width
        halving = (nn.Conv2d(n * w, 2 * n * w, 4, 2, 1) for n in (1, 2, 4))
        self.inward = nn.ModuleList([nn.Conv2d(3, w, 3, 1, 1), *halving])
        self.blocks = nn.Sequential(*(Plain(8 * w) for _ in range(blocks)))
        self.outward = nn.ModuleList(nn.ConvTranspose2d(2 * n * w, n * w, 4, 2, 1) for n in (4, 2))
        self.between = Plain(4 * w)
        self.movement = nn.Conv2d(2 * w, 2 * len(ACTION_UNITS), 3, 1, 1)
        self.coarse, self.fine = Modulated(4 * w), Modulated(2 * w)
        self.after = Plain(4 * w)
        self.widen = nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1)
        self.finer = nn.ConvTranspose2d(2 * w, w, 4, 2, 1)
        self.skin = nn.Conv2d(3, w, 3, 1, 1)
        self.paint = nn.Conv2d(w, w, 3, 1, 1)
        self.mask_and_colour = nn.Conv2d(w, 1 + 3, 3, 1, 1)
        keep_size(self)
        nn.init.zeros_(self.movement.weight)
        nn.init.zeros_(self.mask_and_colour.weight)

    def features(self, face: Tensor) -> tuple[Tensor, Tensor]:
        """Return feature maps of the face alone, coarse [n, 4 W, H/4, H/4] and fine [n, 2 W, H/2, H/2]."""
        maps = [face]
        for layer in self.inward:
            maps.append(layer(maps[-1]).relu())
        coarse = self.between(self.outward[0](self.blocks(maps[4]).relu()) + maps[3]).relu()
        return coarse, (self.outward[1](coarse) + maps[2]).relu()

    def forward(self, face: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor]:
        """[n, 3, H, H], [n K, A] or [n K, A, H] -> n K faces, and masks [n K, 1, H, H], 1 where colours are added"""
        flow, mask, paint = self.parts(face, intensity)
        return paint_over(warp(repeat(face, flow.shape[0]), flow), mask, paint), mask

    def parts(self, face: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return flow [n K, 2, H, H] for `warp`, masks [n K, 1, H, H] and colour changes [n K, 3, H, H].

        What depends on the face alone is computed once for its K intensities."""
        count, (coarse, fine) = intensity.shape[0], self.features(face)
        flow_of_units = self.movement(fine).unflatten(1, (-1, 2)).to(face.dtype)  # [n, A, 2, H/2, H/2]
        face, coarse, fine, flow_of_units = (repeat(tensor, count) for tensor in (face, coarse, fine, flow_of_units))
        columns = intensity[..., None] if intensity.ndim == 2 else intensity  # [n K, A, 1 or H]
        flow = REACH * (reduce_columns(columns, fine.shape[-1])[:, :, None, None] * flow_of_units).sum(1)
        flow = F.interpolate(flow, scale_factor=2, mode="bilinear")
        response = self.widen(self.after(self.coarse(coarse, columns).relu()).relu()) + self.fine(fine, columns)
        x = self.paint((self.finer(response.relu()) + self.skin(warp(face, flow))).relu()).relu()
        mask, colour = self.mask_and_colour(x).to(face.dtype).split((1, 3), 1)
        activity = 1 - (-columns.abs().sum(1)).exp()[:, None, None]  # 0 without any intensity: nothing is painted
        return flow, mask.sigmoid() * activity, 2 * colour.tanh()


def keep_size(network: nn.Module) -> None:
    """Initialise a network without norms so that features keep their size from layer to layer (He et al., ICCV 2015).

    With torch's own, smaller weights a deep one learns nothing for hundreds of steps. Layers that are 0 stay so."""
    if next(network.parameters()).is_meta:  # its shapes are asked for; torch would load its compiler for four seconds
        return
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.weight.any():
            seen = layer.in_channels * layer.weight[0, 0].numel()
            seen //= layer.stride[0] ** 2 if isinstance(layer, nn.ConvTranspose2d) else 1
            nn.init.normal_(layer.weight, 0, math.sqrt(2 / seen))
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight)


def reduce_columns(columns: Tensor, width: int) -> Tensor:
    """Return intensities [..., A, H] of columns as those of `width` columns; one column [..., A, 1] is for all."""
    return columns if columns.shape[-1] == 1 else F.avg_pool1d(columns, columns.shape[-1] // width)


def by_column(sides: Tensor, width: int) -> Tensor:
    """Return intensities [..., A, W] of an image's columns from those of the subject's left and right side [..., A, 2].

    The subject's left is at the right of the image; sides are blended as `half_share` says."""
    share = half_share(width, sides)
    return sides[..., :1] * share + sides[..., 1:] * (1 - share)


def half_share(width: int, like: Tensor) -> Tensor:
    """Return the share [W] of the subject's left half in each column: a smooth step over `SEAM` about the middle."""
    offset = (torch.arange(width, dtype=like.dtype, device=like.device) + 0.5) / width - 0.5
    share = (offset / SEAM + 0.5).clamp(0, 1)
    return share * share * (3 - 2 * share)


def repeat(tensor: Tensor, count: int) -> Tensor:
    """Return [count, ...]: each of [n, ...] as often in turn."""
    if torch.jit.is_tracing():  # for an exported graph, of one image, in which the count is free
        return tensor.expand(count, *tensor.shape[1:])
    return tensor if len(tensor) == count else tensor.repeat_interleave(count // len(tensor), 0)


def warp(face: Tensor, flow: Tensor) -> Tensor:
    """Sample faces [n, 3, H, H] bilinearly at pixels displaced by flow [n, 2, H, H], x and y in halves of the side."""
    side = face.shape[-1]
    centres = (2 * torch.arange(side, dtype=face.dtype, device=face.device) + 1) / side - 1
    grid = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), -1) + flow.permute(0, 2, 3, 1)
    return F.grid_sample(face, grid, mode="bilinear", padding_mode="border", align_corners=False)


def paint_over(face: Tensor, mask: Tensor, paint: Tensor) -> Tensor:
    """Add `paint` to the face where the mask is 1, and clamp to -1..1."""
    return compose(mask, face + paint, face).clamp(-1, 1)
