"""The network of action units for training, and as it is exported: from pixels to FACS intensities."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from microexpr.signals.aus import ACTION_UNITS, LARGEST, OPEN, SHOWN
from microexpr.signals.aus.regressor import FACE_SIZE
from microexpr.training import onnx_export
from reader_fits.learning import Residual, convolution

UNITS, READ = len(SHOWN), len(ACTION_UNITS)  # the network's units, those that are read first
WIDTH, HIDDEN = 16, 192  # channels of the first layer, and of the features of a half
UNIT = 0.5  # FACS intensity: the network's numbers are asinh(intensity / UNIT), so that faint ones count
MOST = float(np.arcsinh(LARGEST / UNIT))  # of the network's numbers
LEVELS = 4.0  # grey levels added to a face's contrast, so that a flat one does not become noise

CELL = 4  # px of a cell, on the full image and on the halved one
WINDOWS = (4.0, 3.0)  # standard deviations in px over which gradients are summed: halved image, full image
FLAT = 1.0  # squared grey levels a px: weaker gradients yield no movement
BLUR = 0.7  # px, before gradients are taken
STEPS = 32  # to a pixel: positions of a warp are rounded to these


class Trunk(NamedTuple):
    """Features of F halves."""

    fine: Tensor  # [F, 2 WIDTH, 32, 16]
    middle: Tensor  # [F, 4 WIDTH, 16, 8]


class UnitNetwork(nn.Module):
    """Halves of faces and movements to intensities and the logarithms of their variances, both of asinh(x / UNIT)."""

    def __init__(self) -> None:
        super().__init__()
        w, cells = WIDTH, 8 * 4
        self.stem = convolution(1, w, 5, 2)
        self.down1, self.down2 = Residual(w, 2 * w, 2), Residual(2 * w, 4 * w, 2)
        self.alone1 = Residual(4 * w, 6 * w, 2)
        self.alone2, self.alone3 = nn.Linear(6 * w * cells, HIDDEN), nn.Linear(2 * HIDDEN, 2 * UNITS)
        self.moved = Residual(2 + 2 * w, 2 * w, 2)
        self.change1 = Residual(4 * w + 4 * w + 2 * w + 2, 6 * w, 2)
        self.change2, self.change3 = nn.Linear(6 * w * cells, HIDDEN), nn.Linear(2 * HIDDEN, 2 * UNITS)
        self.linear = nn.Linear(2 * 16 * 8 + 2 * 32 * 16, UNITS, bias=False)
        nn.init.zeros_(self.linear.weight)

    def trunk(self, faces: Tensor) -> Trunk:
        """Return the features of both halves of faces [N, 128, 128] in grey levels, those of a face one by one."""
        halves = split_halves(faces).float()  # without each face's brightness and contrast:
        mean, spread = halves.mean((1, 2, 3), keepdim=True), halves.std((1, 2, 3), keepdim=True)
        fine = self.down1(self.stem(((halves - mean) / (spread + LEVELS)).reshape(-1, 1, *halves.shape[2:])))
        return Trunk(fine, self.down2(fine))

    def alone(self, middle: Tensor) -> tuple[Tensor, Tensor]:
        """Return the output for each half alone, [F, 24], and log variances; halves of a face follow each other."""
        return _with_other(torch.relu(self.alone2(self.alone1(middle).flatten(1))), self.alone3)

    def change(self, before: Trunk, after: Trunk, coarse: Tensor, fine: Tensor) -> tuple[Tensor, Tensor]:
        """Return the change from each half to another, [F, 24], and log variances.

        `coarse` [N, 2, 16, 16] and `fine` [N, 2, 32, 32] are how the faces move, as from `Movement`."""
        coarse, fine = (torch.asinh(2 * outward(cells).flatten(0, 1)) for cells in (coarse, fine))
        moved = self.moved(torch.cat([fine, after.fine - before.fine], 1))
        mixed = self.change1(torch.cat([after.middle - before.middle, before.middle, moved, coarse], 1))
        values, variance = _with_other(torch.relu(self.change2(mixed.flatten(1))), self.change3)
        return values + 0.1 * self.linear(torch.cat([coarse.flatten(1), fine.flatten(1)], 1)), variance


def _with_other(features: Tensor, last: nn.Linear) -> tuple[Tensor, Tensor]:
    """Return values and log variances of halves [F, HIDDEN], from the features of each and of the other one."""
    halves = features.reshape(-1, 2, features.shape[-1])
    out = last(torch.cat([halves, halves.flip(1)], -1)).flatten(0, 1)
    return out[:, :UNITS], out[:, UNITS:]


class Alone(nn.Module):
    """The exported reader of single faces: uint8[N, 128, 128] to intensities of both halves [N, 2, 17], and errors."""

    def __init__(self, network: UnitNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, face: Tensor) -> tuple[Tensor, Tensor]:
        return _reading(*self.network.alone(self.network.trunk(face.float()).middle))


class Change(nn.Module):
    """The exported reader of changes: from a face uint8[1, 128, 128] to N others, [N, 2, 17], their errors, and how the
    skin moved, [N, 2, 32, 32] of `Movement`."""

    def __init__(self, network: UnitNetwork) -> None:
        super().__init__()
        self.network, self.movement = network, Movement()

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        faces = before.float(), after.float()
        first, second = map(self.network.trunk, faces)
        first = Trunk(*(part.repeat(after.shape[0], 1, 1, 1) for part in first))
        coarse, fine = self.movement(*faces)
        return *_reading(*self.network.change(first, second, coarse, fine)), fine


def split_halves(faces: Tensor) -> Tensor:
    """Split [..., W] into the subject's left and right half, each from the middle outward, [N, 2, ..., W / 2].

    The subject's left is at the right of an image."""
    middle = faces.shape[-1] // 2
    return torch.stack([faces[..., middle:], faces[..., :middle].flip(-1)], 1)


