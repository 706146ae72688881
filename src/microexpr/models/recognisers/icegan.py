"""ICE-GAN: a U-Net makes expressive faces, a capsule network tells them from real ones and recognises. No files here.

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

WIDEST = 8  # times `width`: layers double up to it
PRIMARY_SIZE = 8  # D_PrimaryCaps
NEAR = 1e-6  # of a probability to 0 or 1
CONTRAST = 4  # of `seen: change`: most pixels change by a grey level, few by more than 25
FARTHEST = 1 / 8  # of the image's side, to where `paints: motion` can move a pixel
COMPARED = "relu3_3"  # of VGG-16, by the perceptual loss


def down(channels: int, out: int, norm: bool) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, H / 2, H / 2]"""
    layers = [nn.Conv2d(channels, out, 4, 2, 1, bias=not norm), *([nn.InstanceNorm2d(out)] if norm else [])]
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def up(channels: int, out: int, norm: bool) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, 2 H, 2 H]"""
    layers = [nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=not norm), *([nn.InstanceNorm2d(out)] if norm else [])]
    return nn.Sequential(*layers, nn.ReLU())


def started(network: nn.Module) -> None:
    """He's start of the weights, by how many of them meet in a pixel: else each layer is fainter than the last, and of
    the class little comes up from the bottleneck."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, 0.2)
        elif isinstance(layer, nn.ConvTranspose2d):
            taps = layer.kernel_size[0] * layer.kernel_size[1] // (layer.stride[0] * layer.stride[1])
            nn.init.normal_(layer.weight, 0, (2 / (taps * layer.in_channels)) ** 0.5)


class UNet(nn.Module):
    """From a neutral face, through an embedding f of 8 W, which z and c join there or precede (Sec. 2.2)."""

    def __init__(
        self, image_size: int, width: int, condition: int, norm: bool, skips: bool, early: bool, moves: bool = False
    ):
        super().__init__()
        halvings = image_size.bit_length() - 2  # down to 2x2; the bottleneck makes it 1x1
        widths = [width * min(2**level, WIDEST) for level in range(halvings)]
        normed = [norm and 0 < level < halvings - 1 for level in range(halvings)]  # of 2x2 pixels it leaves no class
        first = 1 + condition if early else 1
        self.encoder = nn.ModuleList(map(down, [first, *widths], widths, normed))
        self.bottleneck = down(widths[-1], WIDEST * width, norm=False)
        self.skips, self.early, self.moves = skips, early, moves
        times = 2 if skips else 1  # beside each layer's output comes its skip
        inward = [WIDEST * width + (0 if early else condition), *(times * w for w in reversed(widths))]
        self.decoder = nn.ModuleList(map(up, inward, reversed(widths), reversed(normed)))
        self.paint = nn.ConvTranspose2d(inward[-1], 2 if moves else 1, 4, 2, 1)
        started(self)
        if moves:
            for tensor in self.paint.parameters():
                nn.init.zeros_(tensor)  # at first nothing moves

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
        painted = self.paint(x).tanh()
        return moved(neutral, painted * FARTHEST * neutral.shape[-1]) if self.moves else painted


def moved(face: Tensor, motion: Tensor) -> Tensor:
    """Faces [B, 1, H, H] in -1..1 whose skin went by motion [B, 2, H, H] in pixels, right and down.

    To first order, as optical flow has it: grey level less slope times way."""
    around = F.pad(face, (1, 1, 1, 1), "replicate")
    right = (around[..., 1:-1, 2:] - around[..., 1:-1, :-2]) / 2
    down = (around[..., 2:, 1:-1] - around[..., :-2, 1:-1]) / 2
    return (face - right * motion[:, :1] - down * motion[:, 1:]).clamp(-1, 1)


