"""The page: whole without a network, every figure at its place, the word generated."""

import re
from base64 import b64decode

import numpy as np
import pytest
from composites_of_truth import clip
from matplotlib.axes import Axes
from parsed_page import parse, rows

from microexpr.reporting.signal_benchmark import page, pool


@pytest.fixture(scope="module")
def clips():
    measured = [clip("smic", "easy"), clip("smic", "hard"), clip("casme2", "easy")]
    for i, measurement in enumerate(measured):
        measurement.au_true[4:, 3] = measurement.au_smoothed[4:, 3] = measurement.au_relative[4:, 3] = 2
        measurement.landmarks_found[:, 27:36] += [i, 0]
    return measured


@pytest.fixture(scope="module")
def written(clips):
    return page.html(pool.tables(clips), clips)


def test_it_needs_no_network_and_says_what_the_rows_say_and_that_all_is_generated(clips, written):
    table = next(parse(written).iter("table"))  # landmarks: eight scopes, as casme2 has no hard clip
    head, *body = rows(table)
    assert len(body) == 8
    lines = {tuple(row[:2]): row for row in body}
    assert lines["smic", "hard"][head.index("nose, %")] == "1.00"  # 1 px of 100
    assert lines["all", "easy"][head.index("nose, %")] == "1.00"  # 0 and 2
    assert lines["all", "all"][head.index("face detected, %")] == "100.00"
    assert set(re.findall(r'(?:src|href)="([^"]{1,12})', written)) == {"data:image/s"} | {
        f"{name}.csv"[:12] for name in ("landmarks", "apex", "aus", "flow")
    }
    assert "All faces here are rendered." in written and written.count("Rendered faces.") == 4
    assert "2 rendered subjects" in written
    for picture in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', written):
        assert b"<svg" in b64decode(picture)


def test_bars_are_as_high_as_their_figures(clips, monkeypatch):
    heights_of_bars: list[list[float]] = []
    monkeypatch.setattr(Axes, "bar", lambda self, x, heights, *rest, **more: heights_of_bars.append(list(heights)))
    monkeypatch.setattr(Axes, "legend", lambda self, **more: None)
    page.landmarks(pool.tables(clips)["landmarks"])
    assert heights_of_bars[0] == pytest.approx([0, 0, 1, 0, 0, 9 / 68])  # easy: 0 and 2 % at the nose, nowhere else
    assert heights_of_bars[1] == pytest.approx([0, 0, 1, 0, 0, 9 / 68])  # hard
    heights_of_bars.clear()
    page.flow(pool.tables(clips)["flow"])
    np.testing.assert_allclose(heights_of_bars, [[0] * 6, [1] * 6] * 2)
