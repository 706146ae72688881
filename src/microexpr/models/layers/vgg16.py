"""VGG-16 (Simonyan & Zisserman 2015) under torchvision's tensor names, of any width. No file is opened here.

Shapes: B images, W `width`, H rows.
"""

from collections.abc import Sequence

from torch import Tensor, nn

WIDTH = 64  # channels of the first stage of the published weights
STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))  # channels in units of W, and convolutions, before each pool
DOWNSAMPLING = 2 ** len(STAGES)  # image rows to one of the last maps
HIDDEN = 64  # units of a fully connected layer to one of W: 4096
# index in `features` of the last ReLU of each stage, before the pool
MAPS = {"relu1_2": 3, "relu2_2": 8, "relu3_3": 15, "relu4_3": 22, "relu5_3": 29}


def features(width: int = WIDTH, channels: int = 3) -> nn.Sequential:
    """Return the convolutions, numbered as torchvision's: [B, channels, H, H] -> [B, 8 W, H / 32, H / 32]"""
    layers: list[nn.Module] = []
    for factor, count in STAGES:
        for _ in range(count):
            layers += [nn.Conv2d(channels, factor * width, 3, padding=1), nn.ReLU()]
            channels = factor * width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class Maps(nn.Module):
    """VGG-16 up to the last of the named intermediate maps, which it returns."""

    def __init__(self, names: Sequence[str], width: int = WIDTH):
        """`names` are keys of `MAPS`."""
        super().__init__()
        self.indices = [MAPS[name] for name in names]
        self.features = nn.Sequential(*list(features(width))[: max(self.indices) + 1])

    def forward(self, x: Tensor) -> list[Tensor]:
        """[B, 3, H, H] -> maps [B, k W, H / n, H / n], one for each name"""
        outputs = []
        for layer in self.features:
            outputs.append(x := layer(x))
        return [outputs[index] for index in self.indices]


def initialise(network: nn.Module) -> None:
    """Initialise weights after He et al. 2015 and biases by 0: torch's default loses the signal in thirteen layers."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
