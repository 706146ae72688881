"""Training shared by the networks on the onset-to-apex flow. No layer comes in.

Shapes: B clips, C classes, flow [B, 3, H, W] of u, v and strain.
"""

from functools import partial

import torch
from pydantic import Field
from torch import Tensor

from microexpr.models import base
from microexpr.models.base import (
    Batch,
    ClipTensors,
    Modules,
    NetworkMethod,
    Optimiser,
    Phase,
    Shapes,
    Statistics,
    Update,
)
from microexpr.models.counter_rng import Stream
from microexpr.models.recipe import cosine

FLOW_SIZE = 28  # rows and columns of the flow


class FlowNetwork(NetworkMethod):
    """Base of methods with one module `network(flow, rng)`, which returns scores [B, C]; without rng it drops nothing.

    Flow is normalised over the fold's training clips; the loss is cross-entropy with class weights; Adam.
    """

    class Params(base.Params):
        epochs: int = Field(500, ge=1, le=2000, description="passes over the protocol's clips")
        batch: int = Field(256, ge=2, le=1024, description="clips in a step")
        lr: float = Field(5e-5, gt=0, le=1, description="Adam's first learning rate, see `cosine`")
        cosine: bool = Field(False, description="the learning rate falls to 0 along a cosine")
        dropout: float = Field(0.5, ge=0, lt=1, description="share of values dropped in training")
        mirror: float = Field(0.0, ge=0, le=1, description="share of training clips mirrored left to right")

    params: Params
    normalisation = ("mean", "deviation")
    takes_several = True

    @property
    def inputs(self) -> Shapes:
        return {"flow": (3, FLOW_SIZE, FLOW_SIZE)}

    def statistics(self, train: ClipTensors) -> Statistics:
        flow = train.inputs["flow"]
        return {
            "mean": flow.mean((0, 2, 3)),
            "deviation": flow.std((0, 2, 3)).clamp(min=1e-6),
            "class_weights": self.label_weights(train.targets),
        }

    def optimiser(self) -> Optimiser:
        """Return the optimiser of the network, which is given the tensors to train."""
        return partial(torch.optim.Adam, lr=self.params.lr)

    def phases(self) -> list[Phase]:
        return [
            Phase(
                [Update(self.loss, {"network": self.optimiser()})],
                self.params.epochs,
                self.params.batch,
                schedule=cosine if self.params.cosine else base.constant,
            )
        ]

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        scores = modules.network(normalise_flow(self.mirror_some(batch["flow"], rng), statistics), rng)
        return self.label_loss(scores, batch, statistics)

    def mirror_some(self, flow: Tensor, rng: Stream) -> Tensor:
        """Mirror the share `mirror` of the clips of flow [B, 3, H, W]."""
        if not self.params.mirror:
            return flow
        return torch.where(rng.uniform(len(flow), 1, 1, 1) < self.params.mirror, mirror_flow(flow), flow)

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        scores: Tensor = modules.network(normalise_flow(batch["flow"], statistics))
        return scores


def normalise_flow(flow: Tensor, statistics: Statistics) -> Tensor:
    """Normalise each channel of flow [..., 3, H, W] by its mean and deviation over the training clips."""
    return (flow - lay_out(statistics["mean"], flow)) / lay_out(statistics["deviation"], flow)


def mirror_flow(flow: Tensor) -> Tensor:
    """Mirror flow [..., 3, H, W] left to right: columns are reversed and u changes its sign."""
    return flow.flip(-1) * lay_out(torch.tensor([-1, 1, 1], dtype=flow.dtype, device=flow.device), flow)


def lay_out(channels: Tensor, flow: Tensor) -> Tensor:
    """Return a value for each channel [3] such that it can be subtracted from each pixel of flow [..., 3, H, W].

    Where the channels of a pixel lie next to each other, that is an image, or torch would compute three numbers at a
    time."""
    if flow.stride(-3) != 1:
        return channels[:, None, None]
    return channels.expand(*flow.shape[-2:], -1).contiguous().permute(2, 0, 1)
