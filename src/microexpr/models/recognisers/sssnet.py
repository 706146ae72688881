"""SSSNet: two convolutions and two fully connected layers on the flow. No folds, files or devices come in.

Shapes: B clips, C classes, flow [B, 3, 64, 64] of u, v and strain.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from microexpr.models.classifier import ClipsPerStep, Epochs, FlowNetwork
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.portable import Linear

Maps = Annotated[int, Field(ge=1, le=512)]
KERNELS, POOLS = (5, 3), (3, 2)  # of both convolutions, and of the pools after them


class Network(nn.Module):
    """Two convolutions, each with ReLU, pool and batch norm, then two fully connected layers."""

    def __init__(self, params: "Sssnet.Params", classes: int):
        super().__init__()
        self.dropout, maps, size, hidden = params.dropout, params.maps, params.image_size, params.hidden
        channels = 3, *maps
        self.convolutions = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels[i], maps[i], KERNELS[i]), nn.ReLU(), nn.MaxPool2d(POOLS[i]))
            for i in range(2)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(count) for count in maps)
        for kernel, pool in zip(KERNELS, POOLS, strict=True):
            size = (size - kernel + 1) // pool
        self.first = Linear(maps[1] * size**2, hidden)
        self.classify = nn.Linear(hidden, classes)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, H, W] -> [B, C]"""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            flow = norm(convolution(flow))
            flow = flow if rng is None else flow * dropout(torch.ones_like(flow[:, :, :1, :1]), self.dropout, rng)
        return self.classify(dropout(self.first(flow.flatten(1)).relu(), self.dropout, rng))


class Sssnet(FlowNetwork):
    """Shallow single-stream network, in meb's setting: 64 pixels, 32 and 64 maps, 256 units, Adam with weight decay.

    Dropped after a convolution are whole maps. Ours: flow normalised over the fold's training clips, in place of each
    clip's own range, and for one class of a clip class weights."""

    paper = "Varanka et al., Micro-expression recognition with noisy labels, HVEI 2021; settings of meb (2024)"
    network = Network

    class Params(FlowNetwork.Params):
        image_size: int = Field(64, ge=24, le=128, description="rows and columns of the flow")
        maps: tuple[Maps, Maps] = Field((32, 64), description="maps of both convolutions")
        hidden: int = Field(256, ge=8, le=4096, description="units of the first fully connected layer")
        weight_decay: float = Field(1e-3, ge=0, le=1, description="Adam's, added to the gradient")
        epochs: Epochs = 200
        batch: ClipsPerStep = 32
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's first learning rate, see `cosine`")
