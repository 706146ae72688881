"""Local binary patterns with six intersection points: LBP-TOP without its redundancy. No network comes in.

Shapes: T frames, H rows, W columns; G x G blocks.
"""

import numpy as np
from torch import Tensor

from microexpr.models.handcrafted import LocalPatterns, Radii, pattern_codes
from microexpr.signals import face_regions

BINS = 20  # 2 ** 4 patterns of the points in the frame, 2 ** 2 of those in time


class LbpSip(LocalPatterns):
    """Block histograms of the patterns of a voxel's neighbours on the three axes, and a linear support vector machine.

    LBP-TOP's planes with 4 points each use every neighbour twice; LBP-SIP uses each of the six once: the four in the
    frame give one of 16 patterns, those before and after one of 4. 5x5 blocks have 500 features. Left out: the paper's
    pyramid of sizes. Ours: radii, frames and blocks, which are lbp_top's, so that only the patterns differ; the size of
    the face; histograms that sum to 1, features standardised over the fold's training clips, balanced class weights,
    and C.
    """

    paper = "Wang et al., LBP with six intersection points: reducing redundant information in LBP-TOP, ACCV 2014"

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        videos = inputs["video"][:, 0].numpy()
        return np.stack([histograms(video, self.radii, self.params.blocks) for video in videos])


def histograms(video: np.ndarray, radii: Radii, grid: int) -> np.ndarray:
    """Return float32[G * G * 20] of grey frames uint8[T, H, W]: block row, block column, 16 bins in space, 4 in time.

    Bits from the lowest: right, up, left, down; after, before. Voxels closer than a radius to an end have no pattern.
    """
    t, y, x = radii
    space = pattern_codes(video, radii, [(0, 0, x), (0, -y, 0), (0, 0, -x), (0, y, 0)])
    time = pattern_codes(video, radii, [(t, 0, 0), (-t, 0, 0)])
    parts = [
        face_regions.normalise(face_regions.histograms(code, count, grid)) for code, count in ((space, 16), (time, 4))
    ]
    return np.concatenate(parts, axis=1).astype(np.float32).ravel()
