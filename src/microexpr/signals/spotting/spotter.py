"""Spot the events of a face by the shipped network, which `apps.spot.fit` trained and calibrated."""

import json
from functools import cache
from pathlib import Path

import numpy as np

from microexpr.core import onnx
from microexpr.core.errors import StoreError
from microexpr.core.files import shipped
from microexpr.signals.aus.recording import Curves
from microexpr.signals.spotting import Interval, Signal, compute_signal, find, network
from microexpr.signals.spotting.network import KINDS, Inputs

MODEL = shipped("spotter.onnx")


@cache
def load(path: str | Path = MODEL) -> onnx.Network:
    """Load the network. Raises StoreError if the file cannot be read or is of another network."""
    spotter = onnx.load(path, [*Inputs._fields])
    try:
        calibration(spotter)
    except (KeyError, ValueError, TypeError) as error:
        raise StoreError(f"{path}: must be calibrated, not have {error!r}{onnx.AGAIN}") from error
    return spotter


def calibration(spotter: onnx.Network) -> np.ndarray:
    """Return slope and offset by which each kind's scores become probabilities, float64[5, 2]."""
    return np.array([json.loads(spotter.metadata["calibration"])[kind] for kind in KINDS], float).reshape(-1, 2)


def spot(curves: Curves) -> tuple[Signal, np.ndarray, list[Interval]]:
    """Spot all events in what was read of a face; return also its deviations and the probabilities [T, 5]."""
    signal, spotter = compute_signal(curves), load()
    score = network.on_frames(network.scores(spotter, network.inputs(curves, signal)), curves)
    probability = network.probabilities(score, calibration(spotter))
    return signal, probability, find(score, probability, signal, curves.fps)
