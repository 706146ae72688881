"""What AU-GACN's Table 7 prints of its network: kernel and output of each layer.

Read off a network that is built at the paper's size, whatever size a run trains. Nothing trained comes in.
"""

from functools import cache

import torch
from torch import nn

from microexpr.facs.occurrence import AUS
from microexpr.models.augacn import HALVED, AuGacn, Bottleneck, STPNet
from microexpr.published import Cell

NONE = "-"
LENGTH = 2 * HALVED  # L: the last maps have two frames left, which tells them from what is pooled to one
LETTERS = {LENGTH: "L", len(AUS): "C"} | {LENGTH // n: f"L/{n}" for n in (2, 4, 8, 16)}


def counted(cell: Cell) -> dict[str, str]:
    """What the network has in the place of a printed kernel or shape."""
    kernel, shape = layers()[cell.row]
    return {"reproduced": kernel if cell.metric == "kernel" else shape}


@cache
def layers() -> dict[str, tuple[str, str]]:
    """Kernel and output by row of the table, as it writes them."""
    params = AuGacn.Params()
    with torch.device("meta"):
        x = torch.empty(1, 3, LENGTH, params.image_size, params.image_size)
        found = {"Input": (NONE, written(x.shape))}
        for name, layer in STPNet(params.width).named_children():
            x = layer(x)
            found[name] = (kernel(layer), written(x.shape))
    return found


def written(shape: tuple[int, ...]) -> str:
    """Of one clip: [channels, frames, rows, columns], and as the table has it, with an axis of clips before pictures."""
    if len(shape) == 5:
        _, channels, frames, *places = shape
        axes = [str(channels), LETTERS.get(frames, str(frames)), *map(str, places)]
    else:
        axes = [LETTERS.get(size, str(size)) for size in (shape if len(shape) == 4 else shape[1:])]
    return f"[{', '.join(axes)}]"


def kernel(layer: nn.Module) -> str:
    """K and, where anything is left out, S; of a bottleneck, K of space and of time."""
    if isinstance(layer, Bottleneck):
        sizes, stride = [layer.spatial[0].kernel_size, layer.temporal[0].kernel_size], layer.begin[0].stride
    elif isinstance(layer, nn.AdaptiveAvgPool3d):
        sizes, stride = [layer.output_size], (1,)
    elif isinstance(layer, nn.Conv2d | nn.Conv3d | nn.MaxPool3d):
        sizes, stride = [layer.kernel_size], layer.stride
    else:
        return NONE
    every = ", ".join(str(size).replace(" ", "") for size in sizes)
    if {*stride} == {1}:
        return f"K={every}"
    return f"K={every}, S={stride[0] if len({*stride}) == 1 else str(stride).replace(' ', '')}"
