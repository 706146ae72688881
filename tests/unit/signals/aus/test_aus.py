"""Coding of an open mouth, names of the renderer's units, agreement of raters; filters in time against written sums."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from facs_faces import display
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, SHOWN, agreement, coded
from microexpr.signals.aus.filters import modulate, smooth


def test_units_are_those_of_the_renderer_and_a_stretched_mouth_is_read_as_a_dropped_jaw_with_parted_lips() -> None:
    assert sorted(SHOWN) == sorted(display.ACTION_UNITS) and SHOWN[: len(ACTION_UNITS)] == ACTION_UNITS
    for units in (SHOWN, display.ACTION_UNITS):
        displayed = np.zeros((3, len(units), 2), np.float32)
        displayed[1, units.index("AU27")] = [2, -1]
        displayed[1:, units.index("AU26"), 0] = 4
        read = coded(displayed, units)
        assert read.shape == (3, 17, 2) and not read[0].any()
        assert read[1, ACTION_UNITS.index("AU25")].tolist() == [2, -1]
        assert read[1:, ACTION_UNITS.index("AU26")].tolist() == [[5, -1], [4, 0]]
        assert np.delete(read, [ACTION_UNITS.index("AU25"), ACTION_UNITS.index("AU26")], axis=1).max() == 0
        assert displayed[1, units.index("AU25")].max() == 0  # the argument stays


def test_agreement_is_the_closed_form_for_two_raters() -> None:
    """For two raters ICC(3,1) is twice their covariance by the sum of their variances."""
    rng = generator(0, "fit", "agreement")
    truth = rng.normal(size=200)
    read = 0.6 * truth + 0.5 * rng.normal(size=200) + 3
    figures = agreement(truth, read)
    covariance = np.cov(truth, read)
    assert figures["icc"] == pytest.approx(2 * covariance[0, 1] / np.trace(covariance))
    assert figures["r"] == pytest.approx(pearsonr(truth, read).statistic)
    assert agreement(truth, truth + 1) == pytest.approx({"r": 1, "icc": 1, "mae": 1})
    figures = agreement(np.arange(5.0), np.full(5, 2.0))  # a reading that never varies
    assert np.isnan(figures["r"]) and figures["icc"] == pytest.approx(0) and figures["mae"] == pytest.approx(6 / 5)


@pytest.mark.parametrize(("fps", "reach"), [(200, 2), (100, 1), (300, 3), (30, 0)])
def test_smooth_is_the_mean_of_equation_two_its_reach_follows_fps_and_straight_lines_stay(fps, reach) -> None:
    curves = generator(0, "filters").normal(size=(20, 17, 3)).astype(np.float32)
    smoothed = smooth(curves, fps, half_window=0.01)
    assert smoothed.dtype == np.float32
    for frame in range(reach, 20 - reach):
        expected = sum(curves[frame + step] for step in range(-reach, reach + 1)) / (2 * reach + 1)
        assert smoothed[frame] == pytest.approx(expected, abs=1e-6)
    for line in (np.linspace(-1, 2, frames)[:, None] for frames in (1, 2, 3, 12)):
        assert smooth(line, 200, 0.02) == pytest.approx(line)


def test_modulated_adds_the_change_to_a_tenth_of_the_targets_own_and_stays_in_range() -> None:
    """One side of the source rises by 2 and falls, the other falls below the target's intensity."""
    source, target = np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 2.0]]), np.array([3.0, 1.0])
    assert modulate(source, target, onset=0) == pytest.approx(np.array([[0.3, 0.1], [2.3, 0], [1.3, 0.1]]))
    printed = modulate(source, target, onset=0, alpha=0.5, relative_to="previous")
    assert printed == pytest.approx(np.array([[1.5, 0.5], [3.5, 0], [0.5, 1.5]]))
    assert modulate(10 * source, target, onset=0).max() == 5
