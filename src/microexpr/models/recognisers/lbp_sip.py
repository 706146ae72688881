"""Local binary patterns with six intersection points: LBP-TOP without its redundancy. No network comes in.

Shapes: frames [T, H, W]; G x G blocks.
"""

import numpy as np

from microexpr.models.handcrafted import LocalPatterns, pattern_codes
from microexpr.signals import face_regions


class LbpSip(LocalPatterns):
    """Block histograms of the patterns of a voxel's neighbours on the three axes, and a linear support vector machine.

    LBP-TOP's planes with 4 points each use every neighbour twice; LBP-SIP uses each of the six once: the four in the
    frame give one of 16 patterns, those before and after one of 4. 5x5 blocks have 500 features. Left out: the paper's
    pyramid of sizes. Ours: radii, frames and blocks, which are lbp_top's, so that only the patterns differ; the size of
    the face; histograms that sum to 1, features standardised over the fold's training clips, balanced class weights,
    and C."""

    paper = "Wang et al., LBP with six intersection points: reducing redundant information in LBP-TOP, ACCV 2014"

    def describe(self, clip: np.ndarray) -> np.ndarray:
        """Return float32[G * G * 20]: block row, block column, 16 bins in space, 4 in time.

        Bits from the lowest: right, up, left, down; after, before. Voxels closer than a radius to an end have no
        pattern."""
        t, y, x = self.radii
        space = pattern_codes(clip, self.radii, [(0, 0, x), (0, -y, 0), (0, 0, -x), (0, y, 0)])
        time = pattern_codes(clip, self.radii, [(t, 0, 0), (-t, 0, 0)])
        counts = [face_regions.histograms(code, n, self.params.blocks) for code, n in ((space, 16), (time, 4))]
        return np.concatenate([face_regions.normalise(part) for part in counts], axis=1).astype(np.float32).ravel()
