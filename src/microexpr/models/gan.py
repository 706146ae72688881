"""The recipe by which generators of clips are trained: critics, and every few steps the generators.

Shapes: B clips, K frames, A action units (17), images [n, 3, H, H] in -1..1. Intensities are FACS 0..5 outside of the
networks and 0..1 inside.
"""

from abc import abstractmethod
from functools import partial
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from microexpr.models import base
from microexpr.models.base import Batch, Modules, Phase, Shapes, Statistics, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.ganimation import INTENSITY_WEIGHT
from microexpr.models.recipe import half_and_half, linear_at_the_end
from microexpr.signals.aus import ACTION_UNITS


class Gan(base.Generator):
    """Base of generators of clips by action units, with Adam for all networks and a weight for each loss.

    Half of a batch are stills of macro-expressions, where there are any."""

    critics: ClassVar[tuple[str, ...]] = ("critic",)
    inference_modules: tuple[str, ...] = ("generator",)

    class Params(base.Params):
        image_size: Literal[16, 32, 64, 128] = Field(128, description="pixels, side of the faces")
        frames: int = Field(16, ge=2, le=64, description="of a clip, K")
        width: int = Field(64, ge=1, le=128, description="channels of the first layers")
        blocks: int = Field(6, ge=1, le=16, description="residual blocks of each generator")
        moves: bool = Field(False, description="one generator that warps the face and adds colours (ours)")
        initialisation: Literal["scratch", "shipped"] = Field(  # type: ignore[assignment]
            "scratch", description="of the generator with `moves`: random, or the shipped one's weights (ours)"
        )
        condition: Literal["intensity", "change"] = Field(
            "intensity", description="of the generators: target intensities, or their change from the input's (ours)"
        )
        target_noise: float = Field(
            0.1, ge=0, le=1, description="largest random change of another clip's target, as in GANimation's program"
        )
        adversarial_weight: float = Field(1.0, ge=0, le=1e5, description="of the realness of images; lambda_1 of eq. 9")
        attention_weight: float = Field(0.1, ge=0, le=1e5, description="of the mask's area; lambda_3")
        smooth_weight: float = Field(1e-4, ge=0, le=1e5, description="of the mask's variation, within lambda_3")
        intensity_weight: float = Field(
            INTENSITY_WEIGHT, ge=0, le=1e5, description="of the intensities that a critic predicts, a mean; lambda_4"
        )
        penalty_weight: float = Field(10.0, ge=0, le=1e5, description="of each critic's slope; lambda_gp")
        critic_steps: int = Field(5, ge=1, le=100, description="steps of the critics per step of the generators")
        epochs: int = Field(30, ge=1, le=2000, description="passes over the clips")
        decay_epochs: int = Field(10, ge=0, le=2000, description="last epochs, in which the rate falls linearly to 0")
        batch: int = Field(4, ge=2, le=256, description="clips in a step")
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's first learning rate, of all")

    @property
    def inputs(self) -> Shapes:
        size, frames, units = self.params.image_size, self.params.frames, len(ACTION_UNITS)
        shapes: Shapes = {"video": (3, frames, size, size), "au_intensities": (frames, units)}
        return shapes | ({"au_changes": (frames, units, 2)} if self.params.condition == "change" else {})

    def phases(self) -> list[Phase]:
        params = self.params
        adam = partial(torch.optim.Adam, lr=params.lr, betas=(0.5, 0.999))
        critics = Update(self.critic_loss, dict.fromkeys(self.critics, adam))
        generators = Update(self.generator_loss, dict.fromkeys(self.inference_modules, adam), params.critic_steps)
        schedule, clips = linear_at_the_end(params.epochs, params.decay_epochs), getattr(params, "clips", 0)
        return [Phase([critics, generators], params.epochs, params.batch, half_and_half, schedule, clips)]

    @abstractmethod
    def critic_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the critics' loss: real against synthesised, the penalty, and the intensities of real faces."""

    @abstractmethod
    def generator_losses(self, modules: Modules, batch: Batch, rng: Stream) -> dict[str, Tensor]:
        """Return the generators' losses, unweighted, by the names of their weights."""

    def generator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the weighted sum of `generator_losses` (AU-ICGAN's eq. 9)."""
        losses = self.generator_losses(modules, batch, rng)
        weighted = [getattr(self.params, f"{name}_weight") * loss for name, loss in losses.items()]
        return torch.stack(weighted).sum()
