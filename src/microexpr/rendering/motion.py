"""Compute how the skin of a face moves in the image, dense and exact, from the mesh. No pixels, no estimate."""

from dataclasses import dataclass

import numpy as np

from microexpr.rendering.face import Face
from microexpr.rendering.raster import SKIN, Samples, rasterise
from microexpr.rendering.rig import rig
from microexpr.rendering.scene import AHEAD, CENTRED, FRAME_SIZE, Angles, Pair

CHIN = 8  # the landmark below which there is neck


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The displacement of each visible point of skin from one image to another."""

    pixels: np.ndarray  # float32[H, W, 2]: to the right, down, in px of the frame; 0 without visible skin
    skin: np.ndarray  # bool[H, W]: skin of face and ears, with brows, lips and beard


def expression(
    face: Face, first: np.ndarray, second: np.ndarray, pose: Angles = AHEAD, shift: Pair = CENTRED,
    size: tuple[int, int] = FRAME_SIZE, zoom: float = 1.0,
) -> Motion:  # fmt: skip
    """Return the motion from the action units `first` to `second` of a still head: that of the expression alone.

    Both are FACS intensities 0..5, float32[len(ACTION_UNITS), 2]; the rest is as for `Face.render`. A point counts
    if it is visible under `first`, even if something covers it under `second`.
    """
    before, after = (face.project_vertices(units, pose, shift, size, zoom) for units in (first, second))
    head, surface, shape = rig(), face.surfaces[0], size[::-1]
    samples = Samples.of(*shape)
    solids = surface.triangles, surface.materials, surface.coordinates, face.lashes, surface.strands
    rasterise(before, *solids, 0.0, shape, samples)
    _, hit, first_weight, second_weight = samples.images(*shape)
    corners = surface.triangles[hit]  # of the triangle that a pixel shows; the rig's vertices come first
    low = np.full(int(corners.max()) + 1, -np.inf)
    low[: len(head.vertices)] = head.vertices[:, 1][: len(low)]
    is_above_chin = low[corners].min(axis=2) >= head.vertices[head.landmarks[CHIN], 1]
    skin = (hit >= 0) & (surface.materials[hit] == SKIN) & is_above_chin
    weights = np.dstack([first_weight, second_weight, 1 - (first_weight + second_weight)])  # barycentric
    displacement = after[:, :2] - before[:, :2]
    pixels = np.zeros((*skin.shape, 2), np.float32)
    pixels[skin] = np.einsum("nc,nca->na", weights[skin], displacement[corners[skin]])
    return Motion(pixels, skin)
