"""How the skin of a face moves in the picture: known from the mesh, dense, exact. No picture, no noise, no estimate."""

from dataclasses import dataclass

import numpy as np

from microexpr.rendering.face import Face
from microexpr.rendering.raster import SKIN
from microexpr.rendering.rig import rig

CHIN = 8  # the landmark below which there is neck


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where each point of the skin that is seen in one picture goes in another."""

    pixels: np.ndarray  # float32[H, W, 2]: to the right, down, in px of the frame; 0 where no skin is seen
    skin: np.ndarray  # bool[H, W]: the face's skin and the ears', brows, lips and beard with it


def expression(
    face: Face,
    first: np.ndarray,
    second: np.ndarray,
    pose: np.ndarray | tuple[float, float, float] = (0.0, 0.0, 0.0),
    shift: np.ndarray | tuple[float, float] = (0.0, 0.0),
    size: tuple[int, int] = (640, 480),
    zoom: float = 1.0,
) -> Motion:
    """From the action units `first` to `second`, the head held still: the movement of the expression alone.

    Both are FACS intensities 0..5, float32[len(ACTION_UNITS), 2]; the rest is as for `Face.render`. A point counts
    where it is seen under `first`, even if something covers it under `second`.
    """
    seen = face.traced(first, pose, shift, size, zoom)
    skin = _is_face(seen.material, seen.corners)
    moved = face.projected(second, pose, shift, size, zoom)[:, :2] - seen.screen[:, :2]
    pixels = np.zeros((*skin.shape, 2), np.float32)
    pixels[skin] = np.einsum("nc,nca->na", seen.weights[skin], moved[seen.corners[skin]])
    return Motion(pixels, skin)


def _is_face(material: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """bool[H, W]: skin no lower than the chin: the neck is not counted."""
    head = rig()
    low = np.full(int(corners.max()) + 1, -np.inf)
    low[: len(head.vertices)] = head.vertices[:, 1][: len(low)]
    above: np.ndarray = low[corners].min(axis=2) >= head.vertices[head.landmarks[CHIN], 1]
    return (material == SKIN) & above
