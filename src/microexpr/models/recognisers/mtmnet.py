"""MTMNet: a network on macro-expressions guides one on micro-expressions; both separate expression from identity.

Shapes: B clips, images [B, 3, H, H], W `width`, F `features`, I `identities`, C classes. Index 0, 1, 2 of a triplet:
anchor, positive, negative (Sec. 3.2.1).
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.errors import ParamsError, StoreError
from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, NetworkMethod, Phase, Shapes, Statistics, Targets, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import SeveralLabels, weighted_mean
from microexpr.models.layers.contrast import local_contrast, steady_change
from microexpr.models.layers.portable import square_root
from microexpr.models.layers.pretrained import DOWNSAMPLING, WIDTH, ResNet18, load, standardise
from microexpr.models.pretrained_weights import RESNET18
from microexpr.models.recipe import balanced, cosine, filtered, jitter, micro_only, to_unit_range

HIDDEN = 128  # units of the discriminator
TINY = 1e-12  # under a root, where the gradient at 0 is undefined
FRAMES = 5  # around the apex
CHANGE_FLOOR = 1 / 255  # added to the size of a change by which it is divided, or noise would be as large
MACRONET_PARAMS = (  # the params that MacroNet depends on
    *("macro_source", "image_size", "width", "features", "identities", "disentangle", "precision"),
    *("initialisation", "population", "backbone", "balanced", "mirror", "shift", "difference_weight", "cosine"),
    *("reconstruction_weight", "similarity_weight", "identity_weight", "batch", "lr", "decoder_lr", "identity_lr"),
)
GUIDANCE_PARAMS = {  # the params that pretraining does not depend on
    *("macro_source", "macro_epochs", "epochs", "guidance_lr"),
    *("triplet_weight", "adversarial_weight", "inequality_weight", "margin"),
}
UNGUIDED = {"triplet_weight": 0.0, "adversarial_weight": 0.0, "inequality_weight": 0.0, "epochs": 0}
NO_SUBJECT = -1  # padding where fewer subjects train than the identity classifier has outputs
SHARED = ("encoder", "classifier")  # modules of MacroNet that guidance uses


class Encoder(nn.Module):
    """ResNet-18, then a branch for the expression and one for the identity (Sec. 3.1.1)."""

    def __init__(self, width: int, features: int):
        super().__init__()
        self.backbone = ResNet18(width)
        self.expression, self.identity = (nn.Linear(self.backbone.out_channels, features) for _ in range(2))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 3, H, H] in 0..1 -> f^e and f^s, both [B, F]"""
        pooled = self.backbone(standardise(images)).mean((2, 3))
        return self.expression(pooled), self.identity(pooled)


class PlacedEncoder(nn.Module):
    """Four convolutions and the same branches, of maps that keep their places: ours, for small faces."""

    def __init__(self, width: int, features: int, channels: int, image_size: int):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, stride in ((0, 1, 1), (1, 2, 2), (2, 2, 1), (2, 4, 2)):
            convolution = nn.Conv2d(before * width or channels, after * width, 3, stride, 1, bias=False)
            layers += [convolution, nn.BatchNorm2d(after * width), nn.ReLU()]
        self.backbone = nn.Sequential(*layers, nn.AvgPool2d(2), nn.Flatten())
        places = 4 * width * (image_size // 8) ** 2
        self.expression, self.identity = (nn.Linear(places, features) for _ in range(2))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, channels, H, H] -> f^e and f^s, both [B, F]"""
        maps = self.backbone(images)
        return self.expression(maps), self.identity(maps)


class Decoder(nn.Module):
    """D_r: a face from the expression of one image and the identity of another (Sec. 3.1.2)."""

    def __init__(self, width: int, features: int, image_size: int):
        super().__init__()
        widths = [width * 8, width * 4, width * 2, width, width, max(width // 2, 1)]
        self.first, self.side = widths[0], image_size // DOWNSAMPLING
        self.begin = nn.Linear(2 * features, self.first * self.side**2)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
            layers += [nn.Upsample(scale_factor=2), convolution, nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 3, 3, padding=1), nn.Sigmoid())

    def forward(self, expression: Tensor, identity: Tensor) -> Tensor:
        """f^e and f^s, both [B, F] -> [B, 3, H, H] in 0..1"""
        x = self.begin(torch.cat([expression, identity], 1)).relu()
        return self.layers(x.unflatten(1, (self.first, self.side, self.side)))


class Discriminator(nn.Module):
    """D: a logit of whether expression features are MacroNet's (Sec. 3.2.1)."""

    def __init__(self, features: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, HIDDEN), nn.LeakyReLU(0.2), nn.Linear(HIDDEN, 1))

    def forward(self, expression: Tensor) -> Tensor:
        """[B, F] -> [B]"""
        return self.layers(expression)[:, 0]


