"""Printed parts, sizes and layers read off networks: ICE-GAN's Tables 2 and 3, AU-GACN's Table 7.

Networks are built at the paper's size, whatever size a run trains. No trained weights come in.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import nn

from microexpr.core.facs import AUS
from microexpr.evaluation.published import Cell
from microexpr.models.recognisers.augacn import DOWNSAMPLING, AuGacn, STPNet
from microexpr.models.recognisers.icegan import CapsuleHeads, Dcgan, Icegan, UNet

CHOICES = ("generator", "seed_before", "skips", "discriminator", "exp_size")  # all others have the paper's values
PRESENT, ABSENT = "✓", "-"
Networks = Mapping[str, nn.Module]
LENGTH = 2 * DOWNSAMPLING  # L: the last maps still have two frames, unlike those pooled to one
LETTERS = {LENGTH: "L", len(AUS): "C"} | {LENGTH // n: f"L/{n}" for n in (2, 4, 8, 16)}


def describe(cell: Cell, params: Mapping[str, Any]) -> str:
    """Return a printed kernel or shape; or of a model with these params a tick or "-", or millions of parameters. The
    parameters of the discriminator are those of trunk, heads and reconstruction."""
    if cell.metric in ("kernel", "shape"):
        return layers()[cell.row][cell.metric == "shape"]
    method = Icegan(Icegan.Params(**{name: params[name] for name in CHOICES}))
    with torch.device("meta"):  # allocates no weights
        networks = method.build({})
    if cell.metric == "component":
        return PRESENT if components(networks)[cell.column] else ABSENT
    parts = (network for name, network in networks.items() if name != "generator")
    return f"{sum(p.numel() for part in parts for p in part.parameters()) / 1e6:.2f}"


def components(networks: Networks) -> dict[str, bool]:
    """Return which parts a model has, by column of Table 2."""
    generator, heads = networks.get("generator"), networks["heads"]
    return {
        "D_capsule / ExpCaps": isinstance(heads, CapsuleHeads),
        "D_capsule / AdvCaps": isinstance(heads, CapsuleHeads) and bool(heads.adversarial),
        "G_I": isinstance(generator, Dcgan),
        "G_II / G_enc": isinstance(generator, UNet) and generator.early,
        "G_II / G_dec": isinstance(generator, UNet) and not generator.early,
        "G_II / SC": isinstance(generator, UNet) and generator.skips,
    }


@cache
def layers() -> dict[str, tuple[str, str]]:
    """Return kernel and output by row of the table, in its notation."""
    params = AuGacn.Params.model_validate({})
    with torch.device("meta"):
        x = torch.empty(1, 3, LENGTH, params.image_size, params.image_size)
        rows = {"Input": (ABSENT, format_shape(x.shape))}
        for name, layer in STPNet(params.width).named_children():
            x = layer(x)
            rows[name] = (format_kernel(layer), format_shape(x.shape))
    return rows


def format_shape(shape: tuple[int, ...]) -> str:
    """Return a shape in the paper's notation. Clips have [channels, frames, rows, columns]; images keep the axis of
    clips in front, as printed."""
    if len(shape) == 5:
        _, channels, frames, *sizes = shape
        axes = [str(channels), LETTERS.get(frames, str(frames)), *map(str, sizes)]
    else:
        axes = [LETTERS.get(size, str(size)) for size in (shape if len(shape) == 4 else shape[1:])]
    return f"[{', '.join(axes)}]"


def format_kernel(layer: nn.Module) -> str:
    """Return the kernel K and, unless it is 1, the stride S; for a bottleneck, K of space and of time."""
    kinds = nn.Conv2d | nn.Conv3d | nn.MaxPool3d
    strided: list[Any] = [module for module in layer.modules() if isinstance(module, kinds)]
    if isinstance(layer, nn.AdaptiveAvgPool3d):
        return f"K={without_blanks(layer.output_size)}"
    if not strided:
        return ABSENT
    sizes = [module.kernel_size for module in strided if len(strided) == 1 or {*module.kernel_size} != {1}]
    kernels, stride = f"K={', '.join(map(without_blanks, sizes))}", strided[0].stride
    if {*stride} == {1}:
        return kernels
    return f"{kernels}, S={without_blanks(stride) if len({*stride}) > 1 else stride[0]}"


def without_blanks(sizes: object) -> str:
    """Return a tuple as text, such as "(1,7,7)"."""
    return str(sizes).replace(" ", "")
