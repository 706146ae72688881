"""Histograms of oriented optical flow: which way the skin moves, block by block. No network comes in.

Shapes: H rows, W columns; G x G blocks; B bins.
"""

import numpy as np
from pydantic import Field
from sklearn.svm import SVC
from torch import Tensor

from microexpr import blocks, method
from microexpr.method import ClassicalMethod, Scorer, Shapes, Targets
from microexpr.models.flow_svm import class_scores


class Hoof(ClassicalMethod):
    """Block histograms of the flow's angle, and a linear support vector machine.

    As in the paper a pixel counts by the length of its flow, its angle is the one with the horizontal axis, so that
    left and right fall into one bin, and a histogram sums to 1. The paper follows one histogram of the whole picture
    from frame to frame with a kernel on dynamical systems; ours, as micro-expressions are read: the flow from onset
    to apex, 5x5 blocks, features standardised over the fold's training clips, a linear machine in which classes weigh
    alike.
    """

    paper = "Chaudhry et al., Histograms of oriented optical flow and Binet-Cauchy kernels, CVPR 2009"

    class Params(method.Params):
        image_size: int = Field(128, ge=28, le=288, description="rows and columns of the flow")
        bins: int = Field(30, ge=2, le=90, description="bins from straight up to straight down")
        blocks: int = Field(5, ge=1, le=12, description="blocks along x and along y")
        penalty: float = Field(1.0, gt=0, le=1e6, description="C, the price of a training error")

    params: Params

    @property
    def inputs(self) -> Shapes:
        return {"flow": (3, self.params.image_size, self.params.image_size)}

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        flows = inputs["flow"].double().numpy()
        return np.stack([histograms(flow, self.params.bins, self.params.blocks) for flow in flows])

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        machine = SVC(C=self.params.penalty, kernel="linear", class_weight="balanced")
        return class_scores(machine, features, targets["label"], self.classes)


def histograms(flow: np.ndarray, count: int, grid: int) -> np.ndarray:
    """float32[G * G * B] of u to the right and v downwards, float[2 or more, H, W]: by block row, block column, bin.

    The first bin begins straight up, the last ends straight down; a block that does not move has none.
    """
    u, v = flow[:2]
    angle = np.arctan2(v, np.abs(u))  # -pi / 2 is up, pi / 2 down
    bins = np.minimum(((angle / np.pi + 0.5) * count).astype(np.int64), count - 1)
    return blocks.shares(blocks.histograms(bins, count, grid, np.hypot(u, v))).astype(np.float32).ravel()
