"""ResNet-18 on the onset-to-apex flow, which it reads like an image. No folds, files or devices come in.

Shapes: B clips, C classes, flow [B, 3, H, W] of u, v and strain.
"""

from pydantic import Field
from torch import Tensor, nn

from microexpr.models.base import Initialisation
from microexpr.models.classifier import ClipsPerStep, Epochs, FlowNetwork
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.pretrained import WIDTH, ResNet18
from microexpr.models.pretrained_weights import RESNET18


class Network(nn.Module):
    """ResNet-18 with a layer for the classes; it drops nothing."""

    def __init__(self, params: "FlowResnet.Params", classes: int):
        super().__init__()
        self.trunk = ResNet18(params.width, params.stages, params.pool)
        self.classify = nn.Linear(self.trunk.out_channels, classes)

    def forward(self, flow: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, 3, H, W] -> [B, C]"""
        return self.classify(self.trunk(flow).mean((2, 3)))


class FlowResnet(FlowNetwork):
    """A residual network from ImageNet's weights, in meb's setting: 112 pixels, 50 epochs, Adam with weight decay.

    Ours: flow normalised over the fold's training clips, in place of each clip's own range. A network of another width
    or fewer stages starts from scratch."""

    paper = "Varanka et al., Data leakage and evaluation issues in micro-expression analysis, IEEE TAC 2024 (meb)"
    weights, network, published_part = RESNET18, Network, "trunk"
    published_params = {"width": WIDTH, "stages": 4, "pool": True}

    class Params(FlowNetwork.Params):
        image_size: int = Field(112, ge=28, le=288, description="rows and columns of the flow")
        width: int = Field(WIDTH, ge=2, le=WIDTH, description="channels of the first stage; published weights have 64")
        stages: int = Field(4, ge=1, le=4, description="of the four")
        pool: bool = Field(True, description="whether the first convolution is followed by a pool")
        weight_decay: float = Field(1e-3, ge=0, le=1, description="Adam's, added to the gradient")
        epochs: Epochs = 50
        batch: ClipsPerStep = 32
        lr: float = Field(1e-4, gt=0, le=1, description="Adam's first learning rate, see `cosine`")
        initialisation: Initialisation = Field("published", description="the trunk's first weights: ImageNet's or none")
