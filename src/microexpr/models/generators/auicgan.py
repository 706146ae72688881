"""AU-ICGAN: a clip from a neutral face and action-unit intensities; critics of its frames and of the sequence.

Shapes: B clips, K frames, C classes, A action units (17), images [..., 3, H, H] in -1..1 inside the networks, n = B K.
Intensities are FACS 0..5 outside of the networks and 0..1 inside.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, Modules, Statistics
from microexpr.models.counter_rng import Stream
from microexpr.models.gan import Gan
from microexpr.models.labels import SeveralLabels, weighted_mean
from microexpr.models.layers import ganimation, mover
from microexpr.models.layers.ganimation import SLOPE, ImageCritic, SingleHeadGenerator, intensity_loss, signed_frames
from microexpr.signals.aus import LARGEST

WINDOW, SPREAD = 11, 1.5  # of SSIM's Gaussian, pixels (Wang et al. 2004)
STEADY = (0.01**2, 0.03**2)  # of SSIM, for values in 0..1


class VideoCritic(nn.Module):
    """3D convolutions with two heads: realness of the sequence (D_S), and its class (D_ME)."""

    def __init__(self, image_size: int, width: int, classes: int):
        super().__init__()
        widths = [3, *(width * 2**level for level in range(image_size.bit_length() - 3))]  # down to 4x4
        layers = [
            (nn.Conv3d(before, after, (3, 4, 4), 2, 1), nn.LeakyReLU(SLOPE)) for before, after in pairwise(widths)
        ]
        self.trunk = nn.Sequential(*(layer for pair in layers for layer in pair))
        self.realness = nn.Conv3d(widths[-1], 1, 3, 1, 1, bias=False)
        self.emotion = nn.Linear(widths[-1], classes)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """[B, K, 3, H, H] -> realness [B], class scores [B, C]"""
        features = self.trunk(frames.movedim(1, 2))
        return self.realness(features).mean((1, 2, 3, 4)), self.emotion(features.mean((2, 3, 4)))


def emotion_loss(scores: Tensor, label: Tensor) -> Tensor:
    """Return eq. 7, [B]: squared distance of class probabilities to the label, from scores [B, C] and int64[B]."""
    return (scores.softmax(1) - F.one_hot(label, scores.shape[1])).square().sum(1)


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """Return the mean structural similarity [n] of images [n, 3, H, H] in -1..1, H at least 11 (Wang et al. 2004)."""
    offset = torch.arange(WINDOW, dtype=first.dtype, device=first.device) - WINDOW // 2
    weight = (-offset.square() / (2 * SPREAD**2)).exp()
    weight = weight / weight.sum()

    def local_mean(x: Tensor) -> Tensor:
        """Return the Gaussian mean around each pixel with its window inside the image."""
        by_column = F.conv2d(x.flatten(0, 1)[:, None], weight.view(1, 1, -1, 1))
        by_both = F.conv2d(by_column, weight.view(1, 1, 1, -1))
        return by_both.view(*x.shape[:2], *(side - WINDOW + 1 for side in x.shape[2:]))

    levels = [(image + 1) / 2 for image in (first, second)]
    means = [image.mean((2, 3), keepdim=True) for image in levels]  # subtracted, else rounding counts as variance
    x, y = (image - mean for image, mean in zip(levels, means, strict=True))
    local_x, local_y = local_mean(x), local_mean(y)
    variances = local_mean(x * x) + local_mean(y * y) - local_x.square() - local_y.square()
    covariance = local_mean(x * y) - local_x * local_y
    mean_x, mean_y = local_x + means[0], local_y + means[1]
    luminance = (2 * mean_x * mean_y + STEADY[0]) / (mean_x.square() + mean_y.square() + STEADY[0])
    return (luminance * (2 * covariance + STEADY[1]) / (variances + STEADY[1])).mean((1, 2, 3))


@dataclass(frozen=True, eq=False)
class TargetBatch:
    """Clips, and the target intensities of each: its own, or those of a random clip of the batch."""

    frames: Tensor  # [B, K, 3, H, H] of the clips themselves
    is_own: Tensor  # float[B]: 1 where the targets are the clip's own intensities
    intensity: Tensor  # [B, K, A], the targets, in 0..1 but for noise
    neutral_intensity: Tensor  # [B, A] in 0..1, of the clip's neutral frame
    label: Tensor  # int64[B], class of the clip that the targets are from
    is_micro: Tensor  # float[B]: 1 for a micro-expression, 0 for a repeated still
    target_is_micro: Tensor  # float[B]: the same for the clip that the targets are from

    def flat_intensities(self) -> tuple[Tensor, Tensor]:
        """Return the targets, and the neutral frames' intensities: both [B K, A]."""
        neutral = self.neutral_intensity[:, None].expand_as(self.intensity)
        return self.intensity.flatten(0, 1), neutral.flatten(0, 1)


