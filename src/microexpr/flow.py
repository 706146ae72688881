"""How the skin moved between two frames: optical flow and optical strain. Arrays in, arrays out; no files, no torch."""

from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

# The ellipse inside of every aligned face, from brows to chin: centre and half axes, x and y, in sides of the crop.
FACE = np.array([0.5, 0.47, 0.3, 0.33])
MARGIN = 16  # pixels of the flow: Farneback as OpenCV has it sees movement at the edges of a still picture
ROUNDS = 20  # of reweighting; the fit has settled well before


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(
        default=128, ge=32, le=288, description="rows and columns of the flow; the crop is first resized to it"
    )
    stabilise: Literal["none", "median", "similarity"] = Field(
        default="similarity", description="what of the flow over the face is head motion, and is subtracted"
    )
    levels: int = Field(default=3, ge=1, le=6, description="Farneback: levels of the pyramid, each half the size")
    window: int = Field(
        default=13, ge=3, le=63, description="Farneback: side of the averaging window, in pixels of the flow"
    )
    iterations: int = Field(default=4, ge=1, le=20, description="Farneback: iterations at each level")
    neighbourhood: int = Field(
        default=7, ge=5, le=7, description="Farneback: side of the polynomial's neighbourhood, pixels"
    )
    sigma: float = Field(
        default=1.5, ge=0.5, le=3, description="Farneback: Gaussian weight of that neighbourhood, pixels"
    )


def onset_apex(onset: np.ndarray, apex: np.ndarray, params: Params) -> np.ndarray:
    """float32[3, size, size]: u to the right, v downwards, in pixels of the crop, and their strain.

    `onset` and `apex` are aligned grey crops, uint8[H, H]. Flow by Farneback 2003.
    """
    first, second = (_reduced(crop, params.size) for crop in (onset, apex))
    moved = cv2.calcOpticalFlowFarneback(
        first,
        second,
        np.zeros((*first.shape, 2), np.float32),
        pyr_scale=0.5,
        levels=params.levels,
        winsize=params.window,
        iterations=params.iterations,
        poly_n=params.neighbourhood,
        poly_sigma=params.sigma,
        flags=0,
    )
    scale = len(onset) / params.size  # pixels of the crop in one of the flow
    moved = scale * moved[MARGIN:-MARGIN, MARGIN:-MARGIN]
    moved = moved - head_motion(moved, params.stabilise)
    return np.stack([moved[..., 0], moved[..., 1], strain(moved, scale)]).astype(np.float32)


def _reduced(crop: np.ndarray, size: int) -> np.ndarray:
    small = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(small, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)


def strain(moved: np.ndarray, spacing: float) -> np.ndarray:
    """[H, W]: magnitude of the infinitesimal strain of a flow [H, W, 2] whose pixels are `spacing` apart.

    sqrt(e_xx^2 + e_yy^2 + e_xy^2 + e_yx^2) with e_xx = du/dx, e_yy = dv/dy, e_xy = e_yx = (du/dy + dv/dx) / 2, after
    Shreve et al. 2011; derivatives are central differences.
    """
    du_dy, du_dx = np.gradient(moved[..., 0], spacing)
    dv_dy, dv_dx = np.gradient(moved[..., 1], spacing)
    return np.sqrt(du_dx**2 + dv_dy**2 + (du_dy + dv_dx) ** 2 / 2)


def head_motion(moved: np.ndarray, stabilise: str) -> np.ndarray:
    """The part of a flow [H, W, 2] of an aligned face that moves all of it, as a flow or as one vector.

    "similarity": shift, turn and change of size that most of the face shares, by least squares reweighted so that
    what moves otherwise (an expression) counts little (Cauchy weights at the median residual).
    """
    face = _inside(len(moved))
    if stabilise == "none":
        return np.zeros(2)
    if stabilise == "median":
        return np.median(moved[face], axis=0)
    y, x = np.mgrid[: moved.shape[0], : moved.shape[1]] - len(moved) / 2
    zero, one = np.zeros_like(x), np.ones_like(x)
    # u = a x - b y + c, v = b x + a y + d
    basis = np.stack([np.stack([x, -y, one, zero], axis=-1), np.stack([y, x, zero, one], axis=-1)], axis=-2)
    equations, values = basis[face], moved[face].astype(float)
    weights = np.ones(len(values))
    for _ in range(ROUNDS):
        weighted = equations * weights[:, None, None]
        normal = np.einsum("nij,nik->jk", weighted, equations)
        motion = np.linalg.solve(normal, np.einsum("nij,ni->j", weighted, values))
        residual = np.linalg.norm(values - equations @ motion, axis=1)
        weights = 1 / (1 + (residual / max(float(np.median(residual)), 1e-6)) ** 2)
    return basis @ motion


def _inside(size: int) -> np.ndarray:
    """bool[size, size]: where every aligned face has skin."""
    (x, y), (width, height) = (FACE[:2] * size, FACE[2:] * size)
    rows, columns = np.mgrid[:size, :size]
    return ((columns - x) / width) ** 2 + ((rows - y) / height) ** 2 <= 1
