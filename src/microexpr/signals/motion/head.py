"""Which part of a face's flow is the head's own movement. Arrays in, arrays out."""

from functools import cache
from typing import Literal

import numpy as np

Stabilise = Literal["none", "median", "similarity", "nose", "rigid"]

# Ellipses in an aligned crop: centre and half axes, x and y, in sides of the crop.
FACE = np.array([0.5, 0.47, 0.3, 0.33])  # inside of every face, from brows to chin
NOSE = np.array([0.5, 0.45, 0.06, 0.1])  # from its bridge to its base
# Depth of a mean head inside of FACE, towards the camera: x^2, y and y^2 from the middle of the crop, in half sides.
# Least squares over twelve generated heads that are in no corpus; only its shape matters, not its unit.
DEPTH = np.array([-4.86, -0.29, -0.98])

NOSE_WEIGHT = 4.0  # how much more than the rest of the face a nose says of the head, at its middle
UNKNOWNS = 6  # of `basis`
# How far each of them goes as a rule, in pixels of the crop: raised brows and cheeks look much like a nod.
USUAL = np.array([np.inf, np.inf, np.inf, np.inf, 0.4, 0.4])
SAMPLES = 48  # rows and columns that are enough for a fit
WIDTHS = np.maximum(3 * 0.75 ** np.arange(20), 0.3)  # of what counts as the head's in each round, in median residuals


def head_motion(moved: np.ndarray, stabilise: Stabilise) -> np.ndarray:
    """The part of a flow [H, W, 2] of an aligned face that moves all of it, as a flow or as one vector.

    "median": of the face. "nose": the mean over the nose, which expressions move least. "similarity": shift, turn and
    change of size that most of the face shares, by least squares reweighted so that what moves otherwise (an
    expression) counts little. "rigid" (ours): the same with a head that turns to a side or nods as well, which moves
    skin in proportion to how near it is; the nose counts more, and a head is taken to turn little.
    """
    if stabilise == "none":
        return np.zeros(2)
    if stabilise == "median":
        return np.median(moved[face(len(moved))], axis=0)
    if stabilise == "nose":
        return moved[inside(NOSE, len(moved))].mean(axis=0)
    if stabilise == "similarity":
        return _shared(moved, basis(len(moved))[..., :4], np.ones(moved.shape[:2]), USUAL[:4])
    return _shared(moved, basis(len(moved)), nose_prior(len(moved)), USUAL)


def flow_of(basis: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """[..., 2]: the flow of a head that moves by `motion` [k] of a `basis` [..., 2, k].

    What `@` gives, but in one product where `@` makes one for each pixel."""
    made: np.ndarray = np.tensordot(basis, motion, axes=1)
    return made


@cache
def basis(size: int) -> np.ndarray:
    """float64[size, size, 2, 6], not to be changed: the flow of a head that shifts (right, down), grows, rolls, turns
    to a side and nods, each by an arbitrary amount."""
    y, x = (np.mgrid[:size, :size] + 0.5) / (size / 2) - 1
    zero, one, depth = np.zeros_like(x), np.ones_like(x), _depth(x, y)
    right = [one, zero, x, -y, depth, zero]
    down = [zero, one, y, x, zero, depth]
    made = np.stack([np.stack(right, axis=-1), np.stack(down, axis=-1)], axis=-2)
    made.flags.writeable = False
    return made


@cache
def nose_prior(size: int) -> np.ndarray:
    """float64[size, size], not to be changed: how much each pixel says of the head, 1, and more near the middle of the
    nose."""
    prior: np.ndarray = 1 + NOSE_WEIGHT * np.exp(-_squared_distance(NOSE, size) / 2)
    prior.flags.writeable = False
    return prior


def _depth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[H, W]: depth of the mean head, less the plane that shift, growth and roll may already explain in FACE.

    Beyond FACE, where nothing is known, it goes on as at the edge of FACE.
    """
    depth = np.stack([x**2, y, y**2], axis=-1) @ DEPTH
    plane, within = np.stack([np.ones_like(x), x, y], axis=-1), face(len(x))
    fitted, *_ = np.linalg.lstsq(plane[within], depth[within], rcond=None)
    centre = 2 * FACE[:2] - 1
    inward = 1 / np.maximum(np.sqrt(_squared_distance(FACE, len(x))), 1)  # 1 in FACE, else to its edge
    x, y = (middle + inward * (along - middle) for along, middle in ((x, centre[0]), (y, centre[1])))
    rest: np.ndarray = np.stack([x**2, y, y**2, np.ones_like(x), x], axis=-1) @ [
        DEPTH[0], DEPTH[1] - fitted[2], DEPTH[2], -fitted[0], -fitted[1]
    ]  # fmt: skip
    return rest


def _shared(moved: np.ndarray, basis: np.ndarray, prior: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """[H, W, 2]: the flow made of `basis` [H, W, 2, k] that most of FACE shares.

    Reweighted least squares: pixels weigh `prior` [H, W] / (1 + (r / w s)^2), r the residual's length, s its weighted
    median, w from WIDTHS. Each unknown is drawn to 0 by how small its `usual` size [k] is beside the least s so far.
    """
    step = max(1, len(moved) // SAMPLES)
    within = face(len(moved))[::step, ::step]
    equations, values, prior = (field[::step, ::step][within].astype(float) for field in (basis, moved, prior))
    pairs = equations.reshape(-1, basis.shape[-1])
    evidence = (np.repeat(prior, 2)[:, None] * pairs**2).sum(axis=0)
    weights, least = prior, 0.0
    for width in WIDTHS:
        weighted = pairs * np.repeat(weights, 2)[:, None]
        held = evidence * weights.sum() / prior.sum() * (least / usual) ** 2
        motion = np.linalg.solve(weighted.T @ pairs + np.diag(held), weighted.T @ values.ravel())
        residual = np.linalg.norm(values - flow_of(equations, motion), axis=1)
        scale = max(_weighted_median(residual, prior), 1e-6)
        least = min(least or scale, scale)
        weights = prior / (1 + (residual / (width * scale)) ** 2)
    return flow_of(basis, motion)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


@cache
def face(size: int) -> np.ndarray:
    """bool[size, size], not to be changed: where every aligned face has skin."""
    within = inside(FACE, size)
    within.flags.writeable = False
    return within


def inside(ellipse: np.ndarray, size: int) -> np.ndarray:
    """bool[size, size]: inside of an ellipse of a crop."""
    return _squared_distance(ellipse, size) <= 1


def _squared_distance(ellipse: np.ndarray, size: int) -> np.ndarray:
    """float64[size, size]: from the centre of an ellipse, in its half axes."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    (centre_x, centre_y), (width, height) = ellipse[:2], ellipse[2:]
    return ((x - centre_x) / width) ** 2 + ((y - centre_y) / height) ** 2
