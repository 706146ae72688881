"""FAMGAN: GANimation with separate target intensities for the halves of a face, from a driving clip.

Shapes: B clips, K frames, A action units (17), images [..., 3, H, H] in -1..1 inside the networks. Intensities are
FACS 0..5 outside of the networks and 0..1 inside.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models.base import Batch, Modules, Shapes, Statistics
from microexpr.models.counter_rng import Stream
from microexpr.models.gan import Gan
from microexpr.models.layers import ganimation, mover
from microexpr.models.layers.ganimation import attention_loss, intensity_loss, noise, realness_loss, signed_frames
from microexpr.signals.aus import ACTION_UNITS, LARGEST


class Famgan(Gan):
    """One generator of mask and colours, one critic of images and their action units.

    A step samples one frame of each clip; its targets are the intensities of the frame of a random clip in the batch.
    Ours: what the text leaves open, see docs/famgan.md. `macro`: stills of macro-expressions are also trained
    on, because micro-expressions alone have low intensities."""

    paper = "Xu et al., FAMGAN: Fine-grained AUs Modulation based GAN for Micro-Expression Generation, ACM MM, 2021"
    macro = True
    grouping = "all_groups"

    class Params(Gan.Params):
        relative_to: Literal["onset", "previous"] = Field(
            "onset", description="frame that eq. 3 takes the change from: as in the text, or as printed"
        )
        alpha: float = Field(
            0.1, ge=0, le=1, description="factor on the source's own intensities in eq. 3; 0 with condition: change"
        )
        cycle_weight: float = Field(10.0, ge=0, le=1e5, description="of the reconstruction of the input")
        epochs: int = Field(30, ge=1, le=10000, description="passes over the clips")
        decay_epochs: int = Field(10, ge=0, le=10000, description="last epochs, in which the rate falls linearly to 0")
        batch: int = Field(25, ge=2, le=256, description="clips in a step, of each of which one frame is sampled")

    @property
    def inputs(self) -> Shapes:
        return super().inputs | {"au_changes": (self.params.frames, len(ACTION_UNITS), 2)}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        network = mover.WarpGenerator if params.moves else ganimation.Generator
        return {
            "generator": network(params.width, params.blocks),
            "critic": ganimation.ImageCritic(params.image_size, params.width),
        }

    def sample_frames(self, batch: Batch, rng: Stream) -> tuple[Tensor, Tensor, Tensor]:
        """Sample one frame of each clip [B, 3, H, H]; return it, its intensities [B, A] and its targets [B, A]."""
        video = signed_frames(batch["video"])
        frames = video.shape[1]
        index = (rng.uniform(len(video)) * frames).long().clamp(max=frames - 1)
        one_hot = F.one_hot(index, frames).to(video.dtype)
        intensity = torch.einsum("bk,bka->ba", one_hot, batch["au_intensities"].to(video.dtype)) / LARGEST
        order = rng.uniform(len(video)).argsort()
        target = intensity[order] + noise(self.params.target_noise, intensity.shape, rng)
        return torch.einsum("bk,bkchw->bchw", one_hot, video), intensity, target

    def modify(self, modules: Modules, face: Tensor, intensity: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Give faces [B, 3, H, H] of known intensities [B, A] their targets; return them and masks [B, 1, H, H]."""
        return modules.generator(face, target - intensity if self.params.condition == "change" else target)

    def critic_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        real, intensity, target = self.sample_frames(batch, rng)
        with torch.no_grad():
            fake, _ = self.modify(modules, real, intensity, target)
        loss, predicted = realness_loss(modules.critic, real, fake, rng, self.params.penalty_weight)
        intensity_term = self.params.intensity_weight * intensity_loss(predicted, intensity)
        return self.params.adversarial_weight * loss + intensity_term

    def generator_losses(self, modules: Modules, batch: Batch, rng: Stream) -> dict[str, Tensor]:
        real, intensity, target = self.sample_frames(batch, rng)
        fake, mask = self.modify(modules, real, intensity, target)
        cycled, cycle_mask = self.modify(modules, fake, target, intensity)
        realness, predicted = modules.critic(fake)
        smooth = self.params.smooth_weight
        return {
            "adversarial": -realness.mean(),
            "cycle": F.l1_loss(cycled, real),
            "attention": attention_loss(mask, smooth) + attention_loss(cycle_mask, smooth),
            "intensity": intensity_loss(predicted, target),
        }

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        """Return zeros: the networks have no class scores."""
        return torch.zeros(len(batch["video"]), self.classes, device=batch["video"].device)

    @property
    def own_share(self) -> float:
        """The factor alpha of eq. 3; 0 where the generator is given changes, to which the source's own are none."""
        return 0.0 if self.params.condition == "change" else self.params.alpha

    def target_aus(self, source: Batch, driving: Batch) -> Tensor:
        """Return eq. 3: a share of the source's own intensities plus the driving clip's change, by side."""
        own_share, changes = self.own_share * source["au_intensities"][:, :1, :, None], driving["au_changes"]
        if self.params.relative_to == "previous":
            changes = changes.diff(dim=1, prepend=changes[:, :1])
        return (own_share + changes).clamp(0, LARGEST)

    def synthesise_clips(self, modules: Modules, neutral: Tensor, target: Tensor) -> Tensor:
        """Synthesise the face once with each side's targets and join the corresponding halves.

        A warp gets the targets of each column instead, and so computes a face once."""
        faces, count = signed_frames(neutral[:, :, None])[:, 0], target.shape[1]
        targets = (target / LARGEST).flatten(0, 1).to(faces.dtype)  # [B K, A, 2]
        if self.params.moves:
            frames, _ = modules.generator(faces, mover.by_column(targets, faces.shape[-1]))
        else:
            repeated = faces.repeat_interleave(count, 0)
            frames = join_halves(*(modules.generator(repeated, targets[..., side])[0] for side in (0, 1)))
        return (frames.unflatten(0, (-1, count)) + 1) / 2


def join_halves(left: Tensor, right: Tensor) -> Tensor:
    """Join images [..., W] that give the subject's left half (at the right of the image) and the right half.

    About the middle column they are blended as `mover.half_share` says."""
    share = mover.half_share(left.shape[-1], left)
    return share * left + (1 - share) * right
