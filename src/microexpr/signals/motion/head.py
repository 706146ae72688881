"""Estimate the part of a face's flow that is the head's own movement. Arrays in, arrays out."""

from functools import cache
from typing import Literal

import numpy as np

Stabilise = Literal["none", "median", "similarity", "nose", "rigid"]

# Ellipses in an aligned crop: centre and half axes, x and y, in sides of the crop.
FACE = np.array([0.5, 0.47, 0.3, 0.33])  # inside every face, from brows to chin
NOSE = np.array([0.5, 0.45, 0.06, 0.1])  # from its bridge to its base
# Depth of a mean head inside FACE, towards the camera: x^2, y and y^2 from the middle of the crop, in half sides.
# Least squares over twelve rendered heads of the population; only the shape matters, not the unit.
DEPTH = np.array([-4.86, -0.29, -0.98])

NOSE_WEIGHT = 4.0  # additional weight of the middle of the nose against the rest of the face
PARAMETERS = 6  # columns of `basis`
# Typical size of each parameter, in pixels of the crop: raised brows and cheeks look much like a nod.
TYPICAL_SIZE = np.array([np.inf, np.inf, np.inf, np.inf, 0.4, 0.4])
SAMPLES = 48  # rows and columns of the grid that a fit uses, at least
# Scale of residuals that count as head motion, by round, in medians.
WIDTHS = np.maximum(3 * 0.75 ** np.arange(20), 0.3)


