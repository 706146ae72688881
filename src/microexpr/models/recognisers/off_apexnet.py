"""OFF-ApexNet: two small streams, on u and on v of the onset-to-apex optical flow. No folds, files or devices come in.

Shapes: B clips, flow [B, 3, 28, 28] of u, v and strain; strain is not used.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from microexpr.models.base import FLOW_SIZE
from microexpr.models.classifier import FlowNetwork
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.portable import Linear

MAPS = 16 * (FLOW_SIZE // 4) ** 2  # outputs of one stream


class Network(nn.Module):
    """The streams' concatenated maps, then three fully connected layers."""

    def __init__(self, params: "OffApexnet.Params", classes: int):
        super().__init__()
        self.dropout, hidden = params.dropout, params.hidden
        self.streams = nn.ModuleList(
            nn.Sequential(  # "same" padding, so that two halvings leave 7 x 7: [B, 1, 28, 28] -> [B, 784]
                nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(6, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            )
            for _ in "uv"
        )  # fmt: skip
        self.first, self.second = Linear(2 * MAPS, hidden), Linear(hidden, hidden)
        self.classify = nn.Linear(hidden, classes)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, 28, 28] -> [B, C]"""
        x = torch.cat([stream(flow[:, i : i + 1]) for i, stream in enumerate(self.streams)], 1)  # [B, 1568]
        for layer in (self.first, self.second):
            x = dropout(layer(x).relu(), self.dropout, rng)  # [B, hidden]
        return self.classify(x)  # [B, C]


class OffApexnet(FlowNetwork):
    """Two streams of two convolutions on u and v, joined by fully connected layers.

    From the paper: 28 x 28, 5 x 5 convolutions to 6 and 16 maps, 2 x 2 pools, two layers of 1024. Ours: epochs, batch
    and rate, which are those of STSTNet by the same authors, dropout after both layers, flow normalised over the fold's
    training clips, class weights, the cosine schedule and mirrored clips."""

    paper = "Gan et al., OFF-ApexNet on micro-expression recognition system, Signal Process.: Image Communication 2019"
    network = Network

    class Params(FlowNetwork.Params):
        hidden: int = Field(1024, ge=8, le=4096, description="units of each fully connected layer")
