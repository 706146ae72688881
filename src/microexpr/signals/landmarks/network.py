"""Predict 68 landmarks and the pupils in a face's box by a network that learnt from rendered faces.

Maps of where each point is likely to be are averaged to a position (Sun et al. 2018, integral regression), so that
positions are continuous in the image. `fit` trains it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from microexpr.core.markup import space_evenly
from microexpr.signals import weights
from microexpr.signals.landmarks.boxes import Box, face_box, patch_matrix
from microexpr.signals.layers import Residual, convolution

POINTS = 70  # iBUG's 68 and the pupils, the subject's left first
SIZE, FACE = 112, 224 / 364  # pixels of the network's image, and the box's share of its side
WIDTH = 16  # channels of the first layer
STABLE, ROUNDS = 0.01, 3  # a box that moves by less than this share of its side is stable


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


def cut(grey: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the network's image, uint8[112, 112], of a grey frame; what is reduced is blurred before."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    left, top = np.floor((-matrix[:, 2] - SIZE) / scale).astype(int)
    right, bottom = np.ceil((2 * SIZE - matrix[:, 2]) / scale).astype(int)
    left, top = max(0, min(left, grey.shape[1] - 1)), max(0, min(top, grey.shape[0] - 1))
    near = np.ascontiguousarray(grey[top : max(bottom, top + 1), left : max(right, left + 1)])
    if scale < 0.75:
        near = cv2.GaussianBlur(near, (0, 0), 0.45 / scale)
    shifted = np.column_stack([matrix[:, :2], matrix[:, :2] @ [left, top] + matrix[:, 2]])
    cut = cv2.warpAffine(near, shifted, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut)


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """One face's points in pixels of the frame."""

    points: np.ndarray  # float64[70, 2]
    error: np.ndarray  # float64[70], standard deviation to expect on rendered faces


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained network and what it was fitted on."""

    network: LandmarkNetwork
    fitted_on: tuple[str, ...]

    def __call__(self, grey: np.ndarray, box: Box) -> Landmarks:
        """Return the points of the face in a box of a grey frame, uint8[H, W]."""
        matrix = patch_matrix(box, FACE * SIZE, SIZE)
        with torch.inference_mode():
            positions, variance = self.network(torch.from_numpy(cut(grey, matrix))[None, None].float() / 255)
        points = ((positions[0].double().numpy() + 0.5) * SIZE - 0.5 - matrix[:, 2]) / matrix[0, 0]
        points[:68] = space_evenly(points[:68])
        error = ERROR_UNIT * SIZE * np.exp(0.5 * variance[0].double().numpy())
        return Landmarks(points, error / matrix[0, 0])

    def refine(self, grey: np.ndarray, box: Box) -> Landmarks:
        """Return the points in the box of the last ones, until it is stable."""
        for _ in range(ROUNDS):
            landmarks, last = self(grey, box), box
            box = face_box(landmarks.points[:68])
            if max(*np.abs(box.centre - last.centre), abs(box.side - last.side)) < STABLE * box.side:
                break
        return landmarks


ERROR_UNIT = 0.01  # sides of the image: the unit of the network's standard deviations


@cache
def load(path: str | Path) -> Model:
    """Load a trained network. Raises StoreError if the file cannot be read or is of another network."""
    network = LandmarkNetwork()
    return Model(network, weights.load(path, network))
