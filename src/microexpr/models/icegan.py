"""ICE-GAN with a plain patch discriminator: makes expressive faces and recognises them. No files or devices come in.

Shapes: B clips, W `width`, images [B, 1, H, H] in -1..1 inside the networks.
"""

from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr import method
from microexpr.method import Batch, Modules, NetworkMethod, Phase, Shapes, Statistics, Update
from microexpr.training.draws import Stream

WIDEST = 8  # times `width`: layers double up to it
POWER_STEPS = 5  # of the power iteration; it starts anew each time, so that spectral norm needs no state


def down(channels: int, out: int, norm: bool) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, H / 2, H / 2]"""
    layers = [nn.Conv2d(channels, out, 4, 2, 1, bias=not norm), *([nn.InstanceNorm2d(out)] if norm else [])]
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def up(channels: int, out: int, norm: bool) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, 2 H, 2 H]"""
    layers = [nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=not norm), *([nn.InstanceNorm2d(out)] if norm else [])]
    return nn.Sequential(*layers, nn.ReLU())


class Generator(nn.Module):
    """U-Net from a neutral face: seed s = [f, z, c] before the decoder, skip connections around it (Sec. 2.2)."""

    def __init__(self, image_size: int, width: int, condition: int, norm: bool):
        super().__init__()
        halvings = image_size.bit_length() - 2  # down to 2x2; the bottleneck makes it 1x1
        widths = [width * min(2**level, WIDEST) for level in range(halvings)]
        normed = [norm and 0 < level < halvings - 1 for level in range(halvings)]  # of 2x2 pixels it leaves no class
        self.encoder = nn.ModuleList(map(down, [1, *widths], widths, normed))
        self.bottleneck = down(widths[-1], WIDEST * width, norm=False)
        inward = [WIDEST * width + condition, *(2 * w for w in reversed(widths))]  # twice: beside each comes its skip
        self.decoder = nn.ModuleList(map(up, inward, reversed(widths), reversed(normed)))
        self.paint = nn.ConvTranspose2d(inward[-1], 1, 4, 2, 1)

    def forward(self, neutral: Tensor, condition: Tensor) -> Tensor:
        """Neutral faces [B, 1, H, H] and [z, c] as [B, condition] -> faces [B, 1, H, H], both in -1..1."""
        skips = [neutral]
        for layer in self.encoder:
            skips.append(layer(skips[-1]))
        x = torch.cat([self.bottleneck(skips[-1]), condition[:, :, None, None]], 1)  # [B, 8 W + condition, 1, 1]
        for layer, skip in zip(self.decoder, reversed(skips), strict=False):
            x = torch.cat([layer(x), skip], 1)
        return self.paint(x).tanh()


class Convolution(nn.Conv2d):
    """A convolution whose weight is divided by its largest singular value, if `normalised`."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, padding: int, normalised: bool):
        super().__init__(channels, out, kernel, stride, padding)
        self.normalised = normalised

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight / largest_singular_value(self.weight.flatten(1)) if self.normalised else self.weight
        return F.conv2d(input, weight, self.bias, self.stride, self.padding)


def largest_singular_value(matrix: Tensor) -> Tensor:
    """Of a matrix [out, in], by power iteration (Miyato et al. 2018, Alg. 1); gradients treat the vectors as fixed."""
    with torch.no_grad():
        right = torch.ones_like(matrix[0])
        for _ in range(POWER_STEPS):
            left = F.normalize(matrix @ right, dim=0)
            right = F.normalize(matrix.T @ left, dim=0)
    return left @ matrix @ right


class Discriminator(nn.Module):
    """70x70 PatchGAN trunk, then for each patch one realness and C class scores."""

    def __init__(self, width: int, spectral_norm: bool, classes: int):
        super().__init__()
        widths = [width * times for times in (1, 2, 4, 8, 8)]
        layers: list[nn.Module] = []
        for before, after, stride in zip([1, *widths], widths, (2, 2, 2, 1, 1), strict=False):
            layers += [Convolution(before, after, 4, stride, 1, spectral_norm), nn.LeakyReLU(0.2)]
        self.trunk = nn.Sequential(*layers, nn.Conv2d(widths[-1], width, 1), nn.LeakyReLU(0.2))
        self.heads = nn.Conv2d(width, 1 + classes, 4, 1, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Faces [B, 1, H, H] -> realness of each patch [B, h, h] and class scores [B, C], means over patches."""
        patches = self.heads(self.trunk(image))
        return patches[:, 0], patches[:, 1:].mean((2, 3))


