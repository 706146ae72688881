"""Build spectacles that fit a head: thin rims, a bridge and temples."""

import numpy as np

from microexpr.rendering.layers import Layer, grid, join, make_layer
from microexpr.rendering.raster import FRAME, SKIN
from microexpr.rendering.rig import rig

TUBE = 6  # sides of a wire
ROUND = 36  # pieces of a rim
BENT = 0.3  # dm to the back at 1 dm to the side


def build_layer(vertices: np.ndarray, rng: np.random.Generator) -> Layer:
    """Return spectacles that fit a head of this shape (float32[V, 3])."""
    eyes = [vertices[eye].mean(axis=0) for eye in rig().eyes]
    half = abs(eyes[0][0] - eyes[1][0]) / 2
    wide, high = half * rng.uniform(0.7, 0.8), rng.uniform(0.16, 0.2)
    squareness, thick = rng.uniform(2.0, 3.6), rng.uniform(0.007, 0.013)
    middle = (eyes[0] + eyes[1]) / 2
    front = _front(vertices, middle, half + wide, high)
    parts = []
    for side in (-1, 1):
        turn = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
        x, y = (np.sign(f(turn)) * np.abs(f(turn)) ** (2 / squareness) for f in (np.cos, np.sin))
        away = half + wide * x
        rim = np.stack([middle[0] + side * away, middle[1] - 0.05 + high * y, front - BENT * away**2], axis=1)
        parts.append(_wire(rim, thick, closed=True))
        hinge = half + wide
        start = np.array([middle[0] + side * hinge, middle[1] + 0.06, front - BENT * hinge**2])
        ear = vertices[rig().landmarks[16 if side > 0 else 0]] * [1, 0, 1] + [side * 0.07, middle[1] + 0.06, -0.1]
        bow = start + np.linspace(0, 1, 8)[:, None] * (ear - start)
        parts.append(_wire(bow, thick * 0.9))
    x = np.linspace(-1, 1, 7)
    inner = half - wide
    bridge = np.stack([middle[0] + inner * x, middle[1] + 0.06 + 0.03 * (1 - x**2), front - BENT * (inner * x) ** 2], 1)
    parts.append(_wire(bridge, thick * 0.9))
    return join(parts)


def _front(vertices: np.ndarray, middle: np.ndarray, wide: float, high: float) -> float:
    """Return z of the spectacles in the middle, just in front of brows, lids and the bridge of the nose, dm."""
    head = rig()
    skin = vertices[np.unique(head.triangles[head.materials == SKIN])] - [middle[0], middle[1] - 0.05, 0]
    x, y = np.abs(skin[:, :2]).T
    touched = (x < wide) & (y < high) & ((x > 0.14) | (skin[:, 1] > 0))  # without the nose
    return float((skin[touched, 2] + BENT * x[touched] ** 2).max()) + 0.02


def _wire(path: np.ndarray, thick: float, closed: bool = False) -> Layer:
    """Return a tube of radius `thick` along `path` [P, 3]."""
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, [0.1, 0.2, 0.97])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    third = np.cross(along, across)
    turn = np.linspace(0, 2 * np.pi, TUBE, endpoint=False)[:, None, None]
    normals = np.cos(turn) * across + np.sin(turn) * third
    points = path + thick * normals
    order = np.concatenate([np.arange(TUBE), [0]])
    points, normals = points[order], normals[order]
    triangles = grid(len(order), len(path), closed)
    return make_layer(FRAME, points, normals, np.zeros_like(points), triangles)
