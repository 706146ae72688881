"""How a network on the onset-to-apex flow is trained, whatever its layers are. No layer comes in.

Shapes: B clips, C classes, flow [B, 3, H, W] of u, v and strain.
"""

from functools import partial

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from microexpr.models import base
from microexpr.models.base import Batch, Clips, Modules, NetworkMethod, Phase, Shapes, Statistics, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.recipe import class_weights, cosine

SIDE = 28  # rows and columns


class FlowNetwork(NetworkMethod):
    """Base of methods with one module, `network(flow, rng)`, which returns scores [B, C] and drops nothing without rng.

    Flow is normalised over the fold's training clips; the loss is cross-entropy with class weights; Adam.
    """

    class Params(base.Params):
        epochs: int = Field(500, ge=1, le=2000, description="passes over the protocol's clips")
        batch: int = Field(256, ge=2, le=1024, description="clips in a step")
        lr: float = Field(5e-5, gt=0, le=1, description="Adam's learning rate, before `schedule`")
        cosine: bool = Field(False, description="the learning rate falls to 0 along a cosine")
        dropout: float = Field(0.5, ge=0, lt=1, description="share of values dropped in training")
        mirror: float = Field(0.0, ge=0, le=1, description="share of training clips mirrored left to right")

    params: Params

    @property
    def inputs(self) -> Shapes:
        return {"flow": (3, SIDE, SIDE)}

    def statistics(self, train: Clips) -> Statistics:
        flow = train.inputs["flow"]
        return {
            "mean": flow.mean((0, 2, 3)),
            "deviation": flow.std((0, 2, 3)).clamp(min=1e-6),
            "class_weights": class_weights(train.targets["label"], self.classes),
        }

    def phases(self) -> list[Phase]:
        adam = partial(torch.optim.Adam, lr=self.params.lr)
        return [
            Phase(
                [Update(self.loss, {"network": adam})],
                self.params.epochs,
                self.params.batch,
                schedule=cosine if self.params.cosine else base.constant,
            )
        ]

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        flow = batch["flow"]
        if self.params.mirror:
            flow = torch.where(rng.uniform(len(flow), 1, 1, 1) < self.params.mirror, mirrored(flow), flow)
        scores = modules.network(normalised(flow, statistics), rng)
        return F.cross_entropy(scores, batch["label"], statistics["class_weights"])

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        scores: Tensor = modules.network(normalised(batch["flow"], statistics))
        return scores


def normalised(flow: Tensor, statistics: Statistics) -> Tensor:
    """Flow [..., 3, H, W] with mean 0 and deviation 1 in each channel of the training clips."""
    return (flow - statistics["mean"][:, None, None]) / statistics["deviation"][:, None, None]


def mirrored(flow: Tensor) -> Tensor:
    """Flow [..., 3, H, W] of the face in a mirror: columns reversed, and what went right goes left."""
    return flow.flip(-1) * torch.tensor([-1, 1, 1], dtype=flow.dtype, device=flow.device)[:, None, None]
