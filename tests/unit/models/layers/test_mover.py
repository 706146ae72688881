"""The warping generator: several intensities of one face, and movements to both sides."""

import pytest
import torch

from microexpr.models.layers.mover import WarpGenerator, by_column
from microexpr.signals.aus import ACTION_UNITS

SIZE, UNITS = 16, len(ACTION_UNITS)


@pytest.fixture
def network() -> WarpGenerator:
    torch.manual_seed(0)
    network = WarpGenerator(4, 1)
    for layer in (network.movement, network.mask_and_colour):  # which are 0 at first
        torch.nn.init.normal_(layer.weight, 0, 0.1)
    return network


@torch.no_grad()
def test_what_depends_on_the_face_is_computed_once_for_all_its_intensities(network):
    faces, intensity = torch.rand(2, 3, SIZE, SIZE) * 2 - 1, torch.rand(2 * 3, UNITS)
    counts = []
    network.inward[0].register_forward_hook(lambda layer, inputs, output: counts.append(len(output)))
    torch.testing.assert_close(network(faces, intensity), network(faces.repeat_interleave(3, 0), intensity))
    assert counts == [2, 6]


@torch.no_grad()
def test_a_negative_intensity_moves_skin_back_and_paints_within_the_mask(network):
    face, intensity = torch.rand(1, 3, SIZE, SIZE) * 2 - 1, torch.rand(1, UNITS)
    flow, mask, _ = network.parts(face, intensity)
    back, mask_back, _ = network.parts(face, -intensity)
    torch.testing.assert_close(back, -flow)
    assert flow.abs().max() > 1e-3
    for share in (mask, mask_back):
        assert share.min() >= 0 and share.max() <= 1
    still, mask = network(face, torch.zeros(1, UNITS))
    torch.testing.assert_close(still, face)
    assert not mask.any()


@torch.no_grad()
def test_each_half_of_a_face_has_its_own_intensities_and_nothing_else_changes_where_they_agree(network):
    faces, sides = torch.rand(2, 3, SIZE, SIZE) * 2 - 1, torch.rand(2 * 3, UNITS, 2)
    alike = sides[..., :1].expand(-1, -1, 2)
    torch.testing.assert_close(network(faces, by_column(alike, SIZE)), network(faces, sides[..., 0].contiguous()))
    joined, _, _ = network.parts(faces, by_column(sides, SIZE))
    for side, columns in ((0, slice(-SIZE // 4, None)), (1, slice(0, SIZE // 4))):  # the subject's left is at the right
        alone, _, _ = network.parts(faces, sides[..., side].contiguous())
        torch.testing.assert_close(joined[..., columns], alone[..., columns])
