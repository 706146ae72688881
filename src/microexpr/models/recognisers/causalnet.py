"""CausalNet: flow to the apex and back, and its directions, through nested transformers. No folds, files or devices.

Shapes: B clips, flow [B, 3, 28, 28] of u, v and strain, P = 4 positions (2 x 2), D `width`, C classes.
"""

import math
from typing import Self

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import FLOW_SIZE, Batch, ClipTensors, Modules, Statistics
from microexpr.models.classifier import Classifier, ClipsPerStep, Cosine, Epochs, Mirror, mirror_flow, moments
from microexpr.models.counter_rng import Stream
from microexpr.models.layers import transformers
from microexpr.models.layers.portable import Linear
from microexpr.models.layers.transformers import NestedTransformer, cut_areas, join_heads, split_heads
from microexpr.models.recipe import mirror_share

INPUTS = ("flow", "flow_offset")
PATCH, LEVELS = 7, 3  # so that a clip is one token of 4 D channels, which become 2 x 2 positions of D
POSITIONS = 4
OPPOSITE = ((0, 3), (1, 2), (2, 1), (3, 0))  # pairs of positions that share no side, each with itself turned


def direction(flow: Tensor) -> Tensor:
    """Return the picture of directions of flow [B, 3, H, H]: red and green of a hue, in 0..1, and 0 for blue.

    The hue is the angle between u and v after both are stretched to 0..1 in their clip, so 0 to 90 degrees."""
    lowest, highest = flow[:, :2].amin((2, 3), keepdim=True), flow[:, :2].amax((2, 3), keepdim=True)
    u, v = ((flow[:, :2] - lowest) / (highest - lowest).clamp(min=1e-6)).unbind(1)
    hue = torch.atan2(v, u) * (180 / math.pi) / 60  # in sixths of the circle
    return torch.stack([(2 - hue).clamp(max=1), hue.clamp(max=1), torch.zeros_like(hue)], 1)


class Attention(nn.Module):
    """Attention from 2 x 2 positions to those of a context, with a penalty for the diagonally opposite one.

    Its logit is replaced by -gamma times the number of the position, 1 to 4, and its weight by zero."""

    def __init__(self, width: int, heads: int, gamma: float, scale: float):
        super().__init__()
        self.heads, self.scale, positions = heads, scale, range(POSITIONS)
        # by pair of positions: 1 where two are the same or share a side, else 0; and the penalty
        self.near = [[float((i, j) not in OPPOSITE) for j in positions] for i in positions]
        self.penalty = [[-gamma * (j + 1) * ((i, j) in OPPOSITE) for j in positions] for i in positions]
        self.query, self.read, self.write = Linear(width, width), Linear(width, 2 * width), Linear(width, width)

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        """Two [B, P, D] -> [B, P, D]"""
        query = split_heads(self.query(tokens), self.heads)
        key, value = (split_heads(part, self.heads) for part in self.read(context).chunk(2, -1))
        # not `new_tensor`, which vmap lacks
        near, penalty = (torch.tensor(v, dtype=query.dtype, device=query.device) for v in (self.near, self.penalty))
        weights = (query @ key.mT * self.scale * near + penalty).softmax(-1) * near
        return self.write(join_heads(weights @ value))


class Passing(nn.Module):
    """Attention of each position of the later phase to itself and to the same position of the earlier one."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query, self.read, self.write = Linear(width, width), Linear(width, 2 * width), Linear(width, width)

    def forward(self, earlier: Tensor, later: Tensor) -> Tensor:
        """Two [B, P, D] -> [B, P, D]"""
        query = split_heads(self.query(later), self.heads)  # [B, heads, P, d]
        phases = torch.stack([self.read(phase) for phase in (earlier, later)])
        key, value = (split_heads(part, self.heads) for part in phases.chunk(2, -1))  # [2, B, heads, P, d]
        weights = ((query * key).sum(-1, keepdim=True) * self.scale).softmax(0)
        return self.write(join_heads((weights * value).sum(0)))


def feed_forward(width: int) -> nn.ModuleList:
    """Return the two fully connected layers that `widen` applies."""
    return nn.ModuleList([Linear(width, transformers.EXPANSION * width), Linear(transformers.EXPANSION * width, width)])


def widen(layers: nn.ModuleList, tokens: Tensor) -> Tensor:
    """Add to tokens [B, P, D] the output of two fully connected layers."""
    hidden, out = layers
    return tokens + out(F.gelu(hidden(tokens)))


class CrossLayer(nn.Module):
    """Attention of the directions of each phase to those of the other one."""

    def __init__(self, width: int, heads: int, gamma: float):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), Attention(width, heads, gamma, width**-0.5)
        self.widen = feed_forward(width)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Two [B, P, D] -> two [B, P, D]; the second phase attends to the result of the first one"""
        normalised = self.norm(second)
        first = first + self.attention(self.norm(first), second)
        second = second + self.attention(normalised, first)
        return widen(self.widen, first), widen(self.widen, second)


