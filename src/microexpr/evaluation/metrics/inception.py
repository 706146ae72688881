"""Build the Inception network of FID and KID and load its published weights. Out of scope: any download.

Szegedy et al. 2016 as TensorFlow's model of 2015-12-05 has it, which differs from torchvision's: 1008 classes, average
pools that do not count their padding, and a max pool in the last block. Names are those of the weights file.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from microexpr.core.errors import StoreError
from microexpr.models import pretrained_weights

IMAGE_SIZE, FEATURES, BATCH = 299, 2048, 16
Size = tuple[int, int]  # rows and columns of a kernel
ONE, THREE, FIVE, WIDE, HIGH = (1, 1), (3, 3), (5, 5), (1, 7), (7, 1)
# Branches of a block by name, each of layers: channels, and the kernel, or two kernels side by side. In a block without
# a layer after its pool, the last layers have stride 2.
Branches = dict[str, list[tuple[int, *tuple[Size, ...]]]]
AT_35: Branches = {
    "branch1x1": [(64, ONE)],
    "branch5x5": [(48, ONE), (64, FIVE)],
    "branch3x3dbl": [(64, ONE), (96, THREE), (96, THREE)],
}
TO_17: Branches = {"branch3x3": [(384, THREE)], "branch3x3dbl": [(64, ONE), (96, THREE), (96, THREE)]}
TO_8: Branches = {
    "branch3x3": [(192, ONE), (320, THREE)],
    "branch7x7x3": [(192, ONE), (192, WIDE), (192, HIGH), (192, THREE)],
}
AT_8: Branches = {
    "branch1x1": [(320, ONE)],
    "branch3x3": [(384, ONE), (384, (1, 3), (3, 1))],
    "branch3x3dbl": [(448, ONE), (384, THREE), (384, (1, 3), (3, 1))],
}


def at_17(inner: int) -> Branches:
    """Return the branches of a block at 17 x 17: 7x7 as 1x7 and 7x1, once and twice."""
    return {
        "branch1x1": [(192, ONE)],
        "branch7x7": [(inner, ONE), (inner, WIDE), (192, HIGH)],
        "branch7x7dbl": [(inner, ONE), (inner, HIGH), (inner, WIDE), (inner, HIGH), (192, WIDE)],
    }


def load_network(path: Path) -> "Inception":
    """Return the network with the weights of a file, in eval(). Raises StoreError if it holds other tensors."""
    network = Inception()
    try:
        network.load_state_dict(pretrained_weights.load_tensors(path))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"{path}: must hold the weights of FID's Inception: {reason}") from error
    return network.eval()


def features(network: "Inception", images: np.ndarray) -> np.ndarray:
    """Return features float32[N, 2048] of images uint8[N, H, W, C], RGB or grey."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(images), BATCH):
            planes = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2).float()
            parts.append(network(resize(planes.expand(-1, 3, -1, -1).contiguous())))  # grey is repeated
    return torch.cat(parts).numpy() if parts else np.zeros((0, FEATURES), np.float32)


def resize(images: Tensor) -> Tensor:
    """Resize images [N, 3, H, W] in 0..255 to float32[N, 3, 299, 299] in -1..1, bilinearly as TensorFlow 1 did.

    There the position of a pixel is its index times the ratio of the sides, so the image is not centred; beyond the
    last pixel its value continues.
    """
    matrices = []  # how much of each old pixel is in each new one, [299, side]
    for side in images.shape[2:]:
        position = torch.arange(IMAGE_SIZE, dtype=images.dtype) * torch.tensor(side / IMAGE_SIZE, dtype=images.dtype)
        before = position.long()
        fraction = (position - before)[:, None]
        one_hot = partial(F.one_hot, num_classes=side)
        matrices.append((1 - fraction) * one_hot(before) + fraction * one_hot((before + 1).clamp_max(side - 1)))
    rows, columns = matrices
    return (torch.einsum("yh,nchw,xw->ncyx", rows, images, columns) - 128) / 128


def convolution(inputs: int, channels: int, size: Size, stride: int = 1, padded: bool = True) -> nn.Sequential:
    """Return a convolution without bias, batch norm and ReLU, which keeps the image's size if padded, at stride 1."""
    padding = (size[0] // 2, size[1] // 2) if padded else 0
    parts = {
        "conv": nn.Conv2d(inputs, channels, size, stride, padding, bias=False),
        "bn": nn.BatchNorm2d(channels, eps=0.001),
        "relu": nn.ReLU(),
    }
    return nn.Sequential(OrderedDict(parts))


halving_pool = partial(F.max_pool2d, kernel_size=3, stride=2)
max_pool = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
average_pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)


class Block(nn.Module):
    """Parallel branches, their channels joined; the last is a pool, followed by a layer unless the block halves."""

    def __init__(self, inputs: int, branches: Branches, pool: Callable[[Tensor], Tensor], pooled: int = 0):
        super().__init__()
        self.pool, self.paths = pool, list[list[list[str]]]()  # names of layers by branch and step
        for branch, layers in branches.items():
            channels, path = inputs, []
            for i, (outputs, *sizes) in enumerate(layers, start=1):
                name, last = f"{branch}_{i}" if len(layers) > 1 else branch, i == len(layers)
                step = dict(zip((f"{name}a", f"{name}b") if len(sizes) > 1 else (name,), sizes, strict=True))
                stride, padded = (1, True) if pooled or not last else (2, False)
                for layer, size in step.items():
                    self.add_module(layer, convolution(channels, outputs, size, stride, padded))
                channels = outputs * len(sizes)
                path.append([*step])
            self.paths.append(path)
        self.branch_pool = convolution(inputs, pooled, ONE) if pooled else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for path in self.paths:
            y = x
            for step in path:
                y = torch.cat([getattr(self, name)(y) for name in step], 1)
            outputs.append(y)
        return torch.cat([*outputs, self.branch_pool(self.pool(x))], 1)


class Inception(nn.Module):
    """The network up to its last pool: float32[N, 2048] of [N, 3, 299, 299] in -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = convolution(3, 32, THREE, stride=2, padded=False)
        self.Conv2d_2a_3x3 = convolution(32, 32, THREE, padded=False)
        self.Conv2d_2b_3x3 = convolution(32, 64, THREE)
        self.Conv2d_3b_1x1 = convolution(64, 80, ONE)
        self.Conv2d_4a_3x3 = convolution(80, 192, THREE, padded=False)
        for name, inputs, pooled in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
            self.add_module(f"Mixed_{name}", Block(inputs, AT_35, average_pool, pooled))
        self.Mixed_6a = Block(288, TO_17, halving_pool)
        for name, inner in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            self.add_module(f"Mixed_{name}", Block(768, at_17(inner), average_pool, 192))
        self.Mixed_7a = Block(768, TO_8, halving_pool)
        self.Mixed_7b, self.Mixed_7c = Block(1280, AT_8, average_pool, 192), Block(2048, AT_8, max_pool, 192)
        self.fc = nn.Linear(FEATURES, 1008)  # in the file; FID and KID stop before it

    def forward(self, x: Tensor) -> Tensor:
        for name, layer in self.named_children():
            if name == "fc":
                break
            x = layer(x)
            if name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3"):
                x = halving_pool(x)
        return x.mean((2, 3))
