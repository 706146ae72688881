"""MTMNet: two networks that part expression from identity; that of strong expressions guides that of faint ones.

No folds, files or devices come in. Shapes: B clips, images [B, 3, H, H], W `width`, F `features`, I `identities`,
C classes. Index 0, 1, 2 of a triplet: anchor, positive, negative (Sec. 3.2.1).
"""

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
from microexpr.models.augmentation import scaled
from microexpr.models.base import (
    Batch,
    Clips,
    Modules,
    NetworkMethod,
    Phase,
    Shapes,
    Statistics,
    Targets,
    Update,
    shuffled,
)
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.pretrained import load, standardised
from microexpr.models.layers.resnet18 import WIDTH, ResNet18
from microexpr.models.pretrained_weights import RESNET18
from microexpr.models.samplers import among

FRAMES = 5  # around the apex
OF_MACRONET = (  # the params that it depends on
    *("macro_source", "image_size", "width", "features", "identities", "pretrained", "disentangle", "precision"),
    *("reconstruction_weight", "similarity_weight", "identity_weight", "batch", "lr", "decoder_lr", "identity_lr"),
)
OF_GUIDANCE = {  # those that pretraining does not depend on
    *("macro_source", "macro_epochs", "epochs", "guidance_lr"),
    *("triplet_weight", "adversarial_weight", "inequality_weight", "margin"),
}
HALVED = 32  # image rows to one of the last maps
HIDDEN = 128  # units of the discriminator
TINY = 1e-12  # under a root: a vector of zeros would have no gradient
NOBODY = -1  # in `people`, where fewer train than the identity classifier can name
SHARED = ("encoder", "classifier")  # what guidance reads of MacroNet


class Encoder(nn.Module):
    """ResNet-18, then a branch for the expression and one for the identity (Sec. 3.1.1)."""

    def __init__(self, width: int, features: int):
        super().__init__()
        self.backbone = ResNet18(width)
        self.expression, self.identity = (nn.Linear(self.backbone.out_channels, features) for _ in range(2))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 3, H, H] in 0..1 -> f^e and f^s, both [B, F]"""
        pooled = self.backbone(standardised(images)).mean((2, 3))
        return self.expression(pooled), self.identity(pooled)


class Decoder(nn.Module):
    """D_r: an expressive face from one image's expression and another's identity (Sec. 3.1.2)."""

    def __init__(self, width: int, features: int, image_size: int):
        super().__init__()
        widths = [width * 8, width * 4, width * 2, width, width, max(width // 2, 1)]
        self.first, self.side = widths[0], image_size // HALVED
        self.begin = nn.Linear(2 * features, self.first * self.side**2)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            convolution = nn.Conv2d(before, after, 3, padding=1, bias=False)
            layers += [nn.Upsample(scale_factor=2), convolution, nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 3, 3, padding=1), nn.Sigmoid())

    def forward(self, expression: Tensor, identity: Tensor) -> Tensor:
        """f^e and f^s, both [B, F] -> [B, 3, H, H] in 0..1"""
        begun = self.begin(torch.cat([expression, identity], 1)).relu()
        return self.layers(begun.unflatten(1, (self.first, self.side, self.side)))


class Discriminator(nn.Module):
    """D: whether expression features are MacroNet's, as a logit (Sec. 3.2.1)."""

    def __init__(self, features: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, HIDDEN), nn.LeakyReLU(0.2), nn.Linear(HIDDEN, 1))

    def forward(self, expression: Tensor) -> Tensor:
        """[B, F] -> [B]"""
        return self.layers(expression)[:, 0]


