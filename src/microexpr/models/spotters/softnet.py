"""SOFTNet: shallow streams on u, v and strain, for micro- and macro-expressions each. No folds, files or devices.

Shapes: B frames, T of a video, R rows and columns of the regions' picture.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.clip import KINDS, Expression, Kind
from microexpr.models import base, spotter
from microexpr.models.base import Batch, Modules, Shapes, Statistics, Targets
from microexpr.models.counter_rng import Stream
from microexpr.models.recipe import mirror_share
from microexpr.models.spotter import Curves, FrameNetwork, Interval, Spotter, around_peaks, overlaps, scaled
from microexpr.signals.spotting.movement import GAPS

KERNELS = (3, 5, 8)  # maps of the streams
POSITIVE = "positive"


class Network(nn.Module):
    """Three streams of one 5 x 5 convolution, pooled by 3 and 2, and two dense layers."""

    def __init__(self, side: int, hidden: int):
        super().__init__()
        self.streams = nn.ModuleList(nn.Conv2d(1, maps, 5, padding=2) for maps in KERNELS)
        self.hidden = nn.Linear(sum(KERNELS) * (side // 6) ** 2, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, regions: Tensor) -> Tensor:
        """[B, 3, R, R] -> [B, 1]"""
        maps = [F.relu(stream(regions[:, i : i + 1])) for i, stream in enumerate(self.streams)]
        pooled = F.max_pool2d(F.max_pool2d(torch.cat(maps, 1), 3), 2)
        return self.score(F.relu(self.hidden(pooled.flatten(1))))


def half_of_negatives(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Sample frames in shuffled order, all positive ones and half of the others."""
    positive = np.flatnonzero(targets[POSITIVE])
    negative = np.flatnonzero(~targets[POSITIVE].astype(bool))
    frames = np.r_[positive, rng.permutation(negative)[: max(1, len(negative) // 2)]]
    subset = {"label": targets["label"][frames]}
    return np.asarray(frames[base.shuffled(subset, steps, batch, rng)])


class Streams(FrameNetwork):
    """The network of one kind of expression."""

    algorithm = torch.optim.SGD
    sample = staticmethod(half_of_negatives)

    def __init__(self, params: "Softnet.Params", kind: Kind, side: int):
        super().__init__(params, 1)
        self.kind, self.side = kind, side

    @property
    def inputs(self) -> Shapes:
        return {"regions": (3, self.side, self.side)}

    def windows(self, curves: Curves) -> dict[str, np.ndarray]:
        gap = KINDS.index(self.kind)
        nose = curves.arrays["nose"][:, gap, :, None, None]
        regions = curves.arrays["regions"][:, gap].astype(np.float32) - nose
        regions[:, :2] = np.abs(regions[:, :2])
        regions = np.where(curves.arrays["eyes"], np.float32(0), regions)
        least, most = (limit(regions, axis=(2, 3), keepdims=True) for limit in (np.min, np.max))
        return {"regions": scaled(regions, least, most)}

    def targets(self, curves: Curves, expressions: Sequence[Expression]) -> Targets:
        positive = overlaps(len(curves), curves.frames(GAPS[self.kind]), expressions, self.kind)
        return {"label": positive.astype(np.int64), POSITIVE: positive.astype(np.int64)}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        return {"network": Network(self.side, self.params.hidden)}

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        regions = batch["regions"]
        if self.kind == "micro" and self.params.mirror:
            regions = mirror_share(regions, self.params.mirror, rng)
        scores = modules.network(regions)
        return F.mse_loss(scores[:, 0], batch[POSITIVE].to(scores.dtype))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        return modules.network(batch["regions"])


class Softnet(Spotter):
    """A frame's score is whether the window after it overlaps an expression; peaks of its moving mean are expressions.

    After the authors' program: two regions, absolute flow less that of the nose, no eyes. Ours: one crop for all
    methods, gaps between frames in seconds, another half of the negative frames in each epoch, mirrored frames in
    place of three added copies. Peaks are taken in videos without any expression, too, which theirs leaves out."""

    paper = "Liong et al., Shallow optical flow three-stream CNN for macro- and micro-expression spotting, ICIP 2021"

    class Params(spotter.Params):
        hidden: int = Field(400, ge=4, le=1000, description="width of the hidden layer")
        optimiser: Literal["sgd", "adam"] = Field("sgd", description="of the weights")
        lr: float = Field(5e-4, gt=0, le=1, description="learning rate")
        epochs: int = Field(10, ge=1, le=500, description="passes over the frames")
        batch: int = Field(12, ge=2, le=1024, description="frames in a step")
        mirror: float = Field(0.5, ge=0, le=1, description="share of frames mirrored, for micro-expressions")
        threshold: float = Field(0.55, ge=0, le=1, description="share of the way from mean to largest score of a video")

    def networks(self) -> Mapping[str, FrameNetwork]:
        return {kind: Streams(self.params, kind, self.side) for kind in KINDS}

    def find(self, curves: Curves, scores: Mapping[str, np.ndarray]) -> list[Interval]:
        return [
            interval
            for kind in KINDS
            for interval in around_peaks(kind, scores[kind][:, 0], self.params.threshold, curves.frames(GAPS[kind]))
        ]
