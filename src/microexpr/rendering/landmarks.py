"""Place the landmarks of the jaw on the visible contour of the face, where the mesh's own vertices do not lie."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from microexpr.rendering.raster import SKIN
from microexpr.rendering.rig import rig
from microexpr.rendering.scene import rotation

JAW, CHIN = range(17), 8
BRIDGE = slice(27, 31)
BAND, BEHIND = 0.025, 0.01  # dm: height about a jaw point, and depth behind it, in which the contour is searched


def contour(candidates: Sequence[np.ndarray], screen: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Return the rig's 68 landmarks with those of the jaw on the visible contour of the face, float32[68, 2].

    On a turned head a point fixed to the far side of the jaw lies behind the cheek, while annotators mark the outline.
    Such a point is moved outward, across the face, to the outline at its height. `candidates` are from `jaw_skin`,
    `screen` from `Face.project_vertices`, `pose` is yaw, pitch and roll in degrees."""
    axis = rotation(*(float(angle) for angle in pose))[:2, 0] * [1, -1]
    axis /= np.linalg.norm(axis)
    points: np.ndarray = screen[rig().landmarks, :2].copy()
    middle = points[BRIDGE].mean(axis=0)
    for i, vertices in zip(JAW, candidates, strict=True):
        side = 1 if i > CHIN else -1
        outward = side * ((screen[vertices, :2] - middle) @ axis)
        if i != CHIN:
            points[i] += side * (outward.max() - outward[0]) * axis  # the first is the point itself
    return points


def jaw_skin(vertices: np.ndarray) -> list[np.ndarray]:
    """Return, for each jaw point of a face [V, 3], its vertex and those of the skin at its height in front of it."""
    ids = _skin_vertices()
    skin, candidates = vertices[ids], []
    for vertex in rig().landmarks[JAW]:
        x, y, z = vertices[vertex]
        near = (np.abs(skin[:, 1] - y) < BAND) & (skin[:, 2] > z - BEHIND) & (np.sign(skin[:, 0]) == np.sign(x))
        candidates.append(np.concatenate([[vertex], ids[near]]))
    return candidates


@cache
def _skin_vertices() -> np.ndarray:
    head = rig()
    return np.unique(head.triangles[head.materials == SKIN])
