"""Parts of the page of a prediction; tests of `predict` look at a whole one."""

import numpy as np
import pytest

from microexpr.reporting.html import prediction


def test_a_curve_keeps_its_peaks_in_however_few_columns():
    values = np.zeros(7321)
    values[[0, 4000, 7320]] = 0.5, 1, 0.25
    points = [tuple(map(float, point.split(","))) for point in prediction.polyline(values, 20).split()]
    assert len(points) == prediction.COLUMNS
    x, y = np.array(points).T
    assert (np.diff(x) > 0).all() and (y[0], y[-1]) == (10, 15)
    assert y.min() == 0 and x[y.argmin()] == pytest.approx(4000 / 7321 * prediction.COLUMNS, abs=1)


def test_a_short_curve_has_a_point_for_each_value():
    assert prediction.polyline(np.array([0.0, 1.0]), 10) == "250.0,10.0 750.0,0.0"


def test_an_interval_is_where_its_frames_are():
    band = prediction.band("micro", 50, 99, 1000)
    assert (band.x, band.width) == (50, 50)
    assert prediction.band("blink", 5, 5, 10**6).width == 1
