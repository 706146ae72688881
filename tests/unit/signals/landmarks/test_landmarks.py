"""The landmark network: positions as means of maps, in pixels of any frame; boxes."""

import numpy as np
import pytest
import torch

from microexpr.core import onnx
from microexpr.core.seeds import generator
from microexpr.signals import landmarks
from microexpr.signals.landmarks import FACE, POINTS, SIZE, Box, cut, patch_matrix, predict
from reader_fits.landmarks import LandmarkNetwork, graph

GREY = generator(0, "grey").integers(0, 256, (200, 300), np.uint8)


@pytest.fixture
def level() -> LandmarkNetwork:
    """A network whose maps are flat: each point is as likely everywhere."""
    torch.manual_seed(0)
    flat = LandmarkNetwork().eval().requires_grad_(False)
    for parameter in (flat.maps.weight, flat.maps.bias, flat.variance.weight, flat.variance.bias):
        parameter.zero_()
    return flat


@pytest.mark.parametrize("box", [Box(np.array([120.0, 90.0]), 80.0), Box(np.array([10.5, 180.0]), 300.0)])
def test_a_point_that_is_as_likely_everywhere_lies_in_the_middle_of_the_box(level: LandmarkNetwork, box: Box) -> None:
    points, error = predict(onnx.run(graph(level)), GREY, box)
    assert points == pytest.approx(np.tile(box.centre, (POINTS, 1)), abs=1e-3)
    assert error == pytest.approx(np.full(POINTS, landmarks.ERROR_UNIT * box.side / FACE), rel=1e-5)


def test_a_map_with_one_peak_is_the_place_of_its_peak(level: LandmarkNetwork) -> None:
    maps = torch.zeros(1, POINTS, 28, 28)
    maps[0, :, 7, 21] = 50.0
    level.maps.register_forward_hook(lambda *_: maps)
    positions, _ = level(torch.rand(1, 1, SIZE, SIZE))
    assert positions[0, 3].tolist() == pytest.approx([21.5 / 28 - 0.5, 7.5 / 28 - 0.5], abs=1e-6)


def test_light_changes_no_position(level: LandmarkNetwork) -> None:
    torch.manual_seed(1)
    level.maps.weight.normal_()
    image = torch.rand(1, 1, SIZE, SIZE)
    first, brighter = (level(images)[0] for images in (image, 0.5 + 0.4 * image))
    assert brighter.numpy() == pytest.approx(first.numpy(), abs=0.02)
    assert first.std(dim=1).min() > 0


def test_the_image_of_a_box_is_its_part_of_the_frame() -> None:
    image = cut(GREY, patch_matrix(Box(np.array([149.5, 99.5]), FACE * SIZE), FACE * SIZE, SIZE))
    assert image.shape == (SIZE, SIZE)
    inner, middle = GREY[80:120, 130:170].astype(float), slice(SIZE // 2 - 20, SIZE // 2 + 20)
    assert image[middle, middle] == pytest.approx(inner, abs=1)
    outside = cut(GREY, patch_matrix(Box(np.array([-500.0, -500.0]), 50.0), FACE * SIZE, SIZE))
    assert (outside == GREY[0, 0]).all()
