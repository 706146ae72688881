"""NMER: ResNet-18 on flow, two halves of the face, micro- and macro-expressions. No folds, files or devices come in.

Shapes: B clips, flow [B, 3, H, H] of u, v and strain, W `width`, feature maps [B, 8 W, h, h], F `features`, C classes.
`macro` int64[B] is 1 for macro-expressions, which are only trained on.
"""

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, Phase, Statistics, Update
from microexpr.models.classifier import Classifier, ClipsPerStep, Epochs, Mirror, mirror_flow, moments, normalise_flow
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.portable import square_root
from microexpr.models.layers.pretrained import WIDTH, ResNet18, load
from microexpr.models.pretrained_weights import RESNET18
from microexpr.models.recipe import in_steps, mirror_share

UPPER_SHARE = 3 / 7  # of the feature maps' rows is the upper half of the face
DROPOUT = 0.1  # of a half's features
DISCRIMINATOR_HIDDEN, DISCRIMINATOR_DROPOUT = (64, 32), 0.5  # units of its hidden layers, and their dropout


class Heads(nn.Module):
    """Features of the face's upper and lower half, and three classifiers: of both together and of each half."""

    def __init__(self, channels: int, features: int, classes: int):
        super().__init__()
        self.upper, self.lower = nn.Linear(channels, features), nn.Linear(channels, features)
        self.classify = nn.ModuleList(nn.Linear(size, classes) for size in (2 * features, features, features))

    def forward(self, maps: Tensor, rng: Stream | None = None) -> tuple[Tensor, list[Tensor]]:
        """[B, 8 W, h, h] -> features [B, 2 F]; scores [B, C] of both halves, the upper and the lower one"""
        rows = max(1, round(UPPER_SHARE * maps.shape[2]))
        pooled = (maps[:, :, :rows].mean((2, 3)), maps[:, :, rows:].mean((2, 3)))
        halves = [
            dropout(layer(half).tanh(), DROPOUT, rng)
            for layer, half in zip((self.upper, self.lower), pooled, strict=True)
        ]
        both = torch.cat(halves, 1)
        return both, [layer(x) for layer, x in zip(self.classify, (both, *halves), strict=True)]


class Discriminator(nn.Module):
    """A logit of whether features are of a micro-expression."""

    def __init__(self, features: int):
        super().__init__()
        sizes = (features, *DISCRIMINATOR_HIDDEN)
        self.hidden = nn.ModuleList(map(nn.Linear, sizes, DISCRIMINATOR_HIDDEN))
        self.score = nn.Linear(DISCRIMINATOR_HIDDEN[-1], 1)

    def forward(self, x: Tensor, rng: Stream) -> Tensor:
        """[B, 2 F] -> [B]"""
        for layer in self.hidden:
            x = dropout(layer(x).relu(), DISCRIMINATOR_DROPOUT, rng)
        return self.score(x)[:, 0]


