"""The page of a prediction whose curves are written down; tests of `predict` look at a rendered one."""

import re

import numpy as np
import pytest
from simulated_prediction import EXPRESSIONS, FPS, FRAMES, STEP, TRUTH, prediction, write_page

from microexpr.reporting.html import prediction as page


def points(text: str) -> np.ndarray:
    """Return the points of an area without its corners."""
    return np.array([[float(number) for number in point.split(",")] for point in text.split()])[1:-1]


def test_a_curve_keeps_its_peaks_in_few_columns_and_a_unit_is_drawn_again_above_a_level():
    values = np.zeros(7321)
    values[[0, 4000, 7320]] = 0.5, 1, 0.25
    x, y = points(page.area(values, 20, np.arange(7321) * page.COLUMNS / 7321)).T
    assert len(x) == page.COLUMNS and (np.diff(x) > 0).all() and (y[0], y[-1]) == (10, 15)
    assert y.min() == 0 and x[y.argmin()] == pytest.approx(4000 / 7321 * page.COLUMNS, abs=1)
    moving, resting = page.unit_rows(prediction())
    assert [(row.unit, row.levels) for row in moving] == [("AU4", 1), ("AU9", 1), ("AU12", 1), ("AU45", 3)]
    assert len(moving) + len(resting) == 17
    assert points(moving[1].points)[:, 1].min() == pytest.approx((1 - 0.9) * page.ROW_HEIGHT, abs=0.05)


def test_a_frame_has_one_x_in_curves_bands_and_ticks():
    """Also where only every second frame was read; the first micro-expression is from frame 40 on, at 0.2 s."""
    result = prediction()
    x, y = points(page.area(result.probability[:, 0], 100, page._x(result))).T
    (band,) = page.bands([("micro", 40, 40, "negative")], np.arange(float(FRAMES)))
    (tick,) = (tick for tick in page.time_ticks(FRAMES, FPS) if tick.label == "0.2")
    middle = (40 + 0.5) / FRAMES
    assert x[y.argmin()] == pytest.approx(middle * page.COLUMNS, abs=0.1)
    assert (band.x + band.width / 2) / page.COLUMNS == pytest.approx(middle, abs=1e-4) == tick.at / 100
    (band,) = page.bands([("micro", 3, 4, "negative")], np.array([0, 1, 2, 5, 6, 9.0]))
    assert (band.x, band.width) == (500, 200)
    (band,) = page.bands([("micro", 3, 3, "")], np.arange(10.0 * page.COLUMNS))
    assert band.width == 1  # of a tenth, or it would hardly be seen


@pytest.mark.parametrize("seconds", [0.2, 2, 20, 61, 3600])
def test_an_axis_has_enough_ticks(seconds):
    ticks = page.time_ticks(round(seconds * 100), 100)
    assert 3 <= len(ticks) <= page.TICKS + 1 and ticks[0].label == "0"


def test_the_page_shows_truth_names_and_magnified_faces(tmp_path):
    text = write_page(tmp_path / "prediction.html", TRUTH).read_text(encoding="utf-8")
    assert "1 hit, 1 false, 1 missed" in text
    assert "&#10003; truth: negative (disgust)" in text and "&#10007; truth: none here" in text
    assert re.search(r"Missed: <button[^>]*>1\.70 to 1\.90 s</button> positive \(happiness\)", text)
    assert "<title>AU9, nose wrinkler</title>" in text  # on hover
    assert "<b>AU9</b> nose wrinkler +0.9" in text and "It is a micro-expression with a probability of 0.97" in text
    assert text.index("negative (disgust)") < text.index("AI Act") and "grey; models saw" in text
    assert 'class="verdict"' not in write_page(tmp_path / "alone.html").read_text(encoding="utf-8")


def test_every_frame_of_a_micro_expression_has_a_magnified_face_and_regions_have_colours():
    player = page.Player(prediction())
    for number in range(FRAMES):
        player.add(number, np.full((60, 80, 3), 90, np.uint8))
    images = player.images()
    micro = [e.interval for e in EXPRESSIONS if e.interval.kind == "micro"]
    assert [len(faces) for faces in images.magnified] == [i.offset - i.onset + 1 for i in micro]
    assert len(images.numbers) == len(images.frames) < FRAMES / STEP
    points = np.random.default_rng(0).uniform(100, 190, (68, 2))
    points[17:27] = np.column_stack([np.linspace(80, 210, 10), np.full(10, 60)])
    points[48:68] = np.column_stack([np.linspace(110, 180, 20), np.full(20, 230)])
    image = page.tint(np.full((288, 288, 3), 120, np.uint8), points, {"brows": 0.4, "mouth": -0.2, "nose": 0.0})
    brow, mouth, outside = (image[row, column].astype(int) for row, column in ((60, 90), (230, 145), (5, 5)))
    assert brow[0] > brow[2] and mouth[2] > mouth[0] and {*outside} == {120}
    assert brow[0] - brow[2] > mouth[2] - mouth[0]  # half as much against it
