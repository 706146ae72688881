"""STSTNet: 1,683 weights (of three classes) on the onset-to-apex optical flow. No folds, files or devices come in.

Shapes: B clips, flow [B, 3, 28, 28] of u, v and strain.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from microexpr.models.classifier import FlowNetwork
from microexpr.models.counter_rng import Stream, dropout

KERNELS = (3, 5, 8)  # maps of the three streams


class Network(nn.Module):
    """Three streams of one convolution each, pooled and classified by one linear layer.

    Each stream reads the flow alone, so that one convolution computes the maps of all three."""

    def __init__(self, params: "Ststnet.Params", classes: int):
        super().__init__()
        self.dropout = params.dropout
        maps = sum(KERNELS)
        self.streams = nn.Sequential(
            nn.Conv2d(3, maps, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(maps), nn.MaxPool2d(3, 3, 1)
        )
        self.classify = nn.Linear(maps * 5 * 5, classes)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, 28, 28] -> [B, C]"""
        x = dropout(self.streams(flow), self.dropout, rng)  # [B, 16, 10, 10]
        x = F.avg_pool2d(x, 2)  # [B, 16, 5, 5]
        return self.classify(x.flatten(1))  # [B, C]


class Ststnet(FlowNetwork):
    """Shallow triple-stream network on flow that is normalised over the fold's training clips.

    From the authors' released code: batch norm, dropout after it and 256 clips a step. Ours: class weights in the
    cross-entropy, the cosine schedule, and mirrored clips (u changes its sign)."""

    paper = "Liong et al., Shallow triple stream three-dimensional CNN for micro-expression recognition, FG 2019"
    network = Network
