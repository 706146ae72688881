"""The coding of an open mouth, names of the renderer's units, and agreement of two raters."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from microexpr.core.arrays import generator
from microexpr.rendering import display
from microexpr.signals.aus import ACTION_UNITS, SHOWN, agreement, coded


def test_units_are_those_of_the_renderer_with_those_that_are_read_first() -> None:
    assert sorted(SHOWN) == sorted(display.ACTION_UNITS) and SHOWN[: len(ACTION_UNITS)] == ACTION_UNITS


def test_a_stretched_mouth_is_read_as_a_dropped_jaw_with_parted_lips() -> None:
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


def test_a_reading_that_never_varies_has_an_icc_of_zero_and_no_correlation() -> None:
    figures = agreement(np.arange(5.0), np.full(5, 2.0))
    assert np.isnan(figures["r"]) and figures["icc"] == pytest.approx(0) and figures["mae"] == pytest.approx(6 / 5)
