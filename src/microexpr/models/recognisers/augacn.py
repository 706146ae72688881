"""AU-GACN: a pseudo-3D network scores action units on the film, a graph of these says the class. No folds or files.

Shapes: B clips, video [B, 3, L, H, H], W `width`, A action units, D = 3 `hidden` features of a node, K kept nodes,
C classes.
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

from microexpr.core.facs.anatomy import share_a_muscle
from microexpr.core.facs.occurrence import AUS
from microexpr.models import base
from microexpr.models.augmentation import scaled
from microexpr.models.base import Batch, Clips, Modules, NetworkMethod, Phase, Shapes, Statistics, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.recipe import cosine

CONTRAST = 4  # of `seen: change`: most pixels change by a grey level, few by more than 25
HALVED = 16  # frames of the film to one of the last maps
ANATOMY = [[float(share_a_muscle(one, other)) for other in AUS] for one in AUS]
Kind = Literal["A", "B", "C"]


def convolved(width: int, kernel: tuple[int, int, int], stride: int = 1) -> list[nn.Module]:
    """A convolution over frames, rows and columns that keeps their number, but for the stride over space."""
    padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
    convolution = nn.Conv3d(width, width, kernel, (1, stride, stride), padding, bias=False)
    return [convolution, nn.BatchNorm3d(width)]


class Bottleneck(nn.Module):
    """Pseudo-3D block (Qiu et al. 2017): space and time convolved one after the other, side by side, or both."""

    def __init__(self, kind: Kind, width: int, stride: int = 1):
        super().__init__()
        self.kind = kind
        self.begin = nn.Sequential(*convolved(width, (1, 1, 1), stride), nn.ReLU())
        self.spatial = nn.Sequential(*convolved(width, (1, 3, 3)), nn.ReLU())
        self.temporal = nn.Sequential(*convolved(width, (3, 1, 1)), nn.ReLU())
        self.end = nn.Sequential(*convolved(width, (1, 1, 1)))
        self.short = nn.Identity() if stride == 1 else nn.Sequential(*convolved(width, (1, 1, 1), stride))

    def forward(self, x: Tensor) -> Tensor:
        """[B, W, T, h, h] -> [B, W, T, h / stride, h / stride]"""
        begun = self.begin(x)
        spatial = self.spatial(begun)
        temporal = self.temporal(begun if self.kind == "B" else spatial)
        inner = temporal if self.kind == "A" else spatial + temporal
        return (self.end(inner) + self.short(x)).relu()


class STPNet(nn.Sequential):
    """Film [B, 3, L, H, H] in, the score of each action unit [B, A, 1] out; layers are the rows of Table 7."""

    def __init__(self, width: int):
        later = partial(nn.MaxPool3d, (2, 1, 1), (2, 1, 1))
        layers: list[tuple[str, nn.Module]] = [
            ("Conv3d", nn.Conv3d(3, width, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False)),  # [B, W, L, H/2, H/2]
            ("BatchNorm3d", nn.BatchNorm3d(width)),
            ("Relu", nn.ReLU()),
            ("MaxPool3d (1)", nn.MaxPool3d((2, 3, 3), (2, 2, 2), (0, 1, 1))),  # [B, W, L/2, H/4, H/4]
            ("Bottleneck-A", Bottleneck("A", width)),
            ("MaxPool3d (2)", later()),  # [B, W, L/4, H/4, H/4]
            ("Bottleneck-B", Bottleneck("B", width, 2)),  # [B, W, L/4, H/8, H/8]
            ("MaxPool3d (3)", later()),  # [B, W, L/8, H/8, H/8]
            ("Bottleneck-C", Bottleneck("C", width, 2)),  # [B, W, L/8, H/16, H/16]
            ("MaxPool3d (4)", later()),  # [B, W, L/16, H/16, H/16]
            ("AdaptiveAvgPool3d", nn.AdaptiveAvgPool3d((1, 1, 1))),  # [B, W, 1, 1, 1]
            ("time", nn.Flatten(3)),  # [B, W, 1, 1]: the table leaves it out
            ("Conv2d", nn.Conv2d(width, len(AUS), (1, 1))),  # [B, A, 1, 1]
            ("reshape", nn.Flatten(2)),  # [B, A, 1]
        ]
        super().__init__(OrderedDict(layers))


class Relations(nn.Module):
    """Three graph convolutions, self-attention pooling, readout, classes (Sec. 3.2)."""

    def __init__(self, hidden: int, kept: int, classes: int):
        super().__init__()
        self.kept = kept
        layers = [nn.Linear(d, d_, bias=False) for d, d_ in pairwise((1, hidden, hidden, hidden))]
        self.layers = nn.ModuleList(layers)
        self.attend = nn.Linear(3 * hidden, 1, bias=False)
        self.classify = nn.Linear(2 * 3 * hidden, classes)
        for layer in layers:  # as He et al. 2015, or little of a single score comes through three of them
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def forward(self, nodes: Tensor, graph: Tensor, present: Tensor) -> Tensor:
        """[B, A, 1], [A, A] and [A] -> [B, C]"""
        x, embedded = nodes, []
        for layer in self.layers:
            x = (graph @ layer(x)).relu()  # eq. 1
            embedded.append(x)
        x = torch.cat(embedded, 2)  # [B, A, D]
        attention = (graph @ self.attend(x))[..., 0]  # [B, A]
        scores: Tensor = self.classify(readout(pooled(x, attention, present, self.kept)))
        return scores


class Uncertainty(nn.Module):
    """The learnable w of eq. 4, read as a task's own noise (Kendall et al. 2018): exp(-s) L + s."""

    def __init__(self) -> None:
        super().__init__()
        self.s = nn.Parameter(torch.zeros(()))

    def forward(self, loss: Tensor, there: Tensor) -> Tensor:
        """A loss, and 1 or 0: whether a batch has anything to lose. Where it has not, s does not move."""
        return (-self.s).exp() * loss + self.s * there


