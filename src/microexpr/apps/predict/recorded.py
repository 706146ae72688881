"""Figures of a recogniser on recorded faces, which `studies/real_faces.py --predict` measured. Measures none.

The figures are shipped next to the weights, and hold for the weights with their digest alone.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from microexpr.apps.predict.calibration import BINS
from microexpr.core import digests
from microexpr.core.weights import shipped

FILE = shipped("predict_recorded.json")
GUESSING = 1 / 3  # UF1, and UAR, of classes sampled as often as they occur

Figures = Mapping[str, Any]  # as the file has them


def read(weights: Path, path: Path = FILE) -> Figures | None:
    """Return the figures in a file, or None if they are of other weights than these."""
    figures: Figures = json.loads(path.read_text(encoding="utf-8"))
    return figures if figures["sha256"] == digests.of_file(weights) else None


def describe(figures: Figures | None, fitted_on: Iterable[str]) -> str:
    """Describe figures, or why there are none, in a line. `fitted_on` is the weights' provenance."""
    if figures is None:
        saw_recorded = any(not entry.startswith("generated/") for entry in fitted_on)
        elsewhere = ", but fitted on some; results/evaluate has the method's figures on subjects left out"
        return f"these weights were not measured on recorded faces{elsewhere * saw_recorded}"
    value, low, high = figures["uf1"]
    return (
        f"on {figures['clips']} recorded micro-expressions of {figures['subjects']} subjects, none seen in training, "
        f"from annotated onset to apex: UF1 {value:.2f} ({low:.2f} to {high:.2f}), by chance {GUESSING:.2f}; "
        f"calibration error {figures['calibration_error']:.2f} in {BINS} bins"
    )
