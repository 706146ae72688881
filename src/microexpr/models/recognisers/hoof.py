"""HOOF: histograms of oriented optical flow, which way the skin moves in each block. No folds, files or network.

Shapes: flow [3, H, W] of u, v and strain; G x G `blocks`; B `bins`.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from microexpr.models.handcrafted import Blocks, angles
from microexpr.signals import face_regions


class Hoof(Blocks):
    """Block histograms of the flow's angle, and a linear support vector machine.

    From the paper: a pixel counts by the length of its flow; its angle is measured from the horizontal axis, so that
    movements to the left and to the right share a bin; a histogram sums to 1. The paper describes how one histogram of
    the whole frame changes over time, by a kernel on dynamical systems. Ours, as usual for micro-expressions: the flow
    from onset to apex, 5x5 blocks, features standardised over the fold's training clips, a linear machine with balanced
    class weights. The row `hoof.signed` tells left from right, lets blocks without movement count little, and has an
    RBF kernel."""

    paper = "Chaudhry et al., Histograms of oriented optical flow and Binet-Cauchy kernels, CVPR 2009"

    class Params(Blocks.Params):
        bins: int = Field(30, ge=2, le=90, description="bins from straight up to straight down, or around the circle")
        signed: bool = Field(False, description="bins around the circle, so that left is not right")
        sums: Literal["block", "clip"] = Field(
            "block", description="what sums to 1: each block's histogram | all of them, so that still blocks count less"
        )
        kernel: Literal["linear", "rbf"] = Field("linear", description="of the support vector machine")

    def describe(self, clip: np.ndarray) -> np.ndarray:
        """Return float32[G * G * B], in the order block row, block column, bin.

        The first bin begins straight up, the last ends straight down; if `signed`, the first begins at the left and the
        next ones turn upwards. Without movement there are zeros."""
        (u, v), bins = clip[:2], self.params.bins
        if self.params.signed:
            indices = angles(u, v, bins)
        else:
            angle = np.arctan2(v, np.abs(u))  # -pi / 2 is up, pi / 2 down
            indices = np.minimum(((angle / np.pi + 0.5) * bins).astype(np.int64), bins - 1)
        counts = face_regions.histograms(indices, bins, self.params.blocks, np.hypot(u, v))
        counts = counts if self.params.sums == "block" else counts.ravel()
        return face_regions.normalise(counts).astype(np.float32).ravel()
