"""Compute how the skin of a face moves in the image, dense and exact, from the mesh. No pixels, no estimate."""

from dataclasses import dataclass

import numpy as np

from facs_faces.face import Face
from facs_faces.raster import SKIN, Samples, rasterise
from facs_faces.rig import rig
from facs_faces.scene import AHEAD, CENTRED, FRAME_SIZE, Angles, Pair

CHIN = 8  # the landmark below which there is neck


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceTrace:
    """The point of the surface that each pixel shows. The rig's vertices come first among the V vertices."""

    screen: np.ndarray  # float32[V, 3]: x, y in px and depth of every vertex
    material: np.ndarray  # int32[H, W], see raster; -1 for the background
    corners: np.ndarray  # int32[H, W, 3]: vertices of the visible triangle; undefined for the background
    weights: np.ndarray  # float32[H, W, 3]: barycentric weights of these corners; they sum to 1


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The displacement of each visible point of skin from one image to another."""

    pixels: np.ndarray  # float32[H, W, 2]: to the right, down, in px of the frame; 0 without visible skin
    skin: np.ndarray  # bool[H, W]: skin of face and ears, with brows, lips and beard


def trace(
    face: Face, action_units: np.ndarray, pose: Angles = AHEAD, shift: Pair = CENTRED,
    size: tuple[int, int] = FRAME_SIZE, zoom: float = 1.0,
) -> SurfaceTrace:  # fmt: skip
    """Return the surface point at the centre of every pixel that `Face.render` returns for these arguments."""
    screen, (width, height), surface = (
        face.project_vertices(action_units, pose, shift, size, zoom),
        size,
        face.surfaces[0],
    )
    samples = Samples.of(height, width)
    solids = surface.triangles, surface.materials, surface.coordinates, face.lashes, surface.strands
    rasterise(screen, *solids, 0.0, (height, width), samples)
    _, hit, first, second = samples.images(height, width)
    material = np.where(hit >= 0, surface.materials[hit], -1)
    return SurfaceTrace(screen, material, surface.triangles[hit], np.dstack([first, second, 1 - (first + second)]))


def expression(
    face: Face, first: np.ndarray, second: np.ndarray, pose: Angles = AHEAD, shift: Pair = CENTRED,
    size: tuple[int, int] = FRAME_SIZE, zoom: float = 1.0,
) -> Motion:  # fmt: skip
    """Return the motion from the action units `first` to `second` of a still head: that of the expression alone.

    Both are FACS intensities 0..5, float32[len(ACTION_UNITS), 2]; the rest is as for `Face.render`. A point counts
    if it is visible under `first`, even if something covers it under `second`."""
    seen = trace(face, first, pose, shift, size, zoom)
    head = rig()
    low = np.full(int(seen.corners.max()) + 1, -np.inf)
    low[: len(head.vertices)] = head.vertices[:, 1][: len(low)]
    is_above_chin = low[seen.corners].min(axis=2) >= head.vertices[head.landmarks[CHIN], 1]
    skin = (seen.material == SKIN) & is_above_chin
    displacement = face.project_vertices(second, pose, shift, size, zoom)[:, :2] - seen.screen[:, :2]
    pixels = np.zeros((*skin.shape, 2), np.float32)
    pixels[skin] = np.einsum("nc,nca->na", seen.weights[skin], displacement[seen.corners[skin]])
    return Motion(pixels, skin)
