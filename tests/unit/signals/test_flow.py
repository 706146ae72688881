"""Flow against known movements and the library's own, strain against its closed form. No faces; textures are drawn."""

from types import SimpleNamespace

import cv2
import drawn
import numpy as np
import pytest
from composites import clip
from figure_contents import texts
from matplotlib.figure import Figure
from skimage.registration import optical_flow_tvl1

from microexpr.core.seeds import generator
from microexpr.reporting.plots import signals
from microexpr.signals.flow import Params, TvL1, clip_flow, magnitude, normalise, onset_apex, orientation, strain
from microexpr.signals.flow.tvl1 import tvl1

SIDE, SIZE = 288, 128
ALGORITHMS = ["tvl1", "farneback"]


def texture(side: int = SIDE) -> np.ndarray:
    return np.clip(drawn.texture(generator(0, "flow"), side), 0, 255).astype(np.uint8)


def moved(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(picture, matrix, picture.shape, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def inner(field: np.ndarray) -> np.ndarray:
    """Without the border, where nothing to be followed comes in."""
    return field[..., 24:-24, 24:-24]


@pytest.mark.parametrize(("side", "median"), [(96, False), (83, True)])
def test_tvl1_is_the_librarys_own(side: int, median: bool) -> None:
    """To rounding almost everywhere; where rounding decides when a level is left, by at most a tenth of a pixel."""
    picture = texture(side) / np.float32(255)
    other = moved(picture, np.array([[1.01, 0.005, 1.3], [-0.01, 0.995, -0.6]])) + np.float32(0.01)
    params = TvL1(attachment=20, tightness=0.4, warps=4, iterations=8, tolerance=1e-4, median=median)
    ours = tvl1(picture, other, **dict(params))
    down, right = optical_flow_tvl1(
        picture, other, attachment=20, tightness=0.4, num_warp=4, num_iter=8, tol=1e-4, prefilter=median
    )
    away = np.hypot(ours[..., 0] - right, ours[..., 1] - down)
    assert np.hypot(right, down).mean() > 0.8
    assert away.mean() < 0.005 and away.max() < 0.1 and np.median(away) < 1e-4


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_flow_of_an_affine_movement_has_its_shift_gradient_and_strain_in_pixels_of_the_crop(algorithm: str) -> None:
    picture, centre, shift = texture(), (SIDE - 1) / 2, np.array([1.5, -0.7])
    gradient = np.array([[0.010, 0.006], [-0.002, -0.008]])  # du/dx du/dy; dv/dx dv/dy
    matrix = np.column_stack([np.eye(2) + gradient, shift - gradient @ [centre, centre]])
    flow = onset_apex(picture, moved(picture, matrix), Params(algorithm=algorithm, stabilise="none"))
    assert flow.shape == (3, SIZE, SIZE) and flow.dtype == np.float32
    u, v, strained = inner(flow)
    assert [u.mean(), v.mean()] == pytest.approx(shift, abs=0.06)
    y, x = inner(np.mgrid[:SIZE, :SIZE] * SIDE / SIZE + (SIDE / SIZE - 1) / 2 - centre)
    for field, row, movement in zip((u, v), gradient, shift, strict=True):
        assert field == pytest.approx(row[0] * x + row[1] * y + movement, abs=0.25)
    derivatives = [[np.gradient(field, SIDE / SIZE, axis=axis).mean() for axis in (1, 0)] for field in (u, v)]
    assert np.array(derivatives) == pytest.approx(gradient, abs=6e-4)
    expected = np.sqrt(0.010**2 + 0.008**2 + 0.5 * (0.006 - 0.002) ** 2)
    assert np.median(strained) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_small_pictures_have_a_small_flow_in_the_same_unit_and_nothing_moves_between_one_and_itself(algorithm) -> None:
    assert onset_apex(texture(), texture(), Params(algorithm=algorithm)) == pytest.approx(0, abs=1e-3)
    shifted = moved(texture(), np.array([[1, 0, 2.0], [0, 1, -1.0]]))
    small = onset_apex(texture(), shifted, Params(algorithm=algorithm, size=96, stabilise="none"))
    assert small.shape == (3, 96, 96)
    assert np.median(small[:2, 16:-16, 16:-16], axis=(1, 2)) == pytest.approx([2, -1], abs=0.1)


@pytest.mark.parametrize("spacing", [1.0, 2.25])
def test_strain_is_the_closed_form_and_magnitude_and_orientation_are_polar_coordinates(spacing) -> None:
    y, x = spacing * np.mgrid[:9, :11]
    field = np.stack([0.3 * x + 0.2 * y, 0.1 * x - 0.4 * y], axis=-1)
    assert strain(field, spacing) == pytest.approx(np.sqrt(0.3**2 + 0.4**2 + 0.5 * (0.2 + 0.1) ** 2))
    assert strain(np.stack([-y, x], axis=-1), spacing) == pytest.approx(0, abs=1e-9)
    flow = np.array([3.0, -4.0, 0.1, 0.0, 2.0, 0.1]).reshape(2, 3, 1, 1)
    assert magnitude(flow)[:, 0, 0] == pytest.approx([5, 2])
    assert orientation(flow)[:, 0, 0] == pytest.approx([np.arctan2(-4, 3), np.pi / 2])


@pytest.mark.parametrize("stabilise", ["median", "nose", "similarity", "rigid"])
def test_head_motion_is_removed_and_a_local_movement_kept(stabilise: str) -> None:
    picture = texture()
    expression = drawn.displaced(picture, down=-3 * drawn.bump(200, 190, width=26))  # a mouth corner, pulled up
    turn = 0.5 if stabilise in ("similarity", "rigid") else 0
    head = cv2.getRotationMatrix2D((144, 144), turn, 1) + [[0, 0, 1.5], [0, 0, -2]]
    _, v, _ = onset_apex(picture, moved(expression, head), Params(stabilise=stabilise))
    position = (round(190 / 2.25), round(200 / 2.25))
    assert v[position] == pytest.approx(-3, abs=0.6)
    assert np.median(np.abs(v[20:60, 30:98])) < 0.1  # brows and eyes stay where they are


def test_a_brighter_lamp_is_no_movement_and_noise_is_averaged_over_frames_on_either_side() -> None:
    picture = texture()
    lit = np.clip(picture * 1.04, 0, 255)
    still, seen = (onset_apex(picture, lit, Params(equalise=way, stabilise="none")) for way in (True, False))
    assert magnitude(still).mean() < 0.01 < 0.05 < magnitude(seen).mean()
    rng = generator(0, "flow", "noise")
    crop = np.clip(picture + rng.normal(0, 6, (9, SIDE, SIDE)), 0, 255).astype(np.uint8)
    single, three = (magnitude(clip_flow(crop, 2, 6, Params(average=reach))).mean() for reach in (0, 1))
    assert three < 0.75 * single
    assert np.array_equal(clip_flow(crop, 3, 4, Params()), onset_apex(crop[3], crop[4], Params()))  # no room to average
    assert clip_flow(crop, 3, 3, Params()) == pytest.approx(0, abs=1e-3)


def test_symmetric_keeps_zero_and_ratios_and_minmax_fills_each_channel() -> None:
    flow = generator(0, "flow", "scale").normal(size=(3, 8, 8)).astype(np.float32)
    flow[2] = np.abs(flow[2])
    flow[:, 0, 0] = 0
    same = normalise(flow, "symmetric")
    assert magnitude(same).max() == pytest.approx(127.5) and same[2].max() == pytest.approx(255)
    assert not same[:, 0, 0].any()
    assert same[1, 3, 4] / same[0, 5, 6] == pytest.approx(flow[1, 3, 4] / flow[0, 5, 6], rel=1e-5)
    stretched = normalise(flow, "minmax_channel")
    assert stretched.min(axis=(1, 2)) == pytest.approx([-127.5, -127.5, 0], abs=1e-4)
    assert stretched.max(axis=(1, 2)) == pytest.approx([127.5, 127.5, 255], abs=1e-4)
    assert np.array_equal(normalise(flow, "none"), flow)
    assert not normalise(0 * flow, "symmetric").any()


def test_the_picture_says_what_is_generated_and_has_a_row_for_each_algorithm() -> None:
    crop = np.stack([moved(texture(), np.array([[1, 0, 0.2 * t], [0, 1, 0]])) for t in range(5)])
    figure, faces = Figure((10, 4.5)), {"frame": np.arange(5), "crop": crop[..., None]}
    flows = SimpleNamespace(file=SimpleNamespace(attrs={"params": '{"flow": {"size": 96}}'}))
    signals.draw_flow(figure, clip(), faces, {"onset": np.array(0), "apex": np.array(4)}, flows)
    assert texts(figure).count("generated") == 2
    assert {"TV-L1: estimate", "Farneback: estimate", "head motion (rigid)"} <= set(texts(figure))


def test_black_where_next_to_nothing_slopes_gives_numbers():
    """Squares of such slopes are so small that 1 over them is none."""
    rng = np.random.default_rng(0)
    first = cv2.GaussianBlur(rng.random((64, 64), np.float32), (0, 0), 2)
    first[:, 30:] = 1e-22 * rng.random((64, 34), np.float32)
    second = np.roll(first, 1, axis=0)
    assert np.isfinite(tvl1(first, second, **dict(TvL1()))).all()
