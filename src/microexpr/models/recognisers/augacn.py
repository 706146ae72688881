"""AU-GACN: a pseudo-3D network scores action units in a video, a graph network scores classes. No folds or files.

Shapes: B clips, video [B, 3, L, H, H], W `width`, A action units, D = 3 `hidden` features of a node, K places for
pooled nodes, C classes.
"""

from collections import OrderedDict
from functools import partial
from itertools import pairwise
from math import ceil
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.facs import AUS, UNKNOWN, share_a_muscle
from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, Shapes, Statistics
from microexpr.models.classifier import Classifier, ClipsPerStep, Epochs, Mirror
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import weighted_mean
from microexpr.models.layers.sequences import MaxPool3d, StemConv3d
from microexpr.models.recipe import mirror_share, to_signed_range, to_unit_range
from microexpr.signals.aus import ACTION_UNITS, LARGEST

CONTRAST = 4  # of `input_mode: change`: most pixels change by a grey level, few by more than 25
DOWNSAMPLING = 16  # frames of the video to one of the last maps
ANATOMY = [[float(share_a_muscle(first, second)) for second in AUS] for first in AUS]
INPUT = {"film": "video", "change": "video_steady", "fine_change": "video_change"}
GRAPH = ("graph", "present")  # statistics that `Graph` holds
ROUNDING = 1e-4  # nodes: 0.7 x 10 may be a little more than 7, and still keeps 7
Kind = Literal["A", "B", "C"]


def convolution_layers(width: int, kernel: tuple[int, int, int], stride: int = 1) -> list[nn.Module]:
    """Return a convolution over frames, rows and columns that keeps their number, up to the stride in space."""
    padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
    convolution = nn.Conv3d(width, width, kernel, (1, stride, stride), padding, bias=False)
    return [convolution, nn.BatchNorm3d(width)]


class Bottleneck(nn.Module):
    """Pseudo-3D block (Qiu et al. 2017): space and time convolved one after the other, in parallel, or both."""

    def __init__(self, kind: Kind, width: int, stride: int = 1):
        super().__init__()
        self.kind = kind
        self.begin = nn.Sequential(*convolution_layers(width, (1, 1, 1), stride), nn.ReLU())
        self.spatial = nn.Sequential(*convolution_layers(width, (1, 3, 3)), nn.ReLU())
        self.temporal = nn.Sequential(*convolution_layers(width, (3, 1, 1)), nn.ReLU())
        self.end = nn.Sequential(*convolution_layers(width, (1, 1, 1)))
        self.short = nn.Identity() if stride == 1 else nn.Sequential(*convolution_layers(width, (1, 1, 1), stride))

    def forward(self, x: Tensor) -> Tensor:
        """[B, W, T, h, h] -> [B, W, T, h / stride, h / stride]"""
        reduced = self.begin(x)
        spatial = self.spatial(reduced)
        temporal = self.temporal(reduced if self.kind == "B" else spatial)
        inner = temporal if self.kind == "A" else spatial + temporal
        return (self.end(inner) + self.short(x)).relu()


class STPNet(nn.Sequential):
    """The pseudo-3D network of Table 7, row by row: video [B, 3, L, H, H] to action-unit scores [B, A, 1]."""

    def __init__(self, width: int, channels: int = 3):
        pool_time = partial(nn.MaxPool3d, (2, 1, 1), (2, 1, 1))
        layers: list[tuple[str, nn.Module]] = [
            ("Conv3d", StemConv3d(channels, width, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False)),  # [B, W, L, H/2, H/2]
            ("BatchNorm3d", nn.BatchNorm3d(width)),
            ("Relu", nn.ReLU()),
            ("MaxPool3d (1)", MaxPool3d((2, 3, 3), (2, 2, 2), (0, 1, 1))),  # [B, W, L/2, H/4, H/4]
            ("Bottleneck-A", Bottleneck("A", width)),
            ("MaxPool3d (2)", pool_time()),  # [B, W, L/4, H/4, H/4]
            ("Bottleneck-B", Bottleneck("B", width, 2)),  # [B, W, L/4, H/8, H/8]
            ("MaxPool3d (3)", pool_time()),  # [B, W, L/8, H/8, H/8]
            ("Bottleneck-C", Bottleneck("C", width, 2)),  # [B, W, L/8, H/16, H/16]
            ("MaxPool3d (4)", pool_time()),  # [B, W, L/16, H/16, H/16]
            ("AdaptiveAvgPool3d", nn.AdaptiveAvgPool3d((1, 1, 1))),  # [B, W, 1, 1, 1]
            ("time", nn.Flatten(3)),  # [B, W, 1, 1]: not in the table
            ("Conv2d", nn.Conv2d(width, len(AUS), (1, 1))),  # [B, A, 1, 1]
            ("reshape", nn.Flatten(2)),  # [B, A, 1]
        ]
        super().__init__(OrderedDict(layers))


