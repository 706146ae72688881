"""MicroExpSTCNN: one layer of 3D convolutions on a video of the whole face. No folds, files or devices come in.

Shapes: B clips, video [B, 1, T, H, H], D frames of a kernel, K kernels, C classes.
"""

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, Statistics
from microexpr.models.classifier import Classifier, Cosine, Epochs, Mirror
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.portable import Linear
from microexpr.models.layers.sequences import MaxPool3d, StemConv3d
from microexpr.models.recipe import mirror_share

KERNEL, POOL = 3, 3  # rows and columns of a kernel; frames, rows and columns of a pool
DEVIATION = 0.05  # of the initial weights of the fully connected layers


class Network(nn.Module):
    """Convolution, pool and two fully connected layers."""

    def __init__(self, params: "MicroExpSTCNN.Params", classes: int):
        super().__init__()
        self.dropout, kernels, depth, hidden = params.dropout, params.kernels, params.depth, params.hidden
        positions = (params.frames - depth + 1) // POOL * ((params.image_size - KERNEL + 1) // POOL) ** 2
        self.convolve, size = StemConv3d(1, kernels, (depth, KERNEL, KERNEL)), (POOL, POOL, POOL)
        self.pool = MaxPool3d(size, size, (0, 0, 0))
        self.hidden, self.classify = Linear(kernels * positions, hidden), nn.Linear(hidden, classes)
        nn.init.xavier_uniform_(self.convolve.weight)
        nn.init.zeros_(self.convolve.bias)  # type: ignore[arg-type]
        for layer in (self.hidden, self.classify):
            nn.init.normal_(layer.weight, std=DEVIATION)
            nn.init.zeros_(layer.bias)

    def forward(self, video: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 1, T, H, H] -> [B, C]"""
        x = self.pool(self.convolve(video).relu())  # [B, K, (T - D + 1) / 3, (H - 2) / 3, (H - 2) / 3]
        x = self.hidden(dropout(x, self.dropout, rng).flatten(1)).relu()
        return self.classify(dropout(x, self.dropout, rng))  # [B, C]


class MicroExpSTCNN(Classifier):
    """3D convolutions that are long in time, on grey video.

    From the authors' released code: layers, initial weights, the normalisation of grey levels, plain gradient descent
    with Keras's rate, batch and epochs. That code takes 96 frames of CAS(ME)2 and 18 of SMIC, and selects the epoch
    that is best on the tested clips; here each clip is resampled to `frames` by TIM from onset to offset. Ours: class
    weights, and, if requested, momentum, the cosine schedule and mirrored clips."""

    paper = (
        "Reddy et al., Spontaneous facial micro-expression recognition using 3D spatiotemporal convolutional neural"
        " networks, IJCNN 2019"
    )
    pictures = {"video": 1}
    network = Network

    class Params(base.Params):
        image_size: int = Field(64, ge=8, le=288, description="pixels, side of the frames")
        frames: int = Field(96, ge=5, le=192, description="frames that a clip is resampled to")
        kernels: int = Field(32, ge=1, le=256, description="3D convolutions")
        depth: int = Field(15, ge=1, le=64, description="frames of a convolution's kernel")
        hidden: int = Field(128, ge=4, le=4096, description="units of the fully connected layer")
        dropout: float = Field(0.5, ge=0, lt=1, description="share dropped before both fully connected layers")
        epochs: Epochs = 100
        batch: int = Field(16, ge=1, le=1024, description="clips in a step")
        lr: float = Field(0.01, gt=0, le=1, description="rate of gradient descent, before `cosine`")
        momentum: float = Field(0.0, ge=0, lt=1, description="of gradient descent")
        cosine: Cosine = False
        mirror: Mirror = 0.0

        @model_validator(mode="after")
        def _check_frames(self) -> "MicroExpSTCNN.Params":
            if self.frames < self.depth + POOL - 1:
                smallest = self.depth + POOL - 1
                raise ValueError(f"frames must be >= depth + {POOL - 1} = {smallest}, not {self.frames}")
            return self

    takes_several = True
    algorithm = torch.optim.SGD

    def statistics(self, train: ClipTensors) -> Statistics:
        video = train.inputs["video"].to(torch.get_default_dtype())
        mean = video.mean()
        return {
            "mean": mean,
            "largest": (video.max() - mean).clamp(min=1),
            "class_weights": self.label_weights(train.targets),
        }

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        video = (batch["video"] - statistics["mean"]) / statistics["largest"]
        return modules.network(mirror_share(video, self.params.mirror, rng), rng)
