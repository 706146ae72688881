"""LBP-TOP: local binary patterns on three orthogonal planes, the field's oldest baseline. No network comes in.

Shapes: T frames, H rows, W columns; G x G blocks; P points on a plane's ellipse; B bins.
"""

from functools import cache
from typing import Literal

import numpy as np
from pydantic import Field

from microexpr.models.handcrafted import LocalPatterns, Radii, pattern_codes
from microexpr.signals import face_regions

PLANES = ((1, 2), (0, 2), (0, 1))  # axes of T, H, W: XY, XT, YT


class LbpTop(LocalPatterns):
    """Block histograms of patterns on the XY, XT and YT planes, and a linear support vector machine.

    From the baseline of MEGC2019 (See et al., FG 2019): clips of 10 frames (TIM), radii of 1 in space and 4 in time,
    4 points on each plane's ellipse, 5x5 blocks that do not overlap and have the length of the clip. With 4 points all
    16 patterns have a bin: 1200 features. With 8 points (CASME II's baseline, Yan et al., PLoS ONE 2014) four of them
    lie between voxels and are interpolated, and patterns that are not uniform share a bin: 4425 features. Ours: the
    size of the face, histograms that sum to 1, features standardised over the fold's training clips, balanced class
    weights, and C."""

    paper = "Zhao & Pietikäinen, Dynamic texture recognition using local binary patterns, TPAMI 29(6), 2007"

    class Params(LocalPatterns.Params):
        points: Literal[4, 8] = Field(4, description="points on the ellipse of each plane")

    def describe(self, clip: np.ndarray) -> np.ndarray:
        """Return float32[G * G * 3 * B], by block row, block column, plane, bin; B is 16, or 59 at 8 points.

        Voxels closer than a radius to an end have no pattern; the others are divided into blocks."""
        points = self.params.points
        count = int(bin_of_codes(points).max()) + 1
        patterns = [bins(clip, self.radii, plane, points) for plane in PLANES]
        planes = [face_regions.histograms(pattern, count, self.params.blocks) for pattern in patterns]
        return face_regions.normalise(np.stack(planes, axis=1)).astype(np.float32).ravel()


@cache
def bin_of_codes(points: int) -> np.ndarray:
    """Return int64[2 ** P], the bin of each code; at 8 points codes with more than two changes share one bin."""
    codes = np.arange(2**points)
    if points == 4:
        return codes
    bits = codes[:, None] >> np.arange(points) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())


def bins(video: np.ndarray, radii: Radii, plane: tuple[int, int], points: int) -> np.ndarray:
    """Return int64[T - 2 rt, H - 2 ry, W - 2 rx], the bin of each inner voxel's pattern on the plane of two axes.

    Points turn from the second axis' positive end towards the first one's negative end; each is a bit, from the lowest,
    which is set where the point is no darker than the centre."""
    offsets = []
    for angle in 2 * np.pi * np.arange(points) / points:
        offset = [0.0, 0.0, 0.0]
        offset[plane[0]], offset[plane[1]] = -radii[plane[0]] * np.sin(angle), radii[plane[1]] * np.cos(angle)
        offsets.append([round(float(o), 6) for o in offset])  # the ellipse's extreme points lie on voxels
    return bin_of_codes(points)[pattern_codes(video, radii, offsets)]
