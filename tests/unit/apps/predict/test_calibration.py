"""Temperature and calibration error against closed forms and a known temperature."""

import numpy as np
import pytest
from onnx import ModelProto

from microexpr.apps.predict import Models, recognition
from microexpr.apps.predict.calibration import WIDENING, Calibration, calibration_error, fit_temperature
from microexpr.apps.predict.recognition import SHIPPED
from microexpr.core import onnx
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator


def test_the_temperature_of_sampled_labels_is_found_again():
    rng = generator(0, "temperature")
    scores = rng.normal(0, 4, (4000, 3))
    for temperature in (0.5, 3.0):
        probabilities = Calibration(temperature).probabilities(scores)
        labels = (rng.random((4000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
        assert fit_temperature(scores, labels) == pytest.approx(temperature, rel=0.06)
        assert calibration_error(probabilities, labels) < 0.02
        assert calibration_error(Calibration().probabilities(scores), labels) > 0.05


def test_the_calibration_error_is_the_mean_gap_of_the_bins():
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.45, 0.55], [0.45, 0.55]])
    labels = np.array([0, 1, 1, 1])  # accuracy 0.5 in the bin of 0.95, 1 in that of 0.55
    assert calibration_error(probabilities, labels) == pytest.approx((0.45 + 0.45) / 2)
    assert calibration_error(np.eye(2), np.array([0, 1])) == 0


def test_a_calibration_is_read_as_it_was_written():
    calibration = Calibration(1.5, {"yaw": (-1.0, 2.0)})
    assert Calibration.read({"calibration": calibration.to_json()}) == calibration
    assert Calibration.read({}) is None


def test_probabilities_are_more_alike_the_farther_from_the_limits():
    scores, calibration = np.array([[2.0, 0.0, 0.0]] * 3), Calibration(0.5)
    highest = calibration.probabilities(scores, np.array([0.0, 0.5, 1.0]))[:, 0]
    temperatures = 0.5 * (1 + WIDENING * np.array([0.0, 0.5, 1.0]))
    assert highest == pytest.approx(1 / (1 + 2 * np.exp(-2 / temperatures))) and WIDENING > 0
    assert calibration.probabilities(scores)[:, 0] == pytest.approx(highest[0])


@pytest.mark.parametrize("text", ["[]", "{", '{"temperature": "hot"}', '{"temperature": 1, "limits": {"yaw": 1}}'])
def test_a_network_file_with_another_calibration_is_refused_by_name(tmp_path, text, monkeypatch):
    metadata = onnx.read_metadata(SHIPPED)
    model, path = ModelProto.FromString(SHIPPED.read_bytes()), tmp_path / "predict.onnx"
    model.ClearField("metadata_props")
    fitted_on = metadata.pop("fitted_on").split("\n")
    onnx.write(path, model.SerializeToString(), fitted_on, **(metadata | {"calibration": text}))
    monkeypatch.setattr(recognition, "SHIPPED", path)
    with pytest.raises(StoreError, match=r"predict.onnx: metadata must be as `microexpr` writes them"):
        Models.load(None, tmp_path)
