"""The figures of a frame rate are those of the nearest measured one, and of the weights that are shipped."""

import json

import pytest

from microexpr.apps.predict import rates, recognition
from microexpr.apps.predict.written import EVENTS
from microexpr.core import digests

DIGEST = digests.of_file(recognition.SHIPPED)


@pytest.mark.parametrize(("fps", "measured"), [(20, 25), (28, 30), (29.97, 30), (120, 100), (1000, 200)])
def test_the_nearest_rate_is_described(fps, measured):
    figures = rates.at(fps, DIGEST)
    assert figures["fps"] == measured and {*figures["errors"]} == {*EVENTS}
    assert figures["description"].startswith(f"at {measured} frames a second, in {figures['films']} rendered films: F1")
    assert f"{figures['right']} of {figures['hits']} classes right" in figures["description"]


def test_classes_of_other_weights_were_not_measured():
    figures = rates.at(30, "0" * 64)
    assert figures.keys().isdisjoint(rates.CLASSES) and "classes" not in figures["description"]


def test_the_figures_are_of_the_weights_that_are_shipped():
    contents = json.loads(rates.FILE.read_text(encoding="utf-8"))
    assert contents["sha256"] == DIGEST, f"{rates.FILE.name} must be of the weights in {recognition.SHIPPED.name}"
    for rate in contents["rates"].values():
        assert 0 <= rate["f1"] <= 1 and rate["hits"] <= rate["micro"] and rate["sure_right"] <= rate["sure"]
