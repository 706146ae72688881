"""A face moved within its photograph, whose rest keeps its pixels; the faces of a photograph that can be moved."""

from dataclasses import replace

import numpy as np
import performed
import pytest
import torch
from performed import SMILE, Brightener, painter, target
from PIL import Image

from facs_faces.display import ACTION_UNITS
from facs_faces.face import Face
from microexpr.apps.reenact import SourceFace, alone
from microexpr.apps.reenact.photograph import LARGEST, MAX_YAW, MIN_EYE_DISTANCE, Photograph, find_faces, reduce, yaw
from microexpr.core.errors import DataError
from microexpr.models.layers.mover import WarpGenerator
from microexpr.signals import faces


class Shifter(WarpGenerator):
    """Shifts the whole face to the right by a sixteenth of its side at a full AU12."""

    def __init__(self):
        super().__init__(2, 1)

    def parts(self, face, intensity):
        flow = torch.zeros(len(intensity), 2, *face.shape[2:])
        flow[:, 0] = -intensity[:, SMILE, None] / 8  # in halves of the side
        return flow, flow[:, :1], torch.zeros(len(intensity), 3, *face.shape[2:])


def targets(*smiles):
    values = np.zeros((len(smiles), 17, 2), np.float32)
    values[:, SMILE] = np.array(smiles)[:, None]
    return values


@pytest.mark.parametrize("network", [Shifter(), Brightener(), None], ids=["warps", "paints", "by chance"])
def test_no_target_is_the_photograph_and_no_other_pixel_changes(network):
    """The network by chance paints without a target, too: only what a target adds is pasted."""
    face = target()
    result = alone.move(painter(network), face, targets(0, 3))
    assert len(result) == 2 and np.array_equal(result.frame(0), face.image)
    rows, columns = alone.part_of(face)
    changed = result.frame(1) != face.image
    assert changed[rows, columns].any()
    changed[rows, columns] = False
    assert not changed.any()


def test_a_warp_moves_the_photographs_own_pixels():
    """The crop's side is 288 pixels of it: a sixteenth at intensity 5, in pixels of the photograph."""
    face = target()
    shift = 288 / 16 / np.hypot(*face.matrix[:, 0])
    whole = 3  # pixels of the photograph
    result = alone.move(painter(Shifter()), face, targets(5 * whole / shift))
    middle = np.rint(face.landmarks[30]).astype(int)
    part = slice(middle[1] - 20, middle[1] + 20), slice(middle[0] - 20, middle[0] + 20)
    moved, expected = result.frame(0)[part].astype(int), np.roll(face.image, whole, axis=1)[part]
    assert np.abs(moved - expected).mean() < 0.5  # the crop is turned a little against the photograph
    assert np.abs(moved - face.image[part]).mean() > 5


def test_changes_of_faces_that_overlap_are_added():
    face = replace(target(), image=np.full((4, 6, 3), 100, np.uint8))
    first, second, third = (
        alone.MovedFace(face, top, left, np.full((1, 3, 4, 3), level, np.uint8))
        for top, left, level in ((0, 0, 240), (1, 2, 180), (1, 2, 10))
    )
    assert np.array_equal(alone.compose([first], 0), first.frame(0))
    assert alone.compose([first, second], 0)[..., 0].tolist() == [
        [240, 240, 240, 240, 100, 100],
        [240, 240, 255, 255, 180, 180],
        [240, 240, 255, 255, 180, 180],
        [100, 100, 180, 180, 180, 180],
    ]
    added = alone.compose([first, second, third], 0)
    assert added[1, 2].tolist() == [100 + 140 + 80 - 90] * 3  # clipped once
    assert np.array_equal(alone.compose([third, second, first], 0), added)


def test_sides_have_their_own_targets_and_super_resolution_enlarges_differences():
    values, face = targets(5), target()
    values[:, :, 1] = 0  # the subject's right is at the left
    left, right = (face.landmarks[[54, 48], 0] + [20, -20]).astype(int)
    differs = (alone.move(painter(Shifter()), face, values).frame(0) != face.image).any(-1)
    assert differs[:, left:].any() and not differs[:, :right].any()
    values = targets(0, 4)
    by_warp, by_difference = (alone.move(painter(Brightener()), face, values, kind) for kind in (None, "lanczos"))
    assert np.array_equal(by_warp.parts, by_difference.parts)  # it cannot warp
    brighter = face.align(by_difference.frame(1)).astype(int) - face.crop
    assert np.median(brighter[100:200, 100:200]) == pytest.approx(0.2 * 0.8 * 127.5, abs=1.5)


def test_a_face_at_the_edge_of_the_photograph():
    face = target()
    x, y = (int(value) for value in face.landmarks.min(0))
    cut = replace(face, image=face.image[y:, x:].copy(), landmarks=face.landmarks - [x, y])
    result = alone.move(painter(Shifter()), cut, targets(0, 2))
    assert (result.top, result.left) == (0, 0) and np.array_equal(result.frame(0), cut.image)
    assert result.frame(1).shape == cut.image.shape


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
