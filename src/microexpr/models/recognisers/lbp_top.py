"""Local binary patterns on three orthogonal planes: the oldest baseline of the field. No network comes in.

Shapes: T frames, H rows, W columns; G x G blocks; P points on a plane's ellipse; B bins.
"""

from functools import cache
from typing import Literal

import numpy as np
from pydantic import Field
from torch import Tensor

from microexpr.models.handcrafted import LocalPatterns, Radii, codes
from microexpr.signals import blocks

PLANES = ((1, 2), (0, 2), (0, 1))  # axes of T, H, W: XY, XT, YT


class LbpTop(LocalPatterns):
    """Block histograms of patterns on the XY, XT and YT planes, and a linear support vector machine.

    As in the baseline of MEGC2019 (See et al., FG 2019): clips of 10 frames (TIM), radii of 1 in space and 4 in time,
    4 points on each plane's ellipse, 5x5 blocks that do not overlap and have the length of the clip. Of 4 points all 16
    patterns are counted: 1200 features. With 8 points (CASME II's baseline, Yan et al., PLoS ONE 2014) four of them lie
    between voxels and are interpolated, and patterns that are not uniform share a bin: 4425. Ours: the size of the
    face, every histogram sums to 1, features are standardised over the fold's training clips, classes weigh alike, C.
    """

    paper = "Zhao & Pietikäinen, Dynamic texture recognition using local binary patterns, TPAMI 29(6), 2007"

    class Params(LocalPatterns.Params):
        points: Literal[4, 8] = Field(4, description="points on the ellipse of each plane")

    params: Params

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        videos, own = inputs["video"][:, 0].numpy(), self.params
        return np.stack([histograms(video, self.radii, own.blocks, own.points) for video in videos])


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
