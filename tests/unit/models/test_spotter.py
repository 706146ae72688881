"""Test the parts that all spotters share: labels of frames, peaks, runs; and that a new one is a file."""

import sys

import numpy as np
import pytest
from scipy.signal import find_peaks

from microexpr.cli import config
from microexpr.core.clip import Expression
from microexpr.core.errors import ParamsError
from microexpr.models import spotters
from microexpr.models.spotter import MACRO, MICRO, NONE, frame_labels, moving_mean, overlaps, peaks
from microexpr.tasks import described
from microexpr.training.checked import MethodSpec

MICRO_AT = Expression("micro", 10, 13, 16, "", None, "")
MACRO_AT = Expression("macro", 14, 20, 30, "", None, "")

TOY = """
from microexpr.models.spotter import Spotter


class Toy(Spotter):
    paper = "None"

    def find(self, curves, scores):
        return []
"""


def test_a_frame_of_both_kinds_counts_as_micro_and_windows_may_meet_an_expression():
    label = frame_labels(40, [MACRO_AT, MICRO_AT])
    assert [label[i] for i in (9, 10, 16, 17, 30, 31)] == [NONE, MICRO, MICRO, MACRO, MACRO, NONE]
    label = frame_labels(9, [Expression("micro", 0, 2, 3, "", None, ""), Expression("macro", -2, 0, 4, "", None, "")])
    assert label.tolist() == [MICRO] * 4 + [MACRO] + [NONE] * 4  # the macro-expression began before the video
    met = overlaps(40, 4, [MICRO_AT, MACRO_AT], "micro")
    assert np.flatnonzero(met).tolist() == list(range(8, 17))  # 8..11 reaches 11, the first after the onset
    assert not overlaps(40, 4, [MACRO_AT], "micro").any()


def test_peaks_are_those_of_scipy_and_moving_means_those_by_hand():
    rng = np.random.default_rng(1)
    for _ in range(50):
        curve = np.convolve(rng.random(120), np.ones(5) / 5, "same")
        height = curve.mean() + 0.4 * (curve.max() - curve.mean())
        assert peaks(curve, 0.4, 6).tolist() == find_peaks(curve, height=height, distance=6)[0].tolist()
    assert peaks(np.array([0, 1, 3, 3, 3, 1, 0.0]), 0.5, 2).tolist() == [3]
    assert peaks(np.ones(9), 0.5, 2).tolist() == []
    assert moving_mean(np.array([0, 3, 6, 3.0]), 3).tolist() == [1.5, 3, 4, 4.5]


def test_a_new_spotter_is_a_file_and_a_line_of_params(tmp_path, monkeypatch):
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(spotters, "__path__", [*spotters.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "microexpr.models.spotters.toy", raising=False)
    assert "toy" in spotters.names()
    values = config.load("params.yaml")
    values["spot"]["methods"], values["questions"]["spotters"] = {"toy": {}}, []
    assert described.check(values).rows["spot"] == {
        "toy": MethodSpec(params={}, network=False, reads=["spot", "movement"])
    }
    monkeypatch.delitem(sys.modules, "microexpr.models.spotters.toy", raising=False)


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"mdmb": {}}, r"spot.methods.mdmb: spotter must be one of .* \(did you mean 'mdmd'"),
        ({"mdmd": {"threshhold": 1}}, "spot.methods.mdmd.threshhold is no known key"),
        ({"softnet": {"side": 41}}, "spot.methods.softnet.side is no known key"),
        ({}, "spot.methods"),
    ],
)
def test_wrong_params_are_named(methods, message):
    values = config.load("params.yaml")
    values["spot"]["methods"] = methods
    with pytest.raises(ParamsError, match=message):
        described.check(values)
