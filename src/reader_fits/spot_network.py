"""The network that spots, for training, and as it is exported. Shapes: B recordings, N times, C curves, W channels."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.aus.recording import COURSES
from microexpr.signals.spotting.network import CHANNELS, KINDS, WHOLE, Inputs
from microexpr.training import onnx_export

WIDTH, CONTEXT = 16, 32  # channels of a curve's features, and of all curves together
KERNEL, DILATIONS = 5, (1, 2, 4, 8, 16)
DROPPED = 0.1
FLAT = 1e-6  # squared deviation of curves' features: they are alike


def _convolution(before: int, after: int, dilation: int = 1) -> nn.Conv1d:
    return nn.Conv1d(before, after, KERNEL, padding=KERNEL // 2 * dilation, dilation=dilation)


class Branch(nn.Module):
    """Curves of one sort, each read by the same convolutions in time; a vector for each tells which it is."""

    def __init__(self, names: int) -> None:
        super().__init__()
        self.names = nn.Parameter(0.3 * torch.randn(names, WIDTH))
        self.first = nn.Conv1d(CHANNELS, WIDTH, 1)
        self.layers = nn.ModuleList(_convolution(WIDTH, WIDTH, dilation) for dilation in DILATIONS)
        self.norms = nn.ModuleList(nn.BatchNorm1d(WIDTH) for _ in DILATIONS)
        self.context = nn.ModuleList(nn.Conv1d(CONTEXT, WIDTH, 1) for _ in DILATIONS)

    def start(self, curves: Tensor) -> Tensor:
        """Return the features [B C, W, N] of curves [B, N, C, 4], left and right in turn."""
        x = self.first(curves.permute(0, 2, 3, 1).flatten(0, 1))
        names = self.names.repeat_interleave(2, 0)[None].expand(len(curves), -1, -1).reshape(-1, WIDTH, 1)
        return torch.relu(x + names)

    def layer(self, i: int, x: Tensor, context: Tensor) -> Tensor:
        """Return features with what a layer adds, given the context [B, CONTEXT, N]."""
        count = 2 * len(self.names)
        message = self.context[i](context)[:, None].expand(-1, count, -1, -1).reshape(x.shape)
        return x + torch.relu(self.norms[i](self.layers[i](x)) + message)

    def pool(self, x: Tensor) -> Tensor:
        """Return mean, largest and spread over the curves, [B, 3 W, N]."""
        count = 2 * len(self.names)
        x = x.reshape(-1, count, *x.shape[1:])
        mean = x.mean(1)
        spread = ((x * x).mean(1) - mean * mean).clamp(min=FLAT).sqrt()
        return torch.cat([mean, x.amax(1), spread], 1)


class SpotNetwork(nn.Module):
    """Scores of all kinds at each time. What curves have in common is told to each of them, layer by layer."""

    def __init__(self) -> None:
        super().__init__()
        self.of_units, self.of_regions = Branch(len(ACTION_UNITS)), Branch(COURSES)
        together = 2 * 3 * WIDTH + CONTEXT
        self.first = _convolution(WHOLE, CONTEXT)
        self.layers = nn.ModuleList(_convolution(together, CONTEXT, dilation) for dilation in DILATIONS)
        self.norms = nn.ModuleList(nn.BatchNorm1d(CONTEXT) for _ in DILATIONS)
        self.last = nn.Conv1d(together, len(KINDS), 1)
        for name, shape in (("units", CHANNELS), ("regions", CHANNELS), ("whole", WHOLE)):
            self.register_buffer(f"{name}_mean", torch.zeros(shape))
            self.register_buffer(f"{name}_deviation", torch.ones(shape))

    def forward(self, units: Tensor, regions: Tensor, whole: Tensor) -> Tensor:
        """Return scores [B, N, 5] of inputs [B, N, ...]."""
        units, regions, whole = (
            (values - getattr(self, f"{name}_mean")) / getattr(self, f"{name}_deviation")
            for name, values in (("units", units), ("regions", regions), ("whole", whole))
        )
        context = torch.relu(self.first(whole.transpose(1, 2)))
        x, y = self.of_units.start(units), self.of_regions.start(regions)
        for i, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            x, y = self.of_units.layer(i, x, context), self.of_regions.layer(i, y, context)
            added = torch.relu(norm(layer(self._together(x, y, context))))
            context = context + F.dropout(added, DROPPED, self.training)
        return self.last(self._together(x, y, context)).transpose(1, 2)

    def _together(self, x: Tensor, y: Tensor, context: Tensor) -> Tensor:
        return torch.cat([self.of_units.pool(x), self.of_regions.pool(y), context], 1)


class _OfOne(nn.Module):
    """The exported network: one recording, whose times are the first axis."""

    def __init__(self, network: SpotNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, units: Tensor, regions: Tensor, whole: Tensor) -> Tensor:
        return self.network(units[None], regions[None], whole[None])[0]


def graph(network: SpotNetwork) -> bytes:
    """Return a trained network as an ONNX graph from `Inputs` to `scores` float32[N, 5]."""
    shapes = (2 * len(ACTION_UNITS), CHANNELS), (2 * COURSES, CHANNELS), (WHOLE,)
    example = {name: torch.zeros(64, *shape) for name, shape in zip(Inputs._fields, shapes, strict=True)}
    return onnx_export.graph(_OfOne(network), example, ["scores"])
