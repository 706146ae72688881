"""What AU-GACN's Table 7 prints of its network: kernel and output of each layer.

Read off a network that is built at the paper's size, whatever size a run trains. Nothing trained comes in.
"""

from functools import cache
from typing import Any

import torch
from torch import nn

from microexpr.core.facs.occurrence import AUS
from microexpr.evaluation.published import Cell
from microexpr.models.recognisers.augacn import DOWNSAMPLING, AuGacn, STPNet

NONE = "-"
LENGTH = 2 * DOWNSAMPLING  # L: the last maps have two frames left, which tells them from what is pooled to one
LETTERS = {LENGTH: "L", len(AUS): "C"} | {LENGTH // n: f"L/{n}" for n in (2, 4, 8, 16)}


def counted(cell: Cell) -> dict[str, str]:
    """What the network has in the place of a printed kernel or shape."""
    kernel, shape = layers()[cell.row]
    return {"reproduced": kernel if cell.metric == "kernel" else shape}


@cache
def layers() -> dict[str, tuple[str, str]]:
    """Kernel and output by row of the table, as it writes them."""
    params = AuGacn.Params.model_validate({})
    with torch.device("meta"):
        x = torch.empty(1, 3, LENGTH, params.image_size, params.image_size)
        found = {"Input": (NONE, written(x.shape))}
        for name, layer in STPNet(params.width).named_children():
            x = layer(x)
            found[name] = (kernel(layer), written(x.shape))
    return found


def written(shape: tuple[int, ...]) -> str:
    """Of one clip: [channels, frames, rows, columns]; a picture's has the axis of clips before it, as printed."""
    if len(shape) == 5:
        _, channels, frames, *places = shape
        axes = [str(channels), LETTERS.get(frames, str(frames)), *map(str, places)]
    else:
        axes = [LETTERS.get(size, str(size)) for size in (shape if len(shape) == 4 else shape[1:])]
    return f"[{', '.join(axes)}]"


def kernel(layer: nn.Module) -> str:
    """K and, where anything is left out, S; of a bottleneck, K of space and of time."""
    strided: list[Any] = [one for one in layer.modules() if isinstance(one, nn.Conv2d | nn.Conv3d | nn.MaxPool3d)]
    if isinstance(layer, nn.AdaptiveAvgPool3d):
        return f"K={plain(layer.output_size)}"
    if not strided:
        return NONE
    first, *others = strided
    sizes = [one.kernel_size for one in strided if {*one.kernel_size} != {1}] if others else [first.kernel_size]
    every = f"K={', '.join(map(plain, sizes))}"
    steps = {*first.stride}
    return every if steps == {1} else f"{every}, S={plain(first.stride) if len(steps) > 1 else first.stride[0]}"


def plain(sizes: object) -> str:
    """(1,7,7), without blanks."""
    return str(sizes).replace(" ", "")
