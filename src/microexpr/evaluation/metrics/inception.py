"""Build the Inception network of FID and KID and load its published weights. Out of scope: any download.

Szegedy et al. 2016 as TensorFlow's model of 2015-12-05 has it, which differs from torchvision's: 1008 classes, average
pools that do not count their padding, and a max pool in the last block. Names are those of the weights file.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from microexpr.core.errors import StoreError
from microexpr.models import pretrained_weights

IMAGE_SIZE, FEATURES, BATCH = 299, 2048, 16


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


class Layer(NamedTuple):
    """A convolution without bias, batch norm and ReLU, by its name in the weights file."""

    name: str
    channels: int  # out
    rows: int = 1  # of the kernel
    columns: int = 1
    halves: bool = False  # stride 2 without padding; otherwise the image keeps its size
    padded: bool = True

    def build(self, inputs: int) -> nn.Sequential:
        """Build the layer for a number of input channels."""
        padding = (self.rows // 2, self.columns // 2) if self.padded and not self.halves else 0
        size, stride = (self.rows, self.columns), 2 if self.halves else 1
        parts = {
            "conv": nn.Conv2d(inputs, self.channels, size, stride, padding, bias=False),
            "bn": nn.BatchNorm2d(self.channels, eps=0.001),
            "relu": nn.ReLU(),
        }
        return nn.Sequential(OrderedDict(parts))


Step = tuple[Layer, ...]  # parallel layers, their channels joined
Branch = list[Step]


def branch(*layers: Layer) -> Branch:
    """Return a branch of one layer after the other."""
    return [(layer,) for layer in layers]


class Block(nn.Module):
    """Parallel branches, their channels joined; the last is a pool, followed by a layer unless it halves."""

    def __init__(self, inputs: int, branches: list[Branch], pool: Callable[[Tensor], Tensor], pooled: int = 0):
        super().__init__()
        self.pool = pool
        self.rows = [[tuple(layer.name for layer in step) for step in row] for row in branches]
        for row in branches:
            channels = inputs
            for step in row:
                for layer in step:
                    self.add_module(layer.name, layer.build(channels))
                channels = sum(layer.channels for layer in step)
        self.branch_pool = Layer("branch_pool", pooled).build(inputs) if pooled else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for row in self.rows:
            y = x
            for step in row:
                y = torch.cat([getattr(self, name)(y) for name in step], 1)
            outputs.append(y)
        return torch.cat([*outputs, self.branch_pool(self.pool(x))], 1)


halving_pool = partial(F.max_pool2d, kernel_size=3, stride=2)
max_pool = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
average_pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)


def block_35(inputs: int, pooled: int) -> Block:
    """Return a block at 35 x 35: 1x1, 5x5 and two 3x3."""
    five = branch(Layer("branch5x5_1", 48), Layer("branch5x5_2", 64, 5, 5))
    double = branch(Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, 3, 3), Layer("branch3x3dbl_3", 96, 3, 3))
    return Block(inputs, [branch(Layer("branch1x1", 64)), five, double], average_pool, pooled)


def reduce_to_17(inputs: int) -> Block:
    """Return the block from 35 x 35 to 17 x 17."""
    double = branch(
        Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, 3, 3), Layer("branch3x3dbl_3", 96, 3, 3, halves=True)
    )
    return Block(inputs, [branch(Layer("branch3x3", 384, 3, 3, halves=True)), double], halving_pool)


def block_17(inputs: int, inner: int) -> Block:
    """Return a block at 17 x 17: 7x7 as 1x7 and 7x1, once and twice."""
    seven = branch(Layer("branch7x7_1", inner), Layer("branch7x7_2", inner, 1, 7), Layer("branch7x7_3", 192, 7, 1))
    double = branch(
        Layer("branch7x7dbl_1", inner),
        Layer("branch7x7dbl_2", inner, 7, 1),
        Layer("branch7x7dbl_3", inner, 1, 7),
        Layer("branch7x7dbl_4", inner, 7, 1),
        Layer("branch7x7dbl_5", 192, 1, 7),
    )
    return Block(inputs, [branch(Layer("branch1x1", 192)), seven, double], average_pool, 192)


def reduce_to_8(inputs: int) -> Block:
    """Return the block from 17 x 17 to 8 x 8."""
    three = branch(Layer("branch3x3_1", 192), Layer("branch3x3_2", 320, 3, 3, halves=True))
    seven = branch(
        Layer("branch7x7x3_1", 192),
        Layer("branch7x7x3_2", 192, 1, 7),
        Layer("branch7x7x3_3", 192, 7, 1),
        Layer("branch7x7x3_4", 192, 3, 3, halves=True),
    )
    return Block(inputs, [three, seven], halving_pool)


def block_8(inputs: int, pool: Callable[[Tensor], Tensor]) -> Block:
    """Return a block at 8 x 8: branches that end in parallel 1x3 and 3x1."""

    def fork(name: str) -> Step:
        return Layer(f"{name}a", 384, 1, 3), Layer(f"{name}b", 384, 3, 1)

    three = [*branch(Layer("branch3x3_1", 384)), fork("branch3x3_2")]
    double = [*branch(Layer("branch3x3dbl_1", 448), Layer("branch3x3dbl_2", 384, 3, 3)), fork("branch3x3dbl_3")]
    return Block(inputs, [branch(Layer("branch1x1", 320)), three, double], pool, 192)


class Inception(nn.Module):
    """The network up to its last pool: float32[N, 2048] of [N, 3, 299, 299] in -1..1."""

    def __init__(self) -> None:
        super().__init__()
        stem = [
            Layer("Conv2d_1a_3x3", 32, 3, 3, halves=True),
            Layer("Conv2d_2a_3x3", 32, 3, 3, padded=False),
            Layer("Conv2d_2b_3x3", 64, 3, 3),
            Layer("Conv2d_3b_1x1", 80),
            Layer("Conv2d_4a_3x3", 192, 3, 3, padded=False),
        ]
        for layer, inputs in zip(stem, (3, 32, 32, 64, 80), strict=True):
            self.add_module(layer.name, layer.build(inputs))
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = block_35(192, 32), block_35(256, 64), block_35(288, 64)
        self.Mixed_6a = reduce_to_17(288)
        self.Mixed_6b, self.Mixed_6c = block_17(768, 128), block_17(768, 160)
        self.Mixed_6d, self.Mixed_6e = block_17(768, 160), block_17(768, 192)
        self.Mixed_7a = reduce_to_8(768)
        self.Mixed_7b, self.Mixed_7c = block_8(1280, average_pool), block_8(2048, max_pool)
        self.fc = nn.Linear(FEATURES, 1008)  # in the file; FID and KID stop before it

    def forward(self, x: Tensor) -> Tensor:
        for name, layer in self.named_children():
            if name == "fc":
                break
            x = layer(x)
            if name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3"):
                x = halving_pool(x)
        return x.mean((2, 3))
