"""ICE-GAN: a U-Net synthesises expressive faces, a capsule network discriminates and recognises. No files here.

Shapes: B clips, C classes, W `width`, images [B, 1, H, H] in -1..1 inside the networks, h = H / 16, features of
PatchGAN's trunk [B, 8 W, 2 h - 2, 2 h - 2].
"""

from functools import partial
from itertools import pairwise
from typing import Annotated, Literal, Self

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, Modules, NetworkMethod, Phase, Statistics, Update
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import SeveralLabels
from microexpr.models.layers import capsules
from microexpr.models.layers.contrast import gradient, local_contrast, steady_change
from microexpr.models.layers.pretrained import load, standardise, vgg16_relu3_3
from microexpr.models.pretrained_weights import VGG16
from microexpr.models.recipe import balanced, half_and_half, in_steps, jitter

SLOPE = 0.2  # of the leaky ReLUs, below 0
POWER_STEPS = 5  # of the power iteration, which starts from ones each time and so needs no state
TRUNK_WIDTH = 8  # channels of the trunk's features, times `width`
PRIMARY_SIZE = 8  # D_PrimaryCaps
EPSILON = 1e-6  # least distance of a probability to 0 and 1
MAX_WIDTH = 8  # times `width`: layers double up to it
MAX_MOTION = 1 / 8  # of the image's side, largest displacement of `generator_output: motion`
Strength = Annotated[float, Field(ge=0, le=10)]
Units = Annotated[int, Field(ge=1, le=65_536)]  # of a linear layer


class Convolution(nn.Conv2d):
    """A convolution; if `normalised`, its weight is divided by its largest singular value."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, padding: int, normalised: bool):
        super().__init__(channels, out, kernel, stride, padding)
        nn.init.kaiming_normal_(self.weight, SLOPE)  # torch's default halves the signal in each layer
        self.normalised = normalised

    def forward(self, input: Tensor) -> Tensor:
        """Divide by the spectral norm of [out, in], by power iteration (Miyato et al. 2018, Alg. 1)."""
        weight, matrix = self.weight, self.weight.flatten(1)
        if self.normalised:
            with torch.no_grad():
                right = torch.ones_like(matrix[0])
                for _ in range(POWER_STEPS):
                    left = F.normalize(matrix @ right, dim=0)
                    right = F.normalize(matrix.T @ left, dim=0)
            weight = weight / (left @ matrix @ right)
        return F.conv2d(input, weight, self.bias, self.stride, self.padding)


def trunk(width: int, spectral_norm: bool) -> nn.Sequential:
    """Return the trunk of a 70x70 PatchGAN: [B, 1, H, H] -> [B, 8 W, H / 8 - 2, H / 8 - 2]"""
    widths = [width * times for times in (1, 2, 4, 8, 8)]
    layers: list[nn.Module] = []
    for before, after, stride in zip([1, *widths], widths, (2, 2, 2, 1, 1), strict=False):
        layers += [Convolution(before, after, 4, stride, 1, spectral_norm), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)


class CapsuleHeads(nn.Module):
    """PrimaryCaps at h x h positions, from which AdvCaps and ExpCaps are routed (Sec. 2.3)."""

    def __init__(self, side: int, width: int, primary: int, adv_size: int, classes: int, exp_size: int, routing: int):
        super().__init__()
        self.reduce = nn.Sequential(
            nn.Conv2d(TRUNK_WIDTH * width, width, 1, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, primary * PRIMARY_SIZE, 1),
        )
        below = primary * side * side
        layer = partial(capsules.Capsules, below, PRIMARY_SIZE)
        self.adversarial = layer(1, adv_size, iterations=1) if adv_size else None  # one capsule gets all votes
        self.expression = layer(classes, exp_size, iterations=routing)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Trunk features -> realness [B], the logit of AdvCaps' length; ExpCaps [B, C, D]"""
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
            reduce, flat = nn.Conv2d(TRUNK_WIDTH * width, width, 1, 2, 1), side * side * width
            layers = [nn.Flatten(), nn.Linear(flat, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1 + classes)]
        else:
            reduce = nn.Conv2d(TRUNK_WIDTH * width, width, 1)
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