class Mtmnet(NetworkMethod):
    """A network on frames around the apex (MicroNet), fine-tuned under the guidance of one of strong expressions.

    The paper's: EIDNet's four parts and losses, guidance by triplets, discriminator and loss inequality, the weights,
    the rates. Ours, where it is silent: Adam, batches, sizes of embeddings, decoder and discriminator, the margin,
    linear classifiers, the epochs of pretraining; docs/mtmnet.md has them all. A clip whose class no strong expression
    has learns its class alone.
    """

    paper = "Xia, Wang, Wang and Chen, Learning from macro-expression, ACM Multimedia 2020"
    weights = RESNET18

    class Params(base.Params):
        macro_source: Literal["ckplus", "mmi", "oulu_casia"] = Field("ckplus", description="data set that guides")
        image_size: int = Field(224, ge=32, le=448, multiple_of=HALVED, description="pixels, side of the faces")
        width: int = Field(WIDTH, ge=2, le=256, description="channels of ResNet-18's first stage")
        features: int = Field(256, ge=2, le=2048, description="of the expression, and as many of the identity")
        identities: int = Field(160, ge=2, le=4096, description="people whom the identity classifier can tell apart")
        pretrained: bool = Field(True, description="start from ImageNet's weights where they are there and fit")
        seen: Literal["around_apex", "apex"] = Field("around_apex", description="five frames of a clip, or one")
        disentangle: bool = Field(True, description="pretrain both networks by L_EID; false: by L_c alone")
        reconstruction_weight: float = Field(0.1, ge=0, le=100, description="lambda_1,1 of eq. 5")
        similarity_weight: float = Field(0.1, ge=0, le=100, description="lambda_1,2 of eq. 5")
        identity_weight: float = Field(0.1, ge=0, le=100, description="lambda_1,3 of eq. 5")
        triplet_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,1 of eq. 12; 0: without L_tri")
        adversarial_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,2 of eq. 12; 0: without L_adv")
        inequality_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,3 of eq. 12; 0: without L_LIR")
        margin: float = Field(1.0, ge=0, le=100, description="m of eq. 6")
        macro_epochs: int = Field(20, ge=1, le=2000, description="of MacroNet, which is trained once for all folds")
        pretrain_epochs: int = Field(20, ge=1, le=2000, description="of MicroNet by itself")
        epochs: int = Field(20, ge=0, le=2000, description="of the guidance; 0: pretrained alone")
        repeats: int = Field(FRAMES, ge=1, le=FRAMES, description="times an epoch sees a clip, each in a frame drawn")
        batch: int = Field(32, ge=2, le=1024, description="clips, or triplets, in a step")
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's learning rate of encoder and classifier in pretraining")
        decoder_lr: float = Field(1e-5, gt=0, le=1, description="the same of the decoder")
        identity_lr: float = Field(1e-4, gt=0, le=1, description="the same of the identity classifier")
        guidance_lr: float = Field(1e-5, gt=0, le=1, description="of everything in the guidance")

    params: Params

    def __init__(self, params: Params, classes: int = base.CLASSES):
        super().__init__(params, classes)
        self.guided = bool(params.triplet_weight or params.adversarial_weight or params.inequality_weight)
        self.macro = self.guided

    @property
    def inputs(self) -> Shapes:
        side = self.params.image_size
        shapes: Shapes = {"onset": (3, side, side), "apex": (3, side, side)}
        return shapes | ({"around_apex": (3, FRAMES, side, side)} if self.params.seen == "around_apex" else {})

    def fits(self) -> bool:
        return self.params.pretrained and self.params.width == WIDTH

    def pretraining(self) -> "Mtmnet | None":
        """MacroNet: this network without guidance, of pairs of onset and apex."""
        if not self.guided:
            return None
        alone = {"triplet_weight": 0.0, "adversarial_weight": 0.0, "inequality_weight": 0.0, "epochs": 0}
        of_pairs = {"seen": "apex", "repeats": 1, "pretrain_epochs": self.params.macro_epochs}
        own = {name: getattr(self.params, name) for name in OF_MACRONET}
        return Mtmnet(Mtmnet.Params.model_validate(own | alone | of_pairs), self.classes)

    def statistics(self, train: Clips) -> Statistics:
        """`people`: int64[I], numbers of those who train, then `NOBODY`."""
        if not self.params.disentangle:
            return {}
        people = train.targets["subject"][train.targets["macro"] == 0].unique()
        if len(people) > self.params.identities:
            raise ParamsError(f"identities must be >= the {len(people)} people who train, not {self.params.identities}")
        return {"people": F.pad(people, (0, self.params.identities - len(people)), value=NOBODY)}

    def shared(self) -> dict[str, nn.Module]:
        """MacroNet's encoder and classifier; their tensors are drawn where `taught` has none to give."""
        if not self.guided:
            return {}
        found = {f"macro_{name}": network for name, network in zip(SHARED, self._recogniser(), strict=True)}
        for name, network in found.items() if self.taught else ():
            prefix = f"{name.removeprefix('macro_')}."
            own = {key.removeprefix(prefix): value for key, value in self.taught.items() if key.startswith(prefix)}
            load(network, own, "MacroNet")
        return found

    def _recogniser(self) -> tuple[nn.Module, nn.Module]:
        return Encoder(self.params.width, self.params.features), nn.Linear(self.params.features, self.classes)

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        built: dict[str, nn.Module] = dict(zip(SHARED, self._recogniser(), strict=True))
        if self.published:
            load(built["encoder"].backbone, self.published, RESNET18.files[0])  # type: ignore[arg-type]
        if params.disentangle:
            built["decoder"] = Decoder(params.width, params.features, params.image_size)
            built["identify"] = nn.Linear(params.features, params.identities)
        if params.adversarial_weight:
            built["discriminator"] = Discriminator(params.features)
        return built

    def phases(self) -> list[Phase]:
        params = self.params
        adam = partial(torch.optim.Adam, lr=params.lr)
        trains: dict[str, base.Optimiser] = dict.fromkeys(SHARED, adam)
        apart = []
        if params.disentangle:
            trains["decoder"] = partial(adam, lr=params.decoder_lr)
            apart = [Update(self.identity_loss, {"identify": partial(adam, lr=params.identity_lr)})]
        micro = among("macro", False, shuffled)
        found = [self._phase([Update(self.eid_loss, trains), *apart], params.pretrain_epochs, micro)]
        if not params.epochs:
            return found  # MacroNet
        slow = partial(adam, lr=params.guidance_lr)
        guided = [Update(self.discriminator_loss, {"discriminator": slow})] if params.adversarial_weight else []
        guided.append(Update(self.mtm_loss if self.guided else self.class_loss, dict.fromkeys(SHARED, slow)))
        return [*found, self._phase(guided, params.epochs, triplets if self.guided else micro)]

    def beginning(self) -> dict[str, Any] | None:
        return self.params.model_dump(mode="json", exclude=OF_GUIDANCE) if self.params.epochs else None

    def _phase(self, updates: list[Update], epochs: int, sample: base.Sampler) -> Phase:
        """Of steps with `batch` clips, so many that an epoch sees each `repeats` times."""
        size = self.params.batch

        def drawn(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
            return sample(targets, steps, size, rng)

        return Phase(updates, epochs, -(-size // self.params.repeats), drawn)

    def eid_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """L_EID for encoder, classifier and decoder (eq. 5); L_c alone where nothing is to be parted."""
        params, face = self.params, self._face(batch, rng)
        if not params.disentangle:
            return self._classified(modules, modules.encoder(face)[0], batch["label"]).mean()
        (expression, _), (identity, neutral) = self._parted(modules, face, scaled(batch["onset"]))
        again = modules.decoder(expression, neutral)
        loss = self._classified(modules, expression, batch["label"]).mean()
        loss = loss + params.reconstruction_weight * distance(face, again).mean()  # eq. 2
        loss = loss + params.similarity_weight * distance(identity, neutral).mean()  # eq. 1
        return loss - params.identity_weight * self._identified(modules, expression, batch, statistics)

    def identity_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """L_s for the identity classifier (eq. 3)."""
        (expression, _), _ = self._parted(modules, self._face(batch, rng), scaled(batch["onset"]))
        return self._identified(modules, expression.detach(), batch, statistics)

    @staticmethod
    def _parted(modules: Modules, face: Tensor, onset: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Expression of the face and of the neutral one, then their identities: (f_E^e, f_N^e), (f_E^s, f_N^s)."""
        expression, identity = (found.chunk(2) for found in modules.encoder(torch.cat([face, onset])))
        return expression, identity

    def _identified(self, modules: Modules, expression: Tensor, batch: Batch, statistics: Statistics) -> Tensor:
        """Cross-entropy of who it is, among those who train."""
        people = statistics["people"]
        score = modules.identify(expression).masked_fill(people == NOBODY, -1e9)  # [B, I]
        own = (batch["subject"][:, None] == people).to(score.dtype)
        return -(own * score.log_softmax(1)).sum(1).mean()

    def _face(self, batch: Batch, rng: Stream) -> Tensor:
        """[B, 3, H, H] in 0..1: the apex, or one of the frames around it, drawn for each clip."""
        if self.params.seen == "apex":
            return scaled(batch["apex"])
        frames = batch["around_apex"]
        place = (rng.uniform(len(frames)) * FRAMES).long()
        return scaled(frames.take_along_dim(place[:, None, None, None, None], 2)[:, :, 0])

    @staticmethod
    def _classified(modules: Modules, expression: Tensor, label: Tensor) -> Tensor:
        """[B] cross-entropy of MicroNet's classes (eq. 4, eq. 10)."""
        return F.cross_entropy(modules.classifier(expression), label, reduction="none")

    def class_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """L_cls alone."""
        return self._classified(modules, modules.encoder(self._face(batch, rng))[0], batch["label"]).mean()

    def mtm_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """L_MTM (eq. 12), its last three terms over the triplets whose positive has the anchor's class."""
        params, label = self.params, batch["label"]  # [B, 3]
        anchor, negative = self._micro(modules, batch, rng)
        positive, known = self._macro(modules, batch)
        classified = self._classified(modules, anchor, label[:, 0])
        apart = distance(anchor, positive) - distance(anchor, negative) + params.margin
        guidance = params.triplet_weight * (apart.relu() * (label[:, 2] != label[:, 0]))  # eq. 6
        guidance = guidance + params.inequality_weight * (classified - known).relu()  # eq. 11
        if params.adversarial_weight:
            guidance = guidance + params.adversarial_weight * F.softplus(-modules.discriminator(anchor))  # eq. 9
        return classified.mean() + of_those(guidance, label[:, 0] == label[:, 1])

    def discriminator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """L_D (eq. 8)."""
        anchor, _ = self._micro(modules, batch, rng)
        positive, _ = self._macro(modules, batch)
        true, false = modules.discriminator(positive), modules.discriminator(anchor.detach())
        label = batch["label"]
        return of_those(F.softplus(-true) + F.softplus(false), label[:, 0] == label[:, 1])

    def _micro(self, modules: Modules, batch: Batch, rng: Stream) -> tuple[Tensor, Tensor]:
        """f_anc^e and f_neg^e, both [B, F]."""
        pair = {name: torch.cat([batch[name][:, 0], batch[name][:, 2]]) for name in self.inputs}
        anchor, negative = modules.encoder(self._face(pair, rng))[0].chunk(2)
        return anchor, negative

    def _macro(self, modules: Modules, batch: Batch) -> tuple[Tensor, Tensor]:
        """f_pos^e, [B, F], and MacroNet's own cross-entropy of its class, [B]."""
        with torch.no_grad():
            positive = modules.macro_encoder(scaled(batch["apex"][:, 1]))[0]
            known = F.cross_entropy(modules.macro_classifier(positive), batch["label"][:, 1], reduction="none")
        return positive, known

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """The mean over a clip's frames of their softmax."""
        one = self.params.seen == "apex"
        frames = batch["apex"][:, None] if one else batch["around_apex"].movedim(2, 1)  # [B, 5, 3, H, H]
        expression, _ = modules.encoder(scaled(frames.flatten(0, 1)))
        return modules.classifier(expression).softmax(1).unflatten(0, frames.shape[:2]).mean(1)


def distance(one: Tensor, other: Tensor) -> Tensor:
    """[B]: the Euclidean distance of [B, ...] to [B, ...], not squared."""
    return ((one - other).flatten(1).square().sum(1) + TINY).sqrt()


def of_those(values: Tensor, counted: Tensor) -> Tensor:
    """The mean of values [B] where `counted` bool[B]; 0 where nothing is."""
    share = counted.to(values.dtype)
    return (values * share).sum() / share.sum().clamp(min=1)


def triplets(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """int64[S, B, 3]: a micro-expression in shuffled order, a strong one of its class, a micro-expression of another.

    Where no strong one has its class, the positive is of another class; where there is but one class, the negative is
    of the same: by their labels a loss knows.
    """
    label = targets["label"]
    micro, macro = (np.flatnonzero(targets["macro"] == kind) for kind in (0, 1))
    if not len(macro):
        raise StoreError("guidance must have macro-expressions of the protocol's classes, not none")
    anchor = among("macro", False, shuffled)(targets, steps, batch, rng)
    made = np.stack([anchor, np.empty_like(anchor), np.empty_like(anchor)], -1)
    for one in np.unique(label[micro]):
        where = label[anchor] == one
        for place, pool, wanted in ((1, macro, label[macro] == one), (2, micro, label[micro] != one)):
            made[where, place] = rng.choice(pool[wanted] if wanted.any() else pool, int(where.sum()))
    return made