class Nmer(Classifier):
    """Recognition of magnified micro- and reduced macro-expressions by features that do not distinguish the two.

    From the authors' released code: ResNet-18 on onset-to-apex flow, its 7 rows of maps split after the third, 64
    features (tanh) of each half, three classifiers, a discriminator against which the features are trained, Adam's
    rates, epochs and batch, and the reduction: a macro-expression's movement is halved. ImageNet's weights
    initialise the trunk if they are present.
    Ours: flow as u, v and strain, where theirs is an image of hues; the flow itself is reduced, or magnified by the
    factor that gives both kinds the same mean length over the fold's training clips, where theirs magnify video;
    a constant weight of the adversarial loss, where theirs rises in training; class weights, mirrored clips; all rates
    are halved every `halve_epochs`; no gradient is clipped."""

    paper = "Liu, Du, Zheng and Gedeon, A neural micro-expression recognizer, FG 2019"
    pictures = {"flow": 3}
    macro = True
    recordings = ("micro", "macro")
    weights, published_params = RESNET18, {"width": WIDTH}

    class Params(base.Params):
        image_size: int = Field(224, ge=33, le=448, description="pixels, side of the flow")
        width: int = Field(WIDTH, ge=2, le=256, description="channels of ResNet-18's first stage")
        features: int = Field(64, ge=2, le=1024, description="of each half of the face")
        initialisation: base.Published = "published"
        reduction: float = Field(0.5, gt=0, le=1, description="factor on a macro-expression's movement")
        adversarial_weight: float = Field(1.0, ge=0, le=10, description="of the discriminator's loss")
        epochs: Epochs = 100
        batch: ClipsPerStep = 32
        trunk_lr: float = Field(1e-5, gt=0, le=1, description="Adam's first learning rate for ResNet-18")
        lr: float = Field(1e-3, gt=0, le=1, description="Adam's first learning rate for all else")
        weight_decay: float = Field(1e-6, ge=0, le=1, description="Adam's")
        halve_epochs: int = Field(10, ge=1, le=2000, description="epochs after which the rates are halved")
        mirror: Mirror = 0.5

    takes_several = True

    def statistics(self, train: ClipTensors) -> Statistics:
        flow, macro = train.inputs["flow"], train.targets["macro"] == 1
        length = square_root(flow[:, :2].square().sum(1)).mean((1, 2))  # mean movement of each clip
        factor = self.params.reduction * length[macro].mean() / length[~macro].mean().clamp(min=1e-6)
        statistics = {"magnification": factor, "class_weights": self.label_weights(train.targets)}
        return statistics | moments(self._equalise(flow, train.targets["macro"], statistics), 1)

    def _equalise(self, flow: Tensor, macro: Tensor, statistics: Statistics) -> Tensor:
        """Magnify micro-expressions and reduce macro-expressions to movements of similar size."""
        factor = torch.where(macro == 1, self.params.reduction, statistics["magnification"])
        return flow * factor[:, None, None, None]

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        trunk = ResNet18(self.params.width)
        if self.published_weights:
            load(trunk, self.published_weights, RESNET18.files[0])
        heads = Heads(trunk.out_channels, self.params.features, self.classes)
        return {"trunk": trunk, "heads": heads, "discriminator": Discriminator(2 * self.params.features)}

    def phases(self) -> list[Phase]:
        params, adam = self.params, self.optimiser()
        updates = [
            Update(self.loss, {"trunk": self.optimiser(params.trunk_lr), "heads": adam}),
            Update(self.discriminator_loss, {"discriminator": adam}),
        ]
        return [Phase(updates, params.epochs, params.batch, schedule=in_steps(0.5, params.epochs, params.halve_epochs))]

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the cross-entropy of all three classifiers, minus the weighted loss of the discriminator."""
        features, all_scores = self._train(modules, batch, statistics, rng)
        losses = [self.label_loss(scores, batch, statistics) for scores in all_scores]
        return sum(losses) - self.params.adversarial_weight * self._micro_or_macro_loss(modules, features, batch, rng)

    def discriminator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the discriminator's own loss, without a gradient to the features."""
        features, _ = self._train(modules, batch, statistics, rng)
        return self._micro_or_macro_loss(modules, features.detach(), batch, rng)

    def _train(
        self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream
    ) -> tuple[Tensor, list[Tensor]]:
        """Return `Heads` of the training clips: equalised, normalised, mirrored at random."""
        flow = normalise_flow(self._equalise(batch["flow"], batch["macro"], statistics), statistics)
        flow = mirror_share(flow, self.params.mirror, rng, mirror_flow)
        return modules.heads(modules.trunk(flow), rng)

    def _micro_or_macro_loss(self, modules: Modules, features: Tensor, batch: Batch, rng: Stream) -> Tensor:
        """Return the discriminator's cross-entropy between micro- and macro-expressions."""
        logit = modules.discriminator(features, rng)
        return F.binary_cross_entropy_with_logits(logit, 1 - batch["macro"].to(logit.dtype))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        flow = batch["flow"] * statistics["magnification"]  # test clips are micro-expressions
        return modules.heads(modules.trunk(normalise_flow(flow, statistics)))[1][0]
