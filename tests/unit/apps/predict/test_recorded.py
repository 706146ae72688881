"""The figures on recorded faces that are shipped are those of the weights that are shipped, and of no others."""

import json
from pathlib import Path

from microexpr.apps.predict import recognition, recorded
from microexpr.core import digests

FITTED_ON = ["generated/population/s0001/*"]


def test_the_shipped_figures_are_of_the_shipped_weights() -> None:
    """After another fit: `python studies/real_faces.py --predict --write-docs`."""
    figures = recorded.read(recognition.SHIPPED)
    assert figures, f"{recorded.FILE.name} must be of the weights in {recognition.SHIPPED.name}, not of others"
    for scope in (figures, *figures["datasets"].values()):
        for value, low, high in (scope["uf1"], scope["uar"]):
            assert 0 <= low < value < high <= 1
    for count in ("clips", "subjects"):
        assert figures[count] == sum(part[count] for part in figures["datasets"].values())


def test_other_weights_have_no_figures(tmp_path: Path) -> None:
    weights, path = tmp_path / "weights", tmp_path / "figures.json"
    weights.write_bytes(b"these")
    figures = {"clips": 7, "subjects": 2, "uf1": [0.5, 0.25, 0.75], "calibration_error": 0.125}
    path.write_text(json.dumps(figures | {"sha256": digests.of_file(weights)}))
    line = recorded.describe(recorded.read(weights, path), FITTED_ON)
    assert line.startswith("on 7 recorded micro-expressions of 2 subjects") and "UF1 0.50 (0.25 to 0.75)" in line
    weights.write_bytes(b"others")
    assert recorded.read(weights, path) is None
    assert recorded.describe(None, FITTED_ON) == "these weights were not measured on recorded faces"
    assert recorded.describe(None, ["licensed/samm/006/006_1_2"]).endswith("on subjects left out")