class Auicgan(Gan):
    """Generators of an attention mask and of colours for each frame; critics of frames and of sequences.

    Ours: what the text leaves open, see docs/augacn.md. `macro`: stills of macro-expressions, repeated to K frames,
    are also source faces and train the image critic; the sequence critic ignores them."""

    paper = (
        "Xie et al., AU-assisted Graph Attention Convolutional Network for Micro-Expression Recognition, ACM MM, 2020"
    )
    critics = ("image_critic", "video_critic")
    inference_modules: tuple[str, ...] = ("attention", "colour")

    class Params(Gan.Params):
        own_share: float = Field(
            0.5, ge=0, le=1, description="share of clips with their own intensities as targets; others have another's"
        )
        ssim_to: Literal["truth", "input"] = Field(
            "truth",
            description="truth: true frames where a clip's own intensities are the targets, else its neutral frame",
        )
        consistency_weight: float = Field(10.0, ge=0, le=1e5, description="lambda_2")
        ssim_weight: float = Field(1.0, ge=0, le=1e5, description="lambda_5")
        emotion_weight: float = Field(1.0, ge=0, le=1e5, description="lambda_6")
        sequence_weight: float = Field(1.0, ge=0, le=1e5, description="lambda_7")
        stills: bool = Field(True, description="whether it also learns from pictures of macro-expressions")
        clips: int = Field(0, ge=0, le=100_000, description="clips in a pass, at most (ours); 0: all")

    def __init__(self, params: Params, classes: int = base.CLASSES, several: SeveralLabels | None = None):
        super().__init__(params, classes, several)
        self.macro = params.stills
        if params.moves:
            self.inference_modules = ("generator",)

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        size, width, blocks = self.params.image_size, self.params.width, self.params.blocks
        generators: dict[str, nn.Module] = (
            {"generator": mover.WarpGenerator(width, blocks)}
            if self.params.moves
            else {
                "attention": SingleHeadGenerator(width, blocks, 1, nn.Sigmoid()),
                "colour": SingleHeadGenerator(width, blocks, 3, nn.Tanh()),
            }
        )
        return generators | {
            "image_critic": ImageCritic(size, width),
            "video_critic": VideoCritic(size, width, self.classes),
        }

    def assign_targets(self, batch: Batch, rng: Stream) -> TargetBatch:
        """Sample the source of each clip's intensities in the batch; clips marked `macro` are stills."""
        frames = signed_frames(batch["video"])
        is_own = (rng.uniform(len(frames)) < self.params.own_share).to(frames.dtype)
        order = rng.uniform(len(frames)).argsort()
        intensity = batch["au_intensities"].to(frames.dtype) / LARGEST
        is_micro = 1 - batch["macro"].to(frames.dtype)
        target = intensity
        if self.params.condition == "change":  # from the clip's own neutral face
            target = intensity[:, :1] + batch["au_changes"].to(frames.dtype).mean(-1) / LARGEST
        other = target[order] + ganimation.noise(self.params.target_noise, intensity[:, :1].shape, rng)
        if self.params.condition == "change":
            other = other + intensity[:, :1] - intensity[order, :1]

        def own_or(values: Tensor, others: Tensor) -> Tensor:
            return torch.where(is_own.view(-1, *(1 for _ in values.shape[1:])) > 0, values, others)

        return TargetBatch(
            frames,
            is_own,
            own_or(target, other),
            intensity[:, 0],
            own_or(batch["label"], batch["label"][order]),
            is_micro,
            own_or(is_micro, is_micro[order]),
        )

    def modify(self, modules: Modules, faces: Tensor, target: Tensor, current: Tensor) -> tuple[Tensor, Tensor]:
        """Give faces [n, 3, H, H] with intensities `current` the targets [n K, A], K of each face in turn.

        Return n K faces and masks [n K, 1, H, H]. `current` is [n K, A] too, or may be broadcast."""
        condition = target - current if self.params.condition == "change" else target
        if self.params.moves:
            return modules.generator(faces, condition)
        faces = mover.repeat(faces, len(target))
        mask = modules.attention(faces, condition)
        return ganimation.compose(mask, modules.colour(faces, condition), faces), mask

    def critic_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the critics' part of eq. 9: real against synthesised, intensities and class of the real clips."""
        params, targets = self.params, self.assign_targets(batch, rng)
        real = targets.frames.flatten(0, 1)
        with torch.no_grad():
            fake, _ = self.modify(modules, targets.frames[:, 0], *targets.flat_intensities())
        fake_clips = fake.view_as(targets.frames)

        frames, predicted = ganimation.realness_loss(modules.image_critic, real, fake, rng, params.penalty_weight)
        real_clip, emotion = modules.video_critic(targets.frames)
        share = rng.uniform(len(targets.frames))
        slope = ganimation.penalty(lambda x: modules.video_critic(x)[0], targets.frames, fake_clips, share)
        fake_clip = modules.video_critic(fake_clips)[0]
        sequences = weighted_mean(fake_clip, targets.target_is_micro) - weighted_mean(real_clip, targets.is_micro)
        both_micro = targets.is_micro * targets.target_is_micro
        sequences = sequences + params.penalty_weight * weighted_mean(slope, both_micro)  # eq. 8

        known_intensity = batch["au_intensities"].to(predicted.dtype).flatten(0, 1) / LARGEST
        loss = params.adversarial_weight * frames + params.sequence_weight * sequences
        loss = loss + params.intensity_weight * intensity_loss(predicted, known_intensity)
        emotion_losses = emotion_loss(emotion, batch["label"])
        return loss + params.emotion_weight * weighted_mean(emotion_losses, targets.is_micro)

    def generator_losses(self, modules: Modules, batch: Batch, rng: Stream) -> dict[str, Tensor]:
        """Return the seven terms of eq. 9; that of SSIM, eq. 6, is summed over frames."""
        targets = self.assign_targets(batch, rng)
        neutral = targets.frames[:, :1].expand_as(targets.frames)  # the first frames, repeated
        intensity, neutral_intensity = targets.flat_intensities()
        fake, mask = self.modify(modules, targets.frames[:, 0], intensity, neutral_intensity)
        cycled, cycle_mask = self.modify(modules, fake, neutral_intensity, intensity)
        realness, predicted = modules.image_critic(fake)
        clip_realness, emotion = modules.video_critic(fake.view_as(targets.frames))
        smooth, expected = self.params.smooth_weight, neutral
        if self.params.ssim_to == "truth":
            expected = torch.where(targets.is_own.view(-1, 1, 1, 1, 1) > 0, targets.frames, expected)
        unlike = (1 - ssim(fake, expected.flatten(0, 1))).view(targets.frames.shape[:2])
        return {
            "adversarial": -realness.mean(),
            "consistency": F.l1_loss(cycled, neutral.flatten(0, 1)),
            "attention": ganimation.attention_loss(mask, smooth) + ganimation.attention_loss(cycle_mask, smooth),
            "intensity": intensity_loss(predicted, intensity),
            "ssim": unlike.sum(1).mean(),
            "emotion": weighted_mean(emotion_loss(emotion, targets.label), targets.target_is_micro),
            "sequence": -weighted_mean(clip_realness, targets.target_is_micro),
        }

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        return modules.video_critic(signed_frames(batch["video"]))[1]

    def target_aus(self, source: Batch, driving: Batch) -> Tensor:
        """Return the driving clip's intensities, the same for both sides; or, with `condition: change`, its changes."""
        if self.params.condition == "change":
            return driving["au_changes"].mean(-1, keepdim=True).expand(-1, -1, -1, 2).clamp(0, LARGEST)
        return driving["au_intensities"][..., None].expand(-1, -1, -1, 2)

    def synthesise_clips(self, modules: Modules, neutral: Tensor, target: Tensor) -> Tensor:
        """Synthesise each frame separately, from the mean of both sides' targets."""
        faces = signed_frames(neutral[:, :, None])[:, 0]
        intensity = (target.mean(-1).to(faces.dtype) / LARGEST).flatten(0, 1)
        frames, _ = self.modify(modules, faces, intensity, torch.zeros_like(intensity))
        return (frames.unflatten(0, target.shape[:2]) + 1) / 2