def distance(first: Tensor, second: Tensor) -> Tensor:
    """Return the Euclidean distance [B], not squared, of [B, ...] and [B, ...]."""
    return square_root((first - second).flatten(1).square().sum(1) + TINY)


def is_guided(label: Tensor, like: Tensor) -> Tensor:
    """Return which triplets [B] have a positive of the anchor's class, 1 or 0, from labels int64[B, 3]."""
    return (label[:, 0] == label[:, 1]).to(like.dtype)


def triplets(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Sample int64[S, B, 3]: a micro-expression, a macro-expression of its class, a micro-expression of another.

    Anchors come in shuffled order. If no macro-expression has the anchor's class, the positive has another class; if
    there is only one class, the negative has the same. The losses recognise both cases by the labels."""
    label = targets["label"]
    micro, macro = (np.flatnonzero(targets["macro"] == kind) for kind in (0, 1))
    if not len(macro):
        raise StoreError("guidance must have macro-expressions of the protocol's classes, not none")
    anchor = micro_only(targets, steps, batch, rng)
    sampled = np.stack([anchor, np.empty_like(anchor), np.empty_like(anchor)], -1)
    for class_index in np.unique(label[micro]):
        of_class = label[anchor] == class_index
        positives, negatives = label[macro] == class_index, label[micro] != class_index
        for column, pool, eligible in ((1, macro, positives), (2, micro, negatives)):
            sampled[of_class, column] = rng.choice(pool[eligible] if eligible.any() else pool, int(of_class.sum()))
    return sampled


class Mtmnet(NetworkMethod):
    """A network on frames around the apex (MicroNet), fine-tuned with a teacher of macro-expressions (MacroNet).

    From the paper: EIDNet's four parts and losses, guidance by triplets, discriminator and loss inequality, their
    weights, the rates. Ours, where it is silent: Adam, batches, sizes of embeddings, decoder and discriminator, the
    margin, linear classifiers, the epochs of pretraining; docs/mtmnet.md lists them. A clip of a class without
    macro-expressions only trains the class."""

    paper = "Xia, Wang, Wang and Chen, Learning from macro-expression, ACM Multimedia 2020"
    weights, published_params = RESNET18, {"width": WIDTH, "backbone": "resnet18"}
    recordings = ("micro", "macro", "micro scene", "macro scene")

    class Params(base.Params):
        macro_source: Literal["ckplus", "mmi", "oulu_casia"] = Field("ckplus", description="data set of MacroNet")
        image_size: int = Field(224, ge=32, le=448, multiple_of=DOWNSAMPLING, description="pixels, side of the faces")
        width: int = Field(WIDTH, ge=2, le=256, description="channels of ResNet-18's first stage")
        features: int = Field(256, ge=2, le=2048, description="of the expression, and as many of the identity")
        identities: int = Field(160, ge=2, le=4096, description="outputs of the identity classifier, one per subject")
        initialisation: base.Published = "published"
        input_mode: Literal["around_apex", "apex", "change"] = Field(
            "around_apex",
            description="five frames of a clip, its apex, or its apex with the change to the onset as a channel (ours)",
        )
        backbone: Literal["resnet18", "placed"] = Field(
            "resnet18", description="placed: four convolutions of local contrast, without pooling of places (ours)"
        )
        balanced: bool = Field(False, description="whether pretraining samples all classes equally often (ours)")
        mirror: float = Field(0.0, ge=0, le=1, description="share of pretraining faces that are mirrored (ours)")
        shift: int = Field(0, ge=0, le=8, description="largest random shift of pretraining faces, pixels (ours)")
        disentangle: bool = Field(True, description="pretrain both networks by L_EID; false: by L_c alone")
        reconstruction_weight: float = Field(
            0.1, ge=0, le=100, description="lambda_1,1 of eq. 5, of a norm over pixels"
        )
        similarity_weight: float = Field(0.1, ge=0, le=100, description="lambda_1,2 of eq. 5")
        identity_weight: float = Field(0.1, ge=0, le=100, description="lambda_1,3 of eq. 5")
        difference_weight: float = Field(
            0.0, ge=0, le=100, description="of L_c of the expression less the neutral face's, added to eq. 5 (ours)"
        )
        cosine: bool = Field(False, description="whether the rates of pretraining fall to 0 along a cosine (ours)")
        triplet_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,1 of eq. 12; 0: without L_tri")
        adversarial_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,2 of eq. 12; 0: without L_adv")
        inequality_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,3 of eq. 12; 0: without L_LIR")
        margin: float = Field(1.0, ge=0, le=100, description="m of eq. 6")
        macro_epochs: int = Field(20, ge=1, le=2000, description="of MacroNet, once for all folds; ours")
        pretrain_epochs: int = Field(20, ge=1, le=2000, description="of MicroNet without guidance; ours")
        epochs: int = Field(20, ge=0, le=2000, description="of MicroNet with guidance; 0: pretraining alone")
        repeats: int = Field(FRAMES, ge=1, le=FRAMES, description="samples of a clip in an epoch, of random frames")
        batch: int = Field(32, ge=2, le=1024, description="clips, or triplets, in a step")
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's learning rate of encoder and classifier in pretraining")
        decoder_lr: float = Field(1e-5, gt=0, le=1, description="Adam's learning rate of the decoder")
        identity_lr: float = Field(1e-4, gt=0, le=1, description="Adam's learning rate of the identity classifier")
        guidance_lr: float = Field(1e-5, gt=0, le=1, description="Adam's learning rate with guidance")

    def __init__(self, params: Params, classes: int = base.CLASSES, several: SeveralLabels | None = None):
        super().__init__(params, classes, several)
        self.guided = bool(params.triplet_weight or params.adversarial_weight or params.inequality_weight)
        self.macro = self.guided

    @property
    def inputs(self) -> Shapes:
        side = self.params.image_size
        shapes: Shapes = {"onset": (3, side, side), "apex": (3, side, side)}
        return shapes | ({"around_apex": (3, FRAMES, side, side)} if self.params.input_mode == "around_apex" else {})

    def pretraining(self) -> "Mtmnet | None":
        """Return MacroNet: this network without guidance, on pairs of onset and apex."""
        if not self.guided:
            return None
        mode = "change" if self.params.input_mode == "change" else "apex"
        single_frames = {"input_mode": mode, "repeats": 1, "pretrain_epochs": self.params.macro_epochs}
        shared = {name: getattr(self.params, name) for name in MACRONET_PARAMS}
        return Mtmnet(Mtmnet.Params.model_validate(shared | UNGUIDED | single_frames), self.classes)

    def population_params(self) -> dict[str, Any]:
        """Return the params without guidance. Raises ParamsError where param `population` names one of guidance."""
        if names := sorted(GUIDANCE_PARAMS & self.params.population.keys()):
            raise ParamsError(f"population must not have {names[0]}: nobody in the population is guided")
        unguided = {name: self.Params.model_fields[name].default for name in GUIDANCE_PARAMS}
        return super().population_params() | unguided | UNGUIDED

    def statistics(self, train: ClipTensors) -> Statistics:
        """Return `people` int64[I]: the indices of the training subjects, padded by `NO_SUBJECT`."""
        if not self.params.disentangle:
            return {}
        subjects = train.targets["subject"][train.targets["macro"] == 0].unique()
        if len(subjects) > self.params.identities:
            raise ParamsError(
                f"identities must be >= {len(subjects)}, the training subjects, not {self.params.identities}"
            )
        return {"people": F.pad(subjects, (0, self.params.identities - len(subjects)), value=NO_SUBJECT)}

    def shared(self) -> dict[str, nn.Module]:
        """Return MacroNet's encoder and classifier, with random weights if `teacher_weights` is empty."""
        if not self.guided:
            return {}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            macronet = dict(zip(SHARED, self._build_recogniser(), strict=True))
        for name, network in macronet.items() if self.teacher_weights else ():
            prefix = f"{name}."
            weights = {k.removeprefix(prefix): v for k, v in self.teacher_weights.items() if k.startswith(prefix)}
            load(network, weights, "MacroNet")
        return {f"macro_{name}": network for name, network in macronet.items()}

    def _build_recogniser(self) -> tuple[nn.Module, nn.Module]:
        params = self.params
        if params.backbone == "resnet18":
            encoder: nn.Module = Encoder(params.width, params.features)
        else:
            channels = 4 if params.input_mode == "change" else 3
            encoder = PlacedEncoder(params.width, params.features, channels, params.image_size)
        return encoder, nn.Linear(params.features, self.classes)

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        modules: dict[str, nn.Module] = dict(zip(SHARED, self._build_recogniser(), strict=True))
        if self.published_weights:
            load(modules["encoder"].backbone, self.published_weights, RESNET18.files[0])  # type: ignore[arg-type]
        if params.disentangle:
            modules["decoder"] = Decoder(params.width, params.features, params.image_size)
            modules["identify"] = nn.Linear(params.features, params.identities)
        if params.adversarial_weight:
            modules["discriminator"] = Discriminator(params.features)
        return modules

    def phases(self) -> list[Phase]:
        params = self.params
        adam = partial(torch.optim.Adam, lr=params.lr)
        optimisers: dict[str, base.Optimiser] = dict.fromkeys(SHARED, adam)
        identity_updates = []
        if params.disentangle:
            optimisers["decoder"] = partial(adam, lr=params.decoder_lr)
            identity_updates = [Update(self.identity_loss, {"identify": partial(adam, lr=params.identity_lr)})]
        sample = filtered("macro", False, balanced) if params.balanced else micro_only
        updates = [Update(self.eid_loss, optimisers), *identity_updates]
        schedule = cosine if params.cosine else base.constant
        pretraining = self._phase(updates, params.pretrain_epochs, sample, schedule)
        if not params.epochs:
            return [pretraining]
        slow = partial(adam, lr=params.guidance_lr)
        guided = [Update(self.discriminator_loss, {"discriminator": slow})] if params.adversarial_weight else []
        guided.append(Update(self.mtm_loss if self.guided else self.class_loss, dict.fromkeys(SHARED, slow)))
        sample = triplets if self.guided else micro_only
        return [pretraining, self._phase(guided, params.epochs, sample, base.constant)]

    def _phase(
        self, updates: list[Update], epochs: int, sample: base.Sampler, schedule: Callable[[float], float]
    ) -> Phase:
        """Return a phase with `batch` clips in a step and each clip sampled `repeats` times in an epoch."""
        size = self.params.batch

        def sample_full_batches(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
            return sample(targets, steps, size, rng)

        return Phase(updates, epochs, -(-size // self.params.repeats), sample_full_batches, schedule)

    def eid_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_EID for encoder, classifier and decoder (eq. 5); without `disentangle` L_c alone."""
        params, (face, onset) = self.params, self._sample_pair(batch, rng)
        if not params.disentangle:
            expression, _ = modules.encoder(self._encoder_input(face, onset))
            return self._class_losses(modules, expression, batch["label"]).mean()
        (expression, rest), (identity, neutral) = self._disentangle(modules, face, onset)
        reconstruction = modules.decoder(expression, neutral)
        loss = self._class_losses(modules, expression, batch["label"]).mean()
        loss = loss + params.reconstruction_weight * distance(face, reconstruction).mean()  # eq. 2
        loss = loss + params.similarity_weight * distance(identity, neutral).mean()  # eq. 1
        if params.difference_weight:
            difference = self._class_losses(modules, expression - rest, batch["label"]).mean()
            loss = loss + params.difference_weight * difference
        return loss - params.identity_weight * self._identity_cross_entropy(modules, expression, batch, statistics)

    def identity_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_s for the identity classifier (eq. 3)."""
        (expression, _), _ = self._disentangle(modules, *self._sample_pair(batch, rng))
        return self._identity_cross_entropy(modules, expression.detach(), batch, statistics)

    def _disentangle(
        self, modules: Modules, face: Tensor, onset: Tensor
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return expressions and identities of the face and of the neutral face: (f_E^e, f_N^e), (f_E^s, f_N^s)."""
        images = torch.cat([self._encoder_input(image, onset) for image in (face, onset)])
        expression, identity = (features.chunk(2) for features in modules.encoder(images))
        return expression, identity

    def _encoder_input(self, face: Tensor, onset: Tensor) -> Tensor:
        """Return the encoder's input from faces [B, 3, H, H] in 0..1, which it may compare with their onset."""
        if self.params.backbone == "resnet18":
            return face
        contrast = local_contrast(face)
        if self.params.input_mode != "change":
            return contrast
        change = steady_change(onset, face).mean(1, keepdim=True)
        scale = change.square().mean((1, 2, 3), keepdim=True)
        return torch.cat([contrast, change * (scale + CHANGE_FLOOR**2).rsqrt()], 1)

    def _identity_cross_entropy(
        self, modules: Modules, expression: Tensor, batch: Batch, statistics: Statistics
    ) -> Tensor:
        """Return the cross-entropy of the subject among the training subjects."""
        subjects = statistics["people"]
        scores = modules.identify(expression).masked_fill(subjects == NO_SUBJECT, -1e9)  # [B, I]
        is_subject = (batch["subject"][:, None] == subjects).to(scores.dtype)
        return -(is_subject * scores.log_softmax(1)).sum(1).mean()

    def _sample_face(self, batch: Batch, rng: Stream) -> Tensor:
        """Return [B, 3, H, H] in 0..1: the apex, or for each clip a random one of the frames around it."""
        if self.params.input_mode != "around_apex":
            return to_unit_range(batch["apex"])
        frames = batch["around_apex"]
        index = (rng.uniform(len(frames)) * FRAMES).long()
        return to_unit_range(frames.take_along_dim(index[:, None, None, None, None], 2)[:, :, 0])

    def _sample_pair(self, batch: Batch, rng: Stream) -> tuple[Tensor, Tensor]:
        """Return `_sample_face` and the onset, both [B, 3, H, H] in 0..1, under the same random augmentation."""
        face, onset = self._sample_face(batch, rng), to_unit_range(batch["onset"])
        if not (self.params.mirror or self.params.shift):
            return face, onset
        pair = jitter(torch.cat([face, onset], 1), rng, self.params.mirror, self.params.shift)
        return pair[:, :3], pair[:, 3:]

    @staticmethod
    def _class_losses(modules: Modules, expression: Tensor, label: Tensor) -> Tensor:
        """Return the cross-entropy [B] of MicroNet's classes (eq. 4, eq. 10)."""
        return F.cross_entropy(modules.classifier(expression), label, reduction="none")

    def class_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_cls alone."""
        images = self._encoder_input(self._sample_face(batch, rng), to_unit_range(batch["onset"]))
        return self._class_losses(modules, modules.encoder(images)[0], batch["label"]).mean()

    def mtm_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_MTM (eq. 12), its last three terms over the triplets with a positive of the anchor's class."""
        params, label = self.params, batch["label"]  # [B, 3]
        anchor, negative = self._micro_features(modules, batch, rng)
        positive, macronet_losses = self._macro_features(modules, batch)
        losses = self._class_losses(modules, anchor, label[:, 0])
        excess = distance(anchor, positive) - distance(anchor, negative) + params.margin
        guidance = params.triplet_weight * (excess.relu() * (label[:, 2] != label[:, 0]))  # eq. 6
        guidance = guidance + params.inequality_weight * (losses - macronet_losses).relu()  # eq. 11
        if params.adversarial_weight:
            guidance = guidance + params.adversarial_weight * F.softplus(-modules.discriminator(anchor))  # eq. 9
        return losses.mean() + weighted_mean(guidance, is_guided(label, guidance))

    def discriminator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_D (eq. 8)."""
        anchor, _ = self._micro_features(modules, batch, rng)
        positive, _ = self._macro_features(modules, batch)
        true, false = modules.discriminator(positive), modules.discriminator(anchor.detach())
        losses = F.softplus(-true) + F.softplus(false)
        return weighted_mean(losses, is_guided(batch["label"], losses))

    def _micro_features(self, modules: Modules, batch: Batch, rng: Stream) -> tuple[Tensor, Tensor]:
        """Return f_anc^e and f_neg^e, both [B, F]."""
        pair = {name: torch.cat([batch[name][:, 0], batch[name][:, 2]]) for name in self.inputs}
        images = self._encoder_input(self._sample_face(pair, rng), to_unit_range(pair["onset"]))
        return modules.encoder(images)[0].chunk(2)

    def _macro_features(self, modules: Modules, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return f_pos^e [B, F], and MacroNet's cross-entropy of its class [B]."""
        with torch.no_grad():
            apex, onset = (to_unit_range(batch[name][:, 1]) for name in ("apex", "onset"))
            positive = modules.macro_encoder(self._encoder_input(apex, onset))[0]
            losses = F.cross_entropy(modules.macro_classifier(positive), batch["label"][:, 1], reduction="none")
        return positive, losses

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """Return the softmax averaged over a clip's frames."""
        single, onset = self.params.input_mode != "around_apex", to_unit_range(batch["onset"])
        frames = batch["apex"][:, None] if single else batch["around_apex"].movedim(2, 1)  # [B, 5, 3, H, H]
        onsets = onset[:, None].expand(frames.shape).flatten(0, 1)
        expression, _ = modules.encoder(self._encoder_input(to_unit_range(frames.flatten(0, 1)), onsets))
        return modules.classifier(expression).softmax(1).unflatten(0, frames.shape[:2]).mean(1)
