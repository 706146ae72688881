"""Name the predictors of landmarks. One is made for each grey frame; it is called with the box of a face.

ONNX Runtime is loaded with the first network, since readers of params name predictors too.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np

from microexpr.core.weights import shipped
from microexpr.signals.faces.detection import DlibPredictor
from microexpr.signals.landmarks.boxes import Box

if TYPE_CHECKING:
    from microexpr.signals.landmarks.network import Model

DLIB_FITTED_ON = ("licensed/300w/*/*",)
MODEL = shipped("landmarks.onnx")

PredictorName = Literal["network", "dlib"]


class NetworkPredictor:
    """Predicts landmarks in one grey frame by the shipped network."""

    def __init__(self, grey: np.ndarray):
        self.grey = grey

    def __call__(self, box: Box) -> np.ndarray:
        """Return the landmarks, float64[68, 2] in pixels of the frame, in a box."""
        return _model()(self.grey, box).points[:68]

    def refine(self, box: Box) -> np.ndarray:
        """Return the landmarks, float64[68, 2], in the box of the last prediction until it is stable."""
        return _model().refine(self.grey, box).points[:68]


def fitted_on(name: PredictorName) -> tuple[str, ...]:
    """Return the provenance of what a predictor was fitted on, as in `provenance`."""
    return _model().fitted_on if name == "network" else DLIB_FITTED_ON


def _model() -> "Model":
    from microexpr.signals.landmarks import network

    return network.load(MODEL)


PREDICTORS: dict[PredictorName, type[NetworkPredictor] | type[DlibPredictor]] = {
    "network": NetworkPredictor,
    "dlib": DlibPredictor,
}
