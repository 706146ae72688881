"""Filters in time against sums written out."""

import numpy as np
import pytest

from microexpr.core.arrays import generator
from microexpr.signals.aus.filters import modulate, smooth


@pytest.mark.parametrize(("fps", "reach"), [(200, 2), (100, 1), (300, 3), (30, 0)])
def test_smooth_is_the_mean_of_equation_two_and_its_reach_follows_fps(fps: int, reach: int) -> None:
    curves = generator(0, "filters").normal(size=(20, 17, 3)).astype(np.float32)
    smoothed = smooth(curves, fps, half_window=0.01)
    assert smoothed.dtype == np.float32
    for frame in range(reach, 20 - reach):
        expected = sum(curves[frame + step] for step in range(-reach, reach + 1)) / (2 * reach + 1)
        assert smoothed[frame] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 3, 12])
def test_smooth_keeps_a_straight_line_to_its_ends(frames: int) -> None:
    line = np.linspace(-1, 2, frames)[:, None]
    assert smooth(line, 200, 0.02) == pytest.approx(line)


def test_modulated_adds_the_change_to_a_tenth_of_the_targets_own_and_stays_in_range() -> None:
    """One side of the source rises by 2 and falls, the other falls below the target's intensity."""
    source, target = np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 2.0]]), np.array([3.0, 1.0])
    assert modulate(source, target, onset=0) == pytest.approx(np.array([[0.3, 0.1], [2.3, 0], [1.3, 0.1]]))
    printed = modulate(source, target, onset=0, alpha=0.5, relative_to="previous")
    assert printed == pytest.approx(np.array([[1.5, 0.5], [3.5, 0], [0.5, 1.5]]))
    assert modulate(10 * source, target, onset=0).max() == 5
