"""The geometry proxy on faces that a mesh model drew: shift, size and turn do not matter, and units come back."""

import json
from pathlib import Path

import numpy as np
import pytest

from microexpr.core.errors import DataError
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, geometry_proxy
from microexpr.signals.aus.geometry_proxy import POSE, VERTICES, Mesh, read, solve_units
from microexpr.signals.aus.pyfeat import READ_UNITS, UNITS
from microexpr.signals.landmarks.mirror import MIRRORED


def drawn_mesh() -> Mesh:
    """A face of 68 scattered points, each unit of which moves them its own way by some percent of its size."""
    rng = generator(0, "mesh")
    return Mesh(rng.uniform(0, 200, (68, 2)), rng.normal(0, 6, (len(UNITS) + len(POSE), 68, 2)))


def faces(mesh: Mesh, units: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """[T, 68, 2]: the model's own drawing of units [T, 20] and pose [T, 3], turned and sized into a crop."""
    shape = mesh.neutral + np.tensordot(np.concatenate([units, pose], axis=1), mesh.moves, axes=1)
    turn = np.deg2rad(8)
    return 0.7 * shape @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + [60, 40]


def test_units_come_back_from_the_models_own_drawing_whatever_the_pose() -> None:
    mesh, rng = drawn_mesh(), generator(0, "units")
    units = rng.uniform(0, 1, (9, len(UNITS))) * (rng.random((9, len(UNITS))) < 0.3)
    units[:3] = 0
    pose = rng.normal(0, 0.05, (9, 3))
    pose[:3] = 0
    solution = solve_units(faces(mesh, units, pose), 2, mesh)
    assert solution[:3] == pytest.approx(0, abs=1e-9)
    assert np.abs(solution - units).max() < 0.1  # what is expected draws it to 0 a little
    closer = np.corrcoef(solution[3:].ravel(), units[3:].ravel())[0, 1]
    assert closer > 0.99


def test_a_head_that_only_moves_in_the_picture_shows_nothing() -> None:
    mesh = drawn_mesh()
    face = faces(mesh, np.zeros((1, len(UNITS))), np.zeros((1, 3)))[0]
    around = face.mean(axis=0)
    moved = np.stack([face, face + [5, -3], 1.02 * (face - around) + around])
    assert np.abs(solve_units(moved, 0, mesh)).max() < 1e-3


def test_values_are_five_times_its_units_by_our_names_and_sides_swap_in_a_mirror() -> None:
    mesh, rng = drawn_mesh(), generator(0, "sides")
    landmarks = rng.uniform(40, 240, (1, 68, 2)) + rng.normal(0, 3, (4, 68, 2))
    values = read(landmarks, 0, mesh)
    assert values.shape == (4, len(ACTION_UNITS), 3)
    assert values[..., 2] == pytest.approx(5 * solve_units(landmarks, 0, mesh)[:, READ_UNITS], abs=1e-5)
    mirrored = landmarks[:, MIRRORED] * [-1, 1] + [287, 0]
    assert read(mirrored, 0, mesh)[..., 0] == pytest.approx(values[..., 1], abs=1e-4)


def test_the_model_is_read_from_the_package_without_running_it(tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "utils").mkdir()
    rng = generator(0, "package")
    coefficients, rest = rng.normal(size=(23, 3 * VERTICES)), rng.normal(size=3 * VERTICES)
    landmarks = [int(index) for index in rng.permutation(VERTICES)[:68]]
    code = f'raise ImportError("not to be run")\nDLIB68_FROM_MP478: list[int] = {json.dumps(landmarks)}\n'
    (tmp_path / "utils/blendshape_to_au.py").write_text(code)

    def save(columns: tuple[str, ...]) -> None:
        np.savez(tmp_path / "resources/au_to_mesh_pls_v4.npz", coef=coefficients, intercept=rest, input_columns=columns)

    save((*UNITS, *POSE))
    mesh = geometry_proxy.load(tmp_path)
    point = 8
    x, y = landmarks[point], VERTICES + landmarks[point]  # all x, then all y, which grow upward, then all z
    assert mesh.neutral[point] == pytest.approx([rest[x], -rest[y]])
    assert mesh.moves[21, point] == pytest.approx([coefficients[21, x], -coefficients[21, y]])
    save((*UNITS[::-1], *POSE))
    with pytest.raises(DataError, match=r"must compute faces from AU01, AU02, .*, not AU43"):
        geometry_proxy.load(tmp_path)
    (tmp_path / "utils/blendshape_to_au.py").unlink()
    with pytest.raises(DataError, match=r"must be py-feat 2.1.5 .*; run `make pyfeat` again"):
        geometry_proxy.load(tmp_path)