def outward(movement: Tensor) -> Tensor:
    """Return how both halves move outward and down, [N, 2, 2, H, W / 2], of a movement right and down [N, 2, H, W]."""
    left, right = split_halves(movement).unbind(1)
    return torch.stack([left, right * torch.tensor([-1.0, 1.0])[:, None, None]], 1)


def _reading(values: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Return FACS intensities [N, 2, 17] of halves that follow each other, and the standard deviations to expect."""
    intensities = UNIT * torch.sinh(values.clamp(-MOST, MOST))
    variances = (UNIT**2 + intensities**2) * torch.exp(variance.clamp(-20, 5))
    reading = _coded(intensities).clamp(-LARGEST, LARGEST), _coded(variances).sqrt()
    return tuple(part.reshape(-1, 2, READ) for part in reading)  # type: ignore[return-value]


def _coded(units: Tensor) -> Tensor:
    """Return the 17 units that are read [F, 17] of all 24 [F, 24], as `coding.coded` does, without its limits."""
    stretch, is_open = SHOWN.index("AU27"), torch.tensor([float(unit in OPEN) for unit in range(READ)])
    return units[:, :READ] + units[:, stretch : stretch + 1] * is_open


def graphs(network: UnitNetwork) -> tuple[bytes, bytes]:
    """Return a trained network as two ONNX graphs, both to `intensity` and `error`: from `face`, and from `before` and
    `after`, this one also to `movement`."""
    faces = torch.arange(2 * FACE_SIZE * FACE_SIZE).reshape(2, FACE_SIZE, FACE_SIZE).to(torch.uint8)
    outputs = ["intensity", "error"]
    return (
        onnx_export.graph(Alone(network), {"face": faces}, outputs),
        onnx_export.graph(Change(network), {"before": faces[:1], "after": faces}, [*outputs, "movement"]),
    )


class Movement(nn.Module):
    """The estimate, by operators that ONNX graphs can have: a filter of an axis is a matrix.

    Each is what OpenCV makes of the unit matrix, so that it has OpenCV's kernels and borders."""

    def __init__(self) -> None:
        super().__init__()
        size = FACE_SIZE
        self.blur = _gaussian(size, BLUR)
        self.halve, self.enlarge = _resize(size, size // 2), _resize(size // 8, size)
        self.means = _resize(size, size // CELL)
        self.steps = nn.ModuleList(_Step(size // part, WINDOWS[k]) for k, part in enumerate((2, 1)))
        self.columns = torch.arange(size, dtype=torch.float32).repeat(size, 1)

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Return coarse and fine cells, [N, 2, 16, 16] and [N, 2, 32, 32]: pixels to the right and down.

        `before` [1 or N, 128, 128] and `after` [N, 128, 128] are in grey levels; the second's brightness as a whole
        does not matter."""
        before, after = (_both_ways(face, self.blur) for face in (before, after))
        after = after * (before.mean((1, 2), keepdim=True) / after.mean((1, 2), keepdim=True).clamp(min=1))
        coarse = 2 * self.steps[0](*(_both_ways(face, self.halve) for face in (before, after)))
        flow = torch.round(_both_ways(coarse, self.enlarge) * STEPS) / STEPS
        places = torch.stack([self.columns + flow[:, 0], self.columns.T + flow[:, 1]], -1)
        grid = places * (2 / (FACE_SIZE - 1)) - 1
        unwarped = functional.grid_sample(after[:, None], grid, "bilinear", "border", align_corners=True)[:, 0]
        return coarse, _both_ways(flow, self.means) + self.steps[1](before, unwarped)


class _Step(nn.Module):
    """The movement, [N, 2, H / 4, W / 4], that best explains a difference by the gradients around each cell."""

    def __init__(self, size: int, window: float) -> None:
        super().__init__()
        self.slope, self.smooth = (_filter(size, kernel) for kernel in ([-1 / 16, 0, 1 / 16], [1, 2, 1]))
        self.cells = _resize(size, size // CELL) @ _gaussian(size, window)

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        total, difference = before + after, before - after
        right, down = self.smooth @ total @ self.slope.T, self.slope @ total @ self.smooth.T
        products = torch.stack([right * right, right * down, down * down, right * difference, down * difference], 1)
        xx, xy, yy, xt, yt = _both_ways(products, self.cells).unbind(1)
        xx, yy = xx + FLAT, yy + FLAT
        determinant = xx * yy - xy * xy
        return torch.stack([(yy * xt - xy * yt) / determinant, (xx * yt - xy * xt) / determinant], 1)


def _both_ways(images: Tensor, matrix: Tensor) -> Tensor:
    """Apply a filter of one axis to both, [..., H, W]."""
    return matrix @ images @ matrix.T


def _filter(size: int, kernel: Any) -> Tensor:
    unit = np.eye(size, dtype=np.float32)
    return torch.from_numpy(cv2.sepFilter2D(unit, cv2.CV_32F, np.ones(1), np.array(kernel, float)))


def _gaussian(size: int, deviation: float) -> Tensor:
    length = round(8 * deviation + 1) | 1  # as OpenCV chooses it for float32
    return _filter(size, cv2.getGaussianKernel(length, deviation)[:, 0])


def _resize(size: int, to: int) -> Tensor:
    how = cv2.INTER_AREA if to < size else cv2.INTER_LINEAR
    return torch.from_numpy(cv2.resize(np.eye(size, dtype=np.float32), (size, to), interpolation=how))
