"""py-feat's geometry proxy: action units from how landmarks moved since the onset, without any weight file.

py-feat's wheel carries a linear model that draws a face mesh from 20 action units and the head's pose (partial least
squares, for pictures of faces). Solved the other way at the 68 landmarks it reads action units. That is ours, not
py-feat's, and crude: wrinkles and bulges move no landmark. What may not come in: py-feat itself, pictures.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.signals.aus.features import LEFT, MIDDLE, MIRRORED
from microexpr.signals.aus.pyfeat import UNITS, Said, intensities

VERTICES = 478  # MediaPipe's face mesh
POSE = ("Pitch", "Yaw", "Roll")
# Spread of what is solved for: units in 0..1, of which few move at once, and radians that a head turns in a clip.
SPREAD = np.array([0.3] * len(UNITS) + [0.1] * len(POSE))
NOISE = 0.008  # of a landmark, in face sizes: that of landmarks (about 1 px of 200) and of a linear mesh together


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The model at the 68 landmarks. x right, y down, in its own unit."""

    neutral: np.ndarray  # float64[68, 2]: the face with nothing moved
    moves: np.ndarray  # float64[23, 68, 2]: what one unit of each of UNITS and POSE moves


def load(package: Path) -> Mesh:
    """The mesh model of an installed py-feat (2.1.5), read without importing it.

    Raises DataError if it is not what that version holds.
    """
    model, code = package / "resources/au_to_mesh_pls_v4.npz", package / "utils/blendshape_to_au.py"
    try:
        with np.load(model, allow_pickle=False) as held:
            columns = tuple(map(str, held["input_columns"]))
            moves, neutral = (
                held[name].astype(float).reshape(-1, 3, VERTICES)[:, :2] for name in ("coef", "intercept")
            )
        landmarks = _assigned(code, "DLIB68_FROM_MP478")
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{package}: must be py-feat 2.1.5 ({error}); run `make pyfeat` again") from error
    if columns != (*UNITS, *POSE):
        raise DataError(f"{model}: must draw faces from {', '.join((*UNITS, *POSE))}, not {', '.join(columns)}")
    upward = np.array([1, -1])  # its y grows upward
    return Mesh(*((part[..., landmarks].swapaxes(-1, -2) * upward) for part in (neutral[0], moves)))


def _assigned(code: Path, name: str) -> list[int]:
    """The literal that a Python file assigns to a name: the file itself imports half of py-feat."""
    for node in ast.parse(code.read_text(encoding="utf-8")).body:
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == name
            and node.value
        ):
            return list(ast.literal_eval(node.value))
    raise KeyError(name)


def reader(mesh: Mesh) -> Callable[[Clip, Mapping[str, Any], int], Said]:
    """`read` for a clip's group of a faces file, and what is to be said of it in the aus file."""

    def one(clip: Clip, face: Mapping[str, Any], onset: int) -> Said:
        return read(face["landmarks_crop"][()], onset, mesh), {"reader": "py-feat's mesh model, inverted: a proxy"}

    return one


def read(landmarks_crop: np.ndarray, onset: int, mesh: Mesh) -> np.ndarray:
    """float32[T, 17, 3]: change since rest, about -5..5, by ACTION_UNITS and SIDES.

    `landmarks_crop` are [T, 68, 2], `onset` is a position; rest is the median of the frames up to it. A one-sided
    value is that of the face which the side's landmarks and their mirror image make.
    """
    return np.stack([intensities(solved(face, onset, mesh)) for face in sides(landmarks_crop)], axis=-1)


def sides(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[T, 68, 2] thrice: the subject's left half and its mirror image, the right one and its, the face as it is."""
    mirror = landmarks[:, MIRRORED] * [-1, 1] + [2 * MIDDLE, 0]
    middle = (np.arange(len(MIRRORED)) == MIRRORED)[:, None]
    own, other = (np.where(middle, (landmarks + mirror) / 2, points) for points in (landmarks, mirror))
    on_left = np.isin(np.arange(len(MIRRORED)), LEFT)[:, None]
    return np.where(on_left, own, other), np.where(on_left, other, own), landmarks


def solved(landmarks: np.ndarray, onset: int, mesh: Mesh) -> np.ndarray:
    """float64[T, 20]: the units, in 0..1 for what py-feat calls present, whose mesh moved most nearly as the face did.

    Least squares with `SPREAD` and `NOISE` as what is expected (ridge regression), after shift, size and turn in the
    picture are taken out of both. What turns the head out of the picture's plane is solved for and left away.
    """
    rest = np.median(landmarks[: onset + 1], axis=0)
    scale = _similarity(rest, mesh.neutral)
    moved = _complex(landmarks - rest) * scale
    displaced = np.stack([moved.real, moved.imag], axis=-1).reshape(len(landmarks), -1)
    still = _similarities(mesh.neutral)
    moves = mesh.moves.reshape(len(mesh.moves), -1)
    moves, displaced = (vectors - vectors @ still @ still.T for vectors in (moves, displaced))
    noise = NOISE * np.ptp(mesh.neutral, axis=0).max()
    kernel = moves @ moves.T + np.diag((noise / SPREAD) ** 2)
    return np.linalg.solve(kernel, moves @ displaced.T).T[:, : len(UNITS)]


def _similarity(source: np.ndarray, target: np.ndarray) -> complex:
    """Turn and size, as a factor, that lay `source` [68, 2] onto `target`; the shift between them left away."""
    a, b = (_complex(points - points.mean(axis=0)) for points in (source, target))
    return complex(np.vdot(a, b) / np.vdot(a, a))


def _complex(points: np.ndarray) -> np.ndarray:
    return points[..., 0] + 1j * points[..., 1]


def _similarities(points: np.ndarray) -> np.ndarray:
    """float64[136, 4]: orthonormal, what shifting, sizing and turning moves `points` [68, 2] by, to first order."""
    x, y = (points - points.mean(axis=0)).T
    one, none = np.ones_like(x), np.zeros_like(x)
    moves = np.array([np.column_stack(move).ravel() for move in ((one, none), (none, one), (x, y), (-y, x))])
    return np.linalg.qr(moves.T)[0]
