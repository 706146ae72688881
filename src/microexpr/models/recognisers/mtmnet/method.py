"""MTMNet's losses, phases and scores. No folds, files or devices come in.

Shapes: B clips, images [B, 3, H, H], W `width`, F `features`, I `identities`, C classes. Index 0, 1, 2 of a triplet:
anchor, positive, negative (Sec. 3.2.1).
"""

from functools import partial
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.core.errors import ParamsError
from microexpr.models import base
from microexpr.models.augmentation import to_unit_range
from microexpr.models.base import Batch, ClipTensors, Modules, NetworkMethod, Phase, Shapes, Statistics, Targets, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.pretrained import load
from microexpr.models.layers.resnet18 import WIDTH
from microexpr.models.pretrained_weights import RESNET18
from microexpr.models.recognisers.mtmnet.networks import DOWNSAMPLING, Decoder, Discriminator, Encoder
from microexpr.models.recognisers.mtmnet.triplets import distance, masked_mean, triplets
from microexpr.models.samplers import micro_only

FRAMES = 5  # around the apex
MACRONET_PARAMS = (  # the params that MacroNet depends on
    *("macro_source", "image_size", "width", "features", "identities", "disentangle", "precision"),
    *("initialisation", "population"),
    *("reconstruction_weight", "similarity_weight", "identity_weight", "batch", "lr", "decoder_lr", "identity_lr"),
)
GUIDANCE_PARAMS = {  # the params that pretraining does not depend on
    *("macro_source", "macro_epochs", "epochs", "guidance_lr"),
    *("triplet_weight", "adversarial_weight", "inequality_weight", "margin"),
}
UNGUIDED = {"triplet_weight": 0.0, "adversarial_weight": 0.0, "inequality_weight": 0.0, "epochs": 0}
NO_SUBJECT = -1  # padding where fewer subjects train than the identity classifier has outputs
SHARED = ("encoder", "classifier")  # modules of MacroNet that guidance uses