class Icegan(NetworkMethod):
    """Generator of apex faces from onset faces, and the discriminator whose class scores of the apex face recognise.

    Built: the generator, the adversarial loss (eq. 1, non-saturating) with weight 0.1, the L1 half of eq. 3 against the
    clip's own apex frame, and classification of real faces alone (eq. 6). Not built: capsules, of which the CNN
    discriminator of Table 3's first row takes the place, with cross-entropy for the margin loss and no
    reconstruction; and the perceptual half of eq. 3. Ours: spectral and instance norm, which the text does not name.
    """

    paper = (
        "Yu et al., ICE-GAN: identity-aware and capsule-enhanced GAN for micro-expressions, arXiv 2005.04370v1, 2020"
    )
    synthesises = True

    class Params(method.Params):
        image_size: Literal[32, 64, 128] = Field(128, description="pixels, side of the faces")
        width: int = Field(
            64, ge=2, le=128, description="channels of the first layers; the widest have 8 times as many"
        )
        noise: int = Field(100, ge=1, le=1000, description="length of z, N_z")
        label_code: Literal["index", "one_hot"] = Field("index", description="class in the seed: N_c = 1 number, or C")
        instance_norm: bool = Field(True, description="instance norm in the generator")
        spectral_norm: bool = Field(True, description="spectral norm in the discriminator's trunk")
        adversarial_weight: float = Field(0.1, ge=0, le=100, description="lambda_adv of eq. 6")
        pixel_weight: float = Field(1.0, ge=0, le=100, description="lambda_MES of eq. 6, of the L1 distance")
        class_weight: float = Field(1.0, ge=0, le=100, description="lambda_MER of eq. 6, on real faces")
        synthetic_class_weight: float = Field(0.0, ge=0, le=100, description="class loss of made faces, for G; ours")
        epochs: int = Field(100, ge=1, le=2000, description="passes over the protocol's clips")
        batch: int = Field(8, ge=1, le=256, description="clips in a step")
        lr: float = Field(2e-4, gt=0, le=1, description="Adam's first learning rate, of both players")
        decay: float = Field(0.9, gt=0, le=1, description="factor on the learning rate every `decay_epochs`")
        decay_epochs: int = Field(20, ge=1, le=2000, description="epochs between two decays")

    params: Params

    @property
    def inputs(self) -> Shapes:
        shape = (1, self.params.image_size, self.params.image_size)
        return {"onset": shape, "apex": shape}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        condition = params.noise + (1 if params.label_code == "index" else self.classes)
        return {
            "generator": Generator(params.image_size, params.width, condition, params.instance_norm),
            "discriminator": Discriminator(params.width, params.spectral_norm, self.classes),
        }

    def phases(self) -> list[Phase]:
        adam = partial(torch.optim.Adam, lr=self.params.lr, betas=(0.5, 0.999))
        updates = [
            Update(self.discriminator_loss, {"discriminator": adam}),
            Update(self.generator_loss, {"generator": adam}),
        ]
        return [Phase(updates, self.params.epochs, self.params.batch, schedule=self._decayed)]

    def _decayed(self, progress: float) -> float:
        return self.params.decay ** (round(progress * self.params.epochs) // self.params.decay_epochs)

    def discriminator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        with torch.no_grad():
            made = self._made(modules, batch["onset"], batch["label"], rng)
        real, scores = modules.discriminator(grey(batch["apex"]))
        fake, _ = modules.discriminator(made)
        adversarial = F.softplus(-real).mean() + F.softplus(fake).mean()
        classified = F.cross_entropy(scores, batch["label"])
        return self.params.adversarial_weight * adversarial + self.params.class_weight * classified

    def generator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        made = self._made(modules, batch["onset"], batch["label"], rng)
        fake, scores = modules.discriminator(made)
        return (
            self.params.adversarial_weight * F.softplus(-fake).mean()
            + self.params.pixel_weight * F.l1_loss(made, grey(batch["apex"]))
            + self.params.synthetic_class_weight * F.cross_entropy(scores, batch["label"])
        )

    def _made(self, modules: Modules, onset: Tensor, label: Tensor, rng: Stream) -> Tensor:
        coded = label[:, None] if self.params.label_code == "index" else F.one_hot(label, self.classes)
        noise = rng.normal(len(label), self.params.noise)
        return modules.generator(grey(onset), torch.cat([noise, coded.to(noise.dtype)], 1))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        return modules.discriminator(grey(batch["apex"]))[1]

    def synthesise(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        return (self._made(modules, batch["onset"], batch["label_asked"], rng) + 1) / 2


def grey(image: Tensor) -> Tensor:
    """uint8 grey levels as numbers in -1..1."""
    return image.to(torch.get_default_dtype()) / 127.5 - 1
