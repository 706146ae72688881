"""CapsuleNet on the apex frame: ResNet-18's first stages, then capsules. No folds, files or devices come in.

Shapes: B clips, apex [B, 3, H, H], W `width`, classes C.
"""

from pydantic import Field, model_validator
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, Modules, Statistics
from microexpr.models.classifier import Classifier, ClipsPerStep, Epochs, Mirror, Shift
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.capsules import Capsules, length, margin_loss, primary
from microexpr.models.layers.pretrained import WIDTH, ResNet18
from microexpr.models.pretrained_weights import RESNET18
from microexpr.models.recipe import balanced, jitter, to_unit_range

STAGES = 3  # of ResNet-18
SIZE, OUT_SIZE = 8, 16  # lengths of a primary capsule and of a class capsule
DEVIATION, BELOW = 0.01, 1152  # of the initial routing weights; primary capsules at 224 pixels
POSITIVE, NEGATIVE = 0.99, 0.01  # margins


class Network(nn.Module):
    """ResNet-18's first stages, two convolutions and capsules: from faces to the length of each class capsule."""

    def __init__(self, params: "Capsulenet.Params", classes: int):
        super().__init__()
        self.stem = ResNet18(params.width, stages=STAGES, pool=False)
        channels = self.stem.out_channels
        self.convolve = nn.Conv2d(channels, channels, params.kernel)
        self.primary = nn.Conv2d(channels, channels, params.kernel, stride=2)
        side = (params.image_size // 8 - 2 * params.kernel + 1) // 2 + 1  # rows of the primary capsules, W / 2 in each
        below = side**2 * channels // SIZE
        deviation = DEVIATION * (BELOW / below) ** 0.5  # keeps the sum over fewer votes at its size
        self.capsules = Capsules(below, SIZE, classes, OUT_SIZE, params.routing, deviation)

    def forward(self, faces: Tensor) -> Tensor:
        """[B, 3, H, H] -> [B, C] in 0..1"""
        x = self.convolve(self.stem(faces)).relu()  # [B, 4 W, H/8 - k + 1, H/8 - k + 1]
        return length(self.capsules(primary(self.primary(x), SIZE)))


class Capsulenet(Classifier):
    """Capsules on the apex frame in colour, classified by margin loss.

    From the authors' released code: layers, margins, rates and epochs, that is the stem without its pool, two 9x9
    convolutions, 1152 capsules of 8, one of 16 for each class, three iterations of routing. ImageNet's weights
    initialise the stem if they are present. Ours: classes are sampled equally often, where the authors add frames of
    the rarer ones; images are mirrored, shifted and brightened, where they also rotate them and change colours; and the
    width, the kernels and the initial routing weights at smaller sizes."""

    paper = "Van Quang, Chun and Tokuyama, CapsuleNet for micro-expression recognition, FG 2019"
    pictures = {"apex": 3}
    weights, network, published_part, published_params = RESNET18, Network, "stem", {"width": WIDTH}
    sample = staticmethod(balanced)

    class Params(base.Params):
        image_size: int = Field(224, ge=32, le=448, multiple_of=8, description="pixels, side of the faces")
        width: int = Field(WIDTH, ge=2, le=256, multiple_of=2, description="channels of ResNet-18's first stage")
        kernel: int = Field(9, ge=2, le=15, description="side of both convolutions between stem and capsules")
        routing: int = Field(3, ge=1, le=10, description="iterations")
        initialisation: base.Published = "published"
        epochs: Epochs = 30
        batch: ClipsPerStep = 32
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's first learning rate")
        decay: float = Field(0.9, gt=0, le=1, description="factor on the learning rate after each epoch")
        mirror: Mirror = 0.5
        shift: Shift = 8
        brightness: float = Field(0.2, ge=0, lt=1, description="largest change of a training clip's brightness")

        @model_validator(mode="after")
        def _check_kernel(self) -> "Capsulenet.Params":
            if self.image_size // 8 < 2 * self.kernel - 1:
                largest = (self.image_size // 8 + 1) // 2
                raise ValueError(f"kernel must be <= {largest} at image_size {self.image_size}, not {self.kernel}")
            return self

    def schedule(self, progress: float) -> float:
        return self.params.decay ** round(progress * self.params.epochs)

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        params, faces = self.params, to_unit_range(batch["apex"])
        return modules.network(jitter(faces, rng, params.mirror, params.shift, params.brightness) if rng else faces)

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        lengths = self.forward(modules, batch, statistics, rng)
        return margin_loss(lengths, batch["label"], POSITIVE, NEGATIVE)
