"""Compute optical flow and optical strain between two frames. Arrays in, arrays out; no files, no torch.

The stage calls `clip_flow`; its parts can be called separately."""

from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, Field

from microexpr.signals import face_regions
from microexpr.signals.motion.head import Stabilise, head_motion, visible_face

CROP = 288  # rows and columns of the crops that params are given for
MARGIN = 16  # pixels: OpenCV's Farneback finds movement at the edges of a still picture
EDGE = 8  # pixels of the crop inside the frame's edge over which TV-L1's smoothness carries values from outside
GREY = 127.5, 255.0  # the largest u or v, and the largest strain, of a normalised clip


class TvL1(BaseModel, frozen=True, extra="forbid"):
    """Settings of TV-L1 flow."""

    attachment: float = Field(default=20, gt=0, le=200, description="lambda: the smaller, the smoother")
    tightness: float = Field(default=0.6, gt=0, le=5, description="theta: how far data and smooth field may part")
    warps: int = Field(default=3, ge=1, le=50, description="at each level of the pyramid")
    iterations: int = Field(default=10, ge=1, le=300, description="in each warp")
    tolerance: float = Field(default=1e-4, ge=0, le=1, description="mean square change in a warp, to stop below")
    median: bool = Field(default=True, description="3x3 median of the flow before each warp")


class Farneback(BaseModel, frozen=True, extra="forbid"):
    """Settings of Farneback's flow."""

    levels: int = Field(default=4, ge=1, le=8, description="of the pyramid, each half the size")
    window: int = Field(default=41, ge=9, le=144, description="side of the averaging window, pixels of the crop")
    iterations: int = Field(default=4, ge=1, le=20, description="at each level")
    neighbourhood: int = Field(default=7, ge=5, le=7, description="side of the polynomial's neighbourhood, pixels")
    sigma: float = Field(default=1.5, ge=0.5, le=3, description="Gaussian weight of that neighbourhood, pixels")


class Params(BaseModel, frozen=True, extra="forbid"):
    """Section `flow` of params.yaml."""

    algorithm: Literal["tvl1", "farneback"] = Field(default="tvl1", description="Zach et al. 2007, or Farneback 2003")
    size: int = Field(default=288, ge=32, le=288, description="rows and columns at which frames are compared")
    stored_size: int = Field(default=128, ge=28, le=288, description="rows and columns of the flow, at most `size`")
    average: int = Field(default=1, ge=0, le=4, description="frames to each side of onset and apex, against noise")
    equalise: bool = Field(default=True, description="first make the two faces equally bright, against flicker")
    stabilise: Stabilise = Field(default="rigid", description="model of head motion, which is subtracted from the flow")
    normalise: Literal["none", "symmetric", "minmax_channel"] = Field(
        default="none", description="scale of each clip: pixels, its largest movement, or each channel's range"
    )
    tvl1: TvL1 = TvL1()
    farneback: Farneback = Farneback()


def prepare() -> None:
    """Load the compiled functions."""
    blank = np.zeros((CROP, CROP), np.uint8)
    onset_apex(blank, blank, Params())