class AuGacn(NetworkMethod):
    """A pseudo-3D network learns action units from film; a graph network over their scores learns the class.

    The paper's: STPNet with the shapes of its Table 7, one score for each node, three graph convolutions side by side,
    self-attention pooling, mean and max readout, the losses of action units and classes added up. Ours, where it is
    silent or cannot be: strides that give those shapes, widths of 128 and half of the nodes kept, how edges are
    weighed, eq. 4's weight as uncertainty, lambda, Adam's rate, epochs, batch; docs/augacn.md has them all. A clip
    whose action units nobody coded learns its class alone.
    """

    paper = "Xie, Lo, Shuai and Cheng, AU-assisted graph attention convolutional network, ACM Multimedia 2020"

    class Params(base.Params):
        image_size: int = Field(256, ge=16, le=288, multiple_of=16, description="pixels, side of the frames")
        frames: int = Field(16, ge=16, le=128, multiple_of=HALVED, description="L, from onset to offset by TIM")
        width: int = Field(64, ge=2, le=256, description="channels of every convolution")
        hidden: int = Field(128, ge=2, le=1024, description="features of a node after each graph convolution")
        seen: Literal["film", "change"] = Field(
            "film", description="the frames, or what differs from the first with the head held still (ours)"
        )
        kept: float = Field(0.5, gt=0, le=1, description="p, share of the nodes that self-attention pooling keeps")
        au_weight: Literal["learned", "inverse_frequency", "none"] = Field(
            "learned", description="w of eq. 4: learnt, by how rare an action unit is, or 1"
        )
        me_weight: float = Field(0.05, ge=0, le=100, description="lambda of eq. 5, of the classes' loss")
        epochs: int = Field(60, ge=1, le=2000, description="passes over the protocol's clips")
        batch: int = Field(16, ge=2, le=1024, description="clips in a step")
        lr: float = Field(1e-3, gt=0, le=1, description="Adam's first learning rate; it falls along a cosine")
        mirror: float = Field(0.0, ge=0, le=1, description="share of training clips mirrored left to right")

    params: Params

    @property
    def inputs(self) -> Shapes:
        shape = (3, self.params.frames, self.params.image_size, self.params.image_size)
        return {"video" if self.params.seen == "film" else "video_steady": shape}

    def statistics(self, train: Clips) -> Statistics:
        aus = train.targets["aus"]
        here, weights = present(aus), mark_weights(aus)
        if self.params.au_weight != "inverse_frequency":
            weights = torch.ones_like(weights)
        return {"present": here, "graph": graph(aus, here), "mark_weights": weights}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        relations = Relations(params.hidden, ceil(params.kept * len(AUS)), self.classes)
        networks: dict[str, nn.Module] = {"stpnet": STPNet(params.width), "relations": relations}
        return networks | ({"uncertainty": Uncertainty()} if params.au_weight == "learned" else {})

    def phases(self) -> list[Phase]:
        params, adam = self.params, partial(torch.optim.Adam, lr=self.params.lr)
        networks = ["stpnet", "relations", *(["uncertainty"] if params.au_weight == "learned" else [])]
        update = Update(self.loss, dict.fromkeys(networks, adam))
        return [Phase([update], params.epochs, params.batch, schedule=cosine)]

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """L_total of eq. 5."""
        film = self._seen(batch)
        film = torch.where(rng.uniform(len(film), 1, 1, 1, 1) < self.params.mirror, film.flip(-1), film)
        nodes = modules.stpnet(film)
        known = (batch["aus"] >= 0) * statistics["present"]
        au_loss = masked_loss(nodes[..., 0], batch["aus"], known, statistics["mark_weights"])
        if self.params.au_weight == "learned":
            au_loss = modules.uncertainty(au_loss, known.amax())
        scores = modules.relations(nodes, statistics["graph"], statistics["present"])
        return au_loss + self.params.me_weight * F.cross_entropy(scores, batch["label"])

    def _seen(self, batch: Batch) -> Tensor:
        """[B, 3, L, H, H] in -1..1, or what differs from the first frame, enlarged."""
        if self.params.seen == "film":
            return centred(batch["video"])
        film = centred(batch["video_steady"])
        return CONTRAST * (film - film[:, :, :1])

    def au_scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """float[B, A]: logits of `AUS`, the nodes before the graph; 0 of units that no training clip shows."""
        scores: Tensor = modules.stpnet(self._seen(batch))[..., 0] * statistics["present"]
        return scores

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        nodes = self.au_scores(modules, batch, statistics)[..., None]
        scores: Tensor = modules.relations(nodes, statistics["graph"], statistics["present"])
        return scores


