"""ICE-GAN: a U-Net synthesises expressive faces, a capsule network discriminates and recognises. No files here.

Shapes: B clips, C classes, W `width`, images [B, 1, H, H] in -1..1 inside the networks, h = H / 16.
"""

from functools import partial
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, Modules, NetworkMethod, Phase, Shapes, Statistics, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.layers import capsules, pretrained, vgg16
from microexpr.models.layers.patchgan import trunk
from microexpr.models.pretrained_weights import VGG16

MAX_WIDTH = 8  # times `width`: layers double up to it
PRIMARY_SIZE = 8  # D_PrimaryCaps
EPSILON = 1e-6  # least distance of a probability to 0 and 1
CONTRAST = 4  # factor of `discriminator_input: change`: most pixels change by one grey level, few by more than 25
MAX_MOTION = 1 / 8  # of the image's side, largest displacement of `generator_output: motion`
PERCEPTUAL_LAYER = "relu3_3"  # of VGG-16


def downsample(channels: int, out: int, norm: bool) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, H / 2, H / 2]"""
    layers = [nn.Conv2d(channels, out, 4, 2, 1, bias=not norm), *([nn.InstanceNorm2d(out)] if norm else [])]
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def upsample(channels: int, out: int, norm: bool) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, 2 H, 2 H]"""
    layers = [nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=not norm), *([nn.InstanceNorm2d(out)] if norm else [])]
    return nn.Sequential(*layers, nn.ReLU())


