"""Local regions: a small network for each of six patches learns what shows there, an LSTM each how it runs in time.

Shapes: B clips, T frames, C classes, R regions, k classes of a region.
"""

from functools import partial
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.facs.reactions import REGIONS as GROUPS
from microexpr.models import base
from microexpr.models.base import Batch, Modules, NetworkMethod, Optimiser, Phase, Shapes, Statistics, Update, shuffled
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.lstm import Lstm
from microexpr.models.recipe import class_weights
from microexpr.models.samplers import among
from microexpr.signals.inputs import REGIONS

FACE = "sequence_steady"  # the whole face in place of regions
SIDE = 160  # pixels of it
GROUP = {name: next(g for g in GROUPS if g.removesuffix("s") in name) for name in REGIONS}  # of left and right alike
# Of MEGC2019's three classes those that show in each group of regions, and so their number there: 1, 2, ...
OF_THREE = {"eyes": (0, 2), "nose": (0,), "cheeks": (1,), "mouth": (0, 1, 2)}


class Inception(nn.Module):
    """Eq. 2 without its last layer: 347,238 weights for one channel."""

    def __init__(self, channels: int, hidden: int, second: int, features: int, share: float):
        super().__init__()
        self.share = share
        self.first, self.next = nn.Conv2d(channels, 4, 5, padding=2), nn.Conv2d(4, 8, 3, padding=1)
        self.branches = nn.ModuleList(nn.Conv2d(8, 16, size, padding=size // 2) for size in (1, 3, 5, 7))
        self.full = nn.ModuleList([nn.Linear(8 + 4 * 16, hidden), nn.Linear(hidden, second)])
        self.last = nn.Linear(second, features)

    def forward(self, x: Tensor, rng: Stream | None = None) -> Tensor:
        """[n, channels, h, w] -> [n, features]; with a stream as in training"""
        x = F.max_pool2d(self.next(F.max_pool2d(self.first(x).relu(), 2)).relu(), 2)
        x = torch.cat([F.max_pool2d(x, 2), *(F.max_pool2d(branch(x).relu(), 2) for branch in self.branches)], 1)
        return _reduced(x.mean((2, 3)), self.full, self.last, self.share, rng)


class Simple(nn.Module):
    """Fig. 10's network, with the same layers at its end."""

    def __init__(self, channels: int, hidden: int, second: int, features: int, share: float):
        super().__init__()
        self.share = share
        widths = (channels, 32, 64, 128)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.full = nn.ModuleList([nn.Linear(widths[-1], hidden), nn.Linear(hidden, second)])
        self.last = nn.Linear(second, features)

    def forward(self, x: Tensor, rng: Stream | None = None) -> Tensor:
        """As `Inception`."""
        for layer in self.layers:
            x = F.max_pool2d(layer(x).relu(), 2)
        return _reduced(x.mean((2, 3)), self.full, self.last, self.share, rng)


def _reduced(x: Tensor, full: nn.ModuleList, last: nn.Module, share: float, rng: Stream | None) -> Tensor:
    """Fully connected layers with dropout after each, then the features."""
    for layer in full:
        x = dropout(layer(x).relu(), share, rng)
    features: Tensor = last(x).relu()
    return features


class Temporal(nn.Module):
    """An LSTM for each region, then the clip's class from all of their last states."""

    def __init__(self, regions: int, features: int, memory: int, width: int, classes: int):
        super().__init__()
        self.lstms = nn.ModuleList(Lstm(features, memory) for _ in range(regions))
        self.hidden, self.classify = nn.Linear(regions * memory, width), nn.Linear(width, classes)

    def forward(self, sequences: list[Tensor], real: Tensor | None, rng: Stream | None = None) -> Tensor:
        """R times [B, T, features], and which frames are a clip's, bool[B, T] -> [B, C]"""
        pairs = zip(self.lstms, sequences, strict=True)
        states = [dropout(F.leaky_relu(lstm(sequence, real)), 0.2, rng) for lstm, sequence in pairs]
        scores: Tensor = self.classify(dropout(F.leaky_relu(self.hidden(torch.cat(states, 1))), 0.5, rng))
        return scores


def _frames(film: Tensor, at: Tensor | None) -> Tensor:
    """Those `at` int64[B, n] of [B, T, channels, h, w], or all."""
    return film if at is None else torch.take_along_dim(film, at[:, :, None, None, None], 1)


def _levels(film: Tensor) -> Tensor:
    """0..1 of bytes."""
    return film.to(torch.get_default_dtype()) / 255


def focal(scores: Tensor, label: Tensor, weight: Tensor, gamma: float, counts: Tensor) -> Tensor:
    """Eq. 5, mean over those of scores [n, C] and labels int64[n] that count, float[n]; `weight` [C] is its alpha."""
    log = scores.log_softmax(1).gather(1, label[:, None])[:, 0]
    left = (1 - log.exp()).clamp(min=1e-6)  # at 0 the slope of its power is infinite
    each = -weight[label] * left.pow(gamma) * log
    return (each * counts).sum() / counts.sum().clamp(min=1)


class LocalRegions(NetworkMethod):
    """Six networks, each trained on what its region shows of a clip's emotion; then six LSTMs on their features.

    The networks never see a held-out clip: the paper leaves that open. Ours besides: Adam 1e-3, batch 64, 50 and 50
    epochs, LSTMs of 32, features after a ReLU, pixels of mean 0 and deviation 1 over training clips, and k of other
    protocols than the composite: their classes, and none."""

    paper = "Aouayeb et al., Micro-expression recognition from local facial regions, Signal Process.-Image, 2021"

    class Params(base.Params):
        planted_leak: Literal["", "held_out_clips", "held_out_in_networks"] = Field(  # type: ignore[assignment]
            "",
            description="declared: all, or only the regions' networks, train on the held-out clips too; never ranked",
        )
        frames: int = Field(64, ge=2, le=512, description="of a clip, N: longer ones are brought to so many by TIM")
        channels: Literal[1, 3] = Field(3, description="grey is repeated for three")
        shrink: Literal[1, 2, 4] = Field(1, description="factor by which the patches' sides are made smaller")
        regions: Literal["all", "no_cheeks", "no_nose", "whole_face"] = Field("all", description="rows of Table 5")
        network: Literal["inception", "simple"] = Field("inception", description="rows of Table 6")
        loss: Literal["focal", "cross_entropy"] = Field("focal", description="rows of Table 7, of both phases")
        alpha: Literal["half", "inverse_frequency"] = Field("half", description="of the focal loss")
        gamma: float = Field(2.0, ge=0, le=10, description="of the focal loss")
        reference: Literal["boxes", "difference"] = Field(
            "boxes",
            description="what the first frame is for: to lay the patches, or to be taken off too",
        )
        pad: Literal["masked", "zeros"] = Field("masked", description="frames after a clip's end: no steps, or zeros")
        pictures: int = Field(0, ge=0, le=512, description="frames of a clip in a step of the first phase; 0: all")
        hidden: int = Field(1024, ge=4, le=4096, description="units of the first fully connected layer")
        second: int = Field(250, ge=4, le=4096, description="of the second")
        features: int = Field(20, ge=2, le=512, description="of a frame and region")
        memory: int = Field(32, ge=2, le=512, description="units of each LSTM")
        width: int = Field(256, ge=4, le=4096, description="units before the classes")
        dropout: float = Field(0.5, ge=0, lt=1, description="share of the networks' fully connected layers")
        spatial_epochs: int = Field(50, ge=1, le=2000, description="passes over the clips' frames")
        epochs: int = Field(50, ge=1, le=2000, description="passes over the clips as sequences")
        batch: int = Field(64, ge=1, le=1024, description="clips in a step")
        lr: float = Field(1e-3, gt=0, le=1, description="Adam's learning rate")

    params: Params

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the inputs that are looked at, one network each."""
        if self.params.regions == "whole_face":
            return (FACE,)
        left_out = {"no_cheeks": "cheeks", "no_nose": "nose"}.get(self.params.regions)
        return tuple(name for name in REGIONS if GROUP[name] != left_out)

    @property
    def inputs(self) -> Shapes:
        frames, channels = self.params.frames, self.params.channels
        sizes = {name: REGIONS[name][:2] if name in REGIONS else (SIDE, SIDE) for name in self.places}
        shapes: Shapes = {name: (channels, frames, *size) for name, size in sizes.items()}
        return shapes | {"sequence_real": (frames,)}

    def outcomes(self, place: str) -> int:
        """k of a region: the classes that show there, and none; of the whole face the classes."""
        if place == FACE:
            return self.classes
        return 1 + (len(OF_THREE[GROUP[place]]) if self.classes == base.CLASSES else self.classes)

    def shown(self, place: str, batch: Batch) -> Tensor:
        """int64[B]: the label of a region, 0 where the clip's emotion does not show there."""
        label = batch["label"]
        if place == FACE:
            return label
        number = label + 1
        if self.classes == base.CLASSES:
            known = OF_THREE[GROUP[place]]
            ranks = [known.index(one) + 1 if one in known else 0 for one in range(self.classes)]
            number = torch.tensor(ranks, device=label.device)[label]
        return number * batch["reacts"][:, GROUPS.index(GROUP[place])]

    def statistics(self, train: base.Clips) -> Statistics:
        found: Statistics = {}
        for place in self.places:
            films = zip(train.inputs[place], train.inputs["sequence_real"], strict=True)
            moments = [self._moments(film, real) for film, real in films]  # one at a time: all are large
            mean, square = torch.stack(moments).mean(0)
            found[f"mean_{place}"] = mean
            found[f"deviation_{place}"] = (square - mean**2).clamp(min=1e-8).sqrt()
            label = self.shown(place, train.targets)
            found[f"weights_{place}"] = self._weights(label, self.outcomes(place))
        return found | {"weights": self._weights(train.targets["label"], self.classes)}

    def _moments(self, film: Tensor, real: Tensor) -> Tensor:
        """[2]: mean and mean square of a clip's own frames, uint8[channels, T, h, w]."""
        frames = self._referred(film[None].movedim(2, 1))[0][real.bool()]
        return torch.stack([frames.mean(), frames.square().mean()])

    def _referred(self, film: Tensor, at: Tensor | None = None) -> Tensor:
        """[B, T, channels, h, w] of that in bytes, 0..1, or their differences from the first frame; of all frames or
        those `at` int64[B, T]."""
        first = _levels(film[:, :1])
        levels = _levels(_frames(film, at))
        return levels - first if self.params.reference == "difference" else levels

    def _weights(self, label: Tensor, classes: int) -> Tensor:
        if self.params.loss == "cross_entropy":
            return torch.ones(classes, device=label.device)
        halves = torch.full((classes,), 0.5, device=label.device)
        return class_weights(label, classes) if self.params.alpha == "inverse_frequency" else halves

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        kind = Inception if params.network == "inception" else Simple
        sizes = (params.hidden, params.second, params.features)
        built: dict[str, nn.Module] = {}
        for place in self.places:
            built[f"network_{place}"] = kind(params.channels, *sizes, params.dropout)
            built[f"head_{place}"] = nn.Linear(params.features, self.outcomes(place))
        built["temporal"] = Temporal(len(self.places), params.features, params.memory, params.width, self.classes)
        return built

    def phases(self) -> list[Phase]:
        params, adam = self.params, partial(torch.optim.Adam, lr=self.params.lr)
        names = [f"{part}_{place}" for place in self.places for part in ("network", "head")]
        single: dict[str, Optimiser] = dict.fromkeys(names, adam)
        leaks = params.planted_leak == "held_out_in_networks"
        sample = among("held_out", False, shuffled) if leaks else shuffled
        spatial, temporal = [Update(self.spatial_loss, single)], [Update(self.temporal_loss, {"temporal": adam})]
        return [
            Phase(spatial, params.spatial_epochs, params.batch, reads=self.lay if params.shrink > 1 else None),
            Phase(temporal, params.epochs, params.batch, sample, reads=self.read),
        ]

    def beginning(self) -> dict[str, object] | None:
        return self.params.model_dump(mode="json", exclude={"epochs", "pad"})

    def patches(self, place: str, batch: Batch, statistics: Statistics, at: Tensor | None = None) -> Tensor:
        """[B, T, channels, h, w]: of mean 0 and deviation 1 over the training clips, frames that are none at 0; of all
        frames or those `at` int64[B, T]."""
        film = self._referred(batch[place].movedim(2, 1), at)
        film = (film - statistics[f"mean_{place}"]) / statistics[f"deviation_{place}"]
        real = batch["sequence_real"] if at is None else torch.take_along_dim(batch["sequence_real"], at, 1)
        film = film * real[:, :, None, None, None]
        shrink = self.params.shrink
        return F.avg_pool2d(film.flatten(0, 1), shrink).unflatten(0, film.shape[:2]) if shrink > 1 else film

    def lay(self, modules: Modules, batch: Batch, statistics: Statistics) -> Batch:
        """All `patches`: made smaller, they are few enough numbers to be kept for all clips."""
        laid = {f"laid_{place}": self.patches(place, batch, statistics) for place in self.places}
        return laid | {"sequence_real": batch["sequence_real"]}

    def spatial_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Every frame shows what its clip does; the regions learn apart, so their losses add."""
        real = batch["sequence_real"].to(torch.get_default_dtype())
        drawn = self._drawn(real, rng)
        counts = real if drawn is None else real.new_ones(drawn.shape)
        losses = []
        for place in self.places:
            laid = batch.get(f"laid_{place}")
            film = self.patches(place, batch, statistics, drawn) if laid is None else _frames(laid, drawn)
            label = self.shown(place, batch)[:, None].expand(film.shape[:2])
            features = getattr(modules, f"network_{place}")(film.flatten(0, 1), rng)
            scores = getattr(modules, f"head_{place}")(features)
            losses.append(self._loss(scores, label.flatten(), statistics[f"weights_{place}"], counts.flatten()))
        return torch.stack(losses).sum()

    def _drawn(self, real: Tensor, rng: Stream) -> Tensor | None:
        """int64[B, pictures]: frames, of those that are the clip's."""
        if not self.params.pictures:
            return None
        place = rng.uniform(len(real), self.params.pictures) * real.sum(1, keepdim=True)
        return place.long().clamp(max=real.shape[1] - 1)

    def _loss(self, scores: Tensor, label: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        gamma = 0.0 if self.params.loss == "cross_entropy" else self.params.gamma
        return focal(scores, label, weight, gamma, counts)

    def temporal_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        scores = self._scored(modules, batch, rng)
        return self._loss(scores, batch["label"], statistics["weights"], scores.new_ones(len(scores)))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        return self._scored(modules, batch if "features" in batch else self.read(modules, batch, statistics), None)

    def read(self, modules: Modules, batch: Batch, statistics: Statistics) -> Batch:
        """What the LSTMs see: `features` [B, R, T, features], of networks that stay as they are."""
        real = batch["sequence_real"]
        found = [
            getattr(modules, f"network_{place}")(self.patches(place, batch, statistics).flatten(0, 1))
            for place in self.places
        ]
        features = torch.stack([one.unflatten(0, real.shape) for one in found], 1)
        return {"features": features, "sequence_real": real}

    def _scored(self, modules: Modules, batch: Batch, rng: Stream | None) -> Tensor:
        """[B, C] of what was read."""
        real, features = batch["sequence_real"], batch["features"]
        masked = self.params.pad == "masked"
        if not masked:
            features = features * real[:, None, :, None]
        found: Tensor = modules.temporal(list(features.unbind(1)), real if masked else None, rng)
        return found
