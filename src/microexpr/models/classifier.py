"""Classifier: the recipe by which networks are trained to classify; flow and its mirror image. No layer comes in.

Shapes: B clips, C classes, flow [B, 3, H, W] of u, v and strain.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base, recipe
from microexpr.models.base import Batch, ClipTensors, Modules, NetworkMethod, Optimiser, Phase, Statistics, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.pretrained import load
from microexpr.models.recipe import mirror_share

# Params of training that several methods share
Epochs = Annotated[int, Field(ge=1, le=2000, description="passes over the protocol's clips")]
ClipsPerStep = Annotated[int, Field(ge=2, le=1024, description="clips in a step")]
Cosine = Annotated[bool, Field(description="the learning rate falls to 0 along a cosine")]
Mirror = Annotated[float, Field(ge=0, le=1, description="share of training clips mirrored left to right")]
Shift = Annotated[int, Field(ge=0, le=64, description="pixels by which a training clip is shifted at most")]


class Classifier(NetworkMethod):
    """Base of methods with one phase and one optimiser, in which `forward` scores clips and `loss` compares scores.

    Params `epochs`, `batch` and `lr` are required; the optimiser takes `momentum` and `weight_decay`, and the schedule
    `cosine`, where a method has them. With `optimiser: adam` it is Adam without these."""

    algorithm: ClassVar[Callable[..., torch.optim.Optimizer]] = torch.optim.Adam
    network: Callable[[Any, int], nn.Module]  # of params and the number of classes, where it is the only module
    published_part: ClassVar[str]  # of the network, which published `weights` initialise, if it has any
    cosine: ClassVar[bool] = False  # whether the rate falls along a cosine, if no param says so
    sample: base.Sampler = staticmethod(base.shuffled)

    @property
    def trains(self) -> tuple[str, ...]:
        """Names of the modules that the phase trains."""
        return ("network",)

    def optimiser(self, lr: float | None = None) -> Optimiser:
        """Return the optimiser, which is given the tensors to train; `lr` is another rate than the param."""
        if getattr(self.params, "optimiser", "") == "adam":
            return partial(torch.optim.Adam, lr=lr or self.params.lr)
        values = {name: getattr(self.params, name, None) for name in ("momentum", "weight_decay")}
        others = {name: value for name, value in values.items() if value is not None}
        return partial(self.algorithm, lr=lr or self.params.lr, **others)

    def schedule(self, progress: float) -> float:
        """Return the factor on the learning rate after a share `progress` of the epochs."""
        return recipe.cosine(progress) if getattr(self.params, "cosine", self.cosine) else base.constant(progress)

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        network = self.network(self.params, self.classes)
        if self.weights and self.published_weights:
            load(getattr(network, self.published_part), self.published_weights, self.weights.files[0])
        return {"network": network}

    def phases(self) -> list[Phase]:
        updates = [Update(self.loss, dict.fromkeys(self.trains, self.optimiser()))]
        return [Phase(updates, self.params.epochs, self.params.batch, self.sample, self.schedule)]

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        """Return scores [B, C]; with `rng` as in training: of clips changed at random, with dropout.

        Not needed by methods that define `loss` and `scores`."""
        raise NotImplementedError(f"{type(self).__name__} has no scores in training")

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        return self.label_loss(self.forward(modules, batch, statistics, rng), batch, statistics)

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        return self.forward(modules, batch, statistics)


class FlowNetwork(Classifier):
    """Base of methods with one module `network(flow, rng)`, which returns scores [B, C]; without rng it drops nothing.

    Flow is normalised over the fold's training clips; the loss is cross-entropy with class weights; Adam."""

    class Params(base.Params):
        epochs: Epochs = 500
        batch: ClipsPerStep = 256
        lr: float = Field(5e-5, gt=0, le=1, description="Adam's first learning rate, see `cosine`")
        cosine: Cosine = False
        dropout: float = Field(0.5, ge=0, lt=1, description="share of values dropped in training")
        mirror: Mirror = 0.0

    pictures = {"flow": 3}
    normalisation = ("mean", "deviation")
    takes_several = True

    def statistics(self, train: ClipTensors) -> Statistics:
        return moments(train.inputs["flow"], 1) | {"class_weights": self.label_weights(train.targets)}

    def prepare(self, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        """Return the normalised flow; with `rng` a share `mirror` of the clips is mirrored."""
        flow = mirror_share(batch["flow"], self.params.mirror, rng if self.params.mirror else None, mirror_flow)
        return normalise_flow(flow, statistics)

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        return modules.network(self.prepare(batch, statistics, rng), rng)


def moments(values: Tensor, *channels: int) -> Statistics:
    """Return mean and deviation of values over all axes but those of channels."""
    others = [axis for axis in range(values.ndim) if axis not in channels]
    return {"mean": values.mean(others), "deviation": values.std(others).clamp(min=1e-6)}


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
