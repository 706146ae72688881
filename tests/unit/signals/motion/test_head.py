"""Head motion put in by hand, found beside an expression."""

import drawn
import numpy as np
import pytest

from microexpr.signals.motion import head


@pytest.mark.parametrize("turning", [0.0, 0.4])
def test_a_rigid_head_is_fitted_beside_an_expression(turning: float) -> None:
    basis = head.basis(128)
    truth = basis @ np.array([1.0, -0.6, 0.5, 0.3, turning, -turning])
    smile = drawn.bump(83, 79, width=9, side=128)[..., None] * [0.5, -2.0]
    estimate = head.head_motion(truth + smile, "rigid")
    within = head.face_mask(128)
    similar = head.head_motion(truth + smile, "similarity")
    left, other = (np.linalg.norm(fit - truth, axis=-1)[within].mean() for fit in (estimate, similar))
    assert left < 0.01 and (other > 0.15 or not turning)


def test_the_depth_of_the_head_is_no_shift_growth_or_roll() -> None:
    basis, within = head.basis(96), head.face_mask(96)
    plain, depth = basis[within][..., :4].reshape(-1, 4), basis[within][..., 4:].reshape(-1, 2)
    assert np.abs(plain.T @ depth).max() < 1e-9 * len(plain)


def test_the_flow_of_a_motion_is_that_of_each_pixel() -> None:
    basis, motion = head.basis(12), np.array([1.0, -2, 0.5, 0.1, 3, -0.7])
    assert head.motion_flow(basis, motion) == pytest.approx(basis @ motion)
    assert head.motion_flow(basis[..., :4], motion[:4]) == pytest.approx(basis[..., :4] @ motion[:4])