class Relations(nn.Module):
    """The graph network: three convolutions, self-attention pooling, readout, classes (Sec. 3.2)."""

    def __init__(self, hidden: int, pool_ratio: float, classes: int, embedding: int = 0):
        super().__init__()
        self.pool_ratio = pool_ratio
        layers = [nn.Linear(d, d_, bias=False) for d, d_ in pairwise((1 + embedding, hidden, hidden, hidden))]
        self.layers = nn.ModuleList(layers)
        self.attend = nn.Linear(3 * hidden, 1, bias=False)
        self.classify = nn.Linear(2 * 3 * hidden, classes)
        for layer in layers:  # He et al. 2015: else three layers attenuate the scores
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.embedding = nn.Parameter(torch.randn(len(AUS), embedding)) if embedding else None

    def forward(self, nodes: Tensor, graph: Tensor, present: Tensor) -> Tensor:
        """[B, A, 1], [A, A] and [A] -> [B, C]"""
        x, embedded = nodes, []
        if self.embedding is not None:
            x = torch.cat([x, self.embedding.expand(len(x), -1, -1)], 2)
        for layer in self.layers:
            x = (graph @ layer(x)).relu()  # eq. 1
            embedded.append(x)
        x = torch.cat(embedded, 2)  # [B, A, D]
        attention = (graph @ self.attend(x))[..., 0]  # [B, A]
        return self.classify(readout(*pool(x, attention, present, self.pool_ratio)))


class Graph(nn.Module):
    """Edges and nodes as a part of the network: a network from elsewhere keeps those that it was trained with."""

    def __init__(self, statistics: Statistics):
        super().__init__()
        for name in GRAPH:
            self.register_buffer(name, statistics[name].clone())

    def forward(self) -> Statistics:
        """Return the edges [A, A], `graph`, and which nodes there are, `present` [A]."""
        return {name: getattr(self, name) for name in GRAPH}


class Uncertainty(nn.Module):
    """The learnable w of eq. 4, as the noise of a task (Kendall et al. 2018): exp(-s) L + s."""

    def __init__(self) -> None:
        super().__init__()
        self.s = nn.Parameter(torch.zeros(()))

    def forward(self, loss: Tensor, coded: Tensor) -> Tensor:
        """Weigh the loss; `coded` is 1 if any clip of the batch has coded units, else 0, which leaves s as it is."""
        return (-self.s).exp() * loss + self.s * coded


