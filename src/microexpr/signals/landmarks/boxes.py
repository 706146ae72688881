"""Place boxes around faces. Arrays only."""

from dataclasses import dataclass

import numpy as np

# The box of dlib's detector, in units of the spread of the 51 inner landmarks: measured over 25 faces.
BOX_DROP, BOX_SIDE = 0.058, 3.22


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A square around a face, in pixels."""

    centre: np.ndarray  # float64[2], x and y
    side: float

    def holds(self, other: "Box") -> bool:
        """Return whether the other's centre lies inside and its size is similar: both are then boxes of one face."""
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
