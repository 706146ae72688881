"""The landmark network for training, and as it is exported."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from microexpr.signals import learning
from microexpr.signals.landmarks.network import ERROR_UNIT, POINTS, SIZE
from microexpr.signals.learning import Residual, convolution

WIDTH = 16  # channels of the first layer


class LandmarkNetwork(nn.Module):
    """Images to positions and the logarithms of their variances.

    Features of four sizes are computed, from 56 to 7 pixels a side, and added up again to 28, where each point has its
    map. What the smallest say of the whole face corrects positions and tells how certain they are.
    """

    def __init__(self) -> None:
        super().__init__()
        w, side = WIDTH, SIZE // 16
        self.stem = convolution(1, w, 5, 2)
        self.down1, self.down2 = Residual(w, 2 * w, 2), Residual(2 * w, 4 * w, 2)
        self.down3 = nn.Sequential(Residual(4 * w, 6 * w, 2), Residual(6 * w, 6 * w))
        self.whole = nn.Sequential(
            nn.Conv2d(6 * w, 2 * w, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2 * w * side * side, 160), nn.ReLU()
        )
        self.spread = nn.Linear(160, 4 * w)
        self.side2, self.side1 = nn.Conv2d(6 * w, 4 * w, 1), nn.Conv2d(4 * w, 2 * w, 1)
        self.up2, self.up1 = convolution(4 * w, 4 * w, 3), convolution(2 * w, 3 * w, 3)
        self.maps = nn.Conv2d(3 * w, POINTS, 1)
        self.shift, self.variance = nn.Linear(160, 2 * POINTS), nn.Linear(160, POINTS)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return positions [B, 70, 2], x and y in -0.5..0.5 from edge to edge, and log variances [B, 70].

        `images` are grey, [B, 1, 112, 112] in 0..1."""
        mean, spread = images.mean((1, 2, 3), keepdim=True), images.std((1, 2, 3), keepdim=True)
        fine = self.down1(self.stem((images - mean) / (spread + 0.02)))
        middle = self.down2(fine)
        coarse = self.down3(middle)
        whole = self.whole(coarse)
        middle = torch.relu(middle + _double(self.side2(coarse)) + self.spread(whole)[:, :, None, None])
        fine = torch.relu(fine + _double(self.side1(self.up2(middle))))
        maps = self.maps(self.up1(fine))
        side = maps.shape[-1]
        likely = maps.flatten(2).softmax(-1).reshape(maps.shape)
        steps = (torch.arange(side) + 0.5) / side - 0.5
        positions = torch.stack([(likely.sum(2) * steps).sum(-1), (likely.sum(3) * steps).sum(-1)], -1)
        return positions + 0.1 * self.shift(whole).reshape(-1, POINTS, 2), self.variance(whole)


def _double(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2, mode="nearest")


class Points(nn.Module):
    """The exported network: images uint8[N, 112, 112] to points [N, 70, 2] and errors [N, 70], in their pixels."""

    def __init__(self, network: LandmarkNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        positions, variance = self.network(image[:, None].float() / 255)
        return (positions + 0.5) * SIZE - 0.5, ERROR_UNIT * SIZE * torch.exp(0.5 * variance)


def graph(network: LandmarkNetwork) -> bytes:
    """Return a trained network as an ONNX graph, from `image` to `points` and `error`."""
    image = torch.arange(2 * SIZE * SIZE).reshape(2, SIZE, SIZE).to(torch.uint8)
    return learning.graph(Points(network), {"image": image}, ["points", "error"])
