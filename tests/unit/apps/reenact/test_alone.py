"""A face moved within its photograph: the rest keeps its pixels, no target changes nothing, a known warp is exact."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from performed import SMILE, Brightener, painter, target

from microexpr.apps.reenact import alone
from microexpr.models.layers.mover import WarpGenerator


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