class AuGacn(Classifier):
    """A pseudo-3D network learns action units from video; a graph network over their scores learns the class.

    From the paper: STPNet with the shapes of Table 7, one score for each node, three concatenated graph convolutions,
    self-attention pooling, mean and max readout, the sum of the losses of action units and classes. Ours, where it is
    silent or impossible: strides that give those shapes, widths of 128, half of the nodes pooled, edge weights, eq. 4's
    weight as uncertainty, lambda, Adam's rate, epochs, batch; docs/augacn.md lists them. A clip without coded action
    units only trains the class, unless `au_labels` takes those that the aus stage reads."""

    paper = "Xie, Lo, Shuai and Cheng, AU-assisted graph attention convolutional network, ACM Multimedia 2020"
    cosine = True

    class Params(base.Params):
        image_size: int = Field(256, ge=16, le=288, multiple_of=16, description="pixels, side of the frames")
        frames: int = Field(16, ge=16, le=128, multiple_of=DOWNSAMPLING, description="L, from onset to offset by TIM")
        width: int = Field(64, ge=2, le=256, description="channels of every convolution")
        hidden: int = Field(128, ge=2, le=1024, description="features of a node after each graph convolution")
        channels: Literal[1, 3] = Field(3, description="of a frame; grey levels are repeated for three")
        input_mode: Literal["film", "change", "fine_change"] = Field(
            "film",
            description="the frames, or their difference from the first with the head held still (ours), of bytes or,"
            " as fine_change, taken before frames are rounded to bytes",
        )
        node_embedding: int = Field(0, ge=0, le=256, description="numbers learnt for each node, next to its score")
        graph: Literal["fold", "network"] = Field(
            "fold", description="edges and nodes are those of the fold's training clips, or of the network's first ones"
        )
        pool_ratio: float = Field(0.5, gt=0, le=1, description="p, share of present nodes that pooling keeps")
        au_labels: Literal["coded", "coded_or_read"] = Field(
            "coded",
            description="a clip's action units are the coder's alone or, if the coder noted none, those that the aus"
            " stage reads at the apex (ours)",
        )
        au_threshold: float = Field(
            0.3,
            ge=0,
            le=LARGEST,
            description="FACS; a unit that rises by more than this on either side is read as active",
        )
        au_weight: Literal["learned", "inverse_frequency", "none"] = Field(
            "learned", description="w of eq. 4: learnt, from an action unit's frequency, or 1"
        )
        me_weight: float = Field(0.05, ge=0, le=100, description="lambda of eq. 5, of the classes' loss")
        epochs: Epochs = 60
        batch: ClipsPerStep = 16
        lr: float = Field(1e-3, gt=0, le=1, description="Adam's first learning rate; it falls along a cosine")
        mirror: Mirror = 0.0

    @property
    def inputs(self) -> Shapes:
        params = self.params
        video = {INPUT[params.input_mode]: (params.channels, params.frames, params.image_size, params.image_size)}
        return video | ({"au_change": (len(ACTION_UNITS), 2)} if params.au_labels == "coded_or_read" else {})

    def statistics(self, train: ClipTensors) -> Statistics:
        aus = self._marks(train.inputs | train.targets)
        occurring, weights = occurs(aus), mark_weights(aus)
        if self.params.au_weight != "inverse_frequency":
            weights = torch.ones_like(weights)
        return {"present": occurring, "graph": graph(aus, occurring), "mark_weights": weights}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        relations = Relations(params.hidden, params.pool_ratio, self.classes, params.node_embedding)
        networks: dict[str, nn.Module] = {"stpnet": STPNet(params.width, params.channels), "relations": relations}
        if params.graph == "network":
            networks["graph"] = Graph(statistics)
        return networks | ({"uncertainty": Uncertainty()} if params.au_weight == "learned" else {})

    @property
    def trains(self) -> tuple[str, ...]:
        return ("stpnet", "relations", *(["uncertainty"] if self.params.au_weight == "learned" else []))

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_total of eq. 5."""
        nodes = modules.stpnet(mirror_share(self._input(batch), self.params.mirror, rng))
        aus = self._marks(batch)
        coded = (aus != UNKNOWN) * statistics["present"]
        au_loss = masked_loss(nodes[..., 0], aus, coded, statistics["mark_weights"])
        if self.params.au_weight == "learned":
            au_loss = modules.uncertainty(au_loss, coded.amax())
        relations = self._graph(modules, statistics)
        scores = modules.relations(nodes, relations["graph"], relations["present"])
        return au_loss + self.params.me_weight * F.cross_entropy(scores, batch["label"])

    def _marks(self, batch: Batch) -> Tensor:
        """Return the marks int64[B, A] to learn: the coder's or, of a clip without any, those read if params say so."""
        aus = batch["aus"]
        if self.params.au_labels == "coded":
            return aus
        coded = (aus != UNKNOWN).any(1, keepdim=True)
        return torch.where(coded, aus, marks_read(batch["au_change"], self.params.au_threshold))

    def _input(self, batch: Batch) -> Tensor:
        """Return [B, 3, L, H, H] in -1..1: the frames, or their amplified difference from the first one."""
        if self.params.input_mode == "film":
            return to_signed_range(batch["video"])
        if self.params.input_mode == "fine_change":
            return CONTRAST * 2 * to_unit_range(batch["video_change"])
        video = to_signed_range(batch["video_steady"])
        return CONTRAST * (video - video[:, :, :1])

    def au_scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """Return logits float[B, A] of `AUS`, the nodes before the graph; 0 for units that no training clip shows."""
        return modules.stpnet(self._input(batch))[..., 0] * self._graph(modules, statistics)["present"]

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        nodes = self.au_scores(modules, batch, statistics)[..., None]
        relations = self._graph(modules, statistics)
        return modules.relations(nodes, relations["graph"], relations["present"])

    def _graph(self, modules: Modules, statistics: Statistics) -> Statistics:
        """Return `graph` and `present`, of the fold's training clips or of the network."""
        return modules.graph() if self.params.graph == "network" else statistics