class Dcgan(nn.Module):
    """A face of nobody from [z, c] alone (Radford et al. 2016), G_I of Table 2."""

    def __init__(self, image_size: int, width: int, condition: int, norm: bool):
        super().__init__()
        doublings = image_size.bit_length() - 4  # from 4x4 up to half the side
        widths = [width * min(2**level, WIDEST) for level in reversed(range(doublings + 1))]
        self.begin = nn.Sequential(nn.ConvTranspose2d(condition, widths[0], 4), nn.ReLU())
        self.layers = nn.Sequential(*(up(a, b, norm) for a, b in pairwise(widths)))
        self.paint = nn.ConvTranspose2d(widths[-1], 1, 4, 2, 1)
        started(self)

    def forward(self, neutral: Tensor, condition: Tensor) -> Tensor:
        """[z, c] as [B, condition] -> faces [B, 1, H, H] in -1..1; the neutral face goes unseen."""
        return self.paint(self.layers(self.begin(condition[:, :, None, None]))).tanh()


class CapsuleHeads(nn.Module):
    """PrimaryCaps at h x h places, and routed from them AdvCaps and ExpCaps (Sec. 2.3)."""

    def __init__(self, side: int, width: int, primary: int, adv_size: int, classes: int, exp_size: int, routing: int):
        super().__init__()
        self.reduce = nn.Sequential(
            nn.Conv2d(WIDEST * width, width, 1, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, primary * PRIMARY_SIZE, 1)
        )
        below = primary * side * side
        layer = partial(capsules.Capsules, below, PRIMARY_SIZE)
        self.adversarial = layer(1, adv_size, iterations=1) if adv_size else None  # one capsule gets every vote anyway
        self.expression = layer(classes, exp_size, iterations=routing)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """What the trunk sees -> realness [B], a logit whose sigmoid is AdvCaps' length; ExpCaps [B, C, D]."""
        primary = capsules.primary(self.reduce(patches), PRIMARY_SIZE)  # [B, N h h, 8]
        expression = self.expression(primary)
        if self.adversarial is None:
            return torch.zeros_like(expression[:, 0, 0]), expression
        return capsules.length(self.adversarial(primary)[:, 0]).logit(NEAR), expression


