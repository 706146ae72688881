"""Estimate how the skin moves between two images of a face, in cells.

Least squares on the gradients (Lucas and Kanade 1981): coarse cells first, then fine ones on the residual movement.
Windows are wide and one step suffices: a faint movement is far smaller than a pixel, so accuracy depends on how much
noise is averaged.
"""

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from microexpr.signals.aus.regressor import FACE_SIZE

CELL = 4  # px of a cell, on the full image and on the halved one
WINDOWS = (4.0, 3.0)  # standard deviations in px over which gradients are summed: halved image, full image
FLAT = 1.0  # squared grey levels a px: weaker gradients yield no movement
BLUR = 0.7  # px, before gradients are taken
STEPS = 32  # to a pixel: positions of a warp are rounded to these


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