def marks_read(change: Tensor, threshold: float) -> Tensor:
    """Return marks int64[B, A] from changes [B, 17, 2] of the units that the aus stage reads, on both sides.

    A mark is 1 if the larger change exceeds the threshold, else 0, and -1 for a unit that the stage does not read."""
    active = (change.amax(2) > threshold).to(torch.int64)
    marks = dict(zip(ACTION_UNITS, active.unbind(1), strict=True))
    unknown = torch.full_like(active[:, 0], UNKNOWN)
    return torch.stack([marks.get(f"AU{unit}", unknown) for unit in AUS], 1)


def occurs(aus: Tensor) -> Tensor:
    """Return float[A]: 1 for each unit that occurs in marks int64[n, A], or for all units if no clip has marks."""
    occurring = (aus == 1).any(0)
    return (occurring | (aus < 0).all()).to(torch.get_default_dtype())


def graph(aus: Tensor, occurring: Tensor) -> Tensor:
    """Return the symmetric adjacency float[A, A] of units that occur together or share a muscle, self-loops included.

    An edge is the mean of both conditional probabilities over clips where both units are coded, or 1 where a muscle is
    shared; normalised by D^-1/2 Adj D^-1/2 (Kipf and Welling 2017). Rows and columns of absent units are 0."""
    active, coded = ((aus >= least).to(occurring.dtype) for least in (1, 0))
    conditional = (active.T @ active) / (active.T @ coded).clamp(min=1)  # P(column | row)
    anatomy = torch.tensor(ANATOMY, dtype=occurring.dtype, device=aus.device)
    edges = torch.maximum((conditional + conditional.T) / 2, anatomy)
    edges = edges.fill_diagonal_(1) * occurring * occurring[:, None]
    scale = edges.sum(1).clamp(min=1).rsqrt()
    return scale[:, None] * edges * scale


def mark_weights(aus: Tensor) -> Tensor:
    """Return float[2, A], weights of marks 0 and 1 that balance both in each unit, 1 on average."""
    counts = torch.stack([(aus == mark).sum(0) for mark in (0, 1)]).to(torch.get_default_dtype())
    return counts.sum(0) / (2 * counts.clamp(min=1))


def masked_loss(scores: Tensor, aus: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """Return eq. 4 over logits [B, A] where `mask` is 1, marks weighed by `weights` [2, A]; 0 if the mask is empty."""
    active = aus.clamp(min=0)
    losses = F.binary_cross_entropy_with_logits(scores, active.to(scores.dtype), reduction="none")
    return weighted_mean(torch.where(active == 1, weights[1], weights[0]) * losses, mask)


def pool(x: Tensor, attention: Tensor, present: Tensor, ratio: float) -> tuple[Tensor, Tensor]:
    """Return nodes [B, K, D] of [B, A, D] with largest attention [B, A], times its tanh (eq. 2, 3), and their count.

    The count is a share `ratio` of the nodes that are present, rounded up, at least 1. K is that share of all A, since
    shapes must not depend on a fold; only the first `count` of the K are pooled nodes."""
    index = torch.where(present > 0, attention, -torch.inf).topk(ceil(ratio * len(present)), 1).indices  # [B, K]
    gate = (attention.tanh() * present).gather(1, index)
    nodes = x.gather(1, index[..., None].expand(-1, -1, x.shape[2]))
    count = (ratio * present.sum() - ROUNDING).ceil().clamp(min=1)
    return nodes * gate[..., None], count


def readout(nodes: Tensor, count: Tensor) -> Tensor:
    """Return mean and maximum, [B, 2 D], of the first `count` nodes of [B, K, D]."""
    pooled = (torch.arange(nodes.shape[1], device=nodes.device) < count)[:, None]  # [K, 1]
    mean = torch.where(pooled, nodes, 0).sum(1) / count
    return torch.cat([mean, torch.where(pooled, nodes, -torch.inf).amax(1)], 1)
