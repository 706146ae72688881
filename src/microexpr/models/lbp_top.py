"""Local binary patterns on three orthogonal planes: the oldest baseline of the field. No network comes in.

Shapes: T frames, H rows, W columns; G x G blocks; P points on a plane's ellipse; B bins.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from sklearn.svm import SVC
from torch import Tensor

from microexpr import blocks, method
from microexpr.method import ClassicalMethod, Scorer, Shapes, Targets
from microexpr.models.flow_svm import class_scores

PLANES = ((1, 2), (0, 2), (0, 1))  # axes of T, H, W: XY, XT, YT
Radii = tuple[int, int, int]  # in t, y, x


class LbpTop(ClassicalMethod):
    """Block histograms of patterns on the XY, XT and YT planes, and a linear support vector machine.

    As in the baseline of MEGC2019 (See et al., FG 2019): clips of 10 frames (TIM), radii of 1 in space and 4 in time,
    4 points on each plane's ellipse, 5x5 blocks that do not overlap and have the length of the clip. Of 4 points all 16
    patterns are counted: 1200 features. With 8 points (CASME II's baseline, Yan et al., PLoS ONE 2014) four of them lie
    between voxels and are interpolated, and patterns that are not uniform share a bin: 4425. Ours: the size of the
    face, every histogram sums to 1, features are standardised over the fold's training clips, classes weigh alike, C.
    """

    paper = "Zhao & Pietikäinen, Dynamic texture recognition using local binary patterns, TPAMI 29(6), 2007"

    class Params(method.Params):
        image_size: Literal[32, 64, 128, 256] = Field(128, description="pixels, side of the frames")
        frames: int = Field(10, ge=3, le=64, description="frames that a clip is resampled to")
        points: Literal[4, 8] = Field(4, description="points on the ellipse of each plane")
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
        found = [histograms(video, (time, space, space), self.params.blocks, self.params.points) for video in videos]
        return np.stack(found)

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        machine = SVC(C=self.params.penalty, kernel="linear", class_weight="balanced")
        return class_scores(machine, features, targets["label"], self.classes)


def histograms(video: np.ndarray, radii: Radii, grid: int, points: int) -> np.ndarray:
    """float32[G * G * 3 * B] of grey frames uint8[T, H, W]: by block row, block column, plane, bin.

    Voxels nearer than a radius to an end have no pattern, and blocks share the others out. B is 16 or, at 8 points, 59.
    """
    count = int(mapping(points).max()) + 1
    planes = [blocks.histograms(bins(video, radii, plane, points), count, grid) for plane in PLANES]
    return blocks.shares(np.stack(planes, axis=1)).astype(np.float32).ravel()


@cache
def mapping(points: int) -> np.ndarray:
    """int64[2 ** P]: bin of each code. At 8 points all codes with more than two changes around the circle share one."""
    codes = np.arange(2**points)
    if points == 4:
        return codes
    bits = codes[:, None] >> np.arange(points) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())


def bins(video: np.ndarray, radii: Radii, plane: tuple[int, int], points: int) -> np.ndarray:
    """Histogram bin of each inner voxel's pattern on the plane of two axes, int64[T - 2 rt, H - 2 ry, W - 2 rx].

    Points go around from the second axis' positive end towards the first one's negative end; each is a bit, from the
    lowest, set where it is no darker than the centre.
    """
    offsets = []
    for number in range(points):
        angle = 2 * np.pi * number / points
        offset = [0.0, 0.0, 0.0]
        offset[plane[0]], offset[plane[1]] = -radii[plane[0]] * np.sin(angle), radii[plane[1]] * np.cos(angle)
        offsets.append([round(float(o), 6) for o in offset])  # the ellipse's extreme points lie on voxels
    return mapping(points)[codes(video, radii, offsets)]


def codes(video: np.ndarray, radii: Radii, offsets: Sequence[Sequence[float]]) -> np.ndarray:
    """int64[T - 2 rt, H - 2 ry, W - 2 rx]: a bit for each offset in t, y, x, set where grey is no less than here."""
    grey = video.astype(np.float32)
    centre = _neighbour(grey, radii, (0, 0, 0))
    code = np.zeros(centre.shape, np.int64)
    for number, offset in enumerate(offsets):
        code |= (_neighbour(grey, radii, offset) >= centre).astype(np.int64) << number
    return code


def _neighbour(grey: np.ndarray, radii: Radii, offset: Sequence[float], whole: tuple[int, ...] = ()) -> np.ndarray:
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
