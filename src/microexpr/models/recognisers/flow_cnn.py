"""Small CNNs on the onset-to-apex flow; their mean probability counts. No folds, files or devices come in.

Shapes: B clips, C classes, M members, flow [B, 3, 28, 28] of u, v and strain.
"""

import math

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models.base import FLOW_SIZE, Batch, Modules, Statistics
from microexpr.models.classifier import ClipsPerStep, Cosine, Epochs, FlowNetwork, Mirror
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.labels import LABELS, SeveralTargets, several_loss

EXPONENT = 3  # of the uniform number that a share of another clip comes from, so that most are small


class Member(nn.Module):
    """Three convolutions with batch norm, the first two halved, and a linear layer."""

    def __init__(self, width: int, dropout: float, classes: int):
        super().__init__()
        self.dropout = dropout
        self.maps = nn.Sequential(
            *_convolution(3, width), nn.AvgPool2d(2),
            *_convolution(width, 2 * width), nn.AvgPool2d(2),
            *_convolution(2 * width, 2 * width), nn.Flatten(),
        )  # fmt: skip
        self.classify = nn.Linear(2 * width * (FLOW_SIZE // 4) ** 2, classes)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, 28, 28] -> [B, C]"""
        return self.classify(dropout(self.maps(flow), self.dropout, rng))


def _convolution(maps: int, wider: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(maps, wider, 3, padding=1, bias=False), nn.BatchNorm2d(wider), nn.ReLU()


class Network(nn.Module):
    """Members that differ in their first weights and in dropout."""

    def __init__(self, params: "FlowCnn.Params", classes: int):
        super().__init__()
        self.members = nn.ModuleList(Member(params.width, params.dropout, classes) for _ in range(params.members))

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, 28, 28] -> [M, B, C]"""
        return torch.stack([member(flow, rng) for member in self.members])


class FlowCnn(FlowNetwork):
    """Several small CNNs, trained on mixed clips; their mean probability counts.

    Every training clip is mixed with another one, mostly a little, and so are their classes (Zhang et al., mixup, ICLR
    2018); AdamW, class weights, the cosine schedule and mirrored clips. It is what `microexpr predict` reads with:
    width, mixing and what it trains on were chosen on subjects of the population filmed in other ways."""

    paper = "None: ours; mixup is Zhang et al., ICLR 2018"
    network = Network
    algorithm = torch.optim.AdamW

    class Params(FlowNetwork.Params):
        members: int = Field(4, ge=1, le=32, description="networks")
        width: int = Field(32, ge=2, le=256, description="maps of the first convolution; half of the others'")
        mix: float = Field(0.5, ge=0, le=0.5, description="largest share of another clip; 0: none")
        weight_decay: float = Field(0.05, ge=0, le=10, description="AdamW's")
        epochs: Epochs = 40
        batch: ClipsPerStep = 64
        lr: float = Field(0.002, gt=0, le=1, description="AdamW's first learning rate, see `cosine`")
        cosine: Cosine = True
        mirror: Mirror = 0.5

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        flow = self.prepare(batch, statistics, rng)
        share = self.params.mix * rng.uniform(len(flow)) ** EXPONENT
        mixed = torch.lerp(flow, flow.roll(1, 0), share[:, None, None, None])
        scores = modules.network(mixed, rng)  # [M, B, C]
        if self.several:
            targets, weights = SeveralTargets.of(batch[LABELS], scores), statistics["class_weights"]
            parts = (targets.truth * targets.weight, targets.weight)
            truth, weight = (torch.lerp(part, part.roll(1, 0), share[:, None]) for part in parts)
            targets = SeveralTargets(truth / weight.clamp(min=1e-6), weight)
            losses = [several_loss(member, targets, weights, self.several) for member in scores.unbind(0)]
            return torch.stack(losses).mean()
        logs = F.log_softmax(scores, dim=-1).mean(0)  # [B, C]
        classes = F.one_hot(batch["label"], self.classes)
        expected = (1 - share)[:, None] * classes + share[:, None] * classes.roll(1, 0)
        weights = expected * statistics["class_weights"]
        return -(weights * logs).sum() / weights.sum()

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        scores = self.forward(modules, batch, statistics)
        if self.several:
            return torch.logit(scores.double().sigmoid().mean(0), eps=1e-12).float()
        logs = F.log_softmax(scores, dim=-1)
        return torch.logsumexp(logs, 0) - math.log(self.params.members)