class Mtmnet(NetworkMethod):
    """A network on frames around the apex (MicroNet), fine-tuned with a teacher of macro-expressions (MacroNet).

    From the paper: EIDNet's four parts and losses, guidance by triplets, discriminator and loss inequality, their
    weights, the rates. Ours, where it is silent: Adam, batches, sizes of embeddings, decoder and discriminator, the
    margin, linear classifiers, the epochs of pretraining; docs/mtmnet.md lists them. A clip whose class has no
    macro-expressions only trains the class.
    """

    paper = "Xia, Wang, Wang and Chen, Learning from macro-expression, ACM Multimedia 2020"
    weights = RESNET18

    class Params(base.Params):
        macro_source: Literal["ckplus", "mmi", "oulu_casia"] = Field("ckplus", description="data set of MacroNet")
        image_size: int = Field(224, ge=32, le=448, multiple_of=DOWNSAMPLING, description="pixels, side of the faces")
        width: int = Field(WIDTH, ge=2, le=256, description="channels of ResNet-18's first stage")
        features: int = Field(256, ge=2, le=2048, description="of the expression, and as many of the identity")
        identities: int = Field(160, ge=2, le=4096, description="outputs of the identity classifier, one per subject")
        initialisation: base.Initialisation = Field(
            "published", description="scratch | ImageNet's weights where they are present and fit | the population's"
        )
        input_mode: Literal["around_apex", "apex"] = Field(
            "around_apex", description="five frames of a clip, or its apex"
        )
        disentangle: bool = Field(True, description="pretrain both networks by L_EID; false: by L_c alone")
        reconstruction_weight: float = Field(
            0.1, ge=0, le=100, description="lambda_1,1 of eq. 5, of a norm over all pixels"
        )
        similarity_weight: float = Field(0.1, ge=0, le=100, description="lambda_1,2 of eq. 5")
        identity_weight: float = Field(0.1, ge=0, le=100, description="lambda_1,3 of eq. 5")
        triplet_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,1 of eq. 12; 0: without L_tri")
        adversarial_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,2 of eq. 12; 0: without L_adv")
        inequality_weight: float = Field(1e-3, ge=0, le=100, description="lambda_2,3 of eq. 12; 0: without L_LIR")
        margin: float = Field(1.0, ge=0, le=100, description="m of eq. 6")
        macro_epochs: int = Field(20, ge=1, le=2000, description="of MacroNet, once for all folds; ours")
        pretrain_epochs: int = Field(20, ge=1, le=2000, description="of MicroNet without guidance; ours")
        epochs: int = Field(20, ge=0, le=2000, description="of MicroNet with guidance; 0: pretraining alone")
        repeats: int = Field(
            FRAMES, ge=1, le=FRAMES, description="samples of a clip in an epoch, each of a random frame"
        )
        batch: int = Field(32, ge=2, le=1024, description="clips, or triplets, in a step")
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's learning rate of encoder and classifier in pretraining")
        decoder_lr: float = Field(1e-5, gt=0, le=1, description="Adam's learning rate of the decoder")
        identity_lr: float = Field(1e-4, gt=0, le=1, description="Adam's learning rate of the identity classifier")
        guidance_lr: float = Field(1e-5, gt=0, le=1, description="Adam's learning rate with guidance")

    params: Params

    def __init__(self, params: Params, classes: int = base.CLASSES):
        super().__init__(params, classes)
        self.guided = bool(params.triplet_weight or params.adversarial_weight or params.inequality_weight)
        self.macro = self.guided

    @property
    def inputs(self) -> Shapes:
        side = self.params.image_size
        shapes: Shapes = {"onset": (3, side, side), "apex": (3, side, side)}
        return shapes | ({"around_apex": (3, FRAMES, side, side)} if self.params.input_mode == "around_apex" else {})

    def weights_fit(self) -> bool:
        return self.params.width == WIDTH

    def pretraining(self) -> "Mtmnet | None":
        """Return MacroNet: this network without guidance, on pairs of onset and apex."""
        if not self.guided:
            return None
        single_frames = {"input_mode": "apex", "repeats": 1, "pretrain_epochs": self.params.macro_epochs}
        shared = {name: getattr(self.params, name) for name in MACRONET_PARAMS}
        return Mtmnet(Mtmnet.Params.model_validate(shared | UNGUIDED | single_frames), self.classes)

    def population_params(self) -> dict[str, Any]:
        """Return the params without guidance, since nobody in the population is guided."""
        unguided = {name: self.Params.model_fields[name].default for name in GUIDANCE_PARAMS} | UNGUIDED
        return super().population_params() | unguided | self.params.population

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
        return Encoder(self.params.width, self.params.features), nn.Linear(self.params.features, self.classes)

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
        pretraining = self._phase(
            [Update(self.eid_loss, optimisers), *identity_updates], params.pretrain_epochs, micro_only
        )
        if not params.epochs:
            return [pretraining]
        slow = partial(adam, lr=params.guidance_lr)
        guided = [Update(self.discriminator_loss, {"discriminator": slow})] if params.adversarial_weight else []
        guided.append(Update(self.mtm_loss if self.guided else self.class_loss, dict.fromkeys(SHARED, slow)))
        return [pretraining, self._phase(guided, params.epochs, triplets if self.guided else micro_only)]

    def shared_prefix(self) -> dict[str, Any] | None:
        return self.params.model_dump(mode="json", exclude=GUIDANCE_PARAMS) if self.params.epochs else None

    def _phase(self, updates: list[Update], epochs: int, sample: base.Sampler) -> Phase:
        """Return a phase whose steps have `batch` clips and whose epochs sample each clip `repeats` times."""
        size = self.params.batch

        def sample_full_batches(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
            return sample(targets, steps, size, rng)

        return Phase(updates, epochs, -(-size // self.params.repeats), sample_full_batches)

    def eid_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_EID for encoder, classifier and decoder (eq. 5); without `disentangle` L_c alone."""
        params, face = self.params, self._sample_face(batch, rng)
        if not params.disentangle:
            return self._class_losses(modules, modules.encoder(face)[0], batch["label"]).mean()
        (expression, _), (identity, neutral) = self._disentangle(modules, face, to_unit_range(batch["onset"]))
        reconstruction = modules.decoder(expression, neutral)
        loss = self._class_losses(modules, expression, batch["label"]).mean()
        loss = loss + params.reconstruction_weight * distance(face, reconstruction).mean()  # eq. 2
        loss = loss + params.similarity_weight * distance(identity, neutral).mean()  # eq. 1
        return loss - params.identity_weight * self._identity_cross_entropy(modules, expression, batch, statistics)

    def identity_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_s for the identity classifier (eq. 3)."""
        (expression, _), _ = self._disentangle(modules, self._sample_face(batch, rng), to_unit_range(batch["onset"]))
        return self._identity_cross_entropy(modules, expression.detach(), batch, statistics)

    @staticmethod
    def _disentangle(
        modules: Modules, face: Tensor, onset: Tensor
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return expressions and identities of the face and of the neutral face: (f_E^e, f_N^e), (f_E^s, f_N^s)."""
        expression, identity = (features.chunk(2) for features in modules.encoder(torch.cat([face, onset])))
        return expression, identity

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
        if self.params.input_mode == "apex":
            return to_unit_range(batch["apex"])
        frames = batch["around_apex"]
        index = (rng.uniform(len(frames)) * FRAMES).long()
        return to_unit_range(frames.take_along_dim(index[:, None, None, None, None], 2)[:, :, 0])

    @staticmethod
    def _class_losses(modules: Modules, expression: Tensor, label: Tensor) -> Tensor:
        """Return the cross-entropy [B] of MicroNet's classes (eq. 4, eq. 10)."""
        return F.cross_entropy(modules.classifier(expression), label, reduction="none")

    def class_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_cls alone."""
        expression, _ = modules.encoder(self._sample_face(batch, rng))
        return self._class_losses(modules, expression, batch["label"]).mean()

    def mtm_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_MTM (eq. 12), its last three terms over the triplets whose positive has the anchor's class."""
        params, label = self.params, batch["label"]  # [B, 3]
        anchor, negative = self._micro_features(modules, batch, rng)
        positive, macronet_losses = self._macro_features(modules, batch)
        losses = self._class_losses(modules, anchor, label[:, 0])
        excess = distance(anchor, positive) - distance(anchor, negative) + params.margin
        guidance = params.triplet_weight * (excess.relu() * (label[:, 2] != label[:, 0]))  # eq. 6
        guidance = guidance + params.inequality_weight * (losses - macronet_losses).relu()  # eq. 11
        if params.adversarial_weight:
            guidance = guidance + params.adversarial_weight * F.softplus(-modules.discriminator(anchor))  # eq. 9
        return losses.mean() + masked_mean(guidance, label[:, 0] == label[:, 1])

    def discriminator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return L_D (eq. 8)."""
        anchor, _ = self._micro_features(modules, batch, rng)
        positive, _ = self._macro_features(modules, batch)
        true, false = modules.discriminator(positive), modules.discriminator(anchor.detach())
        label = batch["label"]
        return masked_mean(F.softplus(-true) + F.softplus(false), label[:, 0] == label[:, 1])

    def _micro_features(self, modules: Modules, batch: Batch, rng: Stream) -> tuple[Tensor, Tensor]:
        """Return f_anc^e and f_neg^e, both [B, F]."""
        pair = {name: torch.cat([batch[name][:, 0], batch[name][:, 2]]) for name in self.inputs}
        anchor, negative = modules.encoder(self._sample_face(pair, rng))[0].chunk(2)
        return anchor, negative

    def _macro_features(self, modules: Modules, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return f_pos^e [B, F], and MacroNet's cross-entropy of its class [B]."""
        with torch.no_grad():
            positive = modules.macro_encoder(to_unit_range(batch["apex"][:, 1]))[0]
            losses = F.cross_entropy(modules.macro_classifier(positive), batch["label"][:, 1], reduction="none")
        return positive, losses

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """Return the softmax averaged over a clip's frames."""
        single = self.params.input_mode == "apex"
        frames = batch["apex"][:, None] if single else batch["around_apex"].movedim(2, 1)  # [B, 5, 3, H, H]
        expression, _ = modules.encoder(to_unit_range(frames.flatten(0, 1)))
        return modules.classifier(expression).softmax(1).unflatten(0, frames.shape[:2]).mean(1)