def clip_flow(
    crop: np.ndarray, onset: int, apex: int, params: Params, in_frame: np.ndarray | None = None
) -> np.ndarray:
    """Return flow and strain of a clip between two positions, float32[3, S, S] with S = `stored_size`. `crop` is grey,
    uint8[T, H, H]. This is `onset_apex` of the means over up to `average` frames around each position, fewer at the
    ends of the clip and where the two windows would meet."""
    reach = max(0, min(params.average, (abs(apex - onset) - 1) // 2))
    windows = [crop[max(0, position - reach) : position + reach + 1] for position in (onset, apex)]
    first, second = (frames.mean(axis=0, dtype=np.float32) for frames in windows)
    return onset_apex(first, second, params, in_frame)


def onset_apex(onset: np.ndarray, apex: np.ndarray, params: Params, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Return u to the right and v downwards, in pixels of the crop, and their strain, float32[3, S, S].

    S is `stored_size`; `onset` and `apex` are aligned grey crops [H, H], grey levels 0..255 of any type. Head motion
    is subtracted; values are not normalised. They are 0 outside the frame (`in_frame`, bool of the crop's pixels) and
    near its edge."""
    first, second = (
        cv2.resize(crop.astype(np.float32), (params.size, params.size), interpolation=cv2.INTER_AREA)
        for crop in (onset, apex)
    )
    if params.equalise:
        face = visible_face(params.size, face_regions.shrink(in_frame, (params.size, params.size)))
        second = second * (float(first[face].mean()) / max(float(second[face].mean()), 1))
    if params.algorithm == "tvl1":
        from microexpr.signals.flow.tvl1 import tvl1  # with numba, which takes long to load

        vectors, edge = tvl1(first / np.float32(255), second / np.float32(255), **dict(params.tvl1)), EDGE
    else:
        settings, edge = params.farneback, params.farneback.window // 2
        before, after = (
            cv2.copyMakeBorder(image, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE) for image in (first, second)
        )
        vectors = cv2.calcOpticalFlowFarneback(
            before, after, np.zeros((*before.shape, 2), np.float32), pyr_scale=0.5, levels=settings.levels,
            winsize=round(settings.window * params.size / CROP), iterations=settings.iterations,
            poly_n=settings.neighbourhood, poly_sigma=settings.sigma, flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN,
        )[MARGIN:-MARGIN, MARGIN:-MARGIN]  # fmt: skip
    size = min(params.stored_size, params.size)
    vectors = len(onset) / params.size * cv2.resize(vectors, (size, size), interpolation=cv2.INTER_AREA)
    measured = face_regions.shrink(in_frame, (size, size), edge)
    vectors = vectors - head_motion(vectors, params.stabilise, measured)
    field = np.stack([vectors[..., 0], vectors[..., 1], strain(vectors, len(onset) / size)]).astype(np.float32)
    return field if measured is None else np.where(measured, field, np.float32(0))


def strain(vectors: np.ndarray, spacing: float) -> np.ndarray:
    """Return the magnitude of the infinitesimal strain, [H, W], of a flow [H, W, 2] with pixels `spacing` apart.
    sqrt(e_xx^2 + e_yy^2 + e_xy^2 + e_yx^2) with e_xx = du/dx, e_yy = dv/dy, e_xy = e_yx = (du/dy + dv/dx) / 2, after
    Shreve et al. 2011; derivatives are central differences."""
    du_dy, du_dx = np.gradient(vectors[..., 0], spacing)
    dv_dy, dv_dx = np.gradient(vectors[..., 1], spacing)
    return np.sqrt(du_dx**2 + dv_dy**2 + (du_dy + dv_dx) ** 2 / 2)


def magnitude(flow: np.ndarray) -> np.ndarray:
    """Return the length of a flow [..., 2 or 3, H, W], [..., H, W] in its unit."""
    return np.hypot(flow[..., 0, :, :], flow[..., 1, :, :])


def orientation(flow: np.ndarray) -> np.ndarray:
    """Return the direction of a flow [..., 2 or 3, H, W], [..., H, W] in -pi..pi: 0 is right, pi / 2 down."""
    return np.arctan2(flow[..., 1, :, :], flow[..., 0, :, :])


def normalise(flow: np.ndarray, method: str) -> np.ndarray:
    """Scale the flow [3, H, W] of one clip to u and v in -127.5..127.5 and strain in 0..255, float32[3, H, W].

    "symmetric" divides u and v by the largest magnitude and strain by the largest strain: 0 stays 0, and only the
    clip's strength is lost. "minmax_channel" maps each channel's least value to the lower end and its largest to the
    upper, as in the flow pictures that circulate (rounded there to whole grey levels); the value of no movement is lost
    as well. "none" changes nothing."""
    if method == "none":
        return flow
    if method == "symmetric":
        largest = np.array([magnitude(flow).max()] * 2 + [flow[2].max()])
        scale = np.array([GREY[0], GREY[0], GREY[1]]) / np.maximum(largest, 1e-9)
        return (flow * scale[:, None, None]).astype(np.float32)
    low, high = (bound(flow, axis=(1, 2), keepdims=True) for bound in (np.min, np.max))
    zero = np.array([GREY[0], GREY[0], 0])[:, None, None]  # a constant channel stays 0
    levels = np.where(high > low, GREY[1] * (flow - low) / np.maximum(high - low, 1e-9), zero)
    return (levels - zero).astype(np.float32)
