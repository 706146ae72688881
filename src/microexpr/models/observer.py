"""A small network that tells synthesised faces from true ones, next to the same face at rest. No files or folds here.

Shapes: B faces or clips of K frames (a face is one), images [B, 1, H, H], H a multiple of 8, cells of H / 8 rows and
columns.
"""

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, Modules, Shapes, Statistics
from microexpr.models.classifier import Classifier, ClipsPerStep, Epochs
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.contrast import steady_change
from microexpr.models.layers.portable import square_root
from microexpr.models.recipe import jitter, linear

CELL = 8  # pixels, side of a cell
SPREAD = 8.0  # grey levels, about the change of a micro-expression: the change's unit
WIDTH = 16  # maps of both convolutions
SHIFT = 1  # pixels, largest random shift of training pairs


class Cells(nn.Module):
    """Two convolutions and a logit for each cell, by weights of that cell's own; a face's logit is the sum."""

    def __init__(self, params: "Observer.Params", classes: int):
        super().__init__()
        cells = params.image_size // CELL
        self.maps = nn.Sequential(
            nn.Conv2d(1 + params.frames, WIDTH, 8, 4, 2), nn.ReLU(), nn.Conv2d(WIDTH, WIDTH, 4, 2, 1), nn.ReLU()
        )  # [B, 1 + K, H, H] -> [B, W, cells, cells]
        self.weight = nn.Parameter(torch.zeros(WIDTH, cells, cells))
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, pair: Tensor) -> Tensor:
        """Resting faces and changes [B, 1 + K, H, H] -> logits [B, cells, cells]"""
        logits: Tensor = (self.maps(pair) * self.weight).sum(1)
        return logits + self.bias / logits[0].numel()


class Observer(Classifier):
    """Sees a face at rest and K other pictures of it, and scores whether these are true.

    Ours, after the two-sample test by classifiers of Lopez-Paz & Oquab, ICLR 2017. Its score is a sum over cells, so
    that the scores of a region's cells say how much the region gives away."""

    paper = "None: ours; the test is Lopez-Paz & Oquab, Revisiting classifier two-sample tests, ICLR 2017"
    network, algorithm, schedule = Cells, torch.optim.AdamW, staticmethod(linear)

    class Params(base.Params):
        image_size: int = Field(128, ge=16, le=512, multiple_of=CELL, description="pixels, side of the faces")
        frames: int = Field(1, ge=1, le=64, description="pictures of a clip, next to the one at rest")
        epochs: Epochs = 24
        batch: ClipsPerStep = 24
        lr: float = Field(1e-3, gt=0, le=1, description="AdamW's first learning rate, which falls linearly to 0")
        weight_decay: float = Field(0.05, ge=0, le=10, description="AdamW's")

    @property
    def inputs(self) -> Shapes:
        return {"pair": (1 + self.params.frames, self.params.image_size, self.params.image_size)}

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        pair = jitter(batch["pair"], rng, 0.5, SHIFT)
        logits = modules.network(pair).sum((1, 2))
        return F.binary_cross_entropy_with_logits(logits, batch["label"].to(logits.dtype))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """Return logits of being true by cell, [B, cells * cells], row by row."""
        return modules.network(batch["pair"]).flatten(1)


def pair(rest: Tensor, pictures: Tensor) -> Tensor:
    """Return the observer's input [B, 1 + K, H, H] of a picture at rest [B, 1, H, H] and K others, in grey levels.

    It is the face at rest without brightness and contrast, and the changes to the others without head motion."""
    changes = [steady_change(rest, picture) for picture in pictures.split(1, 1)]
    change = torch.cat(changes, 1) / SPREAD
    centred = rest - rest.mean((2, 3), keepdim=True)
    deviation = square_root(centred.square().mean((2, 3), keepdim=True)) + 1
    return torch.cat([centred / deviation, change], 1)
