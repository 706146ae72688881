"""A small temporal network on the curves of action units and of movement. No folds, files or devices come in.

Shapes: B frames, T of a video, W frames of a window, F curves.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.clip import KINDS, Expression, Kind
from microexpr.models import spotter
from microexpr.models.base import Batch, ClipTensors, Modules, Shapes, Statistics, Targets
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.portable import square_root
from microexpr.models.spotter import Curves, FrameNetwork, Interval, Spotter, frame_labels
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.aus.filters import stretches

DILATIONS = (1, 2, 4, 8)
KERNEL = 5
WINDOW = 1 + (KERNEL - 1) * sum(DILATIONS)  # frames
POINTS = 10
CURVES = 2 * len(ACTION_UNITS) + 2 + POINTS
MOST = 10.0  # largest weight of a frame that is in an expression
SHORTEST: dict[Kind, float] = {"micro": 0.13, "macro": 0.4}  # seconds
LONGEST: dict[Kind, float] = {"micro": 0.7, "macro": 5.0}


class Network(nn.Module):
    """Dilated convolutions in time and a linear layer."""

    def __init__(self, params: "AuCurves.Params", classes: int):
        super().__init__()
        self.dropout, width = params.dropout, params.width
        sizes = (CURVES, *(width for _ in DILATIONS[1:]))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(size, width, KERNEL, dilation=dilation, bias=False)
            for size, dilation in zip(sizes, DILATIONS, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in DILATIONS)
        self.output = nn.Linear(width, len(KINDS))

    def forward(self, windows: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, F, W] -> [B, 2]"""
        x = windows
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.relu(norm(convolution(x)))
        return self.output(dropout(x.flatten(1), self.dropout, rng))


class Temporal(FrameNetwork):
    """The network of both kinds: whether a frame is in a micro-expression, in a macro-expression."""

    inputs: Shapes = {"curves": (CURVES, WINDOW)}
    normalisation = ("mean", "deviation")
    network = Network
    algorithm = torch.optim.AdamW
    cosine = True

    def windows(self, curves: Curves) -> dict[str, np.ndarray]:
        """Return the curves around each frame; those of action units are of the side that moves more."""
        arrays = curves.arrays
        columns = [
            np.log1p(arrays["au_transient"].max(2)),
            np.arcsinh(arrays["au_sustained"].max(2)),
            np.log1p(np.maximum(arrays["mouth"], 0))[:, None],
            np.log1p(arrays["gaze"])[:, None],
            np.hypot(*np.moveaxis(arrays["points"], -1, 0)) * (curves.fps / 30),
        ]
        values = np.concatenate(columns, axis=1).astype(np.float32) * arrays["seen"][:, None]
        padded = np.pad(values, ((WINDOW // 2, WINDOW // 2), (0, 0)), mode="edge")
        return {"curves": np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0))}

    def targets(self, curves: Curves, expressions: Sequence[Expression]) -> Targets:
        count = len(curves)
        inside = {f"{kind}_inside": np.zeros(count, np.int64) for kind in KINDS}
        for e in expressions:
            inside[f"{e.kind}_inside"][max(0, e.onset) : e.offset + 1] = 1
        return {"label": frame_labels(count, expressions), **inside}

    def statistics(self, train: ClipTensors) -> Statistics:
        middle = train.inputs["curves"][..., WINDOW // 2]
        shares = torch.stack([train.targets[f"{kind}_inside"].double().mean() for kind in KINDS])
        return {
            "mean": middle.mean(0),
            "deviation": middle.std(0).clamp(min=1e-3),
            "weights": square_root((1 - shares) / shares.clamp(min=1e-6)).clamp(max=MOST).float(),
        }

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        mean, deviation = (statistics[name][:, None] for name in ("mean", "deviation"))
        return modules.network((batch["curves"] - mean) / deviation, rng)

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        outputs = self.forward(modules, batch, statistics, rng)
        truth = torch.stack([batch[f"{kind}_inside"] for kind in KINDS], 1).to(outputs.dtype)
        return F.binary_cross_entropy_with_logits(outputs, truth, pos_weight=statistics["weights"])


class AuCurves(Spotter):
    """Stretches of frames that are likely to be in an expression, of a length that its kind may have.

    The network reads what the spotter of `predict` reads, and how fast ten points move."""

    paper = "None: ours"

    class Params(spotter.Params):
        width: int = Field(32, ge=4, le=256, description="maps of each convolution")
        dropout: float = Field(0.3, ge=0, lt=1, description="share of values dropped before the output")
        lr: float = Field(0.002, gt=0, le=1, description="AdamW's first learning rate, which falls along a cosine")
        weight_decay: float = Field(0.05, ge=0, le=10, description="AdamW's")
        epochs: int = Field(8, ge=1, le=500, description="passes over the frames")
        batch: int = Field(128, ge=8, le=4096, description="frames in a step")
        threshold: float = Field(0.5, gt=0, lt=1, description="probability from which on a frame is in an expression")

    def networks(self) -> Mapping[str, FrameNetwork]:
        return {"network": Temporal(self.params, len(KINDS))}

    def find(self, curves: Curves, scores: Mapping[str, np.ndarray]) -> list[Interval]:
        probability = 1 / (1 + np.exp(-scores["network"].astype(np.float64)))
        intervals = []
        for kind, values in zip(KINDS, probability.T, strict=True):
            for run in stretches(values >= self.params.threshold):
                if SHORTEST[kind] <= (run.stop - run.start) / curves.fps <= LONGEST[kind]:
                    apex = run.start + int(curves.arrays["score"][run].argmax())
                    intervals.append(Interval(kind, run.start, apex, run.stop - 1, float(values[run].max())))
        return intervals


Temporal.Params = AuCurves.Params  # type: ignore[assignment]  # of its file
