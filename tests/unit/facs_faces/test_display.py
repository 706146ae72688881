"""Displays of emotions and their notation, against FACS' own rules of writing."""

from collections import Counter

import numpy as np
import pytest

from facs_faces import display, take
from facs_faces.display import ACTION_UNITS, DISPLAYS, GAIN, POSES, array, gain, notation, sample_display
from microexpr.core.errors import ParamsError


def test_notation_is_what_coders_write():
    assert notation({"AU12L": 1, "AU12R": 1, "AU6R": 0.8, "AU6L": 0.8}) == "6+12"
    assert (notation({"AU14R": 1}), notation({"AU12L": 1})) == ("R14", "L12")
    assert notation({"AU2L": 1, "AU2R": 1, "AU1L": 1, "AU1R": 1}) == "1+2"
    assert notation({"AU4L": 1, "AU4R": 1, "AU10L": 0.5}) == "4+L10"


def test_every_display_is_of_known_units_and_probabilities_sum_to_one():
    assert set(POSES) == set(take.MACRO)
    for displays in (*DISPLAYS.values(), *POSES.values()):
        assert sum(probability for probability, _ in displays) == pytest.approx(1)
        for _, chosen in displays:
            assert set(chosen.action_units) <= set(ACTION_UNITS)
            assert all(0 < weight <= 1 for weight in chosen.action_units.values())


def test_displays_come_as_often_as_they_should():
    rng = np.random.default_rng(0)
    counts = Counter(notation(sample_display("happiness", rng)) for _ in range(4000))
    expected = {"12": 0.45, "6+12": 0.3, "L12": 0.1, "R12": 0.1, "12+14": 0.05}
    assert set(counts) == set(expected)
    for written, share in expected.items():
        deviation = np.sqrt(share * (1 - share) / 4000)
        assert counts[written] / 4000 == pytest.approx(share, abs=4 * deviation)


def test_array_has_left_before_right():
    values = array({"AU2R": 0.5})
    assert values.shape == (len(ACTION_UNITS), 2) and values[1, 1] == 0.5 and values.sum() == 0.5


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ParamsError, match=r"not happyness .did you mean 'happiness'"):
        sample_display("happyness", np.random.default_rng(0))
    for wrong, nearest in (("AU12", ""), ("AU3L", ""), ("", ""), ("12L", ""), ("AU120L", ".*did you mean")):
        with pytest.raises(ParamsError, match=f"must be like AU12L{nearest}"):
            array({wrong: 1.0})


def test_micro_expressions_are_equally_subtle_and_macro_expressions_full():
    posed = display.POSED
    for unit in ACTION_UNITS:
        assert gain(unit, 0.08) == gain(unit, 0.45) == GAIN[unit]
        assert gain(unit, 0.6) == gain(unit, 1) == pytest.approx(posed)
        assert min(GAIN[unit], posed) < gain(unit, 0.5) < max(GAIN[unit], posed) or GAIN[unit] == posed
