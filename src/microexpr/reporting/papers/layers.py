"""AU-GACN's Table 7 on the network itself: kernel and output of each layer.

Read off a network that is built at the paper's size, whatever size a run trains. No trained weights come in.
"""

from functools import cache
from typing import Any

import torch
from torch import nn

from microexpr.core.facs.occurrence import AUS
from microexpr.evaluation.published import Cell
from microexpr.models.recognisers.augacn import DOWNSAMPLING, AuGacn, STPNet

NONE = "-"
LENGTH = 2 * DOWNSAMPLING  # L: the last maps still have two frames, unlike those pooled to one
LETTERS = {LENGTH: "L", len(AUS): "C"} | {LENGTH // n: f"L/{n}" for n in (2, 4, 8, 16)}


def describe(cell: Cell) -> dict[str, str]:
    """Return the values of a row for a printed kernel or shape."""
    kernel, shape = layers()[cell.row]
    return {"reproduced": kernel if cell.metric == "kernel" else shape}


@cache
def layers() -> dict[str, tuple[str, str]]:
    """Return kernel and output by row of the table, in its notation."""
    params = AuGacn.Params.model_validate({})
    with torch.device("meta"):
        x = torch.empty(1, 3, LENGTH, params.image_size, params.image_size)
        rows = {"Input": (NONE, format_shape(x.shape))}
        for name, layer in STPNet(params.width).named_children():
            x = layer(x)
            rows[name] = (format_kernel(layer), format_shape(x.shape))
    return rows


def format_shape(shape: tuple[int, ...]) -> str:
    """Return a shape in the paper's notation.

    Clips have [channels, frames, rows, columns]; images keep the axis of clips in front, as printed.
    """
    if len(shape) == 5:
        _, channels, frames, *sizes = shape
        axes = [str(channels), LETTERS.get(frames, str(frames)), *map(str, sizes)]
    else:
        axes = [LETTERS.get(size, str(size)) for size in (shape if len(shape) == 4 else shape[1:])]
    return f"[{', '.join(axes)}]"


def format_kernel(layer: nn.Module) -> str:
    """Return the kernel K and, unless it is 1, the stride S; for a bottleneck, K of space and of time."""
    strided: list[Any] = [
        module for module in layer.modules() if isinstance(module, nn.Conv2d | nn.Conv3d | nn.MaxPool3d)
    ]
    if isinstance(layer, nn.AdaptiveAvgPool3d):
        return f"K={without_blanks(layer.output_size)}"
    if not strided:
        return NONE
    first, *others = strided
    if others:
        sizes = [module.kernel_size for module in strided if {*module.kernel_size} != {1}]
    else:
        sizes = [first.kernel_size]
    kernels = f"K={', '.join(map(without_blanks, sizes))}"
    strides = {*first.stride}
    if strides == {1}:
        return kernels
    return f"{kernels}, S={without_blanks(first.stride) if len(strides) > 1 else first.stride[0]}"


def without_blanks(sizes: object) -> str:
    """Return a tuple as text, such as "(1,7,7)"."""
    return str(sizes).replace(" ", "")
