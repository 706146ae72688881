"""Local binary patterns with six intersection points: LBP-TOP without its redundancy. No network comes in.

Shapes: T frames, H rows, W columns; G x G blocks.
"""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from sklearn.svm import SVC
from torch import Tensor

from microexpr import blocks, method
from microexpr.method import ClassicalMethod, Scorer, Shapes, Targets
from microexpr.models.flow_svm import class_scores
from microexpr.models.lbp_top import Radii, codes

BINS = 20  # 2 ** 4 of the points in the picture, 2 ** 2 of those in time


class LbpSip(ClassicalMethod):
    """Block histograms of the patterns of a voxel's neighbours on the three axes, and a linear support vector machine.

    Where LBP-TOP's planes with 4 points each look at every neighbour twice, here each of the six is looked at once: the
    four in the picture make one of 16 patterns, the one before and the one after one of 4. With 5x5 blocks that are 500
    features. Left out: the paper's pyramid of sizes. Ours: radii, frames and blocks, which are lbp_top's, so that
    the patterns alone differ; the size of the face; every histogram sums to 1, features are standardised over the
    fold's training clips, classes weigh alike, and C.
    """

    paper = "Wang et al., LBP with six intersection points: reducing redundant information in LBP-TOP, ACCV 2014"

    class Params(method.Params):
        image_size: Literal[32, 64, 128, 256] = Field(128, description="pixels, side of the frames")
        frames: int = Field(10, ge=3, le=64, description="frames that a clip is resampled to")
        radius_space: int = Field(1, ge=1, le=4, description="pixels, distance of the neighbours in x and in y")
        radius_time: int = Field(4, ge=1, le=8, description="frames, distance of the neighbours in t")
        blocks: int = Field(5, ge=1, le=12, description="blocks along x and along y")
        penalty: float = Field(1.0, gt=0, le=1e6, description="C, the price of a training error")

        @model_validator(mode="after")
        def _room_in_time(self) -> "LbpSip.Params":
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


def histograms(video: np.ndarray, radii: Radii, grid: int) -> np.ndarray:
    """float32[G * G * 20] of grey frames uint8[T, H, W]: by block row, block column, then 16 bins in space, 4 in time.

    Bits from the lowest: right, up, left, down; after, before. Voxels nearer than a radius to an end have no pattern.
    """
    t, y, x = radii
    space = codes(video, radii, [(0, 0, x), (0, -y, 0), (0, 0, -x), (0, y, 0)])
    time = codes(video, radii, [(t, 0, 0), (-t, 0, 0)])
    parts = [blocks.shares(blocks.histograms(code, count, grid)) for code, count in ((space, 16), (time, 4))]
    return np.concatenate(parts, axis=1).astype(np.float32).ravel()
