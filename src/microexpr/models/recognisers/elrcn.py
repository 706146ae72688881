"""ELRCN: VGG-16 on each picture of a film of optical flow, then an LSTM. No folds, files or devices come in.

Shapes: B clips, T pictures, K channels of a picture, S streams, W `width`, C classes, H rows.
"""

from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base as method
from microexpr.models.base import Batch, Clips, Modules, NetworkMethod, Optimiser, Phase, Shapes, Statistics, Update
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers import vgg16
from microexpr.models.layers.lstm import Lstm
from microexpr.models.layers.pretrained import load
from microexpr.models.pretrained_weights import VGG16
from microexpr.models.recipe import class_weights

U, V, MAGNITUDE, STRAIN, GREY = range(5)  # of a picture
STREAMS = {  # what each network sees, by `inputs`
    "flow": ((U, V, MAGNITUDE),),
    "SE": ((U, V, MAGNITUDE, STRAIN, GREY),),
    "TE": ((U, V, MAGNITUDE), (STRAIN,) * 3, (GREY,) * 3),
}


class Base(nn.Module):
    """What a published VGG-16 is kept for as it is: its convolutions and its first fully connected layer."""

    def __init__(self, width: int, channels: int, image_size: int):
        super().__init__()
        self.features = vgg16.features(width, channels)
        places = (image_size // vgg16.HALVED) ** 2
        self.classifier = nn.ModuleDict({"0": nn.Linear(8 * width * places, vgg16.HIDDEN * width)})

    def forward(self, pictures: Tensor) -> Tensor:
        """[N, K, H, H] -> [N, 64 W]"""
        hidden: Tensor = self.classifier["0"](self.features(pictures).flatten(1)).relu()
        return hidden


class Spatial(nn.Module):
    """The second fully connected layer, and the class of each picture by itself, for the first phase."""

    def __init__(self, hidden: int, dropped: float, classes: int):
        super().__init__()
        self.dropped = dropped
        self.hidden, self.classify = nn.Linear(hidden, hidden), nn.Linear(hidden, classes)

    def forward(self, x: Tensor, rng: Stream | None = None) -> tuple[Tensor, Tensor]:
        """[N, 64 W] -> features [N, 64 W], scores [N, C]"""
        x = dropout(self.hidden(dropout(x, self.dropped, rng)).relu(), self.dropped, rng)
        return x, self.classify(x)


class Temporal(nn.Module):
    """The clip's class from its pictures' features."""

    def __init__(self, features: int, memory: int, hidden: int, classes: int):
        super().__init__()
        self.lstm = Lstm(features, memory)
        self.hidden, self.classify = nn.Linear(memory, hidden), nn.Linear(hidden, classes)

    def forward(self, sequence: Tensor) -> Tensor:
        """[B, T, S 64 W] -> [B, C]"""
        scores: Tensor = self.classify(self.hidden(self.lstm(sequence)).relu())
        return scores


class Elrcn(NetworkMethod):
    """VGG-16 learns the class from single pictures, then an LSTM from the sequence of its features.

    `inputs` is flow (u, v, magnitude: what AU-GACN reruns), SE (these, strain and grey as five channels of one network)
    or TE (a network for each, features side by side). The two phases, 224 pixels, nine pictures, LSTM of 3000, layer of
    128, epochs, rate, one clip a step, and that published weights stay as they are but for the last layers, are those
    of the authors' released code. They start from VGG-Face; here it is ImageNet's VGG-16 where its file is there, and
    without it all of the network is trained, from weights as He et al. 2015 draw them. Ours besides: flow from the
    first frame to each later one of ten, channels normalised over the fold's training clips, class weights, softmax at
    the end; the epochs are not cut short, nor does the rate decay (theirs by 1e-6 a step).
    """

    paper = (
        "Khor et al., Enriched long-term recurrent convolutional network for facial micro-expression recognition,"
        " FG 2018"
    )
    weights = VGG16

    class Params(method.Params):
        inputs: Literal["flow", "SE", "TE"] = Field("flow", description="flow alone, or spatial or temporal enrichment")
        image_size: int = Field(224, ge=32, le=288, multiple_of=32, description="pixels, side of the pictures")
        frames: int = Field(9, ge=1, le=64, description="pictures of flow in a clip")
        width: int = Field(vgg16.WIDTH, ge=2, le=128, description="channels of VGG-16's first stage")
        pretrained: bool = Field(True, description="start from ImageNet's weights where they are there and fit")
        dropout: float = Field(
            0.5, ge=0, lt=1, description="share of VGG-16's fully connected layers dropped in training"
        )
        memory: int = Field(3000, ge=4, le=4096, description="units of the LSTM")
        hidden: int = Field(128, ge=4, le=4096, description="units of the layer after it")
        spatial_epochs: int = Field(100, ge=1, le=2000, description="passes over the clips' pictures, one by one")
        epochs: int = Field(100, ge=1, le=2000, description="passes over the clips as sequences")
        batch: int = Field(1, ge=1, le=1024, description="clips in a step")
        lr: float = Field(1e-5, gt=0, le=1, description="Adam's learning rate")

    params: Params

    @property
    def inputs(self) -> Shapes:
        size, frames = self.params.image_size, self.params.frames
        shapes: Shapes = {"flow_video": (3, frames, size, size)}
        if self.params.inputs != "flow":
            shapes["video"] = (1, frames + 1, size, size)  # the first is the one that flow starts from
        return shapes

    def fits(self) -> bool:
        params = self.params
        return params.pretrained and params.inputs != "SE" and (params.width, params.image_size) == (vgg16.WIDTH, 224)

    @property
    def streams(self) -> dict[str, tuple[int, ...]]:
        return {str(number): channels for number, channels in enumerate(STREAMS[self.params.inputs])}

    def statistics(self, train: Clips) -> Statistics:
        pictures = self._pictures(train.inputs)
        return {
            "mean": pictures.mean((0, 1, 3, 4)),
            "deviation": pictures.std((0, 1, 3, 4)).clamp(min=1e-6),
            "class_weights": class_weights(train.targets["label"], self.classes),
        }

    def _bases(self) -> dict[str, nn.Module]:
        params = self.params
        made = {f"base{s}": Base(params.width, len(k), params.image_size) for s, k in self.streams.items()}
        for base in made.values():
            if self.published:
                load(base, self.published, VGG16.files[0])
            else:
                vgg16.initialise(base)
        return dict(made)

    def shared(self) -> dict[str, nn.Module]:
        return self._bases() if self.published else {}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params, hidden = self.params, vgg16.HIDDEN * self.params.width
        built: dict[str, nn.Module] = {} if self.published else self._bases()
        for stream in self.streams:
            built[f"spatial{stream}"] = spatial = Spatial(hidden, params.dropout, self.classes)
            vgg16.initialise(spatial.hidden)
            if self.published:
                second = {name: self.published[f"classifier.3.{name}"] for name in ("weight", "bias")}
                load(spatial.hidden, second, VGG16.files[0])
        built["temporal"] = Temporal(len(self.streams) * hidden, params.memory, params.hidden, self.classes)
        return built

    def phases(self) -> list[Phase]:
        params, adam = self.params, partial(torch.optim.Adam, lr=self.params.lr)
        parts = ["spatial"] if self.published else ["base", "spatial"]
        single: dict[str, Optimiser] = {f"{part}{stream}": adam for stream in self.streams for part in parts}
        return [
            Phase([Update(self.spatial_loss, single)], params.spatial_epochs, params.batch),
            Phase([Update(self.temporal_loss, {"temporal": adam})], params.epochs, params.batch, reads=self.read),
        ]

    def _pictures(self, batch: Batch) -> Tensor:
        """[B, T, 5, H, H]: u, v, magnitude, strain and grey; without grey if it is not read."""
        flow = batch["flow_video"].movedim(1, 2)
        channels = [flow[:, :, :2], flow[:, :, :2].square().sum(2, keepdim=True).sqrt(), flow[:, :, 2:]]
        if "video" in self.inputs:
            channels.append(batch["video"][:, :, 1:].movedim(1, 2).to(flow.dtype))
        return torch.cat(channels, 2)

    def _encoded(
        self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None
    ) -> list[tuple[Tensor, Tensor]]:
        """Of each stream, features [B T, 64 W] and scores [B T, C] of every picture."""
        mean, deviation = (statistics[name][:, None, None] for name in ("mean", "deviation"))
        pictures = ((self._pictures(batch) - mean) / deviation).flatten(0, 1)
        return [
            getattr(modules, f"spatial{stream}")(getattr(modules, f"base{stream}")(pictures[:, list(channels)]), rng)
            for stream, channels in self.streams.items()
        ]

    def spatial_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Each picture should show its clip's class; the streams learn apart, so their losses add."""
        label = batch["label"][:, None].expand(-1, self.params.frames).flatten()
        found = self._encoded(modules, batch, statistics, rng)
        return torch.stack([F.cross_entropy(one, label, statistics["class_weights"]) for _, one in found]).sum()

    def temporal_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        return F.cross_entropy(self.scores(modules, batch, statistics), batch["label"], statistics["class_weights"])

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        read = batch if "features" in batch else self.read(modules, batch, statistics)
        scores: Tensor = modules.temporal(read["features"])
        return scores

    def read(self, modules: Modules, batch: Batch, statistics: Statistics) -> Batch:
        """What the LSTM sees: `features` [B, T, S 64 W], of networks that stay as they are."""
        features = torch.cat([one for one, _ in self._encoded(modules, batch, statistics)], 1)
        return {"features": features.unflatten(0, (-1, self.params.frames))}
