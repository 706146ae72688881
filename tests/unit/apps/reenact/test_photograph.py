"""Faces of a photograph: which there are, and which cannot be moved."""

from dataclasses import replace

import numpy as np
import performed
import pytest
from performed import target
from PIL import Image

from facs_faces.display import ACTION_UNITS
from facs_faces.face import Face
from microexpr.apps.reenact import SourceFace
from microexpr.apps.reenact.photograph import LARGEST, MAX_YAW, MIN_EYE_DISTANCE, Photograph, find_faces, reduce, yaw
from microexpr.core.errors import DataError
from microexpr.signals import faces


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    path = tmp_path_factory.mktemp("photographs") / "pair.png"
    Image.fromarray(performed.pair()).save(path)
    return Photograph.read(path)


def test_the_largest_face_is_first_and_one_can_be_chosen_of_which_position_and_size_are_said(pair):
    first, second = (pair.faces[i].landmarks for i in (0, 1))
    assert first[:, 0].max() < 320 < second[:, 0].min()
    assert np.abs(first - target().landmarks).max() < 2
    assert pair.select(1) is pair.faces[0] and pair.select(2) is pair.faces[1]
    (left, top), (right, bottom) = np.rint(second.min(0)), np.rint(second.max(0))
    line = pair.describe(2)
    assert f"face 2 of 2: {right - left:.0f} x {bottom - top:.0f} pixels from ({left:.0f}, {top:.0f})" in line
    assert "1 other (--face-number chooses one, or all)" in line and "\n" not in line


def test_yaw_is_known_wherever_the_face_is_in_the_photograph():
    rendered = Face(5).render(np.zeros((len(ACTION_UNITS), 2), np.float32), (15, 0, 0), size=(640, 480))
    image = np.zeros((900, 1600, 3), np.uint8)
    image[400:880, 900:1540] = rendered.image
    (points,) = find_faces(rendered.image)
    assert yaw(SourceFace(rendered.image, points)) == pytest.approx(15, abs=4)
    moved = SourceFace(image, (points + [900, 400]).astype(np.float32))
    assert yaw(moved) == pytest.approx(yaw(SourceFace(rendered.image, points)), abs=0.1)


def test_a_face_that_cannot_be_moved_is_refused_and_all_are_those_that_can(pair, monkeypatch):
    with pytest.raises(DataError, match=r"pair.png: --face-number must be 1 to 2, not 3"):
        pair.select(3)
    assert pair.choose("all") == (dict(enumerate(pair.faces, 1)), {}) and pair.choose(2) == ({2: pair.faces[1]}, {})
    few, size = 0.9 * MIN_EYE_DISTANCE, float(np.hypot(*(target().landmarks[45] - target().landmarks[36])))
    small = SourceFace(target().image, (target().landmarks * few / size).astype(np.float32))
    words = f"must have 40 pixels between the outer eye corners, not {few:.0f}"
    seen, refused = replace(pair, faces=[pair.faces[0], small]).choose("all")
    assert seen == {1: pair.faces[0]} and [*refused] == [2]
    assert refused[2].startswith(f"{pair.path}: face 2 {words}")
    with pytest.raises(DataError, match=rf"face 1 {words}.*; .*pair.png: face 2 {words}"):
        replace(pair, faces=[small, small]).choose("all")
    with pytest.raises(DataError, match=f"face 1 {words}"):
        replace(pair, faces=[small]).select(1)
    monkeypatch.setattr(faces, "pose", lambda landmarks, shape: np.array([-MAX_YAW - 4, 0, 0]))
    with pytest.raises(DataError, match=r"face 1 must be turned by at most 20 degrees to a side, not 24"):
        pair.select(1)


def test_a_large_photograph_is_reduced_by_area():
    image = np.arange(6000 * 4096, dtype=np.uint8).reshape(4096, 6000)
    assert reduce(image).shape == (1398, LARGEST)
    assert reduce(image[:2048, :2048]).shape == (2048, 2048)
    halved = reduce(np.kron(image[:1024, :2048], np.ones((2, 2), np.uint8)))
    assert np.array_equal(halved, image[:1024, :2048])


def test_small_faces_of_a_large_photograph_are_found_and_large_ones():
    """Four faces in 6 megapixels, one of them across tiles, one larger than the overlap of tiles."""
    face = target().image
    image = np.full((2000, 3000, 3), 90, np.uint8)
    places = {(1640, 100): 1, (100, 100): 3, (1100, 1460): 1, (60, 2600): 1}
    for (top, left), scale in places.items():
        large = np.kron(face, np.ones((scale, scale, 1), np.uint8))
        image[top : top + len(large), left : left + large.shape[1]] = large
    landmarks = find_faces(image)
    assert len(landmarks) == 4
    from_the_left = sorted(landmarks, key=lambda points: points[:, 0].mean())
    for points, ((top, left), scale) in zip(from_the_left, places.items(), strict=True):
        expected = (target().landmarks + 0.5) * scale - 0.5 + [left, top]
        assert np.abs(points - expected).max() < 3 * scale
