"""Micro-Attention: ResNet-10 with blocks that weigh the pixels of the apex frame. No folds, files or devices come in.

Shapes: B clips, apex [B, 3, H, H], W `width`, classes C.
"""

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, Phase, Statistics, Update
from microexpr.models.classifier import Classifier, ClipsPerStep, Mirror, Shift
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import class_weights
from microexpr.models.layers.pretrained import WIDTH, Block, standardise
from microexpr.models.recipe import cosine, jitter, macro_only, micro_only, to_unit_range

STAGES = 4


class AttentiveBlock(Block):
    """A residual block that weighs each pixel of its branch by attention over its shortcut and both convolutions."""

    def __init__(self, channels: int, out: int, stride: int):
        super().__init__(channels, out, stride)
        self.attend = nn.Conv2d(3 * out, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, channels, H, H] -> [B, out, H / stride, H / stride]"""
        short = self.shortcut(x)
        inner = self.bn1(self.conv1(x)).relu()
        last = self.bn2(self.conv2(inner))
        attention = self.attend(torch.cat([short, inner, last], 1)).sigmoid()  # [B, 1, H, H]
        return (short + last * attention).relu()


class Network(nn.Module):
    """A stem, one block per stage and a linear layer: ten layers with weights."""

    def __init__(self, params: "MicroAttention.Params", classes: int):
        super().__init__()
        width = params.width
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        widths = [width, *(width * 2**stage for stage in range(STAGES))]
        strides = (1, *[2] * (STAGES - 1))
        self.stages = nn.Sequential(
            *(
                AttentiveBlock(before, after, stride)
                for (before, after), stride in zip(pairwise(widths), strides, strict=True)
            )
        )
        self.classify = nn.Linear(widths[-1], classes)

    def forward(self, faces: Tensor) -> Tensor:
        """[B, 3, H, H] -> [B, C]"""
        x = F.max_pool2d(self.bn1(self.conv1(faces)).relu(), 3, 2, 1)
        return self.classify(self.stages(x).mean((2, 3)))


class MicroAttention(Classifier):
    """ResNet-10 on the apex frame, with micro-attention in every block, first trained on macro-expressions.

    From the abstract: attention that works with residual blocks and adds hardly any parameters, transfer from
    macro-expressions against overfitting. Ours, since the paper's text was not available: one attention map for each
    block, from its shortcut and both its convolutions; the size, epochs and rates, the cosine schedules, class weights
    in both phases, mirrored and shifted images."""

    paper = "Wang, Peng, Bi and Chen, Micro-attention for micro-expression recognition, Neurocomputing 2020"
    pictures = {"apex": 3}
    network = Network
    macro = True
    recordings = ("micro", "macro")

    class Params(base.Params):
        image_size: int = Field(224, ge=32, le=448, description="pixels, side of the faces")
        width: int = Field(WIDTH, ge=2, le=256, description="channels of the first stage")
        macro_epochs: int = Field(50, ge=1, le=2000, description="epochs on macro-expressions, of as many steps")
        epochs: int = Field(50, ge=1, le=2000, description="passes over the protocol's clips after that")
        batch: ClipsPerStep = 32
        macro_lr: float = Field(1e-3, gt=0, le=1, description="Adam's first learning rate on macro-expressions")
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's first learning rate after that")
        mirror: Mirror = 0.5
        shift: Shift = 8

    def statistics(self, train: ClipTensors) -> Statistics:
        label, macro = train.targets["label"], train.targets["macro"] == 1
        return {
            "class_weights": class_weights(label[~macro], self.classes),
            "macro_class_weights": class_weights(label[macro], self.classes),
        }

    def phases(self) -> list[Phase]:
        params = self.params
        kinds = ((True, params.macro_lr, params.macro_epochs), (False, params.lr, params.epochs))
        return [
            Phase(
                [Update(partial(self.loss, macro=macro), {"network": self.optimiser(lr)})],
                epochs,
                params.batch,
                macro_only if macro else micro_only,
                cosine,
            )
            for macro, lr, epochs in kinds
        ]

    def loss(
        self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream, *, macro: bool = False
    ) -> Tensor:
        weights = statistics["macro_class_weights" if macro else "class_weights"]
        return F.cross_entropy(self.forward(modules, batch, statistics, rng), batch["label"], weights)

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        faces = to_unit_range(batch["apex"])
        return modules.network(standardise(jitter(faces, rng, self.params.mirror, self.params.shift) if rng else faces))
