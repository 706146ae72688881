"""MER-GCN: a 3D network on video and a graph network that makes detectors of action units. No folds or files.

Shapes: B clips, video [B, 1, T, H, H], W `width`, A action units, D = 4 W features, classes C.
"""

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.facs import AUS
from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, Statistics
from microexpr.models.classifier import Classifier, ClipsPerStep, Epochs, Mirror
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import SeveralLabels, SeveralTargets, several_loss
from microexpr.models.layers.sequences import StemConv3d
from microexpr.models.recipe import mirror_share, to_signed_range

SLOPE = 0.2  # of the leaky ReLU between the graph's layers
CODED = SeveralLabels(loss="bce", threshold="zero")  # of action units


class Block(nn.Module):
    """A residual block of two 3x3x3 convolutions; time, rows and columns are halved."""

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv3d(channels, out, 3, 2, 1, bias=False), nn.BatchNorm3d(out)
        self.conv2, self.bn2 = nn.Conv3d(out, out, 3, 1, 1, bias=False), nn.BatchNorm3d(out)
        self.short, self.bn3 = nn.Conv3d(channels, out, 1, 2, bias=False), nn.BatchNorm3d(out)

    def forward(self, x: Tensor) -> Tensor:
        """[B, channels, T, H, H] -> [B, out, T / 2, H / 2, H / 2]"""
        inner = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (inner + self.bn3(self.short(x))).relu()


class Network(nn.Module):
    """The 3D network and the graph network, from video to scores of classes and action units."""

    def __init__(self, params: "MerGcn.Params", classes: int):
        super().__init__()
        width, hidden = params.width, params.hidden
        self.stem = nn.Sequential(
            StemConv3d(1, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), nn.BatchNorm3d(width), nn.ReLU()
        )
        self.blocks = nn.Sequential(Block(width, 2 * width), Block(2 * width, 4 * width))
        self.first = nn.Linear(len(AUS), hidden, bias=False)
        self.second = nn.Linear(hidden, 4 * width, bias=False)
        self.classify = nn.Linear(len(AUS), classes)

    def forward(self, video: Tensor, graph: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 1, T, H, H] and [A, A] -> [B, C], [B, A]"""
        features = self.blocks(self.stem(video)).mean((2, 3, 4))  # [B, D]
        nodes = F.leaky_relu(graph @ self.first.weight.T, SLOPE)  # nodes start as one-hot vectors; [A, hidden]
        units = features @ self.second(graph @ nodes).T  # [B, A]
        return self.classify(units), units


class MerGcn(Classifier):
    """A graph network turns action units into detectors, which are applied to the features of a 3D network.

    From its abstract and AU-GACN's account of it: 3D convolutions, two kinds of labels learnt together, a graph
    convolution over action units with nodes not learnt from the image, one linear layer from units to classes.
    Ours, since the paper's text was not available: residual blocks and all sizes, one-hot nodes, edges that are the
    probability of one unit given another over the fold's training clips, the masked cross-entropy of coded units and
    its weight, class weights, rates and epochs."""

    paper = "Lo, Xie, Shuai and Cheng, MER-GCN: relation modeling with graph convolutional networks, MIPR 2020"
    pictures = {"video": 1}
    network = Network
    cosine = True

    class Params(base.Params):
        image_size: int = Field(112, ge=16, le=288, description="pixels, side of the frames")
        frames: int = Field(16, ge=4, le=128, description="frames, from onset to offset")
        width: int = Field(64, ge=2, le=256, description="channels of the first convolution")
        hidden: int = Field(128, ge=2, le=1024, description="width of the graph's inner layer")
        au_weight: float = Field(1.0, ge=0, le=100, description="weight of the units' loss relative to the classes'")
        epochs: Epochs = 60
        batch: ClipsPerStep = 16
        lr: float = Field(1e-3, gt=0, le=1, description="Adam's first learning rate; it falls along a cosine")
        mirror: Mirror = 0.5

    def statistics(self, train: ClipTensors) -> Statistics:
        return {"class_weights": self.label_weights(train.targets), "graph": graph(train.targets["aus"])}

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        video = mirror_share(to_signed_range(batch["video"]), self.params.mirror, rng)
        scores, units = modules.network(video, statistics["graph"])
        coded = several_loss(units, SeveralTargets.of(batch["aus"], units), None, CODED)  # 0 if no clip has marks
        return self.label_loss(scores, batch, statistics) + self.params.au_weight * coded

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        return modules.network(to_signed_range(batch["video"]), statistics["graph"])[0]


def graph(aus: Tensor) -> Tensor:
    """Return float[A, A] from marks int64[n, A]: self-loops and conditional probabilities; rows sum to 1."""
    active = (aus == 1).to(torch.get_default_dtype())
    together = active.T @ active
    conditional = together / together.diagonal().clamp(min=1)[:, None]  # P(column | row)
    loops = torch.eye(len(together), device=aus.device)
    edges = conditional * (1 - loops) + loops
    return edges / edges.sum(1, keepdim=True)
