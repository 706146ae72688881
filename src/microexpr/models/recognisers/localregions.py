"""Local regions: a small network for each of six face regions, an LSTM for each, and a joint classifier.

Shapes: B clips, T frames, n single frames, C classes, R regions, k classes of a region.
"""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.facs import REGIONS as GROUPS
from microexpr.models import base
from microexpr.models.base import Batch, Modules, NetworkMethod, Optimiser, Phase, Shapes, Statistics, Update
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.labels import class_weights, weighted_mean
from microexpr.models.layers.portable import square_root
from microexpr.models.layers.sequences import Lstm
from microexpr.models.recipe import to_unit_range
from microexpr.signals.inputs import REGIONS

FACE = "sequence_steady"  # input of the whole face, in place of regions
FACE_SIZE = 160  # its rows and columns
# left and right share a group
GROUP_OF_REGION = {name: next(g for g in GROUPS if g.removesuffix("s") in name) for name in REGIONS}
# MEGC2019's classes that show in each group of regions; a region's labels count them from 1
VISIBLE_CLASSES = {"eyes": (0, 2), "nose": (0,), "cheeks": (1,), "mouth": (0, 1, 2)}


def mirror_region(region: str) -> str:
    """Return the region at this one's place in the mirrored face."""
    left, right = "_left_", "_right_"
    return region.replace(left, right) if left in region else region.replace(right, left)


