"""AU-ICGAN: a neutral face and action-unit intensities become a clip; two critics judge its frames and the whole.

Shapes: B clips, K frames, C classes, A action units (17), images [..., 3, H, H] in -1..1 inside the networks, n = B K.
Intensities are FACS 0..5 outside of the networks and 0..1 inside.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, Generator, Modules, Phase, Shapes, Statistics, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.ganimation import (
    SLOPE,
    ImageCritic,
    Painter,
    attention_loss,
    composed,
    intensity_loss,
    levels,
    penalty,
)
from microexpr.models.samplers import halves
from microexpr.signals.aus import ACTION_UNITS, LARGEST

WINDOW, SPREAD = 11, 1.5  # of SSIM's Gaussian, pixels (Wang et al. 2004)
STEADY = (0.01**2, 0.03**2)  # of SSIM, for values in 0..1


class VideoCritic(nn.Module):
    """3D convolutions with two heads: whether the sequence is real (D_S), and its class (D_ME)."""

    def __init__(self, image_size: int, width: int, classes: int):
        super().__init__()
        widths = [3, *(width * 2**level for level in range(image_size.bit_length() - 3))]  # down to 4x4
        layers = [
            (nn.Conv3d(before, after, (3, 4, 4), 2, 1), nn.LeakyReLU(SLOPE)) for before, after in pairwise(widths)
        ]
        self.trunk = nn.Sequential(*(layer for pair in layers for layer in pair))
        self.realness = nn.Conv3d(widths[-1], 1, 3, 1, 1, bias=False)
        self.emotion = nn.Linear(widths[-1], classes)

    def forward(self, film: Tensor) -> tuple[Tensor, Tensor]:
        """[B, K, 3, H, H] -> realness [B], class scores [B, C]"""
        seen = self.trunk(film.movedim(1, 2))
        return self.realness(seen).mean((1, 2, 3, 4)), self.emotion(seen.mean((2, 3, 4)))


def mean(values: Tensor, weight: Tensor) -> Tensor:
    """Of values [B] by weights [B]; 0 where all weights are."""
    return (values * weight).sum() / weight.sum().clamp(min=1)


def emotion_loss(found: Tensor, label: Tensor) -> Tensor:
    """[B]: eq. 7, squared distance of class probabilities to the label, of class scores [B, C] and int64[B]."""
    return (found.softmax(1) - F.one_hot(label, found.shape[1])).square().sum(1)


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """[n]: mean structural similarity of images [n, 3, H, H] in -1..1, H at least 11 (Wang et al. 2004)."""
    away = torch.arange(WINDOW, dtype=first.dtype, device=first.device) - WINDOW // 2
    weight = (-away.square() / (2 * SPREAD**2)).exp()
    weight = weight / weight.sum()

    def local(x: Tensor) -> Tensor:
        """Mean around each pixel that has all of its neighbours."""
        flat = F.conv2d(x.flatten(0, 1)[:, None], weight.view(1, 1, -1, 1))
        return F.conv2d(flat, weight.view(1, 1, 1, -1)).view(*x.shape[:2], *(side - WINDOW + 1 for side in x.shape[2:]))

    levels = [(image + 1) / 2 for image in (first, second)]
    means = [image.mean((2, 3), keepdim=True) for image in levels]  # taken off: else rounding counts as variance
    one, two = (image - middle for image, middle in zip(levels, means, strict=True))
    off_one, off_two = local(one), local(two)
    varies = local(one * one) + local(two * two) - off_one.square() - off_two.square()
    together = local(one * two) - off_one * off_two
    mean_one, mean_two = off_one + means[0], off_two + means[1]
    alike = (2 * mean_one * mean_two + STEADY[0]) / (mean_one.square() + mean_two.square() + STEADY[0])
    return (alike * (2 * together + STEADY[1]) / (varies + STEADY[1])).mean((1, 2, 3))


@dataclass(frozen=True, eq=False)
class Asking:
    """What of each clip is asked: to go its own way, or that of the clip behind it in the batch."""

    film: Tensor  # [B, K, 3, H, H]: the clip's own
    own: Tensor  # float[B]: 1 where its own intensities are asked
    intensity: Tensor  # [B, K, A] in 0..1, the asked ones
    before: Tensor  # [B, A] in 0..1, of the neutral frame
    label: Tensor  # int64[B], class of the clip whose intensities these are
    real_moves: Tensor  # float[B]: 1 for a micro-expression, 0 for a still that was repeated
    asked_moves: Tensor  # float[B]: the same of the clip whose intensities these are

    @property
    def neutral(self) -> Tensor:
        """[B, K, 3, H, H]: the first frame, repeated."""
        return self.film[:, :1].expand_as(self.film)


class Auicgan(Generator):
    """Generators of an attention mask and of colours, by frame; critics of frames and of sequences.

    Ours: what the text leaves open, as docs/auicgan.md lists it. `macro`: stills of strong expressions, repeated to K
    frames, are faces to begin from and teach the image critic; they say nothing of sequences or of their class."""

    paper = (
        "Xie et al., AU-assisted Graph Attention Convolutional Network for Micro-Expression Recognition, ACM MM, 2020"
    )
    macro = True
    makes = ("attention", "colour")

    class Params(base.Params):
        image_size: Literal[16, 32, 64, 128] = Field(128, description="pixels, side of the faces")
        frames: int = Field(16, ge=2, le=64, description="of a sequence, K")
        width: int = Field(64, ge=1, le=128, description="channels of the first layers")
        blocks: int = Field(6, ge=1, le=16, description="residual blocks of each generator")
        own_share: float = Field(0.5, ge=0, le=1, description="of clips asked for their own intensities; the others "
                                 "for another clip's")  # fmt: skip
        ssim_to: Literal["truth", "input"] = Field(
            "truth", description="true frames where a clip's own intensities are asked, else its neutral frame; or that"
        )
        adversarial_weight: float = Field(1.0, ge=0, le=1e5, description="lambda_1 of eq. 9")
        consistency_weight: float = Field(10.0, ge=0, le=1e5, description="lambda_2")
        attention_weight: float = Field(0.1, ge=0, le=1e5, description="lambda_3")
        smooth_weight: float = Field(1e-4, ge=0, le=1e5, description="of the mask's variation, within lambda_3")
        intensity_weight: float = Field(4000.0, ge=0, le=1e5, description="lambda_4")
        ssim_weight: float = Field(1.0, ge=0, le=1e5, description="lambda_5")
        emotion_weight: float = Field(1.0, ge=0, le=1e5, description="lambda_6")
        sequence_weight: float = Field(1.0, ge=0, le=1e5, description="lambda_7")
        penalty_weight: float = Field(10.0, ge=0, le=1e5, description="lambda_gp of both critics")
        critic_steps: int = Field(5, ge=1, le=100, description="steps of the critics to one of the generators")
        epochs: int = Field(30, ge=1, le=2000, description="passes over the clips")
        decay_epochs: int = Field(10, ge=0, le=2000, description="last ones, in which the rate falls to 0 in a line")
        batch: int = Field(4, ge=2, le=256, description="clips in a step, each of K frames")
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's first learning rate, of all")

    params: Params

    @property
    def inputs(self) -> Shapes:
        size, frames = self.params.image_size, self.params.frames
        return {"video": (3, frames, size, size), "au_intensities": (frames, len(ACTION_UNITS))}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        size, width, blocks = self.params.image_size, self.params.width, self.params.blocks
        return {
            "attention": Painter(width, blocks, 1, nn.Sigmoid()),
            "colour": Painter(width, blocks, 3, nn.Tanh()),
            "image_critic": ImageCritic(size, width),
            "video_critic": VideoCritic(size, width, self.classes),
        }

    def phases(self) -> list[Phase]:
        params = self.params
        adam = partial(torch.optim.Adam, lr=params.lr, betas=(0.5, 0.999))
        critics = Update(self.critic_loss, {"image_critic": adam, "video_critic": adam})
        generators = Update(self.generator_loss, {"attention": adam, "colour": adam}, params.critic_steps)
        return [Phase([critics, generators], params.epochs, params.batch, halves("macro"), self._decayed)]

    def _decayed(self, progress: float) -> float:
        return min(1.0, (1 - progress) * self.params.epochs / max(self.params.decay_epochs, 1))

    def asking(self, batch: Batch, rng: Stream) -> Asking:
        """Of a batch of clips; a `macro` one is a still."""
        film = levels(batch["video"])
        own = (rng.uniform(len(film)) < self.params.own_share).to(film.dtype)
        intensity = batch["au_intensities"].to(film.dtype) / LARGEST
        moves = 1 - batch["macro"].to(film.dtype)

        def asked(values: Tensor) -> Tensor:
            mine = own.view(-1, *(1 for _ in values.shape[1:])) > 0
            return torch.where(mine, values, values.roll(1, 0))

        return Asking(film, own, asked(intensity), intensity[:, 0], asked(batch["label"]), moves, asked(moves))

    def painted(self, modules: Modules, faces: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor]:
        """Faces [n, 3, H, H] with intensities [n, A] in 0..1 -> faces, masks [n, 1, H, H]."""
        mask = modules.attention(faces, intensity)
        return composed(mask, modules.colour(faces, intensity), faces), mask

    def critic_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Of eq. 9 what the critics learn from: real from made, the intensities and the class of the real ones."""
        params, asking = self.params, self.asking(batch, rng)
        real, count = asking.film.flatten(0, 1), asking.film.shape[:2].numel()
        with torch.no_grad():
            fake, _ = self.painted(modules, asking.neutral.flatten(0, 1), asking.intensity.flatten(0, 1))
        fake_film = fake.view_as(asking.film)

        real_image, found = modules.image_critic(real)
        slope = penalty(lambda x: modules.image_critic(x)[0], real, fake, rng.uniform(count))
        frames = modules.image_critic(fake)[0].mean() - real_image.mean() + params.penalty_weight * slope.mean()

        real_film, emotion = modules.video_critic(asking.film)
        share = rng.uniform(len(asking.film))
        steep = penalty(lambda x: modules.video_critic(x)[0], asking.film, fake_film, share)
        sequences = mean(modules.video_critic(fake_film)[0], asking.asked_moves) - mean(real_film, asking.real_moves)
        sequences = sequences + params.penalty_weight * mean(steep, asking.real_moves * asking.asked_moves)  # eq. 8

        known = intensity_loss(found, batch["au_intensities"].to(found.dtype).flatten(0, 1) / LARGEST)
        loss = params.adversarial_weight * frames + params.sequence_weight * sequences
        loss = loss + params.intensity_weight * known
        return loss + params.emotion_weight * mean(emotion_loss(emotion, batch["label"]), asking.real_moves)

    def generator_losses(self, modules: Modules, batch: Batch, rng: Stream) -> dict[str, Tensor]:
        """The seven of eq. 9, unweighted, by the names of their weights."""
        asking = self.asking(batch, rng)
        neutral, asked = asking.neutral.flatten(0, 1), asking.intensity.flatten(0, 1)
        made, mask = self.painted(modules, neutral, asked)
        back, mask_back = self.painted(modules, made, asking.before[:, None].expand_as(asking.intensity).flatten(0, 1))
        realness, found = modules.image_critic(made)
        film_realness, emotion = modules.video_critic(made.view_as(asking.film))
        smooth = self.params.smooth_weight
        return {
            "adversarial": -realness.mean(),
            "consistency": F.l1_loss(back, neutral),
            "attention": attention_loss(mask, smooth) + attention_loss(mask_back, smooth),
            "intensity": intensity_loss(found, asked),
            "ssim": self._ssim_loss(made, asking),
            "emotion": mean(emotion_loss(emotion, asking.label), asking.asked_moves),
            "sequence": -mean(film_realness, asking.asked_moves),
        }

    def _ssim_loss(self, made: Tensor, asking: Asking) -> Tensor:
        """Eq. 6: summed over frames."""
        wanted = asking.neutral
        if self.params.ssim_to == "truth":
            wanted = torch.where(asking.own.view(-1, 1, 1, 1, 1) > 0, asking.film, wanted)
        return (1 - ssim(made, wanted.flatten(0, 1))).view(asking.film.shape[:2]).sum(1).mean()

    def generator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Eq. 9."""
        losses = self.generator_losses(modules, batch, rng)
        weighted = [getattr(self.params, f"{name}_weight") * loss for name, loss in losses.items()]
        return torch.stack(weighted).sum()

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        found: Tensor = modules.video_critic(levels(batch["video"]))[1]
        return found

    def asked(self, face: Batch, moves: Batch) -> Tensor:
        """The same of both sides."""
        return moves["au_intensities"][..., None].expand(-1, -1, -1, 2)

    def sequence(self, modules: Modules, neutral: Tensor, asked: Tensor) -> Tensor:
        """Each frame is painted by itself."""
        faces = levels(neutral[:, :, None]).expand(-1, asked.shape[1], -1, -1, -1)
        intensity = asked.mean(-1).to(faces.dtype) / LARGEST
        made, _ = self.painted(modules, faces.flatten(0, 1), intensity.flatten(0, 1))
        return (made.view_as(faces) + 1) / 2
