"""SpoT-GCN: a graph of ten points of the face in short windows of time. No folds, files or devices come in.

Shapes: B frames, T of a video, W frames of a window, P points.
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
from microexpr.models.counter_rng import Stream
from microexpr.models.recipe import balanced
from microexpr.models.spotter import Curves, FrameNetwork, Interval, Spotter, frame_labels
from microexpr.signals.spotting.hits import overlap

WINDOW, POINTS = 17, 10
KERNELS = (3, 5, 5, 7)  # in time: 17, 15, 11, 7, 1
EDGES = (
    (0, 1), (1, 2), (3, 4), (4, 5), (6, 8), (7, 8), (6, 9), (7, 9), (0, 3), (3, 8), (0, 8),
)  # fmt: skip
GROUPS = ((0, 1, 2), (3, 4, 5), (6, 7, 8, 9))  # left brow, right brow, mouth
REACH: dict[Kind, tuple[float, float]] = {
    "micro": (2 / 30, 8 / 30),
    "macro": (8 / 30, 29 / 30),
}  # seconds from the apex
WIDTH: dict[Kind, int] = {"micro": 1, "macro": 3}  # frames around onset, apex and offset that count as these
WEIGHT: dict[Kind, float] = {"micro": 1.0, "macro": 0.7}
APEX, ENDS, INSIDE, CONTRAST = 1.8, 1.0, 0.1, 0.05  # weights of the losses; that of an apex is 1 for macro-expressions
SIGMA, EPSILON = 4.0, 0.16
TEMPERATURE, BASE_TEMPERATURE = 0.5, 0.07
MOST = 5  # intervals of a kind in a video


def laplacian(count: int, edges: Sequence[tuple[int, int]]) -> Tensor:
    """Return the normalised Laplacian [count, count] of a graph without loops."""
    adjacency = np.zeros((count, count))
    for i, j in edges:
        adjacency[i, j] = adjacency[j, i] = 1
    root = 1 / np.sqrt(adjacency.sum(1))
    return torch.from_numpy(np.eye(count) - root[:, None] * adjacency * root).float()


class Network(nn.Module):
    """Four convolutions in time, the first two mixed along a graph and pooled over its groups; ten outputs."""

    def __init__(self, params: "SpotGcn.Params", classes: int):
        super().__init__()
        width = params.width
        sizes = (2, width, width, width)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(size, width, (kernel, 1), bias=False) for size, kernel in zip(sizes, KERNELS, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in KERNELS)
        self.output = nn.Linear(width, 10)
        self.register_buffer("points", laplacian(POINTS, EDGES), persistent=False)
        self.register_buffer("parts", laplacian(len(GROUPS), ((0, 1), (0, 2), (1, 2))), persistent=False)
        for layer in self.convolutions:
            nn.init.kaiming_normal_(next(layer.parameters()))

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 2, W, P] -> features to compare [B, width], and outputs [B, 10]"""
        x = windows
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            x = convolution(x)
            if i == 0:
                x = norm(x @ self.points)
                x = torch.stack([x[..., list(group)].amax(-1) for group in GROUPS], -1)
            elif i == 1:
                x = norm(x @ self.parts).amax(-1, keepdim=True)
            else:
                x = norm(x)
            x = F.relu(x)
        embedding = x.flatten(1)
        return embedding, self.output(embedding)