class CausalBlock(nn.Module):
    """Both phases in their order and in the reverse one, and the relation of the two results."""

    def __init__(self, width: int, heads: int, gamma: float):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.norm, self.spatial = nn.LayerNorm(width), Attention(width, heads, gamma, self.scale)
        self.temporal, self.widen = Passing(width, heads), feed_forward(width)
        self.query, self.key, self.value = Linear(width, width), Linear(width, width), Linear(width, width)
        self.write = Linear(width, width)

    def _in_order(self, earlier: Tensor, later: Tensor) -> tuple[Tensor, Tensor]:
        earlier, later = self.norm(earlier), self.norm(later)
        earlier = earlier + self.spatial(earlier, earlier)
        later = later + self.spatial(later, later)
        later = later + self.temporal(earlier, later)
        return widen(self.widen, earlier), widen(self.widen, later)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Two [B, P, D] -> [B, 3 P, D]: the relation, the earlier phase of each order"""
        before, later = self._in_order(first, second)
        reverse, last = self._in_order(second, first)
        tokens = ((self.query, later), (self.key, last), (self.value, last + later))
        query, key, value = (split_heads(layer(x), self.heads) for layer, x in tokens)
        weights = (query @ key.mT * self.scale).softmax(-1)
        relation = self.write(join_heads(weights @ value) + later + last)
        return torch.cat([relation, before, reverse], 1)


class Network(nn.Module):
    """Encoders of flow and of directions, cross attention of directions, a causal block and two linear layers."""

    def __init__(self, params: "Causalnet.Params", classes: int):
        super().__init__()
        self.centres, width = transformers.CENTRES[params.centres], params.width
        self.flow, self.direction = (
            NestedTransformer(3, FLOW_SIZE, PATCH, width, params.heads, params.layers) for _ in ("flow", "direction")
        )
        sizes = (width, params.block_heads, params.gamma)
        self.cross = nn.ModuleList(CrossLayer(*sizes) for _ in range(params.layers[-1]))
        self.causal = CausalBlock(*sizes)
        self.classify = nn.ModuleList([Linear(3 * POSITIONS * width, params.hidden), Linear(params.hidden, classes)])

    def _encode(self, encoder: nn.Module, picture: Tensor) -> Tensor:
        """[B, 3, 28, 28] -> [B, P, D]"""
        return encoder(cut_areas(picture, self.centres)).flatten(1).unflatten(1, (-1, POSITIONS)).mT

    def forward(self, flows: list[Tensor], directions: list[Tensor]) -> Tensor:
        """Flow and directions of both phases, each [B, 3, 28, 28] -> [B, C]"""
        first, second = (self._encode(self.flow, flow) for flow in flows)
        positions = tuple(self._encode(self.direction, picture) for picture in directions)
        for layer in self.cross:
            positions = layer(*positions)
        x = self.causal(first + positions[0], second + positions[1]).flatten(1)
        for layer in self.classify:
            x = layer(x)
        return x


class Causalnet(Classifier):
    """Flow from onset to apex and from apex to offset, located by its directions, in both orders of time.

    From the authors' released code: the four areas and the encoders of HTNet, their values (three levels of 3, 3
    and 9 layers), as many layers of cross attention as the last level, the causal block, gamma, epochs, batch and
    rate. The picture of directions is computed as its data show: the hue of the angle between u and v in grey levels,
    where the middle one is no movement, so that it tells directions apart within a quarter of the circle.
    Ours: flow normalised over the fold's training clips, where theirs has grey levels, and directions in 0..1; clips
    in random order; areas by `centres`, as in HTNet; class weights, and, if requested, the cosine schedule and mirrored
    clips. Their figures are of each subject's best test epoch, and of the best of 36 numbers of layers and values of
    gamma."""

    paper = (
        "Zhang, Tang and Chen, Rethinking key-frame-based micro-expression recognition: a robust and accurate framework"
        " against key-frame errors, ICCV 2025"
    )
    pictures = dict.fromkeys(INPUTS, 3)
    network = Network

    class Params(base.Params):
        centres: transformers.Placement = "published"
        width: int = Field(256, ge=4, le=1024, description="channels of the encoders' first level and of a position")
        heads: int = Field(3, ge=1, le=16, description="of attention in the encoders' first level")
        layers: tuple[transformers.Count, ...] = Field(
            (3, 3, 9), min_length=3, max_length=3, description="in each level; the last also of cross attention"
        )
        block_heads: int = Field(8, ge=1, le=64, description="of attention between positions")
        gamma: float = Field(0.5, ge=0, le=10, description="penalty for the diagonally opposite position")
        hidden: int = Field(2048, ge=4, le=4096, description="units before the scores")
        epochs: Epochs = 200
        batch: ClipsPerStep = 1024
        lr: float = Field(5e-5, gt=0, le=1, description="Adam's first learning rate, see `cosine`")
        cosine: Cosine = False
        mirror: Mirror = 0.0

        @model_validator(mode="after")
        def _check_sizes(self) -> Self:
            if self.width % self.block_heads or self.heads > self.width:
                sizes = f"{self.block_heads} and {self.heads} of {self.width}"
                raise ValueError(f"block_heads must divide width, and heads be <= width, not {sizes}")
            return self

    takes_several = True
    normalisation = ("mean", "deviation")

    def statistics(self, train: ClipTensors) -> Statistics:
        flows = torch.stack([train.inputs[name] for name in INPUTS])
        return moments(flows, 0, 2) | {"class_weights": self.label_weights(train.targets)}  # [2, 3] and [C]

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        flows = [batch[name] for name in INPUTS]
        if rng and self.params.mirror:
            flows = [*mirror_share(torch.stack(flows, 1), self.params.mirror, rng, mirror_flow).unbind(1)]
        pairs = zip(flows, statistics["mean"], statistics["deviation"], strict=True)
        normalised = [(flow - mean[:, None, None]) / deviation[:, None, None] for flow, mean, deviation in pairs]
        return modules.network(normalised, [direction(flow) for flow in flows])
