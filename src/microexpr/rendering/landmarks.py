"""Place landmarks as the iBUG markup defines them where the mesh's own vertices do not: the jaw, and pupils."""

from functools import cache

import numpy as np

from microexpr.rendering.face import Face
from microexpr.rendering.raster import SKIN
from microexpr.rendering.rig import rig
from microexpr.rendering.scene import project, rotation

JAW, CHIN = range(17), 8
BRIDGE = slice(27, 31)
BAND, BEHIND = 0.025, 0.01  # dm: height about a jaw point, and depth behind it, in which the contour is searched


def contour(face: Face, landmarks: np.ndarray, screen: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Return landmarks [68, 2] with those of the jaw on the visible contour of the face, float32[68, 2].

    On a turned head a point fixed to the far side of the jaw lies behind the cheek, while annotators mark the outline.
    Such a point is moved outward, across the face, to the outline at its height. `screen` is from
    `Face.project_vertices`, `pose` yaw, pitch and roll in degrees."""
    axis = rotation(*(float(angle) for angle in pose))[:2, 0] * [1, -1]
    axis /= np.linalg.norm(axis)
    middle, points = landmarks[BRIDGE].mean(axis=0), landmarks.copy()
    for i, vertices in zip(JAW, candidates(face), strict=True):
        side = 1 if i > CHIN else -1
        outward = side * ((screen[vertices, :2] - middle) @ axis)
        if i != CHIN:
            points[i] += side * (outward.max() - outward[0]) * axis  # the first is the point itself
    return points


def candidates(face: Face) -> list[np.ndarray]:
    """Return, for each jaw point, its vertex and those of the skin at its height that lie in front of it."""
    ids = _skin_vertices()
    skin, found = face.vertices[ids], []
    for vertex in rig().landmarks[JAW]:
        x, y, z = face.vertices[vertex]
        near = (np.abs(skin[:, 1] - y) < BAND) & (skin[:, 2] > z - BEHIND) & (np.sign(skin[:, 0]) == np.sign(x))
        found.append(np.concatenate([[vertex], ids[near]]))
    return found


@cache
def _skin_vertices() -> np.ndarray:
    head = rig()
    return np.unique(head.triangles[head.materials == SKIN])


def pupils(
    face: Face, gaze: np.ndarray, pose: np.ndarray, shift: np.ndarray, size: tuple[int, int], zoom: float
) -> np.ndarray:
    """Return the centres of both pupils in pixels, the subject's left first, float32[2, 2]; arguments as `render`'s."""
    centres, radii = face.eyeballs
    ahead = rotation(float(gaze[0]), float(gaze[1]), 0)[:, 2]
    points = (centres + radii * ahead - face.centre) @ rotation(*(float(angle) for angle in pose)).T
    return project(points.astype(np.float32), size, shift, zoom)[:, :2]