def initialise(network: nn.Module) -> None:
    """Initialise weights after He et al. 2015, by the number that contribute to a pixel.

    With torch's default each layer attenuates the signal, and little of the class leaves the bottleneck."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, 0.2)
        elif isinstance(layer, nn.ConvTranspose2d):
            taps = layer.kernel_size[0] * layer.kernel_size[1] // (layer.stride[0] * layer.stride[1])
            nn.init.normal_(layer.weight, 0, (2 / (taps * layer.in_channels)) ** 0.5)


class UNet(nn.Module):
    """A U-Net from a neutral face through an embedding f of 8 W; z and c enter there or at the input (Sec. 2.2)."""

    def __init__(
        self,
        image_size: int,
        width: int,
        condition: int,
        norm: bool,
        skips: bool,
        early: bool,
        warps: bool = False,
    ):
        """`early`: z and c enter at the input; `warps`: the output is how pixels move, not a face."""
        super().__init__()
        halvings = image_size.bit_length() - 2  # down to 2x2; the bottleneck makes it 1x1
        widths = [width * min(2**level, MAX_WIDTH) for level in range(halvings)]
        normed = [
            norm and 0 < level < halvings - 1 for level in range(halvings)
        ]  # a norm of 2x2 pixels removes the class
        first = 1 + condition if early else 1
        self.encoder = nn.ModuleList(map(downsample, [first, *widths], widths, normed))
        self.bottleneck = downsample(widths[-1], MAX_WIDTH * width, norm=False)
        self.skips, self.early, self.warps = skips, early, warps
        times = 2 if skips else 1  # a layer's output is concatenated with its skip
        inward = [MAX_WIDTH * width + (0 if early else condition), *(times * w for w in reversed(widths))]
        self.decoder = nn.ModuleList(map(upsample, inward, reversed(widths), reversed(normed)))
        self.paint = nn.ConvTranspose2d(inward[-1], 2 if warps else 1, 4, 2, 1)
        initialise(self)
        if warps:
            for tensor in self.paint.parameters():
                nn.init.zeros_(tensor)  # so that nothing moves at first

    def forward(self, neutral: Tensor, condition: Tensor) -> Tensor:
        """Neutral faces [B, 1, H, H] and [z, c] as [B, condition] -> faces [B, 1, H, H], both in -1..1."""
        seed = condition[:, :, None, None]
        x = torch.cat([neutral, seed.expand(-1, -1, *neutral.shape[2:])], 1) if self.early else neutral
        skips = []
        for layer in self.encoder:
            skips.append(x := layer(x))
        x = self.bottleneck(x)  # [B, 8 W, 1, 1]
        x = x if self.early else torch.cat([x, seed], 1)  # s = [f, z, c]
        for layer, skip in zip(self.decoder, reversed(skips), strict=True):
            x = torch.cat([layer(x), skip], 1) if self.skips else layer(x)
        output = self.paint(x).tanh()
        return warp(neutral, output * MAX_MOTION * neutral.shape[-1]) if self.warps else output


def warp(face: Tensor, motion: Tensor) -> Tensor:
    """Move the skin of faces [B, 1, H, H] in -1..1 by motion [B, 2, H, H] in pixels, right and down.

    The warp is of first order, as in optical flow: grey level minus gradient times displacement."""
    padded = F.pad(face, (1, 1, 1, 1), "replicate")
    right = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return (face - right * motion[:, :1] - down * motion[:, 1:]).clamp(-1, 1)


class Dcgan(nn.Module):
    """A face of no particular subject, from [z, c] alone (Radford et al. 2016): G_I of Table 2."""

    def __init__(self, image_size: int, width: int, condition: int, norm: bool):
        super().__init__()
        doublings = image_size.bit_length() - 4  # from 4x4 up to half the side
        widths = [width * min(2**level, MAX_WIDTH) for level in reversed(range(doublings + 1))]
        self.begin = nn.Sequential(nn.ConvTranspose2d(condition, widths[0], 4), nn.ReLU())
        self.layers = nn.Sequential(*(upsample(a, b, norm) for a, b in pairwise(widths)))
        self.paint = nn.ConvTranspose2d(widths[-1], 1, 4, 2, 1)
        initialise(self)

    def forward(self, neutral: Tensor, condition: Tensor) -> Tensor:
        """[z, c] as [B, condition] -> faces [B, 1, H, H] in -1..1; the neutral face is ignored."""
        return self.paint(self.layers(self.begin(condition[:, :, None, None]))).tanh()


class CapsuleHeads(nn.Module):
    """PrimaryCaps at h x h positions, from which AdvCaps and ExpCaps are routed (Sec. 2.3)."""

    def __init__(self, side: int, width: int, primary: int, adv_size: int, classes: int, exp_size: int, routing: int):
        super().__init__()
        self.reduce = nn.Sequential(
            nn.Conv2d(MAX_WIDTH * width, width, 1, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, primary * PRIMARY_SIZE, 1)
        )
        below = primary * side * side
        layer = partial(capsules.Capsules, below, PRIMARY_SIZE)
        self.adversarial = layer(1, adv_size, iterations=1) if adv_size else None  # one capsule gets all votes
        self.expression = layer(classes, exp_size, iterations=routing)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Trunk features -> realness [B], a logit whose sigmoid is AdvCaps' length; ExpCaps [B, C, D]"""
        primary = capsules.primary(self.reduce(patches), PRIMARY_SIZE)  # [B, N h h, 8]
        expression = self.expression(primary)
        if self.adversarial is None:
            return torch.zeros_like(expression[:, 0, 0]), expression
        return capsules.length(self.adversarial(primary)[:, 0]).logit(EPSILON), expression


