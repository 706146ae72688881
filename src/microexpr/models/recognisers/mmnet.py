"""MMNet: attention on the change from onset to apex, positions from the onset face. No folds, files or devices come in.

Shapes: B clips, onset and apex [B, 3, H, H], W `width`, M channels, h = H / 16 rows and columns of the last maps.
"""

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models import base
from microexpr.models.base import Batch, ClipTensors, Modules, Statistics
from microexpr.models.classifier import Classifier, ClipsPerStep, Epochs, Mirror, Shift
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.portable import Linear
from microexpr.models.layers.pretrained import standardise
from microexpr.models.layers.transformers import EPSILON, VisionLayer
from microexpr.models.recipe import jitter, to_unit_range

REDUCTION = 16  # of rows and columns, from the frames to the last maps
SPREAD = 0.02  # deviation of the initial weights of the transformer
DECAYS = 50  # epochs after which the rate no longer falls


class AttentiveBlock(nn.Module):
    """A 3x3 and a 1x1 convolution with a shortcut, weighed by one attention map that multiplies the block's before."""

    def __init__(self, channels: int, out: int, stride: int):
        super().__init__()
        self.stride = stride
        self.conv1, self.bn1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 1, bias=False), nn.BatchNorm2d(out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))
        self.attend = nn.Sequential(nn.Conv2d(2, 1, 1, bias=False), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, x: Tensor, before: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """[B, channels, H, H], attention [B, 1, H, H] of the block before -> [B, out, h, h], attention [B, 1, h, h]"""
        inner = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        x = (inner + self.shortcut(x[:, :, :: self.stride, :: self.stride])).relu()
        attention = self.attend(torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True).values], 1))
        if before is not None:
            attention = attention * F.max_pool2d(before, 3, 2, 1)
        return x * attention, attention


class Motion(nn.Module):
    """The branch of muscle motion: two convolutions and four attentive blocks on apex less onset."""

    def __init__(self, stem: int, width: int):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU())
        self.reduce = nn.Sequential(nn.Conv2d(stem, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        sizes = ((width, width, 1), (width, width, 2), (width, 2 * width, 2), (2 * width, 4 * width, 2))
        self.blocks = nn.ModuleList(AttentiveBlock(*size) for size in sizes)
        for module in (module for part in (self.reduce, self.blocks) for module in part.modules()):
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, change: Tensor) -> Tensor:
        """[B, 3, H, H] -> [B, 4 W, H / 16, H / 16]"""
        x, attention = self.reduce(self.stem(change)), None
        for block in self.blocks:
            x, attention = block(x, attention)
        return x


class Positions(nn.Module):
    """The position calibration module: a vision transformer on the onset face, one token for each position."""

    def __init__(self, params: "Mmnet.Params"):
        super().__init__()
        channels, depth, self.side = 4 * params.width, params.depth, params.image_size // REDUCTION
        self.embed = nn.Conv2d(3, channels, 1)
        self.position = nn.Parameter(nn.init.trunc_normal_(torch.empty(self.side**2, channels), std=SPREAD))
        shares = [params.drop_path * i / max(1, depth - 1) for i in range(depth)]
        self.layers = nn.ModuleList(
            VisionLayer(channels, params.heads, params.expansion * channels, drop_path=share) for share in shares
        )
        for layer in self.layers.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=SPREAD)
                nn.init.zeros_(layer.bias)
        self.norm = nn.LayerNorm(channels, EPSILON)

    def forward(self, onset: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, H, H] -> [B, M, h, h]"""
        small = F.interpolate(onset, (self.side, self.side), mode="bilinear")
        tokens = self.embed(small).flatten(2).mT + self.position  # [B, h h, M]
        for layer in self.layers:
            tokens = layer(tokens, rng)
        return self.norm(tokens).mT.unflatten(2, (self.side, self.side))


class Network(nn.Module):
    """The sum of both branches, classified by one linear layer that sees every position."""

    def __init__(self, params: "Mmnet.Params", classes: int):
        super().__init__()
        positions = Positions(params)  # drawn first, named last
        self.motion, self.positions = Motion(params.stem, params.width), positions
        self.classify = Linear(4 * params.width * positions.side**2, classes)

    def forward(self, onset: Tensor, apex: Tensor, rng: Stream | None = None) -> Tensor:
        """Two [B, 3, H, H] -> [B, C]"""
        x = self.motion(apex - onset) + self.positions(onset, rng)
        return self.classify(x.flatten(1))


class Mmnet(Classifier):
    """Continuous attention on the difference of apex and onset, added to position embeddings of the onset face.

    From the authors' released code for three classes of CASME II: both branches, their sizes and initial weights,
    AdamW's rate and decay, batch and epochs, a rate that falls by 1.3 % in each of the first 50 epochs, mirrored and
    shifted clips. Its first convolution has two groups, which do not divide three colours, so that it cannot be built;
    here it has one, as in the code for five classes. That code's classifier always has five outputs.
    Ours: class weights; shifted images repeat their edges, where theirs are padded with black; no rotation by up to 4
    degrees; onset and apex are the annotated frames, where theirs are sampled around these in training. Their program
    counts each subject's best test epoch."""

    paper = "Li, Sui, Zhu and Zhao, MMNet: muscle motion-guided network for micro-expression recognition, IJCAI 2022"
    pictures = {"onset": 3, "apex": 3}
    network = Network

    class Params(base.Params):
        image_size: int = Field(224, ge=32, le=448, multiple_of=16, description="pixels, side of the frames")
        stem: int = Field(180, ge=2, le=512, description="channels of the first convolution")
        width: int = Field(128, ge=4, le=512, description="channels of the first two blocks; later ones: 2 and 4 times")
        depth: int = Field(3, ge=1, le=12, description="layers of the transformer")
        heads: int = Field(4, ge=1, le=4, description="of its attention; 1, 2 or 4")
        expansion: int = Field(2, ge=1, le=8, description="units of its hidden layers, times its channels")
        drop_path: float = Field(0.3, ge=0, lt=1, description="share of clips that skip the last layer; fewer before")
        epochs: Epochs = 99
        batch: ClipsPerStep = 24
        lr: float = Field(8e-4, gt=0, le=1, description="AdamW's first learning rate")
        weight_decay: float = Field(0.7, ge=0, le=10, description="AdamW's")
        decay: float = Field(0.987, gt=0, le=1, description="factor on the rate after each of the first 50 epochs")
        mirror: Mirror = 0.5
        shift: Shift = 4

    takes_several = True
    algorithm = torch.optim.AdamW

    def statistics(self, train: ClipTensors) -> Statistics:
        return {"class_weights": self.label_weights(train.targets)}

    def schedule(self, progress: float) -> float:
        return self.params.decay ** min(DECAYS, int(progress * self.params.epochs + 1e-6))

    def forward(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream | None = None) -> Tensor:
        frames = torch.cat([to_unit_range(batch[name]) for name in ("onset", "apex")], 1)
        if rng:
            frames = jitter(frames, rng, self.params.mirror, self.params.shift)
        return modules.network(*map(standardise, frames.chunk(2, 1)), rng)
