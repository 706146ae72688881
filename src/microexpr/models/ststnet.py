"""STSTNet: 1,683 weights (of three classes) on the onset-to-apex optical flow. No folds, files or devices come in.

Shapes: B clips, flow [B, 3, 28, 28] of u, v and strain.
"""

import math
from functools import partial

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr import method
from microexpr.method import Batch, Clips, Modules, NetworkMethod, Phase, Shapes, Statistics, Update
from microexpr.training.draws import Stream, dropout

KERNELS = (3, 5, 8)  # of the three streams


def class_weights(label: Tensor, classes: int) -> Tensor:
    """float[C]: the mean class size over each class's, so that classes weigh alike; an empty one counts as one clip."""
    count = torch.bincount(label, minlength=classes).clamp(min=1)
    return len(label) / (classes * count)


class Network(nn.Module):
    """Three streams of one convolution each, pooled and classified by one linear layer."""

    def __init__(self, dropped: float, classes: int):
        super().__init__()
        self.dropped = dropped
        self.streams = nn.ModuleList(
            nn.Sequential(nn.Conv2d(3, k, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(k), nn.MaxPool2d(3, 3, 1))
            for k in KERNELS
        )
        self.classify = nn.Linear(sum(KERNELS) * 5 * 5, classes)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        x = torch.cat([stream(flow) for stream in self.streams], 1)  # [B, 16, 10, 10]
        x = F.avg_pool2d(dropout(x, self.dropped, rng), 2)  # [B, 16, 5, 5]
        return self.classify(x.flatten(1))  # [B, C]


class Ststnet(NetworkMethod):
    """Shallow triple-stream network on flow that is normalised over the fold's training clips.

    Batch norm, dropout after it and 256 clips a step are those of its authors' released code. Ours: class weights in
    the cross-entropy, the cosine schedule, and mirrored clips (u changes its sign).
    """

    paper = "Liong et al., Shallow triple stream three-dimensional CNN for micro-expression recognition, FG 2019"

    class Params(method.Params):
        epochs: int = Field(500, ge=1, le=2000, description="passes over the protocol's clips")
        batch: int = Field(256, ge=2, le=1024, description="clips in a step")
        lr: float = Field(5e-5, gt=0, le=1, description="Adam's learning rate, before `schedule`")
        cosine: bool = Field(False, description="the learning rate falls to 0 along a cosine")
        dropout: float = Field(0.5, ge=0, lt=1, description="share of pooled outputs dropped in training")
        mirror: float = Field(0.0, ge=0, le=1, description="share of training clips mirrored left to right")

    params: Params

    @property
    def inputs(self) -> Shapes:
        return {"flow": (3, 28, 28)}

    def statistics(self, train: Clips) -> Statistics:
        flow = train.inputs["flow"]
        return {
            "mean": flow.mean((0, 2, 3)),
            "deviation": flow.std((0, 2, 3)).clamp(min=1e-6),
            "class_weights": class_weights(train.targets["label"], self.classes),
        }

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        return {"network": Network(self.params.dropout, self.classes)}

    def phases(self) -> list[Phase]:
        adam = partial(torch.optim.Adam, lr=self.params.lr)
        return [
            Phase(
                [Update(self.loss, {"network": adam})],
                self.params.epochs,
                self.params.batch,
                schedule=cosine if self.params.cosine else method.constant,
            )
        ]

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        flow = batch["flow"]
        flow = torch.where(rng.uniform(len(flow), 1, 1, 1) < self.params.mirror, mirrored(flow), flow)
        scores = modules.network(normalised(flow, statistics), rng)
        return F.cross_entropy(scores, batch["label"], statistics["class_weights"])

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        return modules.network(normalised(batch["flow"], statistics))


def normalised(flow: Tensor, statistics: Statistics) -> Tensor:
    """Flow [..., 3, H, W] with mean 0 and deviation 1 in each channel of the training clips."""
    return (flow - statistics["mean"][:, None, None]) / statistics["deviation"][:, None, None]


def mirrored(flow: Tensor) -> Tensor:
    """Flow [..., 3, H, W] of the face in a mirror: columns reversed, and what went right goes left."""
    return flow.flip(-1) * flow.new_tensor([-1, 1, 1])[:, None, None]


def cosine(progress: float) -> float:
    """A schedule that falls from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * progress))
