"""Local binary patterns on three orthogonal planes: the oldest baseline of the field. No network comes in.

Shapes: T frames, H rows, W columns; G x G blocks.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from sklearn.svm import SVC
from torch import Tensor

from microexpr import method
from microexpr.method import ClassicalMethod, Scorer, Shapes, Targets
from microexpr.models.flow_svm import class_scores

NEIGHBOURS = 8
PLANES = ((1, 2), (0, 2), (0, 1))  # axes of T, H, W: XY, XT, YT


def _uniform_bins() -> np.ndarray:
    """int64[256]: a bin of its own for each code with at most two changes around the circle, one for all others."""
    codes = np.arange(2**NEIGHBOURS)
    bits = codes[:, None] >> np.arange(NEIGHBOURS) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())


BINS = _uniform_bins()
BIN_COUNT = int(BINS.max()) + 1  # 59


class LbpTop(ClassicalMethod):
    """Block histograms of uniform patterns on the XY, XT and YT planes, and a linear support vector machine.

    Radii of 1 in space and 4 in time, 5x5 blocks that do not overlap and the length of the clip, as in CASME II's
    baseline (Yan et al., PLoS ONE 2014); 8 neighbours lie on each plane's ellipse, bilinearly interpolated. Ours: every
    histogram sums to 1, features are standardised over the fold's training clips, and classes weigh alike.
    """

    paper = "Zhao & Pietikäinen, Dynamic texture recognition using local binary patterns, TPAMI 29(6), 2007"

    class Params(method.Params):
        image_size: Literal[32, 64, 128, 256] = Field(128, description="pixels, side of the frames")
        frames: int = Field(16, ge=3, le=64, description="frames that a clip is resampled to")
        radius_space: int = Field(1, ge=1, le=4, description="pixels, radius in x and in y")
        radius_time: int = Field(4, ge=1, le=8, description="frames, radius in t")
        blocks: int = Field(5, ge=1, le=12, description="blocks along x and along y")
        penalty: float = Field(1.0, gt=0, le=1e6, description="C, the price of a training error")

        @model_validator(mode="after")
        def _room_in_time(self) -> "LbpTop.Params":
            if self.frames <= 2 * self.radius_time:
                raise ValueError(f"frames must be > 2 * radius_time = {2 * self.radius_time}, not {self.frames}")
            return self

    params: Params

    @property
    def inputs(self) -> Shapes:
        size = self.params.image_size
        return {"video": (1, self.params.frames, size, size)}

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        space, time = self.params.radius_space, self.params.radius_time
        videos = inputs["video"][:, 0].numpy()
        return np.stack([histograms(video, (time, space, space), self.params.blocks) for video in videos])

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        machine = SVC(C=self.params.penalty, kernel="linear", class_weight="balanced")
        return class_scores(machine, features, targets["label"], self.classes)


def histograms(video: np.ndarray, radii: tuple[int, int, int], blocks: int) -> np.ndarray:
    """float32[G * G * 3 * 59] of grey frames uint8[T, H, W]: by block row, block column, plane, bin.

    `radii` are in t, y, x; voxels nearer than that to an end have no pattern, and blocks share the others out.
    """
    block = _block_of(video.shape, radii, blocks)
    planes = [
        np.bincount((block * BIN_COUNT + bins(video, radii, plane)).ravel(), minlength=blocks**2 * BIN_COUNT)
        for plane in PLANES
    ]
    counts = np.stack(planes).reshape(len(PLANES), blocks**2, BIN_COUNT).swapaxes(0, 1)
    return (counts / counts.sum(-1, keepdims=True)).astype(np.float32).ravel()


def _block_of(shape: tuple[int, ...], radii: tuple[int, int, int], blocks: int) -> np.ndarray:
    """int64[1, rows, columns]: number of the block of each pixel that has a pattern."""
    rows, columns = (np.arange(n - 2 * r) * blocks // (n - 2 * r) for n, r in zip(shape[1:], radii[1:], strict=True))
    return (rows[:, None] * blocks + columns)[None]


def bins(video: np.ndarray, radii: tuple[int, int, int], plane: tuple[int, int]) -> np.ndarray:
    """Histogram bin of each inner voxel's pattern on the plane of two axes, int64[T - 2 rt, H - 2 ry, W - 2 rx]."""
    grey = video.astype(np.float32)
    centre = _neighbour(grey, radii, (0, 0, 0))
    code = np.zeros(centre.shape, np.int64)
    for number in range(NEIGHBOURS):
        angle = 2 * np.pi * number / NEIGHBOURS
        offset = [0.0, 0.0, 0.0]
        offset[plane[0]], offset[plane[1]] = -radii[plane[0]] * np.sin(angle), radii[plane[1]] * np.cos(angle)
        rounded = [round(float(o), 6) for o in offset]  # the ellipse's extreme points lie on voxels
        code |= (_neighbour(grey, radii, rounded) >= centre).astype(np.int64) << number
    return BINS[code]


def _neighbour(
    grey: np.ndarray, radii: tuple[int, int, int], offset: Sequence[float], whole: tuple[int, ...] = ()
) -> np.ndarray:
    """Inner voxels' neighbours at an offset in t, y, x, linear between voxels; `whole` holds the first axes' voxels.

    Exact where grey is flat, so that there a neighbour equals its centre.
    """
    axis = len(whole)
    if axis == grey.ndim:
        return grey[tuple(slice(r + o, n - r + o) for n, r, o in zip(grey.shape, radii, whole, strict=True))]
    low = math.floor(offset[axis])
    near = _neighbour(grey, radii, offset, (*whole, low))
    if offset[axis] == low:
        return near
    return near + (offset[axis] - low) * (_neighbour(grey, radii, offset, (*whole, low + 1)) - near)