class CnnHeads(nn.Module):
    """In place of the capsules: a layer of 4x4 patches and the mean over them; wide: two fully connected (Table 3)."""

    def __init__(self, side: int, width: int, classes: int, hidden: int):
        super().__init__()
        if hidden:
            reduce, flat = nn.Conv2d(WIDEST * width, width, 1, 2, 1), side * side * width
            layers = [nn.Flatten(), nn.Linear(flat, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1 + classes)]
        else:
            reduce = nn.Conv2d(WIDEST * width, width, 1)
            layers = [nn.Conv2d(width, 1 + classes, 4, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.layers = nn.Sequential(reduce, nn.LeakyReLU(0.2), *layers)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """What the trunk sees -> realness [B], a logit; class scores [B, C]."""
        found = self.layers(patches)
        return found[:, 0], found[:, 1:]


class Reconstruction(nn.Module):
    """The image from ExpCaps, of which only the clip's own class is left standing: a penalty on what they forget."""

    def __init__(self, capsules: int, hidden: tuple[int, int], image_size: int):
        super().__init__()
        sizes = (capsules, *hidden, image_size**2)
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*layers[:-1], nn.Sigmoid())

    def forward(self, expression: Tensor, label: Tensor) -> Tensor:
        """ExpCaps [B, C, D] and classes [B] -> grey levels [B, H * H] in 0..1."""
        own = F.one_hot(label, expression.shape[1])[..., None]
        return self.layers((expression * own).flatten(1))


class Icegan(NetworkMethod):
    """Generator of apex faces from onset faces, and the discriminator whose class scores of the apex face recognise.

    Ours: what the text leaves open, as docs/icegan.md lists it; spectral and instance norm among it.
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
        seed_before: Literal["decoder", "encoder"] = Field("decoder", description="where noise and class come in")
        skips: bool = Field(True, description="skip connections from encoder to decoder")
        paints: Literal["face", "motion"] = Field(
            "face", description="by the U-Net: a face, or how the neutral one's skin moves (ours)"
        )
        noise: int = Field(100, ge=1, le=1000, description="length of z, N_z")
        label_code: Literal["index", "one_hot"] = Field("index", description="class in the seed: N_c = 1 number, or C")
        instance_norm: bool = Field(True, description="instance norm in the generator")
        discriminator: Literal["capsule", "cnn", "cnn_wide"] = Field("capsule", description="what follows the trunk")
        seen: Literal["apex", "change"] = Field(
            "apex", description="by the discriminator: a face, or how it differs from the neutral one (ours)"
        )
        spectral_norm: bool = Field(True, description="spectral norm in the discriminator's trunk")
        primary: int = Field(16, ge=1, le=64, description="primary capsules of 8 at each place, N_PrimaryCaps")
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
            "vgg16", description="features for eq. 3: VGG-16's where its weights are, else and by `trunk` that trunk's"
        )
        perceptual_weight: float = Field(0.1, ge=0, le=100, description="alpha of eq. 3")
        class_weight: float = Field(1.0, ge=0, le=100, description="lambda_MER of eq. 6, on real faces")
        reconstruction_weight: float = Field(5e-4, ge=0, le=100, description="beta of eq. 5")
        g_cls: Literal[0, 1] = Field(0, description="1: the generator also learns from the class of made faces; ours")
        epochs: int = Field(100, ge=1, le=2000, description="passes over the protocol's clips")
        batch: int = Field(8, ge=1, le=256, description="clips in a step")
        lr: float = Field(2e-4, gt=0, le=1, description="Adam's first learning rate, of both players")
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

    def fits(self) -> bool:
        return self.synthesises and self.params.perceptual == "vgg16"

    def start(self) -> str:
        """Reads VGG-16's weights if they are there, and says whose features the perceptual loss compares."""
        if not self.fits():
            return ""
        found = super().start()
        if self.published:
            return f"perceptual loss by VGG-16, {found}"
        return f"perceptual loss by the discriminator's own trunk: {VGG16.files[0]} is not here"

    def shared(self) -> dict[str, nn.Module]:
        if not self.published:
            return {}
        cost = vgg16.Maps([COMPARED])
        pretrained.load(cost, self.published, VGG16.files[0])
        return {"cost": cost}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        built: dict[str, nn.Module] = {"trunk": trunk(params.width, params.spectral_norm), "heads": self._heads()}
        if self.capsules:
            size = self.classes * params.exp_size
            built["reconstruction"] = Reconstruction(size, params.reconstruction, params.image_size)
        if self.synthesises:
            built["generator"] = self._generator()
        return built

    def _heads(self) -> nn.Module:
        params = self.params
        side = params.image_size // 16
        if self.capsules:
            adv_size = params.adv_size if self.synthesises else 0
            return CapsuleHeads(
                side, params.width, params.primary, adv_size, self.classes, params.exp_size, params.routing
            )
        return CnnHeads(side, params.width, self.classes, params.cnn_hidden * (params.discriminator == "cnn_wide"))

    def _generator(self) -> nn.Module:
        params = self.params
        condition = params.noise + (1 if params.label_code == "index" else self.classes)
        sizes = (params.image_size, params.width, condition, params.instance_norm)
        return (
            Dcgan(*sizes)
            if params.generator == "dcgan"
            else UNet(*sizes, params.skips, params.seed_before == "encoder", params.paints == "motion")
        )

    def phases(self) -> list[Phase]:
        adam = partial(torch.optim.Adam, lr=self.params.lr, betas=(0.5, 0.999))
        parts = ["trunk", "heads", *(["reconstruction"] if self.capsules else [])]
        updates = [Update(self.discriminator_loss, dict.fromkeys(parts, adam))]
        if self.synthesises:
            updates.append(Update(self.generator_loss, {"generator": adam}))
        return [Phase(updates, self.params.epochs, self.params.batch, schedule=self._decayed)]

    def _decayed(self, progress: float) -> float:
        return self.params.decay ** (round(progress * self.params.epochs) // self.params.decay_epochs)

    def discriminator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Of eq. 6 what D learns from: real from made (eq. 1), and the class of real faces (eq. 5)."""
        params, onset, label = self.params, grey(batch["onset"]), batch["label"]
        real = self._seen(grey(batch["apex"]), onset)
        if not self.synthesises:
            _, found = modules.heads(modules.trunk(real))
            return params.class_weight * self._classified(modules, found, real, label)
        with torch.no_grad():
            fake = self._seen(self._made(modules, onset, label, rng), onset)
        realness, found = modules.heads(modules.trunk(torch.cat([real, fake])))
        size = len(real)
        adversarial = self._adversarial(realness[:size], True) + self._adversarial(realness[size:], False)
        classified = self._classified(modules, found[:size], real, label)
        return params.adversarial_weight * adversarial + params.class_weight * classified

    def generator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Of eq. 6 what G learns from: to pass for real, and eq. 3; the class asked for is the clip's own."""
        params, onset, label = self.params, grey(batch["onset"]), batch["label"]
        made = self._made(modules, onset, label, rng)
        patches = modules.trunk(self._seen(made, onset))
        realness, found = modules.heads(patches)
        pixel = F.l1_loss(made, grey(batch["apex"]))
        if self.published:
            perceptual = F.mse_loss(*(modules.cost(coloured(image))[0] for image in (made, onset)))
        else:
            perceptual = F.mse_loss(patches, modules.trunk(self._seen(onset, onset)))
        loss = params.adversarial_weight * self._adversarial(realness, True)
        loss = loss + params.pixel_weight * (pixel + params.perceptual_weight * perceptual)
        return loss + self._class_loss(found, label) if params.g_cls else loss

    def _seen(self, image: Tensor, neutral: Tensor) -> Tensor:
        return image if self.params.seen == "apex" else CONTRAST * (image - neutral)

    def _adversarial(self, realness: Tensor, real: bool) -> Tensor:
        """Eq. 1's logarithm of the probability to be real, or not to be; or the margins of eq. 4 on it."""
        if self.params.adv == "bce":
            return F.softplus(-realness if real else realness).mean()
        length = realness.sigmoid()
        return ((0.9 - length).relu().square() if real else 0.5 * (length - 0.1).relu().square()).mean()

    def _class_loss(self, found: Tensor, label: Tensor) -> Tensor:
        if self.capsules:
            return capsules.margin_loss(capsules.length(found), label)  # eq. 4
        return F.cross_entropy(found, label)

    def _classified(self, modules: Modules, found: Tensor, image: Tensor, label: Tensor) -> Tensor:
        loss = self._class_loss(found, label)
        if not self.capsules:
            return loss
        again = modules.reconstruction(found, label)
        return loss + self.params.reconstruction_weight * F.mse_loss(again, (image.flatten(1) + 1) / 2)  # eq. 5

    def _made(self, modules: Modules, neutral: Tensor, label: Tensor, rng: Stream) -> Tensor:
        coded = label[:, None] if self.params.label_code == "index" else F.one_hot(label, self.classes)
        noise = rng.normal(len(label), self.params.noise)
        return modules.generator(neutral, torch.cat([noise, coded.to(noise.dtype)], 1))

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        seen = self._seen(grey(batch["apex"]), grey(batch["onset"]))
        _, found = modules.heads(modules.trunk(seen))
        return capsules.length(found) if self.capsules else found

    def synthesise(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        return (self._made(modules, grey(batch["onset"]), batch["label_asked"], rng) + 1) / 2


def grey(image: Tensor) -> Tensor:
    """uint8 grey levels as numbers in -1..1."""
    return image.to(torch.get_default_dtype()) / 127.5 - 1


def coloured(image: Tensor) -> Tensor:
    """[B, 1, H, H] in -1..1 as VGG-16 wants it, [B, 3, H, H]."""
    return pretrained.standardised((image + 1).expand(-1, 3, -1, -1) / 2)
