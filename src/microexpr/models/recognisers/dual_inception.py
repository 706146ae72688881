"""Dual-Inception: an inception network on u and one on v of the optical flow. No folds, files or devices come in.

Shapes: B clips, flow [B, 3, 28, 28] of u, v and strain; strain is not used.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from microexpr.models.base import FLOW_SIZE
from microexpr.models.classifier import ClipsPerStep, Epochs, FlowNetwork
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.portable import Linear

FILTERS = (6, 16)  # of each branch, in the first block and in the second


def convolution(channels: int, filters: int, kernel: int) -> nn.Sequential:
    """[B, channels, H, W] -> [B, filters, H, W], with ReLU"""
    return nn.Sequential(nn.Conv2d(channels, filters, kernel, padding=kernel // 2), nn.ReLU())


class Inception(nn.Module):
    """Four concatenated branches with `filters` maps each: 1x1; 1x1 then 3x3; 1x1 then 5x5; 3x3 pool then 1x1."""

    def __init__(self, channels: int, filters: int):
        super().__init__()
        self.branches = nn.ModuleList(
            [
                convolution(channels, filters, 1),
                nn.Sequential(convolution(channels, filters, 1), convolution(filters, filters, 3)),
                nn.Sequential(convolution(channels, filters, 1), convolution(filters, filters, 5)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), convolution(channels, filters, 1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, channels, H, W] -> [B, 4 * filters, H, W]"""
        return torch.cat([branch(x) for branch in self.branches], 1)


class Network(nn.Module):
    """Two blocks for u and two for v, each halved by a pool, then two fully connected layers."""

    def __init__(self, params: "DualInception.Params", classes: int):
        super().__init__()
        self.dropout = params.dropout
        first, second = FILTERS
        self.streams = nn.ModuleList(
            nn.Sequential(Inception(1, first), nn.MaxPool2d(2), Inception(4 * first, second), nn.MaxPool2d(2))
            for _ in "uv"
        )
        self.hidden = Linear(2 * 4 * second * (FLOW_SIZE // 4) ** 2, params.hidden)
        self.classify = nn.Linear(params.hidden, classes)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, 28, 28] -> [B, C]"""
        maps = [stream(flow[:, i : i + 1]) for i, stream in enumerate(self.streams)]  # each [B, 64, 7, 7]
        x = self.hidden(torch.cat([stream_maps.flatten(1) for stream_maps in maps], 1)).relu()  # [B, hidden]
        return self.classify(dropout(x, self.dropout, rng))  # [B, C]


class DualInception(FlowNetwork):
    """Two inception networks, on u and on v.

    From the authors' released code: blocks, the layer of 1024, epochs, batch and rate. That code reads each flow as an
    image of three equal channels; here it has one, which saves 96 weights. The paper takes the flow to the middle
    frame, this method to the apex. The released code leaves the other subjects of the tested data set out of training
    to choose the epoch; here all train. Ours: flow normalised over the fold's training clips, class weights, and, if
    requested, dropout, the cosine schedule and mirrored clips."""

    paper = "Zhou, Mao and Xue, Dual-inception network for cross-database micro-expression recognition, FG 2019"
    network = Network

    class Params(FlowNetwork.Params):
        epochs: Epochs = 40
        batch: ClipsPerStep = 3
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's learning rate, see `cosine`")
        hidden: int = Field(1024, ge=8, le=4096, description="units of the fully connected layer")
        dropout: float = Field(0.0, ge=0, lt=1, description="share of the hidden layer dropped in training")
