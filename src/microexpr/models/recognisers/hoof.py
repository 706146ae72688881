"""Histograms of oriented optical flow: which way the skin moves, block by block. No network comes in.

Shapes: H rows, W columns; G x G blocks; B bins.
"""

import numpy as np
from pydantic import Field
from torch import Tensor

from microexpr.models.handcrafted import FlowBlocks
from microexpr.signals import blocks


class Hoof(FlowBlocks):
    """Block histograms of the flow's angle, and a linear support vector machine.

    From the paper: a pixel counts by the length of its flow, its angle is taken to the horizontal axis, so that left
    and right share a bin, and a histogram sums to 1. The paper follows one histogram of the whole frame through time
    with a kernel on dynamical systems. Ours, as usual for micro-expressions: the flow from onset to apex, 5x5 blocks,
    features standardised over the fold's training clips, a linear machine with balanced class weights.
    """

    paper = "Chaudhry et al., Histograms of oriented optical flow and Binet-Cauchy kernels, CVPR 2009"

    class Params(FlowBlocks.Params):
        bins: int = Field(30, ge=2, le=90, description="bins from straight up to straight down")

    params: Params

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        flows = inputs["flow"].double().numpy()
        return np.stack([histograms(flow, self.params.bins, self.params.blocks) for flow in flows])


def histograms(flow: np.ndarray, count: int, grid: int) -> np.ndarray:
    """Return float32[G * G * B], by block row, block column, bin, of u (right) and v (down), float[2 or more, H, W].

    The first bin begins straight up, the last ends straight down; a block without movement has zeros.
    """
    u, v = flow[:2]
    angle = np.arctan2(v, np.abs(u))  # -pi / 2 is up, pi / 2 down
    bins = np.minimum(((angle / np.pi + 0.5) * count).astype(np.int64), count - 1)
    return blocks.normalise(blocks.histograms(bins, count, grid, np.hypot(u, v))).astype(np.float32).ravel()