class CnnHeads(nn.Module):
    """Table 3's alternatives to capsules: the mean over 4x4 patches, or with `hidden` two fully connected layers."""

    def __init__(self, side: int, width: int, classes: int, hidden: int):
        super().__init__()
        if hidden:
            reduce, flat = nn.Conv2d(MAX_WIDTH * width, width, 1, 2, 1), side * side * width
            layers = [nn.Flatten(), nn.Linear(flat, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1 + classes)]
        else:
            reduce = nn.Conv2d(MAX_WIDTH * width, width, 1)
            layers = [nn.Conv2d(width, 1 + classes, 4, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.layers = nn.Sequential(reduce, nn.LeakyReLU(0.2), *layers)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Trunk features -> realness [B], a logit; class scores [B, C]"""
        logits = self.layers(patches)
        return logits[:, 0], logits[:, 1:]


class Reconstruction(nn.Module):
    """The regulariser of ExpCaps: reconstructs the image from the capsule of the clip's class."""

    def __init__(self, capsules: int, hidden: tuple[int, int], image_size: int):
        super().__init__()
        sizes = (capsules, *hidden, image_size**2)
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*layers[:-1], nn.Sigmoid())

    def forward(self, expression: Tensor, label: Tensor) -> Tensor:
        """ExpCaps [B, C, D] and classes [B] -> grey levels [B, H * H] in 0..1."""
        mask = F.one_hot(label, expression.shape[1])[..., None]
        return self.layers((expression * mask).flatten(1))


class Icegan(NetworkMethod):
    """A generator of apex faces from onset faces, and a discriminator whose class scores of apex faces recognise.

    Ours: what the text leaves open, see docs/icegan.md; for instance spectral and instance norm.
    """

    paper = (
        "Yu et al., ICE-GAN: identity-aware and capsule-enhanced GAN for micro-expressions, arXiv 2005.04370v1, 2020"
    )
    synthesises = True
    weights = VGG16

    class Params(base.Params):
        image_size: Literal[32, 64, 128] = Field(128, description="pixels, side of the faces")
        width: int = Field(
            64, ge=2, le=128, description="channels of the first layers; the widest have 8 times as many"
        )
        generator: Literal["unet", "dcgan", "none"] = Field("unet", description="none: recognition alone (Table 2, A)")
        seed_before: Literal["decoder", "encoder"] = Field("decoder", description="where noise and class enter")
        skips: bool = Field(True, description="skip connections from encoder to decoder")
        generator_output: Literal["face", "motion"] = Field(
            "face", description="output of the U-Net: a face, or how the neutral face's skin moves (ours)"
        )
        noise: int = Field(100, ge=1, le=1000, description="length of z, N_z")
        label_code: Literal["index", "one_hot"] = Field("index", description="class in the seed: N_c = 1 number, or C")
        instance_norm: bool = Field(True, description="instance norm in the generator")
        discriminator: Literal["capsule", "cnn", "cnn_wide"] = Field("capsule", description="heads on the trunk")
        discriminator_input: Literal["apex", "change"] = Field(
            "apex", description="a face, or its amplified difference from the neutral one (ours)"
        )
        spectral_norm: bool = Field(True, description="spectral norm in the discriminator's trunk")
        primary: int = Field(16, ge=1, le=64, description="primary capsules of 8 at each position, N_PrimaryCaps")
        adv_size: int = Field(256, ge=1, le=1024, description="length of AdvCaps, D_AdvCaps")
        exp_size: int = Field(32, ge=1, le=256, description="length of each of ExpCaps, D_ExpCaps")
        routing: int = Field(3, ge=1, le=10, description="routing iterations")
        reconstruction: tuple[int, int] = Field((256, 5120), description="units of the hidden layers after ExpCaps")
        cnn_hidden: int = Field(20980, ge=1, description="hidden units of `cnn_wide`")
        adv: Literal["bce", "margin"] = Field(
            "bce", description="adversarial loss: eq. 1's logarithms, or eq. 4's form"
        )
        adversarial_weight: float = Field(0.1, ge=0, le=100, description="lambda_adv of eq. 6")
        pixel_weight: float = Field(1.0, ge=0, le=100, description="lambda_MES of eq. 6, of both parts of eq. 3")
        perceptual: Literal["vgg16", "trunk"] = Field(
            "vgg16",
            description="vgg16: features of eq. 3 are VGG-16's if its weights are present; else the trunk's",
        )
        perceptual_weight: float = Field(0.1, ge=0, le=100, description="alpha of eq. 3")
        class_weight: float = Field(1.0, ge=0, le=100, description="lambda_MER of eq. 6, on real faces")
        reconstruction_weight: float = Field(5e-4, ge=0, le=100, description="beta of eq. 5")
        g_cls: Literal[0, 1] = Field(0, description="1: the generator is also trained by the class of its faces (ours)")
        epochs: int = Field(100, ge=1, le=2000, description="passes over the protocol's clips")
        batch: int = Field(8, ge=1, le=256, description="clips in a step")
        lr: float = Field(2e-4, gt=0, le=1, description="Adam's first learning rate")
        decay: float = Field(0.9, gt=0, le=1, description="factor on the learning rate every `decay_epochs`")
        decay_epochs: int = Field(20, ge=1, le=2000, description="epochs between two decays")

    params: Params

    def __init__(self, params: Params, classes: int = base.CLASSES):
        super().__init__(params, classes)
        self.synthesises = params.generator != "none"
        self.capsules = params.discriminator == "capsule"

    @property
    def inputs(self) -> Shapes:
        shape = (1, self.params.image_size, self.params.image_size)
        return {"onset": shape, "apex": shape}

    def weights_fit(self) -> bool:
        return self.synthesises and self.params.perceptual == "vgg16"

    def load_published_weights(self) -> str:
        """Load VGG-16's weights if they are present; return whose features the perceptual loss compares."""
        if not self.weights_fit():
            return ""
        description = super().load_published_weights()
        if self.published_weights:
            return f"perceptual loss by VGG-16, {description}"
        return f"perceptual loss by the discriminator's own trunk: {VGG16.files[0]} is not here"

    def shared(self) -> dict[str, nn.Module]:
        if not self.published_weights:
            return {}
        network = vgg16.Maps([PERCEPTUAL_LAYER])
        pretrained.load(network, self.published_weights, VGG16.files[0])
        return {"cost": network}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        modules: dict[str, nn.Module] = {
            "trunk": trunk(params.width, params.spectral_norm),
            "heads": self._build_heads(),
        }
        if self.capsules:
            size = self.classes * params.exp_size
            modules["reconstruction"] = Reconstruction(size, params.reconstruction, params.image_size)
        if self.synthesises:
            modules["generator"] = self._build_generator()
        return modules

    def _build_heads(self) -> nn.Module:
        params = self.params
        side = params.image_size // 16
        if self.capsules:
            adv_size = params.adv_size if self.synthesises else 0
            return CapsuleHeads(
                side, params.width, params.primary, adv_size, self.classes, params.exp_size, params.routing
            )
        return CnnHeads(side, params.width, self.classes, params.cnn_hidden * (params.discriminator == "cnn_wide"))

    def _build_generator(self) -> nn.Module:
        params = self.params
        condition = params.noise + (1 if params.label_code == "index" else self.classes)
        sizes = (params.image_size, params.width, condition, params.instance_norm)
        return (
            Dcgan(*sizes)
            if params.generator == "dcgan"
            else UNet(*sizes, params.skips, params.seed_before == "encoder", params.generator_output == "motion")
        )

    def phases(self) -> list[Phase]:
        adam = partial(torch.optim.Adam, lr=self.params.lr, betas=(0.5, 0.999))
        parts = ["trunk", "heads", *(["reconstruction"] if self.capsules else [])]
        updates = [Update(self.discriminator_loss, dict.fromkeys(parts, adam))]
        if self.synthesises:
            updates.append(Update(self.generator_loss, {"generator": adam}))
        return [Phase(updates, self.params.epochs, self.params.batch, schedule=self._decay)]

    def _decay(self, progress: float) -> float:
        return self.params.decay ** (round(progress * self.params.epochs) // self.params.decay_epochs)

    def discriminator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the discriminator's part of eq. 6: real against synthesised (eq. 1), class of real faces (eq. 5)."""
        params, onset, label = self.params, signed_grey(batch["onset"]), batch["label"]
        real = self._discriminator_input(signed_grey(batch["apex"]), onset)
        if not self.synthesises:
            _, classes = modules.heads(modules.trunk(real))
            return params.class_weight * self._recognition_loss(modules, classes, real, label)
        with torch.no_grad():
            fake = self._discriminator_input(self._generate(modules, onset, label, rng), onset)
        realness, classes = modules.heads(modules.trunk(torch.cat([real, fake])))
        size = len(real)
        adversarial = self._adversarial_loss(realness[:size], True) + self._adversarial_loss(realness[size:], False)
        recognition = self._recognition_loss(modules, classes[:size], real, label)
        return params.adversarial_weight * adversarial + params.class_weight * recognition

    def generator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the generator's part of eq. 6: realness and eq. 3; the target class is the clip's own."""
        params, onset, label = self.params, signed_grey(batch["onset"]), batch["label"]
        fake = self._generate(modules, onset, label, rng)
        patches = modules.trunk(self._discriminator_input(fake, onset))
        realness, classes = modules.heads(patches)
        pixel = F.l1_loss(fake, signed_grey(batch["apex"]))
        if self.published_weights:
            perceptual = F.mse_loss(*(modules.cost(to_vgg_input(image))[0] for image in (fake, onset)))
        else:
            perceptual = F.mse_loss(patches, modules.trunk(self._discriminator_input(onset, onset)))
        loss = params.adversarial_weight * self._adversarial_loss(realness, True)
        loss = loss + params.pixel_weight * (pixel + params.perceptual_weight * perceptual)
        return loss + self._class_loss(classes, label) if params.g_cls else loss

    def _discriminator_input(self, image: Tensor, neutral: Tensor) -> Tensor:
        return image if self.params.discriminator_input == "apex" else CONTRAST * (image - neutral)

    def _adversarial_loss(self, realness: Tensor, real: bool) -> Tensor:
        """Return eq. 1's negative log-probability of being real, or not real; or the margin form of eq. 4."""
        if self.params.adv == "bce":
            return F.softplus(-realness if real else realness).mean()
        length = realness.sigmoid()
        return ((0.9 - length).relu().square() if real else 0.5 * (length - 0.1).relu().square()).mean()

    def _class_loss(self, classes: Tensor, label: Tensor) -> Tensor:
        """Return the loss of class scores [B, C] or capsules [B, C, D]."""
        if self.capsules:
            return capsules.margin_loss(capsules.length(classes), label)  # eq. 4
        return F.cross_entropy(classes, label)

    def _recognition_loss(self, modules: Modules, classes: Tensor, image: Tensor, label: Tensor) -> Tensor:
        """Return eq. 5: the class loss, and for capsules that of the reconstruction."""
        loss = self._class_loss(classes, label)
        if not self.capsules:
            return loss
        reconstruction = modules.reconstruction(classes, label)
        return loss + self.params.reconstruction_weight * F.mse_loss(reconstruction, (image.flatten(1) + 1) / 2)

    def _generate(self, modules: Modules, neutral: Tensor, label: Tensor, rng: Stream) -> Tensor:
        """Return faces [B, 1, H, H] in -1..1 of neutral faces [B, 1, H, H] and target classes int64[B]."""
        code = label[:, None] if self.params.label_code == "index" else F.one_hot(label, self.classes)
        noise = rng.normal(len(label), self.params.noise)
        return modules.generator(neutral, torch.cat([noise, code.to(noise.dtype)], 1))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        image = self._discriminator_input(signed_grey(batch["apex"]), signed_grey(batch["onset"]))
        _, classes = modules.heads(modules.trunk(image))
        return capsules.length(classes) if self.capsules else classes

    def synthesise(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        return (self._generate(modules, signed_grey(batch["onset"]), batch["target_label"], rng) + 1) / 2


def signed_grey(image: Tensor) -> Tensor:
    """Convert uint8 grey levels to numbers in -1..1."""
    return image.to(torch.get_default_dtype()) / 127.5 - 1


def to_vgg_input(image: Tensor) -> Tensor:
    """Convert grey images [B, 1, H, H] in -1..1 to VGG-16's input [B, 3, H, H]."""
    return pretrained.standardise((image + 1).expand(-1, 3, -1, -1) / 2)
