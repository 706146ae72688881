"""Flow against known movements, strain against its closed form. Textures are drawn here; no faces."""

import cv2
import numpy as np
import pytest

from microexpr.flow import Params, onset_apex, strain
from microexpr.seeds import generator

SIDE = 288


def texture() -> np.ndarray:
    noise = generator(0, "flow").normal(size=(SIDE, SIDE))
    smooth = cv2.GaussianBlur(noise, (0, 0), 5)
    return np.clip(128 + 40 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def moved(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def inner(field: np.ndarray) -> np.ndarray:
    """Without the border, where nothing to be followed comes in."""
    return field[..., 24:-24, 24:-24]


@pytest.mark.parametrize(("right", "down"), [(2.0, 0.0), (0.0, -3.0), (1.5, 0.7)])
def test_flow_of_a_shift_is_that_shift_in_pixels_of_the_crop(right: float, down: float) -> None:
    picture = texture()
    found = onset_apex(picture, moved(picture, np.array([[1, 0, right], [0, 1, down]])), Params(stabilise="none"))
    assert found.shape == (3, 128, 128) and found.dtype == np.float32
    assert inner(found[0]) == pytest.approx(right, abs=0.25)
    assert inner(found[1]) == pytest.approx(down, abs=0.25)
    assert inner(found[:2]).mean((1, 2)) == pytest.approx([right, down], abs=0.05)


def test_flow_of_an_affine_movement_has_its_gradient_and_strain() -> None:
    picture, centre = texture(), (SIDE - 1) / 2
    gradient = np.array([[0.010, 0.006], [-0.002, -0.008]])  # du/dx du/dy; dv/dx dv/dy
    matrix = np.column_stack([np.eye(2) + gradient, -gradient @ [centre, centre]])
    u, v, strained = inner(onset_apex(picture, moved(picture, matrix), Params(stabilise="none")))
    spacing = SIDE / 128
    found = [[np.gradient(field, spacing, axis=axis).mean() for axis in (1, 0)] for field in (u, v)]
    assert np.array(found) == pytest.approx(gradient, abs=5e-4)
    expected = np.sqrt(0.010**2 + 0.008**2 + 0.5 * (0.006 - 0.002) ** 2)
    assert np.median(strained) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("spacing", [1.0, 2.25])
def test_strain_of_a_linear_field_is_the_closed_form_and_that_of_a_turn_is_zero(spacing: float) -> None:
    y, x = spacing * np.mgrid[:9, :11]
    field = np.stack([0.3 * x + 0.2 * y, 0.1 * x - 0.4 * y], axis=-1)
    assert strain(field, spacing) == pytest.approx(np.sqrt(0.3**2 + 0.4**2 + 0.5 * (0.2 + 0.1) ** 2))
    assert strain(np.stack([-y, x], axis=-1), spacing) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("stabilise", ["median", "similarity"])
def test_head_motion_is_removed_and_a_local_movement_kept(stabilise: str) -> None:
    picture = texture()
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    lift = 3 * np.exp(-((x - 200) ** 2 + (y - 190) ** 2) / (2 * 26**2))  # a mouth corner, pulled up
    expression = cv2.remap(picture, x, y + lift, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    head = cv2.getRotationMatrix2D((144, 144), 0.5 if stabilise == "similarity" else 0, 1) + [[0, 0, 1.5], [0, 0, -2]]
    _, v, _ = onset_apex(picture, moved(expression, head), Params(stabilise=stabilise))
    place = (round(190 / 2.25), round(200 / 2.25))
    assert v[place] == pytest.approx(-3, abs=0.5)
    assert np.median(np.abs(v[20:60, 30:98])) < 0.1  # brows and eyes stay where they are


def test_nothing_moves_between_a_picture_and_itself() -> None:
    picture = texture()
    assert onset_apex(picture, picture, Params()) == pytest.approx(0, abs=1e-4)
