"""Compute how the skin of a face moves in the image, dense and exact, from the mesh. No pixels, no estimate."""

from dataclasses import dataclass

import numpy as np

from microexpr.rendering.face import Face
from microexpr.rendering.raster import SKIN
from microexpr.rendering.rig import rig

CHIN = 8  # the landmark below which there is neck


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The displacement of each visible point of skin from one image to another."""

    pixels: np.ndarray  # float32[H, W, 2]: to the right, down, in px of the frame; 0 without visible skin
    skin: np.ndarray  # bool[H, W]: skin of face and ears, with brows, lips and beard


def expression(
    face: Face,
    first: np.ndarray,
    second: np.ndarray,
    pose: np.ndarray | tuple[float, float, float] = (0.0, 0.0, 0.0),
    shift: np.ndarray | tuple[float, float] = (0.0, 0.0),
    size: tuple[int, int] = (640, 480),
    zoom: float = 1.0,
) -> Motion:
    """Return the motion from the action units `first` to `second` of a still head: that of the expression alone.

    Both are FACS intensities 0..5, float32[len(ACTION_UNITS), 2]; the rest is as for `Face.render`. A point counts
    if it is visible under `first`, even if something covers it under `second`.
    """
    trace = face.trace(first, pose, shift, size, zoom)
    head = rig()
    low = np.full(int(trace.corners.max()) + 1, -np.inf)
    low[: len(head.vertices)] = head.vertices[:, 1][: len(low)]
    is_above_chin = low[trace.corners].min(axis=2) >= head.vertices[head.landmarks[CHIN], 1]
    skin = (trace.material == SKIN) & is_above_chin
    displacement = face.project_vertices(second, pose, shift, size, zoom)[:, :2] - trace.screen[:, :2]
    pixels = np.zeros((*skin.shape, 2), np.float32)
    pixels[skin] = np.einsum("nc,nca->na", trace.weights[skin], displacement[trace.corners[skin]])
    return Motion(pixels, skin)
