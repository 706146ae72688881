"""Name action units, code and compare their intensities, and hold the settings of their readers. No files, no torch.

The metadata of `weights/action_units.onnx` say what the project's own model is fitted on and how accurate it is."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field

from microexpr.core import facs

# Action units that readers return, the 17 that FAMGAN takes from OpenFace, in the order of every action-unit axis, with
# their names.
NAMES = {f"AU{n}": facs.NAMES[n] for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)}
ACTION_UNITS = tuple(NAMES)
SIDES = ("left", "right", "both")  # the subject's own left and right; the order of every side axis
SIZES = (-10, -5, 0, 5, 10)  # FAMGAN's changes of image size, in pixels
LARGEST = 5.0  # FACS intensity E

SHOWN = (*ACTION_UNITS, "AU16", "AU18", "AU22", "AU24", "AU27", "AU28", "AU34")  # of the renderer and of the network
OPEN = [ACTION_UNITS.index(unit) for unit in ("AU25", "AU26")]


class Params(BaseModel, frozen=True, extra="forbid"):
    """Section `aus` of params.yaml."""

    backend: Literal["embedded", "openface", "pyfeat"] = Field(
        default="embedded", description="reader: the shipped regressor, OpenFace 2's tables or py-feat's detectors"
    )
    sizes: tuple[Annotated[int, Field(ge=-100, le=100)], ...] = Field(
        default=(0,),
        min_length=1,
        description="pixels by which height and width of the crop are changed; intensities are averaged over sizes, "
        "FAMGAN's being -10, -5, 0, 5, 10 (embedded reader)",
    )
    half_window: float = Field(
        default=0.01,
        ge=0,
        le=0.5,
        description="seconds before and after a frame over which its intensities are averaged; 0.01 is FAMGAN's two "
        "frames at 200 a second",
    )


def coded(intensity: np.ndarray, units: Sequence[str] = SHOWN, largest: float = LARGEST) -> np.ndarray:
    """Return the intensities [..., 17, n] that are read where a face shows these units, [..., U, n]. A mouth that is
    stretched open is AU27 in FACS, in place of a dropped jaw (AU26), and its lips are parted (AU25). Readers of 17
    units have no AU27, so that it counts as both, up to `largest`."""
    read: np.ndarray = intensity[..., [units.index(unit) for unit in ACTION_UNITS], :]
    stretched = intensity[..., [units.index("AU27")], :]
    read[..., OPEN, :] = np.clip(read[..., OPEN, :] + stretched, -largest, largest)
    return read


def agreement(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return Pearson's r, ICC(3,1) (Shrout and Fleiss 1979) and mean absolute error of two raters [n]. Undefined values
    are nan: r where either rater never varies, icc where neither does."""
    ratings = np.stack([truth, predicted], axis=1).astype(float)
    targets, raters, mean = ratings.mean(axis=1), ratings.mean(axis=0), ratings.mean()
    between = 2 * ((targets - mean) ** 2).sum() / (len(ratings) - 1)
    residual = ((ratings - targets[:, None] - raters + mean) ** 2).sum() / (len(ratings) - 1)
    deviations = ratings - raters
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "r": float((deviations[:, 0] * deviations[:, 1]).sum() / np.sqrt((deviations**2).sum(axis=0).prod())),
            "icc": float((between - residual) / (between + residual)),
            "mae": float(np.abs(ratings[:, 0] - ratings[:, 1]).mean()),
        }
