"""ELRCN: VGG-16 on each frame of a video of optical flow, then an LSTM. No folds, files or devices come in.

Shapes: B clips of T `frames`, N = B T single frames, K channels of a frame, H rows and columns, S streams (networks
next to each other), W `width` of VGG-16, so that 64 W units are its fully connected layers, C classes.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, Optimiser, Phase, Shapes, Statistics, Update
from microexpr.models.classifier import Classifier, moments
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.portable import Linear, square_root
from microexpr.models.layers.pretrained import DOWNSAMPLING, HIDDEN, WIDTH, initialise_vgg16, load, vgg16_features
from microexpr.models.layers.sequences import Lstm
from microexpr.models.pretrained_weights import VGG16

U, V, MAGNITUDE, STRAIN, GREY = range(5)  # channels of a frame
STREAMS = {  # channels of each stream's network, by the param `inputs`
    "flow": ((U, V, MAGNITUDE),),
    "SE": ((U, V, MAGNITUDE, STRAIN, GREY),),
    "TE": ((U, V, MAGNITUDE), (STRAIN,) * 3, (GREY,) * 3),
}


class Backbone(nn.Module):
    """VGG-16's convolutions and first fully connected layer, frozen where published weights are present."""

    def __init__(self, width: int, channels: int, image_size: int):
        super().__init__()
        self.features = vgg16_features(width, channels)
        positions = (image_size // DOWNSAMPLING) ** 2
        self.classifier = nn.ModuleDict({"0": Linear(8 * width * positions, HIDDEN * width)})

    def forward(self, frames: Tensor) -> Tensor:
        """[N, K, H, H] -> [N, 64 W]"""
        return self.classifier["0"](self.features(frames).flatten(1)).relu()


class Spatial(nn.Module):
    """VGG-16's second fully connected layer, and a classifier of single frames, which only the first phase uses."""

    def __init__(self, hidden: int, dropout: float, classes: int):
        super().__init__()
        self.dropout = dropout
        self.hidden, self.classify = nn.Linear(hidden, hidden), nn.Linear(hidden, classes)

    def forward(self, x: Tensor, rng: Stream | None = None) -> tuple[Tensor, Tensor]:
        """[N, 64 W] -> features [N, 64 W], scores [N, C]"""
        x = dropout(self.hidden(dropout(x, self.dropout, rng)).relu(), self.dropout, rng)
        return x, self.classify(x)


class Temporal(nn.Module):
    """An LSTM from the features of frames to the class of the clip."""

    def __init__(self, features: int, memory: int, hidden: int, classes: int):
        super().__init__()
        self.lstm = Lstm(features, memory)
        self.hidden, self.classify = nn.Linear(memory, hidden), nn.Linear(hidden, classes)

    def forward(self, sequence: Tensor) -> Tensor:
        """[B, T, S 64 W] -> [B, C]"""
        return self.classify(self.hidden(self.lstm(sequence)).relu())


class Elrcn(Classifier):
    """VGG-16 learns the class from single frames, then an LSTM from the sequence of its features.

    `inputs` is SE (spatial enrichment: u, v, magnitude, strain and grey as five channels of one network), TE (temporal
    enrichment: a network each for flow, strain and grey, features concatenated) or flow (u, v and magnitude alone, as
    the paper of AU-GACN reran it). From the authors' released code: the two phases, 224 pixels, nine
    frames, an LSTM of 3000, a layer of 128, epochs, rate, one clip a step, and published weights that stay frozen but
    for the last layers. They start from VGG-Face; here it is ImageNet's VGG-16 where its file is present, else all of
    the network is trained, initialised after He et al. 2015. Ours: flow from the first frame to each later one of ten,
    channels normalised over the fold's training clips, class weights, softmax at the end; no early stopping, and no
    decay of the rate (theirs is 1e-6 a step)."""

    paper = (
        "Khor et al., Enriched long-term recurrent convolutional network for facial micro-expression recognition,"
        " FG 2018"
    )
    weights = VGG16

    class Params(base.Params):
        inputs: Literal["flow", "SE", "TE"] = Field("flow", description="flow alone, or spatial or temporal enrichment")
        image_size: int = Field(224, ge=32, le=288, multiple_of=32, description="pixels, side of the frames")
        frames: int = Field(9, ge=1, le=64, description="frames of flow in a clip")
        width: int = Field(WIDTH, ge=2, le=128, description="channels of VGG-16's first stage")
        initialisation: base.Published = "published"
        dropout: float = Field(0.5, ge=0, lt=1, description="share of VGG-16's dense layers dropped in training")
        memory: int = Field(3000, ge=4, le=4096, description="units of the LSTM")
        hidden: int = Field(128, ge=4, le=4096, description="units of the layer after it")
        spatial_epochs: int = Field(100, ge=1, le=2000, description="passes over the clips' frames as single images")
        epochs: int = Field(100, ge=1, le=2000, description="passes over the clips as sequences")
        batch: int = Field(1, ge=1, le=1024, description="clips in a step")
        lr: float = Field(1e-5, gt=0, le=1, description="Adam's learning rate")

    @property
    def inputs(self) -> Shapes:
        """Flow u, v, strain from the first of T + 1 frames to each later one; for enrichment these frames in grey."""
        size, frames = self.params.image_size, self.params.frames
        shapes: Shapes = {"flow_video": (3, frames, size, size)}
        if self.params.inputs != "flow":
            shapes["video"] = (1, frames + 1, size, size)  # flow starts from the first of them
        return shapes

    def weights_fit(self) -> bool:
        params = self.params
        return params.inputs != "SE" and (params.width, params.image_size) == (WIDTH, 224)

    @property
    def streams(self) -> dict[str, tuple[int, ...]]:
        """Channels of each stream's network, by the suffix of its modules: base0, spatial0, base1, ..."""
        return {str(i): channels for i, channels in enumerate(STREAMS[self.params.inputs])}

    def statistics(self, train: ClipTensors) -> Statistics:
        return moments(self._frames(train.inputs), 2) | {"class_weights": self.label_weights(train.targets)}

    def _build_backbones(self) -> dict[str, nn.Module]:
        params = self.params
        backbones = {
            f"base{s}": Backbone(params.width, len(channels), params.image_size) for s, channels in self.streams.items()
        }
        for backbone in backbones.values():
            if self.published_weights:
                load(backbone, self.published_weights, VGG16.files[0])
            else:
                initialise_vgg16(backbone)
        return dict(backbones)

    def shared(self) -> dict[str, nn.Module]:
        """Return the backbones if they have published weights, which stay frozen; else `build` has them."""
        return self._build_backbones() if self.published_weights else {}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params, hidden = self.params, HIDDEN * self.params.width
        modules: dict[str, nn.Module] = {} if self.published_weights else self._build_backbones()
        for stream in self.streams:
            modules[f"spatial{stream}"] = spatial = Spatial(hidden, params.dropout, self.classes)
            initialise_vgg16(spatial.hidden)
            if self.published_weights:
                second = {name: self.published_weights[f"classifier.3.{name}"] for name in ("weight", "bias")}
                load(spatial.hidden, second, VGG16.files[0])
        modules["temporal"] = Temporal(len(self.streams) * hidden, params.memory, params.hidden, self.classes)
        return modules

    def phases(self) -> list[Phase]:
        params, adam = self.params, self.optimiser()
        parts = ["spatial"] if self.published_weights else ["base", "spatial"]
        optimisers: dict[str, Optimiser] = {f"{part}{stream}": adam for stream in self.streams for part in parts}
        return [
            Phase([Update(self.spatial_loss, optimisers)], params.spatial_epochs, params.batch),
            Phase([Update(self.loss, {"temporal": adam})], params.epochs, params.batch, precompute=self.features),
        ]

    def _frames(self, batch: Batch) -> Tensor:
        """Return [B, T, 5, H, H]: u, v, magnitude, strain and grey; without grey if it is not an input."""
        flow = batch["flow_video"].movedim(1, 2)
        channels = [flow[:, :, :2], square_root(flow[:, :, :2].square().sum(2, keepdim=True)), flow[:, :, 2:]]
        if "video" in self.inputs:
            channels.append(batch["video"][:, :, 1:].movedim(1, 2).to(flow.dtype))
        return torch.cat(channels, 2)

    def _encode(
        self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None
    ) -> list[tuple[Tensor, Tensor]]:
        """Return features [B T, 64 W] and scores [B T, C] of all frames, for each stream."""
        mean, deviation = (statistics[name][:, None, None] for name in ("mean", "deviation"))
        frames = ((self._frames(batch) - mean) / deviation).flatten(0, 1)
        return [
            getattr(modules, f"spatial{stream}")(getattr(modules, f"base{stream}")(frames[:, list(channels)]), rng)
            for stream, channels in self.streams.items()
        ]

    def spatial_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the cross-entropy of single frames, summed over streams, which learn separately."""
        label = batch["label"][:, None].expand(-1, self.params.frames).flatten()
        streams = self._encode(modules, batch, statistics, rng)
        losses = [F.cross_entropy(scores, label, statistics["class_weights"]) for _, scores in streams]
        return torch.stack(losses).sum()

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        encoded = batch if "features" in batch else self.features(modules, batch, statistics)
        return modules.temporal(encoded["features"])

    def features(self, modules: Modules, batch: Batch, statistics: Statistics) -> Batch:
        """Return the LSTM's input `features` [B, T, S 64 W], from networks that are frozen in its phase."""
        features = torch.cat([stream for stream, _ in self._encode(modules, batch, statistics)], 1)
        return {"features": features.unflatten(0, (-1, self.params.frames))}