def head_motion(flow: np.ndarray, stabilise: Stabilise, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Return the part of a flow [H, W, 2] of an aligned face that moves all of it, as a flow or as one vector.

    "median" is the median over the face. "nose" is the mean over the nose, which expressions move least. "similarity"
    is the shift, turn and change of size that most of the face shares, by least squares reweighted so that an
    expression counts little. "rigid" (ours) adds a head that turns to a side or nods, which moves skin in proportion to
    its depth; the nose counts more, and large turns are penalised. Only pixels of `in_frame`, bool[H, W], count.
    """
    face = visible_face(len(flow), in_frame)
    if stabilise == "none":
        return np.zeros(2)
    if stabilise == "median":
        return np.median(flow[face], axis=0)
    if stabilise == "nose":
        return flow[ellipse_mask(NOSE, len(flow))].mean(axis=0)
    if stabilise == "similarity":
        return _fit_motion(flow, basis(len(flow))[..., :4], np.ones(flow.shape[:2]), TYPICAL_SIZE[:4], face)
    return _fit_motion(flow, basis(len(flow)), nose_prior(len(flow)), TYPICAL_SIZE, face)


def motion_flow(basis: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Return the flow, [..., 2], of a head that moves by `motion` [k] in the terms of a `basis` [..., 2, k].

    The result is that of `@`, in one product instead of one for each pixel.
    """
    flow: np.ndarray = np.tensordot(basis, motion, axes=1)
    return flow


@cache
def basis(size: int) -> np.ndarray:
    """Return the flow of each movement of a head, float64[size, size, 2, 6]: right, down, growth, roll, yaw and nod.

    Each is by an arbitrary amount. The array is cached and read-only.
    """
    y, x = (np.mgrid[:size, :size] + 0.5) / (size / 2) - 1
    zeros, ones, depth = np.zeros_like(x), np.ones_like(x), _depth(x, y)
    right = [ones, zeros, x, -y, depth, zeros]
    down = [zeros, ones, y, x, zeros, depth]
    flows = np.stack([np.stack(right, axis=-1), np.stack(down, axis=-1)], axis=-2)
    flows.flags.writeable = False
    return flows


@cache
def nose_prior(size: int) -> np.ndarray:
    """Return the weight of each pixel for head motion, float64[size, size], read-only: 1, more on the nose."""
    prior: np.ndarray = 1 + NOSE_WEIGHT * np.exp(-_squared_distance(NOSE, size) / 2)
    prior.flags.writeable = False
    return prior


def _depth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the depth of the mean head relative to a plane, [H, W]; shift, growth and roll explain the plane.

    Outside FACE, where the depth is unknown, the value at the edge of FACE continues.
    """
    depth = np.stack([x**2, y, y**2], axis=-1) @ DEPTH
    plane, in_face = np.stack([np.ones_like(x), x, y], axis=-1), face_mask(len(x))
    plane_fit, *_ = np.linalg.lstsq(plane[in_face], depth[in_face], rcond=None)
    centre = 2 * FACE[:2] - 1
    inward = 1 / np.maximum(np.sqrt(_squared_distance(FACE, len(x))), 1)  # 1 in FACE, else to its edge
    x, y = (middle + inward * (along - middle) for along, middle in ((x, centre[0]), (y, centre[1])))
    relative_depth: np.ndarray = np.stack([x**2, y, y**2, np.ones_like(x), x], axis=-1) @ [
        DEPTH[0], DEPTH[1] - plane_fit[2], DEPTH[2], -plane_fit[0], -plane_fit[1]
    ]  # fmt: skip
    return relative_depth


def _fit_motion(
    flow: np.ndarray, basis: np.ndarray, prior: np.ndarray, typical: np.ndarray, face: np.ndarray
) -> np.ndarray:
    """Return the flow [H, W, 2], in terms of `basis` [H, W, 2, k], that most of `face`, bool[H, W], shares.

    Reweighted least squares: a pixel weighs `prior` [H, W] / (1 + (r / w s)^2), r the residual's length, s its weighted
    median, w from WIDTHS. Each parameter is shrunk towards 0, the more the smaller its `typical` size [k] is against
    the least s so far.
    """
    from microexpr.signals.motion import kernels  # with numba, which takes long to load

    step = max(1, len(flow) // SAMPLES)
    mask = face[::step, ::step]
    equations, values, prior = (field[::step, ::step][mask].astype(float) for field in (basis, flow, prior))
    pairs, flat = equations.reshape(-1, basis.shape[-1]), values.ravel()
    evidence = (np.repeat(prior, 2)[:, None] * pairs**2).sum(axis=0)
    weights, min_scale, whole = prior.copy(), 0.0, prior.sum()
    lengths, order = np.empty(len(prior)), np.empty(len(prior), np.int64)
    for width in WIDTHS:
        weighted = (equations * weights[:, None, None]).reshape(pairs.shape)
        penalty = evidence * weights.sum() / whole * (min_scale / typical) ** 2
        motion = np.linalg.solve(weighted.T @ pairs + np.diag(penalty), weighted.T @ flat)
        fitted = (pairs @ motion[:, None]).reshape(values.shape)
        scale = max(kernels.median_length(values, fitted, prior, lengths, order), 1e-6)
        min_scale = min(min_scale or scale, scale)
        kernels.reweight(prior, lengths, width * scale, weights)
    return motion_flow(basis, motion)


@cache
def face_mask(size: int) -> np.ndarray:
    """Return the pixels that are skin in every aligned face, bool[size, size], cached and read-only."""
    mask = ellipse_mask(FACE, size)
    mask.flags.writeable = False
    return mask


def visible_face(size: int, in_frame: np.ndarray | None) -> np.ndarray:
    """Return the pixels of `face_mask` that show the frame, bool[size, size]; `in_frame` is of that size."""
    mask = face_mask(size)
    return mask if in_frame is None or not (visible := mask & in_frame).any() else visible


def ellipse_mask(ellipse: np.ndarray, size: int) -> np.ndarray:
    """Return the pixels inside an ellipse of a crop, bool[size, size]."""
    return _squared_distance(ellipse, size) <= 1


def _squared_distance(ellipse: np.ndarray, size: int) -> np.ndarray:
    """Return the squared distance from the centre of an ellipse, in its half axes, float64[size, size]."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    (centre_x, centre_y), (width, height) = ellipse[:2], ellipse[2:]
    return ((x - centre_x) / width) ** 2 + ((y - centre_y) / height) ** 2