class Graph(FrameNetwork):
    """The network of both kinds. Its outputs: onset, offset, neither of micro-, then of macro-expressions; both apexes;
    within a micro-, within a macro-expression."""

    inputs: Shapes = {"points": (2, WINDOW, POINTS)}
    network = Network
    algorithm = torch.optim.AdamW
    sample = staticmethod(balanced)

    def windows(self, curves: Curves) -> dict[str, np.ndarray]:
        """Return how far each point has moved since the first frame of the window around each frame."""
        path = np.cumsum(curves.arrays["points"], axis=0, dtype=np.float64)
        padded = np.concatenate([np.repeat(path[:1], WINDOW // 2, 0), path, np.repeat(path[-1:], WINDOW // 2, 0)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)  # [T, P, 2, W]
        moved = windows - windows[..., :1]
        return {"points": np.ascontiguousarray(moved.transpose(0, 2, 3, 1), np.float32)}

    def targets(self, curves: Curves, expressions: Sequence[Expression]) -> Targets:
        count = len(curves)
        targets: Targets = {"label": frame_labels(count, expressions)}
        for kind in KINDS:
            ends, apexes, inside = np.full(count, 2), np.zeros(count, np.float32), np.zeros(count, np.int64)
            for e in (e for e in expressions if e.kind == kind):
                apex = (e.onset + e.offset) // 2 if e.apex is None else e.apex
                around = np.arange(max(0, apex - WIDTH[kind]), min(count, apex + WIDTH[kind] + 1))
                apexes[around] = np.exp(-0.5 * ((around - apex) / SIGMA) ** 2)
                for value, frame in enumerate((e.onset, e.offset)):
                    ends[max(0, frame - WIDTH[kind]) : frame + WIDTH[kind] + 1] = value
                inside[max(0, e.onset) : e.offset + 1] = 1
            targets |= {f"{kind}_ends": ends, f"{kind}_apex": apexes, f"{kind}_inside": inside}
        return targets

    def statistics(self, train: ClipTensors) -> Statistics:
        return {"deviation": train.inputs["points"].std().clamp(min=1e-6)}

    def schedule(self, progress: float) -> float:
        return self.params.decay ** (progress * self.params.epochs)

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        embedding, outputs = modules.network(batch["points"] / statistics["deviation"])
        total = CONTRAST * supervised_contrast(embedding, batch["label"])
        for i, kind in enumerate(KINDS):
            ends = F.cross_entropy(outputs[:, 3 * i : 3 * i + 3], batch[f"{kind}_ends"])
            apex = focal(outputs[:, 6 + i], batch[f"{kind}_apex"], 0.9)
            inside = focal(outputs[:, 8 + i], batch[f"{kind}_inside"], 0.8)
            total = total + WEIGHT[kind] * ((APEX if kind == "micro" else 1.0) * apex + ENDS * ends + INSIDE * inside)
        return total

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        return modules.network(batch["points"] / statistics["deviation"])[1]


def focal(score: Tensor, truth: Tensor, share: float) -> Tensor:
    """Return the mean focal loss of scores [B] for truths [B] in 0..1, those above 0 being positive."""
    probability, target = score.sigmoid(), truth.to(score.dtype)
    positive = share * (target - probability).abs() * (probability + 1e-5).log()
    negative = (1 - share) * (target + EPSILON - probability).abs() * (1 - probability + 1e-5).log()
    return -torch.where(target > 0, positive, negative).mean()


def supervised_contrast(embedding: Tensor, label: Tensor) -> Tensor:
    """Return the supervised contrastive loss (Khosla et al. 2020) of embeddings [B, width] of any length."""
    similar = embedding @ embedding.T / TEMPERATURE
    other = 1 - torch.eye(len(label), dtype=similar.dtype, device=similar.device)
    same = (label[:, None] == label[None]).to(similar.dtype) * other
    similar = similar - similar.amax(1, keepdim=True).detach()
    logs = similar - ((similar.exp() * other).sum(1, keepdim=True) + 1e-12).log()
    return -(TEMPERATURE / BASE_TEMPERATURE) * ((same * logs).sum(1) / same.sum(1).clamp(min=1)).mean()


class SpotGcn(Spotter):
    """Apexes of a score, each with the likeliest onset before it and offset after it; the best are kept.

    Network, losses and the choice of intervals after the authors' program. What it reads is not published: here it is
    how far ten points of brows and mouth have moved since the first frame of a window, less the nose (points and
    directions as in AUW-GCN, from which this program grew). Theirs chooses the epoch of each test subject by its
    F1; here it is the last."""

    paper = "Deng et al., SpoT-GCN, FG 2024"

    class Params(spotter.Params):
        width: int = Field(64, ge=4, le=256, description="maps of each convolution")
        lr: float = Field(0.01, gt=0, le=1, description="AdamW's first learning rate")
        decay: float = Field(0.96, gt=0, le=1, description="factor of the learning rate from epoch to epoch")
        weight_decay: float = Field(0.1, ge=0, le=10, description="AdamW's")
        epochs: int = Field(100, ge=1, le=1000, description="passes over as many frames as there are")
        batch: int = Field(512, ge=8, le=4096, description="frames in a step")
        threshold: float = Field(0.55, ge=0, le=1, description="probability of an apex from which on it counts")

    def networks(self) -> Mapping[str, FrameNetwork]:
        return {"network": Graph(self.params, 10)}

    def find(self, curves: Curves, scores: Mapping[str, np.ndarray]) -> list[Interval]:
        values, intervals = scores["network"].astype(np.float64), list[Interval]()
        for i, kind in enumerate(KINDS):
            ends = np.exp(values[:, 3 * i : 3 * i + 3] - values[:, 3 * i : 3 * i + 3].max(1, keepdims=True))
            ends /= ends.sum(1, keepdims=True)
            apex = 1 / (1 + np.exp(-values[:, 6 + i]))
            near, far = (curves.frames(seconds) for seconds in REACH[kind])
            candidates = []
            for top in np.flatnonzero(apex > self.params.threshold).tolist():
                if top - near < 0 or top + near >= len(apex):
                    continue
                first, after = max(0, top - far), top + near
                onset = first + int(ends[first : top - near + 1, 0].argmax())
                offset = after + int(ends[after : top + far + 1, 1].argmax())
                if ends[onset, 0] > ends[onset, 1] and ends[offset, 1] > ends[offset, 0]:
                    confidence = float(ends[onset, 0] * ends[offset, 1] * apex[top])
                    candidates.append(Interval(kind, onset, top, offset, confidence))
            intervals += best(candidates, MOST)
        return intervals


def best(candidates: Sequence[Interval], most: int) -> list[Interval]:
    """Return the most confident intervals, at most `most`; no two overlap by more than half of their union."""
    selection: list[Interval] = []
    for candidate in sorted(candidates, key=lambda interval: (-interval.confidence, interval.onset)):
        span = candidate.onset, candidate.offset
        if len(selection) < most and all(overlap(span, (other.onset, other.offset)) <= 0.5 for other in selection):
            selection.append(candidate)
    return selection
