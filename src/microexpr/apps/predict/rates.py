"""Figures of `predict` by the frame rate of a video, which `studies/spotting.py --rates` measured. Measures none.

They are of rendered films, and shipped next to the weights.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from microexpr.core.weights import shipped

FILE = shipped("predict_rates.json")

Figures = Mapping[str, Any]  # as `at` returns them


def at(fps: float, weights: str) -> Figures:
    """Return the figures of the measured rate that is nearest to a video's, and their description in a line.

    `weights` is the digest of the recogniser's; without those that were measured there is no UF1 of classes."""
    contents = json.loads(FILE.read_text(encoding="utf-8"))
    nearest = min(contents["rates"], key=lambda rate: abs(np.log(float(rate) / fps)))
    figures = {"fps": float(nearest), **contents["rates"][nearest]}
    if weights != contents["sha256"]:
        del figures["uf1"]
    classes = f", UF1 of the classes {figures['uf1']:.2f}" if "uf1" in figures else ""
    errors = ", ".join(f"{event} {seconds:.2f}" for event, seconds in figures["errors"].items())
    figures["description"] = (
        f"at {nearest} frames a second, in {figures['films']} rendered films: F1 of spotting {figures['f1']:.2f}"
        f"{classes}; error in seconds (root mean square): {errors}"
    )
    return figures