def present(aus: Tensor) -> Tensor:
    """float[A]: 1 for each unit that was there in marks int64[n, A]; for all of them where no clip has marks."""
    there = (aus == 1).any(0)
    return (there | (aus < 0).all()).to(torch.get_default_dtype())


def graph(aus: Tensor, here: Tensor) -> Tensor:
    """float[A, A]: symmetric, each unit, those that came with it, and those that a muscle moves with it.

    An edge is the mean of both conditional probabilities over clips where both units are known, 1 where a muscle is
    shared; normalised by D^-1/2 Adj D^-1/2 (Kipf and Welling 2017). Rows and columns of absent units are 0.
    """
    there, known = ((aus >= least).to(here.dtype) for least in (1, 0))
    conditional = (there.T @ there) / (there.T @ known).clamp(min=1)  # P(column | row)
    anatomy = torch.tensor(ANATOMY, dtype=here.dtype, device=aus.device)
    edges = torch.maximum((conditional + conditional.T) / 2, anatomy)
    edges = edges.fill_diagonal_(1) * here * here[:, None]
    scale = edges.sum(1).clamp(min=1).rsqrt()
    return scale[:, None] * edges * scale


def mark_weights(aus: Tensor) -> Tensor:
    """float[2, A]: of marks 0 and 1, so that both weigh alike in each unit and 1 in the mean."""
    counts = torch.stack([(aus == mark).sum(0) for mark in (0, 1)]).to(torch.get_default_dtype())
    return counts.sum(0) / (2 * counts.clamp(min=1))


def masked_loss(scores: Tensor, aus: Tensor, known: Tensor, weights: Tensor) -> Tensor:
    """Eq. 4 over the logits [B, A] that `known` marks, each mark weighed by `weights` [2, A]; 0 where none is."""
    there = aus.clamp(min=0)
    weighed = torch.where(there == 1, weights[1], weights[0]) * known
    loss = F.binary_cross_entropy_with_logits(scores, there.to(scores.dtype), reduction="none")
    return (weighed * loss).sum() / known.sum().clamp(min=1)


def pooled(x: Tensor, attention: Tensor, here: Tensor, kept: int) -> Tensor:
    """Self-attention pooling (eq. 2, 3): of nodes [B, A, D] the K with the largest [B, A], each times its tanh.

    Absent nodes come last, and count as zeros where fewer than K are there.
    """
    index = torch.where(here > 0, attention, -torch.inf).topk(kept, 1).indices  # [B, K]
    gate = (attention.tanh() * here).gather(1, index)
    chosen = x.gather(1, index[..., None].expand(-1, -1, x.shape[2]))
    return chosen * gate[..., None]


def readout(nodes: Tensor) -> Tensor:
    """[B, K, D] -> mean and maximum over the nodes, [B, 2 D]"""
    return torch.cat([nodes.mean(1), nodes.amax(1)], 1)


def centred(film: Tensor) -> Tensor:
    """uint8 levels as numbers in -1..1."""
    return 2 * scaled(film) - 1
