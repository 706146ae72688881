"""MEAN: spots micro-expressions, then recognises them by the same streams. No folds, files or devices come in.

Shapes: B frames, T of a video, R rows and columns of the regions' picture, C classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.clip import LABELS, Expression
from microexpr.models import spotter
from microexpr.models.base import Batch, Modules, Phase, Shapes, Statistics, Targets, Update
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.labels import weighted_mean
from microexpr.models.spotter import MICRO, Curves, FrameNetwork, Interval, Spotter, frame_labels, overlaps, scaled
from microexpr.models.spotters.softnet import POSITIVE
from microexpr.signals.spotting.movement import GAPS

KERNELS = (3, 3, 8)  # maps of the streams
MAPS = 8
RATIO = 5  # negative frames for each positive one
EMOTION, UNKNOWN = "emotion", -1  # target: class of the micro-expression that a frame belongs to


class Streams(nn.Module):
    """Three streams of one 5 x 5 convolution with batch norm, pooled by 3."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(1, maps, 5, padding=2) for maps in KERNELS)
        self.norms = nn.ModuleList(nn.BatchNorm2d(maps) for maps in KERNELS)

    def forward(self, regions: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, R, R] -> [B, 14, R / 3, R / 3]"""
        maps = [
            norm(F.relu(convolution(regions[:, i : i + 1])))
            for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True))
        ]
        return dropout(F.max_pool2d(torch.cat(maps, 1), 3), 0.3, rng)


class Head(nn.Module):
    """A 5 x 5 convolution, pooled by 2, and a linear layer."""

    def __init__(self, side: int, outputs: int):
        super().__init__()
        self.convolution = nn.Conv2d(sum(KERNELS), MAPS, 5, padding=2)
        self.linear = nn.Linear(MAPS * (side // 6) ** 2, outputs)

    def forward(self, maps: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 14, R / 3, R / 3] -> [B, outputs]"""
        pooled = F.max_pool2d(F.relu(self.convolution(maps)), 2).flatten(1)
        return self.linear(dropout(pooled, 0.2, rng))


def five_to_one(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Sample frames at random, five negative ones for each positive one."""
    positive, negative = (np.flatnonzero(targets[POSITIVE] == value) for value in (1, 0))
    if not (len(positive) and len(negative)):
        return rng.choice(len(targets[POSITIVE]), (steps, batch))
    is_positive = rng.random((steps, batch)) < 1 / (1 + RATIO)
    return np.where(is_positive, rng.choice(positive, (steps, batch)), rng.choice(negative, (steps, batch)))


def with_emotion(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Sample frames of micro-expressions of a class at random, or any where there are none."""
    positions = np.flatnonzero(targets[EMOTION] != UNKNOWN)
    return rng.choice(positions if len(positions) else len(targets[EMOTION]), (steps, batch))


class Network(FrameNetwork):
    """Streams, a head that spots, and one that recognises while streams and spotting no longer change."""

    def __init__(self, params: "MeanNet.Params", side: int):
        super().__init__(params, 1 + len(LABELS))
        self.side = side

    @property
    def inputs(self) -> Shapes:
        return {"regions": (3, self.side, self.side)}

    def windows(self, curves: Curves) -> dict[str, np.ndarray]:
        gap = list(GAPS).index("brief")
        least, most = (curves.arrays[name][:, gap, :, None, None] for name in ("least", "most"))
        return {"regions": scaled(curves.arrays["regions"][:, gap].astype(np.float32), least, most)}

    def targets(self, curves: Curves, expressions: Sequence[Expression]) -> Targets:
        count = len(curves)
        positive = overlaps(count, curves.frames(GAPS["micro"]), expressions, "micro")
        emotion = np.full(count, UNKNOWN)
        for e in expressions:
            if e.kind == "micro" and e.label is not None:
                emotion[max(0, e.onset) : e.offset + 1] = e.label
        label = (frame_labels(count, expressions) == MICRO).astype(np.int64)
        return {"label": label, POSITIVE: positive.astype(np.int64), EMOTION: emotion}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        return {"streams": Streams(), "spot": Head(self.side, 1), "recognise": Head(self.side, len(LABELS))}

    def phases(self) -> list[Phase]:
        params, adam = self.params, partial(torch.optim.Adam, lr=self.params.lr)
        spot = Update(self.spot_loss, {"streams": adam, "spot": adam})
        recognise = Update(self.recognise_loss, {"recognise": adam})
        return [
            Phase([spot], params.epochs, params.batch, five_to_one),
            Phase([recognise], params.recognise_epochs, params.batch, with_emotion),
        ]

    def spot_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        scores = modules.spot(modules.streams(batch["regions"], rng), rng)
        return F.mse_loss(scores[:, 0], batch[POSITIVE].to(scores.dtype))

    def recognise_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        logits = modules.recognise(modules.streams(batch["regions"]).detach(), rng)
        losses = F.cross_entropy(logits, batch[EMOTION].clamp(min=0), reduction="none")
        return weighted_mean(losses, (batch[EMOTION] != UNKNOWN).to(logits.dtype))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        maps = modules.streams(batch["regions"])
        return torch.cat([modules.spot(maps), modules.recognise(maps)], 1)


class MeanNet(Spotter):
    """Peaks of the moving mean of a frame's score are micro-expressions, with the class of most of their frames.

    After the authors' program. Ours: one crop for all methods, negative frames sampled in each step, the part that
    recognises learns from the same short gaps as it reads, no penalty of large weights. It spots no
    macro-expressions."""

    paper = "Liong et al., Spot-then-recognize, Signal Processing: Image Communication 110, 2023"
    recognises = True

    class Params(spotter.Params):
        lr: float = Field(5e-4, gt=0, le=1, description="Adam's learning rate")
        epochs: int = Field(10, ge=1, le=500, description="passes over the frames, to spot")
        recognise_epochs: int = Field(100, ge=1, le=1000, description="passes over as many frames, to recognise")
        batch: int = Field(32, ge=2, le=1024, description="frames in a step")
        threshold: float = Field(0.55, ge=0, le=1, description="share of the way from mean to largest score of a video")

    def networks(self) -> Mapping[str, FrameNetwork]:
        return {"network": Network(self.params, self.side)}

    def find(self, curves: Curves, scores: Mapping[str, np.ndarray]) -> list[Interval]:
        spots, classes = scores["network"][:, 0], scores["network"][:, 1:].argmax(1)
        intervals = []
        for interval in spotter.around_peaks("micro", spots, self.params.threshold, curves.frames(GAPS["micro"])):
            votes = np.bincount(classes[interval.onset : max(interval.apex, interval.onset + 1)], minlength=len(LABELS))
            intervals.append(replace(interval, emotion=LABELS[votes.argmax()]))
        return intervals
