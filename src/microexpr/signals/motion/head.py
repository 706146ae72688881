"""Estimate the head's own movement in a face's flow, and hold a clip's head where it is at the onset.

Holding it still is ours. It registers the frames themselves, because landmarks are too noisy for movements of a
fraction of a pixel. Arrays in, arrays out. Shapes: T frames, H rows and columns of a crop."""

from collections.abc import Callable
from functools import cache
from typing import Literal

import cv2
import numpy as np

from microexpr.signals import face_regions

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

REGISTERED = 96  # rows and columns at which frames are registered
BLUR = 1.0  # pixels of those
ROUNDS = 3  # of Gauss-Newton in each frame, from the result of the one before
RESIDUAL = 0.7  # scale of the grey differences that count as head motion, in medians
# Shrinkage of each parameter in units of its evidence: raised brows and cheeks look much like a nod.
SHRINKAGE = np.array([0, 0, 0, 0, 0.3, 0.3])


def head_motion(flow: np.ndarray, stabilise: Stabilise, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Return the part of a flow [H, W, 2] of an aligned face that moves all of it, as a flow or as one vector.

    "median" is the median over the face. "nose" is the mean over the nose, which expressions move least. "similarity"
    is the shift, turn and change of size that most of the face shares, by least squares reweighted so that an
    expression counts little. "rigid" (ours) adds a head that turns to a side or nods, which moves skin in proportion to
    its depth; the nose counts more, and large turns are penalised. Only pixels of `in_frame`, bool[H, W], count."""
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


@cache
def basis(size: int) -> np.ndarray:
    """Return the flow of each movement of a head, float64[size, size, 2, 6]: right, down, growth, roll, yaw and nod.
    Each is by an arbitrary amount. The array is cached and read-only."""
    y, x = (np.mgrid[:size, :size] + 0.5) / (size / 2) - 1
    zeros, ones = np.zeros_like(x), np.ones_like(x)
    # Depth of the mean head relative to a plane, which shift, growth and roll explain. Outside FACE, where the depth is
    # unknown, the value at its edge continues.
    flat, in_face = np.stack([ones, x, y], axis=-1), face_mask(size)
    plane, *_ = np.linalg.lstsq(flat[in_face], (np.stack([x**2, y, y**2], axis=-1) @ DEPTH)[in_face], rcond=None)
    inward = 1 / np.maximum(np.sqrt(_squared_distance(FACE, size)), 1)  # 1 in FACE, else to its edge
    near_x, near_y = (middle + inward * (at - middle) for at, middle in zip((x, y), 2 * FACE[:2] - 1, strict=True))
    depth: np.ndarray = np.stack([near_x**2, near_y, near_y**2, ones, near_x], axis=-1) @ [
        DEPTH[0], DEPTH[1] - plane[2], DEPTH[2], -plane[0], -plane[1]
    ]  # fmt: skip
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


def _fit_motion(
    flow: np.ndarray, basis: np.ndarray, prior: np.ndarray, typical: np.ndarray, face: np.ndarray
) -> np.ndarray:
    """Return the flow [H, W, 2], in terms of `basis` [H, W, 2, k], that most of `face`, bool[H, W], shares.

    Reweighted least squares: a pixel weighs `prior` [H, W] / (1 + (r / w s)^2), r the residual's length, s its weighted
    median, w from WIDTHS. Each parameter is shrunk towards 0, the more the smaller its `typical` size [k] is against
    the least s so far."""
    step = max(1, len(flow) // SAMPLES)
    mask = face[::step, ::step]
    equations, values, prior = (field[::step, ::step][mask].astype(float) for field in (basis, flow, prior))
    pairs, flat = equations.reshape(-1, basis.shape[-1]), values.ravel()
    evidence = (np.repeat(prior, 2)[:, None] * pairs**2).sum(axis=0)
    weights, min_scale, whole = prior, 0.0, prior.sum()
    for width in WIDTHS:
        weighted = (equations * weights[:, None, None]).reshape(pairs.shape)
        penalty = evidence * weights.sum() / whole * (min_scale / typical) ** 2
        motion = np.linalg.solve(weighted.T @ pairs + np.diag(penalty), weighted.T @ flat)
        across, down = (values - (pairs @ motion[:, None]).reshape(values.shape)).T
        lengths = np.sqrt(across**2 + down**2)
        scale = max(weighted_median(lengths, prior), 1e-6)
        min_scale = min(min_scale or scale, scale)
        weights = prior / (1 + (lengths / (width * scale)) ** 2)
    return np.tensordot(basis, motion, axes=1)  # as `@`, in one product instead of one for each pixel


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


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the least of values [n] up to which at least half of the weight lies."""
    order = values.argsort(kind="stable")  # the same on every CPU
    total = weights[order].cumsum()
    return float(values[order[total.searchsorted(total[-1] / 2)]])


def _squared_distance(ellipse: np.ndarray, size: int) -> np.ndarray:
    """Return the squared distance from the centre of an ellipse, in its half axes, float64[size, size]."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    (centre_x, centre_y), (width, height) = ellipse[:2], ellipse[2:]
    return ((x - centre_x) / width) ** 2 + ((y - centre_y) / height) ** 2


def head_path(crop: np.ndarray, onset: int, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Return how far each frame's head is from the onset's, float64[T, 6] in terms of `head.basis`, pixels of the crop.

    `crop` is grey [T, H, H], `onset` a position. Each frame is registered to the mean of the frames next to the onset,
    by least squares on grey levels over the face, reweighted so that expressions count little. Only pixels of
    `in_frame`, bool[H, H], count."""
    reduced = (cv2.resize(frame, (REGISTERED, REGISTERED), interpolation=cv2.INTER_AREA) for frame in crop)
    small = [cv2.GaussianBlur(frame.astype(np.float32), (0, 0), BLUR) for frame in reduced]
    path = np.zeros((len(crop), PARAMETERS))
    visible = face_regions.shrink(in_frame, (REGISTERED, REGISTERED))
    register = _registration(np.mean(small[max(0, onset - 1) : onset + 2], axis=0), visible)
    for direction in (range(onset, len(crop)), range(onset - 1, -1, -1)):
        motion = path[onset]
        for position in direction:
            motion = path[position] = register(small[position], motion)
    return path * crop.shape[1] / REGISTERED


def hold_still(crop: np.ndarray, path: np.ndarray, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Undo the head's movement, `path` [T, 6] of `head_path`, in crops [T, H, H, C]; the type is kept. A pixel that
    lies outside the frame (`in_frame`, bool[H, H]) in any crop has one value in all."""
    still = np.stack([_move_back(frame, motion) for frame, motion in zip(crop, path, strict=True)])
    if in_frame is None:
        return still
    mask = 255 * in_frame.astype(np.uint8)
    always = np.all([_move_back(mask, motion) == 255 for motion in path], axis=0)
    return face_regions.hold_outside_still(still, always)


def _registration(reference: np.ndarray, in_frame: np.ndarray | None) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a function that registers frames to a reference, float32[SIZE, SIZE] each. It gets a frame and a movement
    to search from, and returns the head's movement since the reference, float64[6]."""
    in_face = visible_face(REGISTERED, in_frame)
    brightness, prior = float(reference[in_face].mean()), nose_prior(REGISTERED)[in_face]
    down, right = np.gradient(reference)
    slopes = (np.stack([right, down], axis=-1)[..., None] * basis(REGISTERED)).sum(axis=2)[in_face]  # [n, 6]

    def register(image: np.ndarray, motion: np.ndarray) -> np.ndarray:
        image = image * (brightness / max(float(image[in_face].mean()), 1.0))
        for _ in range(ROUNDS):
            residual = (_move_back(image, motion) - reference)[in_face].astype(float)
            scale = max(RESIDUAL * float(np.median(np.abs(residual))), 1e-6)
            weighted = slopes * (prior / (1 + (residual / scale) ** 2))[:, None]
            normal = weighted.T @ slopes
            penalty = SHRINKAGE * np.diag(normal) + 1e-9
            motion = motion - np.linalg.solve(normal + np.diag(penalty), weighted.T @ residual + penalty * motion)
        return motion

    return register


def _move_back(image: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Return a picture [H, H, ...] as if the head in it had not moved by `motion`, float64[6] in terms of `basis`."""
    x, y = places(len(image), motion)
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(image.shape)


def places(size: int, motion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where a head that moves by `motion`, float64[6], takes each pixel: x and y, float32[size, size]."""
    flows, pixels = basis(size), np.arange(size, dtype=np.float32)
    axis, depth = flows[0, :, 0, 2], flows[..., 0, 4]
    right, down, growth, roll, yaw, nod = motion
    x = (right + growth * axis - roll * axis[:, None] + yaw * depth).astype(np.float32) + pixels
    y = ((down + growth * axis)[:, None] + roll * axis + nod * depth).astype(np.float32) + pixels[:, None]
    return x, y
