"""SLSTT: a vision transformer on each flow of a clip since its onset, then an LSTM. No folds, files or devices come in.

Shapes: B clips of T flows, N = B T flows [3, H, H] of u, v and strain, M `width`, S tokens, C classes.
"""

from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, Statistics
from microexpr.models.classifier import Classifier, Epochs, Mirror, mirror_flow, moments
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.portable import Linear
from microexpr.models.layers.sequences import Lstm
from microexpr.models.layers.transformers import EPSILON, VisionLayer
from microexpr.models.recipe import mirror_share

EXPANSION = 4  # units of the transformer's hidden layers, as a multiple of M
POSITION_SPREAD, BIAS_SPREAD = 0.02, 1e-6  # deviations of initial position embeddings and of the transformer's biases


class Encoder(nn.Module):
    """A vision transformer: from a flow to its class token."""

    def __init__(self, size: int, patch: int, width: int, depth: int, heads: int, dropout: float):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(width))
        self.position = nn.Parameter(POSITION_SPREAD * torch.randn((size // patch) ** 2 + 1, width))
        self.layers = nn.ModuleList(
            VisionLayer(width, heads, EXPANSION * width, dropout, gelu="tanh") for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width, EPSILON)
        for layer in self.layers.modules():
            if isinstance(layer, nn.Linear):
                for matrix in layer.weight.chunk(3 if layer.out_features == 3 * width else 1):
                    nn.init.xavier_uniform_(matrix)
                nn.init.normal_(layer.bias, std=BIAS_SPREAD)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[N, 3, H, H] -> [N, M]"""
        patches = self.patches(flow).flatten(2).mT  # [N, S - 1, M]
        tokens = torch.cat([self.token.expand(len(flow), 1, -1), patches], 1) + self.position
        for layer in self.layers:
            tokens = layer(tokens, rng)
        return self.norm(tokens[:, 0])


class Lstms(nn.Module):
    """Three LSTM layers on the sequence, then two fully connected ones: the aggregator of SLSTT-LSTM."""

    def __init__(self, features: int, memory: int, layers: int, hidden: int, classes: int):
        super().__init__()
        self.layers = nn.ModuleList(Lstm(memory if i else features, memory) for i in range(layers))
        self.hidden, self.classify = Linear(memory, hidden), nn.Linear(hidden, classes)

    def forward(self, sequence: Tensor) -> Tensor:
        """[B, T, M] -> [B, C]"""
        for layer in self.layers:
            assert isinstance(layer, Lstm)
            sequence = torch.stack(layer.states(sequence), 1)
        return self.classify(self.hidden(sequence[:, -1]).relu())


class Mean(nn.Module):
    """One linear layer and the mean of its scores over the sequence: the aggregator of SLSTT-Mean."""

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.classify = nn.Linear(features, classes)
        nn.init.zeros_(self.classify.weight)
        nn.init.zeros_(self.classify.bias)

    def forward(self, sequence: Tensor) -> Tensor:
        """[B, T, M] -> [B, C]"""
        return self.classify(sequence).mean(1)


class Slstt(Classifier):
    """Long-term flow, from the first frame to each later one, through a vision transformer and an aggregator.

    From the authors' released code: eleven flows of 384 pixels, ViT-B/16 with its initial weights and dropout, both
    aggregators, stochastic gradient descent with momentum, its rate and fall, decay, epochs and batch. That code starts
    from ImageNet's weights and runs the transformer's layers without gradients, so that only what follows them is
    trained; here all of it is, from scratch. It reads pictures with the direction of movement as hue and its stretched
    length as brightness, of eleven frames around the apex, and stores each subject's best test epoch.
    Ours: u, v and strain, normalised over the fold's training clips; frames at equal distances from onset to offset;
    class weights, and, if requested, Adam, the cosine schedule and mirrored clips."""

    paper = (
        "Zhang, Hong, Arandjelović and Zhao, Short and long range relation based spatio-temporal transformer for"
        " micro-expression recognition, IEEE Trans. Affective Computing 2022"
    )
    pictures = {"flow_video": 3}

    class Params(base.Params):
        image_size: int = Field(384, ge=8, le=448, description="pixels, side of the flow")
        frames: int = Field(11, ge=1, le=64, description="flows in a clip")
        patch: int = Field(16, ge=2, le=64, description="pixels, side of a token's square")
        width: int = Field(768, ge=4, le=1024, description="channels of a token")
        depth: int = Field(12, ge=1, le=24, description="layers of the transformer")
        heads: int = Field(12, ge=1, le=16, description="of its attention")
        dropout: float = Field(0.1, ge=0, lt=1, description="share dropped of the attention's weights and each result")
        aggregator: Literal["lstm", "mean"] = Field("lstm", description="of a clip's flows")
        memory: int = Field(512, ge=4, le=4096, description="units of an LSTM layer")
        memories: int = Field(3, ge=1, le=8, description="LSTM layers")
        hidden: int = Field(256, ge=4, le=4096, description="units of the layer after them")
        epochs: Epochs = 40
        batch: int = Field(2, ge=1, le=1024, description="clips in a step")
        optimiser: Literal["sgd", "adam"] = Field("sgd", description="sgd: with momentum and weight decay")
        lr: float = Field(0.01, gt=0, le=1, description="first learning rate")
        momentum: float = Field(0.9, ge=0, lt=1, description="of sgd")
        weight_decay: float = Field(1e-4, ge=0, le=1, description="of sgd")
        decay_epochs: int = Field(30, ge=1, le=2000, description="epochs, counted from 1, when the rate is a tenth")
        cosine: bool = Field(False, description="instead, the learning rate falls to 0 along a cosine")
        mirror: Mirror = 0.0

        @model_validator(mode="after")
        def _check_sizes(self) -> Self:
            if self.image_size % self.patch or self.width % self.heads:
                sizes = f"{self.patch} of {self.image_size}, {self.heads} of {self.width}"
                raise ValueError(f"patch must divide image_size, and heads width, not {sizes}")
            return self

    takes_several = True
    normalisation = ("mean", "deviation")
    algorithm = torch.optim.SGD
    trains = ("encoder", "aggregator")

    def statistics(self, train: ClipTensors) -> Statistics:
        return moments(train.inputs["flow_video"], 1) | {"class_weights": self.label_weights(train.targets)}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        encoder = Encoder(params.image_size, params.patch, params.width, params.depth, params.heads, params.dropout)
        if params.aggregator == "mean":
            return {"encoder": encoder, "aggregator": Mean(params.width, self.classes)}
        aggregator = Lstms(params.width, params.memory, params.memories, params.hidden, self.classes)
        return {"encoder": encoder, "aggregator": aggregator}

    def schedule(self, progress: float) -> float:
        """Return `cosine`, or a tenth from the 30th epoch on."""
        if self.params.cosine:
            return super().schedule(progress)
        epoch = int(progress * self.params.epochs + 1e-6)
        return 0.1 ** ((epoch + 1) // self.params.decay_epochs)

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        flow = batch["flow_video"].movedim(1, 2)  # [B, T, 3, H, H]
        flow = mirror_share(flow, self.params.mirror, rng if self.params.mirror else None, mirror_flow)
        mean, deviation = (statistics[name][:, None, None] for name in ("mean", "deviation"))
        tokens = modules.encoder(((flow - mean) / deviation).flatten(0, 1), rng)
        return modules.aggregator(tokens.unflatten(0, flow.shape[:2]))