class Inception(nn.Module):
    """The network of eq. 2 without its last layer: 347,238 weights for one channel."""

    def __init__(self, channels: int, hidden: int, second: int, features: int, dropout: float):
        super().__init__()
        self.dropout = dropout
        self.first, self.next = nn.Conv2d(channels, 4, 5, padding=2), nn.Conv2d(4, 8, 3, padding=1)
        self.branches = nn.ModuleList(nn.Conv2d(8, 16, size, padding=size // 2) for size in (1, 3, 5, 7))
        self.full = nn.ModuleList([nn.Linear(8 + 4 * 16, hidden), nn.Linear(hidden, second)])
        self.last = nn.Linear(second, features)

    def forward(self, x: Tensor, rng: Stream | None = None) -> Tensor:
        """[n, channels, h, w] -> [n, features]; with rng as in training"""
        x = F.max_pool2d(self.next(F.max_pool2d(self.first(x).relu(), 2)).relu(), 2)
        x = torch.cat([F.max_pool2d(x, 2), *(F.max_pool2d(branch(x).relu(), 2) for branch in self.branches)], 1)
        return _dense_features(x.mean((2, 3)), self.full, self.last, self.dropout, rng)


class Simple(nn.Module):
    """The network of Fig. 10, with the same final layers."""

    def __init__(self, channels: int, hidden: int, second: int, features: int, dropout: float):
        super().__init__()
        self.dropout = dropout
        widths = (channels, 32, 64, 128)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.full = nn.ModuleList([nn.Linear(widths[-1], hidden), nn.Linear(hidden, second)])
        self.last = nn.Linear(second, features)

    def forward(self, x: Tensor, rng: Stream | None = None) -> Tensor:
        """[n, channels, h, w] -> [n, features]; with rng as in training"""
        for layer in self.layers:
            x = F.max_pool2d(layer(x).relu(), 2)
        return _dense_features(x.mean((2, 3)), self.full, self.last, self.dropout, rng)


def _dense_features(x: Tensor, full: nn.ModuleList, last: nn.Module, share: float, rng: Stream | None) -> Tensor:
    """Apply fully connected layers with dropout after each, then the last layer, which gives the features."""
    for layer in full:
        x = dropout(layer(x).relu(), share, rng)
    return last(x).relu()


class Temporal(nn.Module):
    """An LSTM for each region, and a classifier of their last states."""

    def __init__(self, regions: int, features: int, memory: int, width: int, classes: int):
        super().__init__()
        self.lstms = nn.ModuleList(Lstm(features, memory) for _ in range(regions))
        self.hidden, self.classify = nn.Linear(regions * memory, width), nn.Linear(width, classes)

    def forward(self, sequences: list[Tensor], real: Tensor | None, rng: Stream | None = None) -> Tensor:
        """R times [B, T, features]; bool[B, T], True for real frames, or None -> [B, C]"""
        pairs = zip(self.lstms, sequences, strict=True)
        states = [dropout(F.leaky_relu(lstm(sequence, real)), 0.2, rng) for lstm, sequence in pairs]
        return self.classify(dropout(F.leaky_relu(self.hidden(torch.cat(states, 1))), 0.5, rng))


def _select_frames(video: Tensor, index: Tensor | None) -> Tensor:
    """Return the frames `index` int64[B, n] of [B, T, channels, h, w], or all frames."""
    return video if index is None else torch.take_along_dim(video, index[:, :, None, None, None], 1)


def focal(scores: Tensor, label: Tensor, weight: Tensor, gamma: float, counts: Tensor) -> Tensor:
    """Return eq. 5 for scores [n, C] and labels int64[n], a mean with weights `counts` [n]; `weight` [C] is alpha."""
    log_probability = scores.log_softmax(1).gather(1, label[:, None])[:, 0]
    complement = (1 - log_probability.exp()).clamp(min=1e-6)  # at 0 its power has an infinite slope
    losses = -weight[label] * complement.pow(gamma) * log_probability
    return weighted_mean(losses, counts)


class LocalRegions(NetworkMethod):
    """Six networks, each trained on the classes that show in its region, then six LSTMs on their features.

    The networks never see a held-out clip, which the paper leaves open. Ours: Adam 1e-3, batch 16, 50 and 50 epochs,
    LSTMs of 32, features after a ReLU, pixels normalised over training clips, and the labels of regions in protocols
    other than the composite: all classes, and none."""

    paper = "Aouayeb et al., Micro-expression recognition from local facial regions, Signal Process.-Image, 2021"
    priority = 1

    class Params(base.Params):
        frames: int = Field(64, ge=2, le=512, description="N, most frames of a clip; longer clips are resampled by TIM")
        channels: Literal[1, 3] = Field(3, description="of a patch; grey levels are repeated for three")
        shrink: Literal[1, 2, 4] = Field(1, description="factor by which the sides of patches are reduced")
        regions: Literal["all", "no_cheeks", "no_nose", "whole_face"] = Field("all", description="rows of Table 5")
        network: Literal["inception", "simple"] = Field("inception", description="rows of Table 6")
        loss: Literal["focal", "cross_entropy"] = Field("focal", description="rows of Table 7, of both phases")
        alpha: Literal["half", "inverse_frequency"] = Field("half", description="of the focal loss")
        gamma: float = Field(2.0, ge=0, le=10, description="of the focal loss")
        reference: Literal["boxes", "difference"] = Field(
            "boxes", description="boxes: the first frame only places the patches; difference: it is also subtracted"
        )
        pad: Literal["masked", "zeros"] = Field("masked", description="frames after a clip's end: no steps, or zeros")
        pictures: int = Field(0, ge=0, le=512, description="frames of a clip sampled in a step of phase 1; 0: all")
        still: float = Field(
            0.0,
            ge=0,
            lt=1,
            description="frames have no label in the first phase that differ from the first by less than this share of"
            " their clip's largest difference",
        )
        mirror: float = Field(
            0.0, ge=0, le=1, description="share of training clips mirrored, and their regions swapped"
        )
        hidden: int = Field(1024, ge=4, le=4096, description="units of the first fully connected layer")
        second: int = Field(250, ge=4, le=4096, description="of the second")
        features: int = Field(20, ge=2, le=512, description="of a frame and region")
        memory: int = Field(32, ge=2, le=512, description="units of each LSTM")
        width: int = Field(256, ge=4, le=4096, description="units before the classes")
        dropout: float = Field(0.5, ge=0, lt=1, description="of the networks' fully connected layers")
        spatial_epochs: int = Field(50, ge=0, le=2000, description="passes over the clips' frames")
        epochs: int = Field(50, ge=1, le=2000, description="passes over the clips as sequences")
        batch: int = Field(16, ge=1, le=1024, description="clips in a step: 64 of 64 frames take 17 GB")
        lr: float = Field(1e-3, gt=0, le=1, description="Adam's learning rate")

    @property
    def region_names(self) -> tuple[str, ...]:
        """The names of the image inputs, one network each."""
        if self.params.regions == "whole_face":
            return (FACE,)
        left_out = {"no_cheeks": "cheeks", "no_nose": "nose"}.get(self.params.regions)
        return tuple(name for name in REGIONS if GROUP_OF_REGION[name] != left_out)

    @property
    def inputs(self) -> Shapes:
        frames, channels = self.params.frames, self.params.channels
        sizes = {name: REGIONS[name][:2] if name in REGIONS else (FACE_SIZE, FACE_SIZE) for name in self.region_names}
        shapes: Shapes = {name: (channels, frames, *size) for name, size in sizes.items()}
        return shapes | {"sequence_real": (frames,)}

    def region_classes(self, region: str) -> int:
        """Return k of a region: the classes that show there, and none; for the whole face the classes."""
        if region == FACE:
            return self.classes
        return 1 + (len(VISIBLE_CLASSES[GROUP_OF_REGION[region]]) if self.classes == base.CLASSES else self.classes)

    def region_labels(self, region: str, batch: Batch) -> Tensor:
        """Return the labels of a region, int64[B], 0 where the clip's emotion does not show there."""
        label = batch["label"]
        if region == FACE:
            return label
        region_label = label + 1
        if self.classes == base.CLASSES:
            visible = VISIBLE_CLASSES[GROUP_OF_REGION[region]]
            ranks = [visible.index(index) + 1 if index in visible else 0 for index in range(self.classes)]
            region_label = torch.tensor(ranks, device=label.device)[label]
        return region_label * batch["reacts"][:, GROUPS.index(GROUP_OF_REGION[region])]

    def statistics(self, train: base.ClipTensors) -> Statistics:
        statistics: Statistics = {}
        for region in self.region_names:
            moments = []
            for video, real in zip(train.inputs[region], train.inputs["sequence_real"], strict=True):  # bounds memory
                frames = self._levels(video[None].movedim(2, 1))[0][real.bool()]
                moments.append(torch.stack([frames.mean(), frames.square().mean()]))
            mean, square = torch.stack(moments).mean(0)
            statistics[f"mean_{region}"] = mean
            statistics[f"deviation_{region}"] = square_root((square - mean**2).clamp(min=1e-8))
            label = self.region_labels(region, train.targets)
            statistics[f"weights_{region}"] = self._weights(label, self.region_classes(region))
        return statistics | {"weights": self._weights(train.targets["label"], self.classes)}

    def _levels(self, video: Tensor) -> Tensor:
        """Convert uint8[B, T, channels, h, w] to 0..1, or to differences from the first frame."""
        levels = to_unit_range(video)
        return levels - levels[:, :1] if self.params.reference == "difference" else levels

    def _weights(self, label: Tensor, classes: int) -> Tensor:
        """Return the class weights float[classes] of the loss."""
        if self.params.loss == "cross_entropy":
            return torch.ones(classes, device=label.device)
        halves = torch.full((classes,), 0.5, device=label.device)
        return class_weights(label, classes) if self.params.alpha == "inverse_frequency" else halves

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        kind = Inception if params.network == "inception" else Simple
        sizes = (params.hidden, params.second, params.features)
        modules: dict[str, nn.Module] = {}
        for region in self.region_names:
            modules[f"network_{region}"] = kind(params.channels, *sizes, params.dropout)
            modules[f"head_{region}"] = nn.Linear(params.features, self.region_classes(region))
        regions = len(self.region_names)
        modules["temporal"] = Temporal(regions, params.features, params.memory, params.width, self.classes)
        return modules

    def phases(self) -> list[Phase]:
        params, adam = self.params, partial(torch.optim.Adam, lr=self.params.lr)
        names = [f"{part}_{region}" for region in self.region_names for part in ("network", "head")]
        optimisers: dict[str, Optimiser] = dict.fromkeys(names, adam)
        spatial, temporal = [Update(self.spatial_loss, optimisers)], [Update(self.temporal_loss, {"temporal": adam})]
        patches = self.precompute_patches if params.shrink > 1 else None
        return [
            Phase(spatial, params.spatial_epochs, params.batch, precompute=patches),
            Phase(temporal, params.epochs, params.batch, precompute=self.precompute_features),
        ]

    def patches(self, region: str, batch: Batch, statistics: Statistics) -> Tensor:
        """Return patches [B, T, channels, h, w], normalised over the training clips, padded frames at 0."""
        video = self._levels(batch[region].movedim(2, 1))
        video = (video - statistics[f"mean_{region}"]) / statistics[f"deviation_{region}"]
        video = video * batch["sequence_real"][:, :, None, None, None]
        shrink = self.params.shrink
        return F.avg_pool2d(video.flatten(0, 1), shrink).unflatten(0, video.shape[:2]) if shrink > 1 else video

    def precompute_patches(self, modules: Modules, batch: Batch, statistics: Statistics) -> Batch:
        """Return all `patches`, which are small enough to be kept for all clips once they are reduced."""
        patches = {f"patches_{region}": self.patches(region, batch, statistics) for region in self.region_names}
        return patches | {"labelled": self.labelled(patches, batch["sequence_real"])}

    def spatial_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the loss of single frames with their clip's label, summed over regions, which learn separately."""
        encoded = batch if "labelled" in batch else batch | self.precompute_patches(modules, batch, statistics)
        index = self._sample_frames(encoded["labelled"], rng)
        counts = encoded["labelled"] if index is None else encoded["labelled"].new_ones(index.shape)
        mirrored = rng.uniform(len(counts), 1, 1, 1, 1) < self.params.mirror if self.params.mirror else None
        losses = []
        for region in self.region_names:
            video = _select_frames(encoded[f"patches_{region}"], index)
            if mirrored is not None:
                other = _select_frames(encoded[f"patches_{mirror_region(region)}"], index)
                video = torch.where(mirrored, other.flip(-1), video)
            label = self.region_labels(region, batch)[:, None].expand(video.shape[:2])
            features = getattr(modules, f"network_{region}")(video.flatten(0, 1), rng)
            scores = getattr(modules, f"head_{region}")(features)
            losses.append(self._loss(scores, label.flatten(), statistics[f"weights_{region}"], counts.flatten()))
        return torch.stack(losses).sum()

    def labelled(self, patches: Mapping[str, Tensor], real: Tensor) -> Tensor:
        """Return float[B, T], 1 for each frame that has a label in the first phase, from patches [B, T, ...]."""
        dtype = torch.get_default_dtype()
        if not self.params.still:
            return real.to(dtype)
        changes = [(video - video[:, :1]).abs().mean((2, 3, 4)) for video in patches.values()]
        change = torch.stack(changes).sum(0) * real
        return (real & (change >= self.params.still * change.amax(1, keepdim=True))).to(dtype)

    def _sample_frames(self, labelled: Tensor, rng: Stream) -> Tensor | None:
        """Sample int64[B, pictures], indices of labelled frames; None: all frames are used."""
        if not self.params.pictures:
            return None
        count = labelled.cumsum(1)
        position = rng.uniform(len(labelled), self.params.pictures) * count[:, -1:]
        return (count[:, None] <= position[..., None]).sum(2).clamp(max=labelled.shape[1] - 1)

    def _loss(self, scores: Tensor, label: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        gamma = 0.0 if self.params.loss == "cross_entropy" else self.params.gamma
        return focal(scores, label, weight, gamma, counts)

    def temporal_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        features = batch["features"]
        if self.params.mirror:
            mirrored = rng.uniform(len(features), 1, 1, 1) < self.params.mirror
            features = torch.where(mirrored, batch["features_mirrored"], features)
        scores = self._classify(modules, batch | {"features": features}, rng)
        return self._loss(scores, batch["label"], statistics["weights"], scores.new_ones(len(scores)))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        encoded = batch if "features" in batch else self.precompute_features(modules, batch, statistics)
        return self._classify(modules, encoded, None)

    def precompute_features(self, modules: Modules, batch: Batch, statistics: Statistics) -> Batch:
        """Return the LSTMs' input `features` [B, R, T, features], from networks that are frozen in their phase.

        With `mirror` also those of the mirrored clips."""
        real = batch["sequence_real"]
        patches = {region: self.patches(region, batch, statistics) for region in self.region_names}
        encoded = {"features": self._encode(modules, patches), "sequence_real": real}
        if self.params.mirror:
            mirrored = {region: patches[mirror_region(region)].flip(-1) for region in self.region_names}
            encoded["features_mirrored"] = self._encode(modules, mirrored)
        return encoded

    def _encode(self, modules: Modules, patches: Mapping[str, Tensor]) -> Tensor:
        """Return the features [B, R, T, features] of each region's network from patches [B, T, channels, h, w]."""
        features = [
            getattr(modules, f"network_{region}")(video.flatten(0, 1)).unflatten(0, video.shape[:2])
            for region, video in patches.items()
        ]
        return torch.stack(features, 1)

    def _classify(self, modules: Modules, batch: Batch, rng: Stream | None) -> Tensor:
        """Return scores [B, C] from precomputed features."""
        real, features = batch["sequence_real"], batch["features"]
        masked = self.params.pad == "masked"
        if not masked:
            features = features * real[:, None, :, None]
        return modules.temporal(list(features.unbind(1)), real if masked else None, rng)
