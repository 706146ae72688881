"""Head motion put in by hand, found beside an expression, and removed from a drawn clip."""

import drawn
import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.signals.motion import head


@pytest.mark.parametrize("turning", [0.0, 0.4])
def test_a_rigid_head_is_fitted_beside_an_expression_and_its_depth_is_no_shift_growth_or_roll(turning) -> None:
    basis = head.basis(128)
    truth = basis @ np.array([1.0, -0.6, 0.5, 0.3, turning, -turning])
    smile = drawn.bump(83, 79, width=9, side=128)[..., None] * [0.5, -2.0]
    estimate = head.head_motion(truth + smile, "rigid")
    within = head.face_mask(128)
    similar = head.head_motion(truth + smile, "similarity")
    left, other = (np.linalg.norm(fit - truth, axis=-1)[within].mean() for fit in (estimate, similar))
    assert left < 0.01 and (other > 0.15 or not turning)
    basis, within = head.basis(96), head.face_mask(96)
    plain, depth = basis[within][..., :4].reshape(-1, 4), basis[within][..., 4:].reshape(-1, 2)
    assert np.abs(plain.T @ depth).max() < 1e-9 * len(plain)


@pytest.mark.parametrize("distinct", [1, 2, 7, 10**6])
def test_the_weighted_median_is_the_least_value_with_half_of_the_weight_up_to_it(distinct: int) -> None:
    rng = generator(0, "tests", "median")
    for count in (1, 2, 3, 400, 401):
        values = rng.integers(0, distinct, count).astype(float)
        weights = 2.0 ** rng.integers(0, 4, count)  # their sums are exact in any order
        share = [weights[values <= value].sum() / weights.sum() for value in values]
        assert head.weighted_median(values, weights) == min(v for v, s in zip(values, share, strict=True) if s >= 0.5)


def test_a_head_takes_each_pixel_where_its_flow_points_and_is_moved_back_from_there() -> None:
    basis, motion = head.basis(24), np.array([1.0, -2, 0.5, 0.1, 3, -0.7])
    pixels = np.mgrid[:24, :24][::-1].transpose(1, 2, 0).astype(np.float32)  # as a picture it shows its own pixels
    truth = pixels + basis @ motion
    assert np.stack(head.places(24, motion), -1) == pytest.approx(truth, abs=1e-5)  # float32, up to 24
    still = head.hold_still(pixels[None], motion[None])[0]
    assert still == pytest.approx(np.clip(truth, 0, 23), abs=1 / 32)  # as OpenCV rounds places


def test_a_steady_clip_keeps_the_expression_and_loses_the_head() -> None:
    rng = generator(0, "steady")
    picture, basis = drawn.texture(rng), head.basis(288)
    pull = drawn.bump(200, 190, width=24)[..., None] * [0.0, -2.0]
    strength = np.concatenate([np.zeros(3), np.hanning(9)])
    moves = [np.array([0.8 * np.sin(t / 2), 0.5 * np.cos(t / 2) - 0.5, 0.3 * np.sin(t), 0, 0, 0]) for t in range(12)]
    flow = [s * pull + basis @ m for s, m in zip(strength, moves, strict=True)]
    film = np.stack([drawn.displaced(picture, right, down) for right, down in np.moveaxis(flow, -1, 1)])
    crop = np.clip(film + rng.normal(0, 0.5, film.shape), 0, 255).astype(np.uint8)
    path = head.head_path(crop, 2)
    truth = np.array(moves) - moves[2]
    within = head.face_mask(288)
    left, before = (
        np.mean([np.linalg.norm(basis @ m, axis=-1)[within].mean() for m in path_]) for path_ in (path - truth, truth)
    )
    assert left < 0.15 * before
    still = head.hold_still(crop[..., None], path)
    assert still.shape == (12, 288, 288, 1) and still.dtype == np.uint8
    smile, brow = (slice(160, 220), slice(170, 230)), (slice(60, 120), slice(70, 210))
    change = np.abs(still[..., 0].astype(float) - still[2, ..., 0]).mean(axis=0)
    raw = np.abs(crop.astype(float) - crop[2]).mean(axis=0)
    assert change[brow].mean() < 0.6 * raw[brow].mean()
    assert change[smile].mean() > 1.5 * change[brow].mean()
