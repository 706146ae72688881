"""How the skin moved between two frames: optical flow and optical strain. Arrays in, arrays out; no files, no torch.

`of_clip` is what the stage calls; all that it is made of can be called by itself.
"""

from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.signals.flow.tvl1 import TvL1, tvl1
from microexpr.signals.motion.head import Stabilise, face, head_motion

CROP = 288  # rows and columns of the crops that params are given for
MARGIN = 16  # pixels: Farneback as OpenCV has it sees movement at the edges of a still picture
GREY = 127.5, 255.0  # what the largest u or v, and the largest strain, become when a clip is normalised


class Farneback(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: int = Field(default=4, ge=1, le=8, description="of the pyramid, each half the size")
    window: int = Field(default=41, ge=9, le=144, description="side of the averaging window, pixels of the crop")
    iterations: int = Field(default=4, ge=1, le=20, description="at each level")
    neighbourhood: int = Field(default=7, ge=5, le=7, description="side of the polynomial's neighbourhood, pixels")
    sigma: float = Field(default=1.5, ge=0.5, le=3, description="Gaussian weight of that neighbourhood, pixels")


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    algorithm: Literal["tvl1", "farneback"] = Field(default="tvl1", description="Zach et al. 2007, or Farneback 2003")
    size: int = Field(default=288, ge=32, le=288, description="rows and columns at which frames are compared")
    kept: int = Field(default=128, ge=28, le=288, description="rows and columns of the flow, at most `size`")
    average: int = Field(default=1, ge=0, le=4, description="frames to each side of onset and apex, against noise")
    equalise: bool = Field(default=True, description="first make the two faces equally bright: lamps flicker")
    stabilise: Stabilise = Field(default="rigid", description="what of the flow is head motion, and is subtracted")
    normalise: Literal["none", "symmetric", "minmax_channel"] = Field(
        default="none", description="each clip by itself: pixels, the largest movement alike, or each channel stretched"
    )
    tvl1: TvL1 = TvL1()
    farneback: Farneback = Farneback()


def of_clip(crop: np.ndarray, onset: int, apex: int, params: Params) -> np.ndarray:
    """float32[3, kept, kept] of a clip's aligned grey crops, uint8[T, H, H], from one position to another.

    `onset_apex` of the means over up to `average` frames around each, fewer at the ends of the clip and where the two
    would meet.
    """
    reach = max(0, min(params.average, (abs(apex - onset) - 1) // 2))
    around = [crop[max(0, place - reach) : place + reach + 1] for place in (onset, apex)]
    first, second = (frames.mean(axis=0, dtype=np.float32) for frames in around)
    return onset_apex(first, second, params)


def onset_apex(onset: np.ndarray, apex: np.ndarray, params: Params) -> np.ndarray:
    """float32[3, kept, kept]: u to the right, v downwards, in pixels of the crop, and their strain.

    `onset` and `apex` are aligned grey crops [H, H], grey levels 0..255 of any type. Head motion is subtracted; nothing
    is normalised.
    """
    first, second = (_reduced(crop, params.size) for crop in (onset, apex))
    if params.equalise:
        second = second * (_brightness(first) / max(_brightness(second), 1))
    moved = (_tvl1 if params.algorithm == "tvl1" else _farneback)(first, second, params)
    kept = min(params.kept, params.size)
    moved = len(onset) / params.size * cv2.resize(moved, (kept, kept), interpolation=cv2.INTER_AREA)
    moved = moved - head_motion(moved, params.stabilise)
    return np.stack([moved[..., 0], moved[..., 1], strain(moved, len(onset) / kept)]).astype(np.float32)


def _reduced(crop: np.ndarray, size: int) -> np.ndarray:
    return cv2.resize(crop.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)


def _brightness(picture: np.ndarray) -> float:
    return float(picture[face(len(picture))].mean())


def _tvl1(first: np.ndarray, second: np.ndarray, params: Params) -> np.ndarray:
    return tvl1(first / np.float32(255), second / np.float32(255), params.tvl1)


def _farneback(first: np.ndarray, second: np.ndarray, params: Params) -> np.ndarray:
    own = params.farneback
    before, after = (
        cv2.copyMakeBorder(picture, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE) for picture in (first, second)
    )
    moved = cv2.calcOpticalFlowFarneback(
        before,
        after,
        np.zeros((*before.shape, 2), np.float32),
        pyr_scale=0.5,
        levels=own.levels,
        winsize=round(own.window * len(first) / CROP),
        iterations=own.iterations,
        poly_n=own.neighbourhood,
        poly_sigma=own.sigma,
        flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN,
    )
    inner: np.ndarray = moved[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return inner


def strain(moved: np.ndarray, spacing: float) -> np.ndarray:
    """[H, W]: magnitude of the infinitesimal strain of a flow [H, W, 2] whose pixels are `spacing` apart.

    sqrt(e_xx^2 + e_yy^2 + e_xy^2 + e_yx^2) with e_xx = du/dx, e_yy = dv/dy, e_xy = e_yx = (du/dy + dv/dx) / 2, after
    Shreve et al. 2011; derivatives are central differences.
    """
    du_dy, du_dx = np.gradient(moved[..., 0], spacing)
    dv_dy, dv_dx = np.gradient(moved[..., 1], spacing)
    return np.sqrt(du_dx**2 + dv_dy**2 + (du_dy + dv_dx) ** 2 / 2)


def magnitude(flow: np.ndarray) -> np.ndarray:
    """[..., H, W]: length of a flow [..., 2 or 3, H, W], in its unit."""
    return np.hypot(flow[..., 0, :, :], flow[..., 1, :, :])


def orientation(flow: np.ndarray) -> np.ndarray:
    """[..., H, W]: direction of a flow [..., 2 or 3, H, W] in radians, -pi..pi: 0 is right, pi / 2 down."""
    return np.arctan2(flow[..., 1, :, :], flow[..., 0, :, :])


def normalised(flow: np.ndarray, how: str) -> np.ndarray:
    """float32[3, H, W] of a flow [3, H, W]: each clip by itself to u and v in -127.5..127.5, strain in 0..255.

    "symmetric": u and v by the largest magnitude, strain by the largest strain; no movement stays 0, and only a clip's
    strength is lost. "minmax_channel": each channel's least value becomes the lower end, its largest the upper, as in
    the pictures that circulate (there rounded to whole grey levels); which value was no movement is lost too.
    "none" leaves it as it is.
    """
    if how == "none":
        return flow
    if how == "symmetric":
        largest = np.array([magnitude(flow).max()] * 2 + [flow[2].max()])
        scale = np.array([GREY[0], GREY[0], GREY[1]]) / np.maximum(largest, 1e-9)
        return (flow * scale[:, None, None]).astype(np.float32)
    low, high = (ends(flow, axis=(1, 2), keepdims=True) for ends in (np.min, np.max))
    rest = np.array([GREY[0], GREY[0], 0])[:, None, None]  # of a channel that is the same everywhere
    levels = np.where(high > low, GREY[1] * (flow - low) / np.maximum(high - low, 1e-9), rest)
    return (levels - rest).astype(np.float32)