def downsample(channels: int, out: int, norm: bool, up: bool = False) -> nn.Sequential:
    """[B, channels, H, H] -> [B, out, H / 2, H / 2], or 2 H if `up`"""
    convolution = (nn.ConvTranspose2d if up else nn.Conv2d)(channels, out, 4, 2, 1, bias=not norm)
    norms = [nn.InstanceNorm2d(out)] if norm else []
    return nn.Sequential(convolution, *norms, nn.ReLU() if up else nn.LeakyReLU(0.2))


upsample = partial(downsample, up=True)


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
        self, image_size: int, width: int, condition: int, norm: bool, skips: bool, early: bool, warps: bool = False
    ):
        """`early`: z and c enter at the input; `warps`: the output is how pixels move, not a face."""
        super().__init__()
        halvings = image_size.bit_length() - 2  # down to 2x2; the bottleneck makes it 1x1
        widths = [width * min(2**level, MAX_WIDTH) for level in range(halvings)]
        # a norm of 2x2 pixels removes the class
        normed = [norm and 0 < level < halvings - 1 for level in range(halvings)]
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
    right, down = gradient(face)
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


class Icegan(NetworkMethod):
    """A generator of apex faces from onset faces, and a discriminator that recognises by class scores of apex faces.

    Ours: what the text leaves open, see docs/icegan.md; for instance spectral and instance norm."""

    paper = (
        "Yu et al., ICE-GAN: identity-aware and capsule-enhanced GAN for micro-expressions, arXiv 2005.04370v1, 2020"
    )
    pictures = {"onset": 1, "apex": 1}
    synthesises = True
    recordings = ("micro", "macro scene")
    weights = VGG16

    class Params(base.Params):
        image_size: Literal[32, 64, 128] = Field(128, description="pixels, side of the faces")
        width: int = Field(64, ge=2, le=128, description="channels of first layers; the widest have 8 times as many")
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
        contrast: float = Field(
            4.0, gt=0, le=100, description="factor on `discriminator_input: change`, most of which is one grey level"
        )
        steady: bool = Field(
            False,
            description="whether the change from neutral to apex face is taken without head motion and light (ours)",
        )
        macro_strength: tuple[Strength, Strength] | None = Field(
            None,
            description="range of factors on the change of macro-expressions, which are then also trained on (ours)",
        )
        local_contrast: bool = Field(
            False, description="whether `discriminator_input: apex` is its local contrast (ours)"
        )
        mirror: float = Field(0.0, ge=0, le=1, description="share of training pairs that are mirrored (ours)")
        shift: int = Field(0, ge=0, le=8, description="largest random shift of training pairs, pixels (ours)")
        balanced: bool = Field(False, description="whether all classes are equally frequent in training (ours)")
        strength: Strength = Field(1.0, description="factor on the change that a synthesised face shows (ours)")
        spectral_norm: bool = Field(True, description="spectral norm in the discriminator's trunk")
        primary: int = Field(16, ge=1, le=64, description="primary capsules of 8 at each position, N_PrimaryCaps")
        adv_size: int = Field(256, ge=1, le=1024, description="length of AdvCaps, D_AdvCaps")
        exp_size: int = Field(32, ge=1, le=256, description="length of each of ExpCaps, D_ExpCaps")
        routing: int = Field(3, ge=1, le=10, description="routing iterations")
        reconstruction: tuple[Units, Units] = Field((256, 5120), description="units of the hidden layers after ExpCaps")
        cnn_hidden: Units = Field(20980, description="hidden units of `cnn_wide`")
        adv: Literal["bce", "margin"] = Field("bce", description="adversarial loss: eq. 1's logarithms, or eq. 4")
        adversarial_weight: float = Field(0.1, ge=0, le=100, description="lambda_adv of eq. 6")
        pixel_weight: float = Field(1.0, ge=0, le=100, description="lambda_MES of eq. 6, of both parts of eq. 3")
        pixel_error: Literal["absolute", "squared"] = Field(
            "absolute",
            description="eq. 3's L1 norm, or squares: of a class's many displays the mean, not the median (ours)",
        )
        perceptual: Literal["vgg16", "trunk"] = Field(
            "vgg16", description="vgg16: features of eq. 3 are VGG-16's if its weights are present; else the trunk's"
        )
        perceptual_weight: float = Field(0.1, ge=0, le=100, description="alpha of eq. 3")
        class_weight: float = Field(1.0, ge=0, le=100, description="lambda_MER of eq. 6, on real faces")
        reconstruction_weight: float = Field(5e-4, ge=0, le=100, description="beta of eq. 5")
        generator_every: int = Field(1, ge=1, le=100, description="steps of the discriminator to one of the generator")
        reconstruction_error: Literal["sum", "mean"] = Field(
            "sum", description="of squares over an image's pixels: sum as Sabour et al. scale it by that beta, or mean"
        )
        g_cls: Literal[0, 1] = Field(0, description="1: the generator is also trained by the class of its faces (ours)")
        epochs: int = Field(100, ge=1, le=2000, description="passes over the protocol's clips")
        batch: int = Field(8, ge=1, le=256, description="clips in a step")
        lr: float = Field(2e-4, gt=0, le=1, description="Adam's first learning rate")
        generator_lr: float = Field(0.0, ge=0, le=1, description="the generator's first learning rate; 0: `lr`")
        decay: float = Field(0.9, gt=0, le=1, description="factor on the learning rate every `decay_epochs`")
        decay_epochs: int = Field(20, ge=1, le=2000, description="epochs between two decays")

        @model_validator(mode="after")
        def _check_strength(self) -> Self:
            if self.macro_strength and self.macro_strength[0] > self.macro_strength[1]:
                raise ValueError(f"macro_strength must be low <= high, not {list(self.macro_strength)}")
            return self

    def __init__(self, params: Params, classes: int = base.CLASSES, several: SeveralLabels | None = None):
        super().__init__(params, classes, several)
        self.synthesises = params.generator != "none"
        self.capsules = params.discriminator == "capsule"
        self.macro = params.macro_strength is not None

    def weights_fit(self) -> bool:
        return self.synthesises and self.params.perceptual == "vgg16"

    def uses_published_weights(self) -> bool:
        return True  # for the loss, however the network starts

    def load_published_weights(self) -> str:
        """Load VGG-16's weights if they are present; return the code of the perceptual loss."""
        if not self.weights_fit():
            return ""
        super().load_published_weights()
        return f"perceptual{'' if self.published_weights else '_trunk'} file={VGG16.files[0]}"

    def shared(self) -> dict[str, nn.Module]:
        if not self.published_weights:
            return {}
        network = vgg16_relu3_3()
        load(network, self.published_weights, VGG16.files[0])
        return {"cost": network}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        params = self.params
        modules: dict[str, nn.Module] = {"trunk": trunk(params.width, params.spectral_norm)}
        side, width = params.image_size // 16, params.width
        if self.capsules:
            adv_size, size = params.adv_size if self.synthesises else 0, self.classes * params.exp_size
            sizes = (params.primary, adv_size, self.classes, params.exp_size, params.routing)
            modules["heads"] = CapsuleHeads(side, width, *sizes)
            modules["reconstruction"] = Reconstruction(size, params.reconstruction, params.image_size)
        else:
            hidden = params.cnn_hidden * (params.discriminator == "cnn_wide")
            modules["heads"] = CnnHeads(side, width, self.classes, hidden)
        if self.synthesises:
            condition = params.noise + (1 if params.label_code == "index" else self.classes)
            shape = (params.image_size, width, condition, params.instance_norm)
            early, warps = params.seed_before == "encoder", params.generator_output == "motion"
            is_dcgan = params.generator == "dcgan"
            modules["generator"] = Dcgan(*shape) if is_dcgan else UNet(*shape, params.skips, early, warps)
        return modules

    def phases(self) -> list[Phase]:
        rates = self.params.lr, self.params.generator_lr or self.params.lr
        adam, generator_adam = (partial(torch.optim.Adam, lr=rate, betas=(0.5, 0.999)) for rate in rates)
        parts = ["trunk", "heads", *(["reconstruction"] if self.capsules else [])]
        updates = [Update(self.discriminator_loss, dict.fromkeys(parts, adam))]
        if self.synthesises:
            updates.append(Update(self.generator_loss, {"generator": generator_adam}, self.params.generator_every))
        sample = balanced if self.params.balanced else half_and_half if self.macro else base.shuffled
        schedule = in_steps(self.params.decay, self.params.epochs, self.params.decay_epochs)
        return [Phase(updates, self.params.epochs, self.params.batch, sample, schedule)]

    def discriminator_loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        """Return the discriminator's part of eq. 6: real against synthesised (eq. 1), class of real faces (eq. 5)."""
        params, (onset, apex), label = self.params, self._sample_pair(batch, rng), batch["label"]
        real = self._discriminator_input(apex, onset)
        if not self.synthesises or not params.adversarial_weight:
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
        params, (onset, apex), label = self.params, self._sample_pair(batch, rng), batch["label"]
        fake = self._generate(modules, onset, label, rng)
        pixel = self._pixel_loss(fake, apex, onset, batch)
        if not (params.adversarial_weight or params.perceptual_weight or params.g_cls):
            return params.pixel_weight * pixel
        patches = modules.trunk(self._discriminator_input(fake, onset))
        realness, classes = modules.heads(patches)
        if self.published_weights:
            colours = [standardise((image + 1).expand(-1, 3, -1, -1) / 2) for image in (fake, onset)]
            perceptual = F.mse_loss(*(modules.cost(image) for image in colours))
        else:
            perceptual = F.mse_loss(patches, modules.trunk(self._discriminator_input(onset, onset)))
        loss = params.adversarial_weight * self._adversarial_loss(realness, True)
        loss = loss + params.pixel_weight * (pixel + params.perceptual_weight * perceptual)
        return loss + self._class_loss(classes, label) if params.g_cls else loss

    def _discriminator_input(self, image: Tensor, neutral: Tensor) -> Tensor:
        if self.params.discriminator_input == "apex":
            return local_contrast((image + 1) / 2) if self.params.local_contrast else image
        return self.params.contrast * (steady_change(neutral, image) if self.params.steady else image - neutral)

    def _sample_pair(self, batch: Batch, rng: Stream) -> tuple[Tensor, Tensor]:
        """Return neutral and apex faces [B, 1, H, H] in -1..1; of macro-expressions a part of the change."""
        params, onset, apex = self.params, signed_grey(batch["onset"]), signed_grey(batch["apex"])
        if params.macro_strength is not None:
            low, high = params.macro_strength
            factor = low * (high / low) ** rng.uniform(len(apex), 1, 1, 1)
            apex = torch.where(batch["macro"][:, None, None, None] == 1, onset + factor * (apex - onset), apex)
        if params.mirror or params.shift:
            onset, apex = jitter(torch.cat([onset, apex], 1), rng, params.mirror, params.shift).split(1, 1)
        return onset, apex

    def _pixel_loss(self, fake: Tensor, apex: Tensor, onset: Tensor, batch: Batch) -> Tensor:
        """Return eq. 3's distance to apex faces; where macro-expressions are trained on, to theirs alone."""
        target = onset + steady_change(onset, apex) if self.params.steady and not self.macro else apex
        errors = fake - target
        errors = errors.abs() if self.params.pixel_error == "absolute" else errors.square()
        if not self.macro:
            return errors.mean()
        weight = (batch["macro"][:, None, None, None] == 1).to(fake.dtype)
        return (weight * errors).sum() / (weight.sum().clamp(min=1) * fake[0].numel())

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
        squares = (modules.reconstruction(classes, label) - (image.flatten(1) + 1) / 2).square()  # [B, H * H]
        errors = squares.sum(1) if self.params.reconstruction_error == "sum" else squares.mean(1)
        return loss + self.params.reconstruction_weight * errors.mean()

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
        neutral = signed_grey(batch["onset"])
        face = self._generate(modules, neutral, batch["target_label"], rng)
        if self.params.strength != 1:
            face = (neutral + self.params.strength * (face - neutral)).clamp(-1, 1)
        return (face + 1) / 2


def signed_grey(image: Tensor) -> Tensor:
    """Convert uint8 grey levels to numbers in -1..1."""
    return image.to(torch.get_default_dtype()) / 127.5 - 1
