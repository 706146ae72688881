"""Agreement of two raters against closed forms and SciPy."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from microexpr.core.seeds import generator
from microexpr.signals.aus.agreement import agreement


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
