"""Place boxes around faces, and predict 68 landmarks and the pupils in one by a network fitted to rendered faces.

Maps of where each point is likely to be are averaged to a position (Sun et al. 2018, integral regression), so that
positions are continuous in the image. `fit` builds and trains the network; here its file is run."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import onnx
from microexpr.core.arrays import space_evenly

# The box of dlib's detector, in units of the spread of the 51 inner landmarks: measured over 25 faces.
BOX_DROP, BOX_SIDE = 0.058, 3.22

POINTS = 70  # iBUG's 68 and the pupils, the subject's left first
SIZE, FACE = 112, 224 / 364  # pixels of the network's image, and the box's share of its side
ERROR_UNIT = 0.01  # sides of the image: the unit of the network's standard deviations


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A square around a face, in pixels."""

    centre: np.ndarray  # float64[2], x and y
    side: float

    def holds(self, other: "Box") -> bool:
        """Return whether the other's centre is inside and its size is similar: both are then boxes of one face."""
        near = np.abs(other.centre - self.centre).max() < self.side / 2
        return bool(near and 0.5 < other.side / self.side < 2)


def patch_matrix(box: Box, face: float, size: int) -> np.ndarray:
    """Return the matrix, float64[2, 3], that scales a box to `face` pixels and centres it in a patch of `size`."""
    scale = face / box.side
    return np.column_stack([np.eye(2) * scale, (size - 1) / 2 - scale * box.centre])


def face_box(points: np.ndarray) -> Box:
    """Return the box that dlib's detector would give a face with these landmarks [68, 2]."""
    inner = points[17:]
    centre = inner.mean(axis=0)
    spread = float(np.sqrt(((inner - centre) ** 2).sum(axis=1).mean()))
    return Box(centre + [0, BOX_DROP * spread], BOX_SIDE * spread)


def cut(grey: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the network's image, uint8[112, 112], of a grey frame, blurred before it is reduced."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    left, top = np.floor((-matrix[:, 2] - SIZE) / scale).astype(int)
    right, bottom = np.ceil((2 * SIZE - matrix[:, 2]) / scale).astype(int)
    left, top = max(0, min(left, grey.shape[1] - 1)), max(0, min(top, grey.shape[0] - 1))
    near = np.ascontiguousarray(grey[top : max(bottom, top + 1), left : max(right, left + 1)])
    if scale < 0.75:
        near = cv2.GaussianBlur(near, (0, 0), 0.45 / scale)
    shifted = np.column_stack([matrix[:, :2], matrix[:, :2] @ [left, top] + matrix[:, 2]])
    cut = cv2.warpAffine(near, shifted, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut)


def predict(network: onnx.Network, grey: np.ndarray, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of the face in a box of a grey frame, uint8[H, W]: float64[70, 2] in pixels of the frame. Also
    returned are the standard deviations to expect of them on rendered faces, float64[70]."""
    matrix = patch_matrix(box, FACE * SIZE, SIZE)
    points, error = (output[0].astype(float) for output in network(image=cut(grey, matrix)[None]))
    points = (points - matrix[:, 2]) / matrix[0, 0]
    points[:68] = space_evenly(points[:68])
    return points, error / matrix[0, 0]


@cache
def load(path: str | Path) -> onnx.Network:
    """Load a trained network. Raises StoreError if the file cannot be read or is of another network."""
    return onnx.load(path, ["image"])
