"""Bi-weighted oriented optical flow: angles weighted by length within a block and by strain between blocks. No network.

Shapes: H rows, W columns; G x G blocks; B bins.
"""

import numpy as np
from pydantic import Field

from microexpr.models.handcrafted import Blocks, angles
from microexpr.signals import face_regions


class BiWoof(Blocks):
    """Block histograms of the angle of the flow from onset to apex, and a linear support vector machine.

    From the paper: 8 bins around the circle, 5x5 blocks; a pixel counts by the length of its flow, a block's histogram
    sums to its mean optical strain, and a clip's 200 features have length 1 (the last as in the authors' program). They
    are not standardised, which would undo the weights of the blocks. Ours: the size of the flow, balanced class
    weights, and a C so large that training errors are hardly allowed."""

    paper = "Liong et al., Less is more: micro-expression recognition from video using apex frame, SPIC 62, 2018"
    standardised = False

    class Params(Blocks.Params):
        bins: int = Field(8, ge=2, le=36, description="bins around the circle")
        penalty: float = Field(1e4, gt=0, le=1e6, description="C, the price of a training error")

    def describe(self, clip: np.ndarray) -> np.ndarray:
        """Return float32[G * G * B], by block row, block column, bin; without movement zeros."""
        (u, v), bins, grid = clip[:2], self.params.bins, self.params.blocks
        strain = np.maximum(clip[2], 0)  # a centred one is below 0 where it is less than usual
        local = face_regions.normalise(face_regions.histograms(angles(u, v, bins), bins, grid, np.hypot(u, v)))
        single_bin = np.zeros(strain.shape, np.int64)
        pixels, strains = (face_regions.histograms(single_bin, 1, grid, weights) for weights in (None, strain))
        features = local * strains / pixels
        length = np.linalg.norm(features)
        return (features / length if length else features).astype(np.float32).ravel()
