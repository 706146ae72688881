"""Figures of `predict` by the frame rate of a video, which `studies/spotting.py --rates` measured. Measures none.

They are of rendered films, and shipped next to the weights.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from microexpr.core.weights import shipped

FILE = shipped("predict_rates.json")
CLASSES = ("right", "sure", "sure_right")  # figures of the weights

Figures = Mapping[str, Any]  # as `at` returns them


def at(fps: float, weights: str) -> Figures:
    """Return the figures of the measured rate that is nearest to a video's, and their description in a line.

    `weights` is the digest of the recogniser's; those that were not measured have no figures of classes."""
    contents = json.loads(FILE.read_text(encoding="utf-8"))
    nearest = min(contents["rates"], key=lambda rate: abs(np.log(float(rate) / fps)))
    figures = {"fps": float(nearest), **contents["rates"][nearest]}
    if weights != contents["sha256"]:
        for name in CLASSES:
            del figures[name]
    classes = f", {figures['right']} of {figures['hits']} classes right" if "right" in figures else ""
    errors = ", ".join(f"{event} {seconds:.2f}" for event, seconds in figures["errors"].items())
    figures["description"] = (
        f"at {nearest} frames a second, in {figures['films']} rendered films: F1 of spotting {figures['f1']:.2f}"
        f"{classes}; error in seconds (root mean square): {errors}"
    )
    return figures
