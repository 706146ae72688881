"""FAMGAN: GANimation, asked for each half of a face what the same half of another person's does.

Shapes: B clips, K frames, A action units (17), images [..., 3, H, H] in -1..1 inside the networks. Intensities are
FACS 0..5 outside of the networks and 0..1 inside.
"""

from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, Modules, Phase, Shapes, Statistics, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.layers import ganimation, mover
from microexpr.models.layers.ganimation import attention_loss, intensity_loss, levels, penalty
from microexpr.models.samplers import halves
from microexpr.signals.aus import ACTION_UNITS, LARGEST

SEAM = 1 / 12  # of a face's width, over which its halves go into each other


class Famgan(base.Generator):
    """One generator of mask and colours, one critic of images and their action units.

    A step looks at one frame of each clip, drawn, and asks of it what a frame of the clip behind it in the batch shows.
    Ours: what the text leaves open, as docs/famgan.md lists it. `macro`: stills of strong expressions, without which
    little would be asked."""

    paper = "Xu et al., FAMGAN: Fine-grained AUs Modulation based GAN for Micro-Expression Generation, ACM MM, 2021"
    macro = True
    grouping = "all_groups"
    makes = ("generator",)

    class Params(base.Params):
        image_size: Literal[16, 32, 64, 128] = Field(128, description="pixels, side of the faces")
        frames: int = Field(16, ge=2, le=64, description="of a clip, one of which is looked at in a step")
        width: int = Field(64, ge=1, le=128, description="channels of the first layers")
        blocks: int = Field(6, ge=1, le=16, description="residual blocks of the generator")
        moves: bool = Field(False, description="the generator moves skin before it paints; else it is GANimation's")
        alpha: float = Field(0.1, ge=0, le=1, description="of the target's own intensities, of eq. 3")
        adversarial_weight: float = Field(1.0, ge=0, le=1e5, description="of the critic's realness")
        cycle_weight: float = Field(10.0, ge=0, le=1e5, description="of the way back to the face as it was")
        attention_weight: float = Field(0.1, ge=0, le=1e5, description="of the mask's area")
        smooth_weight: float = Field(1e-4, ge=0, le=1e5, description="of the mask's variation, within that")
        intensity_weight: float = Field(4000.0, ge=0, le=1e5, description="of the intensities that the critic reads")
        penalty_weight: float = Field(10.0, ge=0, le=1e5, description="of the critic's slope")
        critic_steps: int = Field(5, ge=1, le=100, description="steps of the critic to one of the generator")
        epochs: int = Field(30, ge=1, le=10000, description="passes over the clips")
        decay_epochs: int = Field(10, ge=0, le=10000, description="last ones, in which the rate falls to 0 in a line")
        batch: int = Field(25, ge=2, le=256, description="clips in a step")
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's first learning rate, of both")

    params: Params

    @property
    def inputs(self) -> Shapes:
        size, frames, units = self.params.image_size, self.params.frames, len(ACTION_UNITS)
        return {"video": (3, frames, size, size), "au_intensities": (frames, units), "au_changes": (frames, units, 2)}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        network = mover.Mover if params.moves else ganimation.Generator
        return {
            "generator": network(params.width, params.blocks),
            "critic": ganimation.ImageCritic(params.image_size, params.width),
        }

    def phases(self) -> list[Phase]:
        params = self.params
        adam = partial(torch.optim.Adam, lr=params.lr, betas=(0.5, 0.999))
        critic = Update(self.critic_loss, {"critic": adam})
        generator = Update(self.generator_loss, {"generator": adam}, params.critic_steps)
        return [Phase([critic, generator], params.epochs, params.batch, halves("macro"), self._decayed)]

    def _decayed(self, progress: float) -> float:
        return min(1.0, (1 - progress) * self.params.epochs / max(self.params.decay_epochs, 1))

    def drawn(self, batch: Batch, rng: Stream) -> tuple[Tensor, Tensor, Tensor]:
        """One frame of each clip [B, 3, H, H], its intensities [B, A], and those that are asked of it [B, A]."""
        film = levels(batch["video"])
        frames = film.shape[1]
        place = (rng.uniform(len(film)) * frames).long().clamp(max=frames - 1)
        picked = F.one_hot(place, frames).to(film.dtype)
        known = torch.einsum("bk,bka->ba", picked, batch["au_intensities"].to(film.dtype)) / LARGEST
        return torch.einsum("bk,bkchw->bchw", picked, film), known, known.roll(1, 0)

    def critic_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Real from made, the slope between them, and the intensities of the real ones."""
        real, known, asked = self.drawn(batch, rng)
        with torch.no_grad():
            fake, _ = modules.generator(real, asked)
        realness, found = modules.critic(real)
        steep = penalty(lambda x: modules.critic(x)[0], real, fake, rng.uniform(len(real)))
        loss = modules.critic(fake)[0].mean() - realness.mean() + self.params.penalty_weight * steep.mean()
        return self.params.adversarial_weight * loss + self.params.intensity_weight * intensity_loss(found, known)

    def generator_losses(self, modules: Modules, batch: Batch, rng: Stream) -> dict[str, Tensor]:
        """Unweighted, by the names of their weights."""
        real, known, asked = self.drawn(batch, rng)
        made, mask = modules.generator(real, asked)
        back, mask_back = modules.generator(made, known)
        realness, found = modules.critic(made)
        smooth = self.params.smooth_weight
        return {
            "adversarial": -realness.mean(),
            "cycle": F.l1_loss(back, real),
            "attention": attention_loss(mask, smooth) + attention_loss(mask_back, smooth),
            "intensity": intensity_loss(found, asked),
        }

    def generator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        losses = self.generator_losses(modules, batch, rng)
        weighted = [getattr(self.params, f"{name}_weight") * loss for name, loss in losses.items()]
        return torch.stack(weighted).sum()

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """Of no use: it tells no classes apart."""
        return torch.zeros(len(batch["video"]), self.classes, device=batch["video"].device)

    def asked(self, face: Batch, moves: Batch) -> Tensor:
        """Eq. 3: a little of the target's own intensities, and the other's change since its onset, side by side."""
        own = face["au_intensities"][:, :1, :, None]
        return (self.params.alpha * own + moves["au_changes"]).clamp(0, LARGEST)

    def sequence(self, modules: Modules, neutral: Tensor, asked: Tensor) -> Tensor:
        """A face as its left half moves and one as its right half does, of which each gives its half."""
        faces = levels(neutral[:, :, None]).expand(-1, asked.shape[1], -1, -1, -1)
        left, right = (
            modules.generator(faces.flatten(0, 1), (asked[..., side] / LARGEST).flatten(0, 1).to(faces.dtype))[0]
            for side in (0, 1)
        )
        return (halved(left, right).view_as(faces) + 1) / 2


def halved(left: Tensor, right: Tensor) -> Tensor:
    """Images [..., W] of which one gives the subject's left half, at the right of a picture, the other the right one;
    about the middle column one goes into the other, a smooth step over `SEAM` of the width."""
    width = left.shape[-1]
    away = (torch.arange(width, dtype=left.dtype, device=left.device) + 0.5) / width - 0.5
    share = (away / SEAM + 0.5).clamp(0, 1)
    share = share * share * (3 - 2 * share)
    return share * left + (1 - share) * right
