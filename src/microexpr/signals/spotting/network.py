"""Score each moment of a recording by a network: how likely it is in an expression, a blink, a glance, in words.

The network reads every curve in the same way, on a clock of its own, so that frame rates matter little.
`reader_fits.spotter` trains it on long takes of the population and calibrates it. No torch here.

Shapes: T frames, N times of the clock, 17 action units and 22 courses of regions on 2 sides."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy

from microexpr.core import onnx
from microexpr.core.errors import StoreError
from microexpr.core.files import shipped
from microexpr.signals import spotting
from microexpr.signals.aus.recording import Curves

MODEL = shipped("spotter.onnx")
CLOCK = 50  # times a second
KINDS = (*spotting.LENGTHS,)
CHANNELS, WHOLE = 4, 6  # of a curve, and of the face as a whole
UNIT, REGION = 0.25, 0.5  # FACS intensity, pixels of the crop: smaller changes are read linearly, larger as logarithms
LEAST_MOVEMENT = 0.04  # pixels: noise of a region is no smaller
FINE, LEAST_GRAIN = 0.1, 0.01  # seconds: faster changes are noise; its least size
AROUND = 1.0  # seconds in which it is measured
TURNING = 5.0  # degrees a second: faster turns of the head are read as logarithms
FARTHEST = 50.0  # scores beyond are as certain
MARGIN = 150  # times before and after the recording in which nothing is seen
SPAN, REACH = 6000, 200  # times that are read at once, and times on either side that may change a score


class Inputs(NamedTuple):
    """Inputs of the network at N times."""

    units: np.ndarray  # float32[N, 34, 4]: transient, sustained, change, grain of each unit, left and right in turn
    regions: np.ndarray  # float32[N, 44, 4]: the same of movement
    whole: np.ndarray  # float32[N, 6]: mouth, gaze, turns of the head, whether the face is seen


def inputs(curves: Curves, signal: spotting.Signal) -> Inputs:
    """Return what the network reads of these curves, `signal` computed from them."""
    seen, fps = signal.seen, curves.fps
    units = [np.log1p(signal.transient), np.arcsinh(signal.sustained), np.arcsinh(signal.change / UNIT)]
    units.append(grain(curves.intensity, fps))
    turn = scipy.ndimage.gaussian_filter1d(curves.turn.astype(float), FINE * fps, axis=0)
    rates = np.gradient(turn, 1 / fps, axis=0) if len(turn) > 1 else np.zeros_like(turn)
    single = [np.log1p(np.maximum(values, 0)) for values in (signal.mouth, signal.gaze)]
    whole = np.column_stack([*single, np.arcsinh(rates / TURNING), np.ones(len(seen))])

    def on_clock(values: np.ndarray) -> np.ndarray:
        return clocked(values.reshape(len(seen), -1) * seen[:, None], fps)

    of_curves = (on_clock(values) for values in (np.stack(units, -1), movement(curves, seen)))
    read, moved = (values.reshape(len(values), -1, CHANNELS) for values in of_curves)
    return Inputs(read, moved, on_clock(whole))


def movement(curves: Curves, seen: np.ndarray) -> np.ndarray:
    """Return movement of regions as the network reads it, float64[T, 22, 2, 4]."""
    values, fps = curves.movement.astype(float), curves.fps
    change, transient = (spotting.since_rest(values, seen, fps, span) for span in (spotting.REST, spotting.BRIEF))
    if spotting.is_short(int(seen.sum()), fps):
        noise = change_noise = spotting.WANDER * spotting.camera_noise(values, seen, spotting.SMOOTH * fps)
    else:
        noise, change_noise = spotting.noise_level(transient[seen]), spotting.noise_level(change[seen])
    noise, change_noise = (np.maximum(level, LEAST_MOVEMENT) for level in (noise, change_noise))
    scaled = [transient / noise, change / change_noise, change / REGION]
    return np.stack([*map(np.arcsinh, scaled), grain(values, fps)], -1)


def grain(values: np.ndarray, fps: float) -> np.ndarray:
    """Return the logarithm of how much curves [T, ...] change faster than faces do, in the second around."""
    values = values.astype(float)
    fast = values - scipy.ndimage.gaussian_filter1d(values, FINE * fps, axis=0)
    around = scipy.ndimage.uniform_filter1d(fast**2, max(1, round(AROUND * fps)), axis=0)
    return np.asarray(np.log(np.sqrt(np.maximum(around, 0)) + LEAST_GRAIN))


def clocked(values: np.ndarray, fps: float) -> np.ndarray:
    """Return values [T, n] at the times of the clock, float32[N, n]: means where frames are closer, else in between."""
    if fps > CLOCK:
        values = scipy.ndimage.uniform_filter1d(values, 2 * round(fps / CLOCK / 2) + 1, axis=0)
    places = np.arange(int((len(values) - 1) / fps * CLOCK) + 1) / CLOCK * fps
    before = np.minimum(places.astype(int), len(values) - 1)
    share = (places - before)[:, None]
    return ((1 - share) * values[before] + share * values[np.minimum(before + 1, len(values) - 1)]).astype(np.float32)


def scores(network: onnx.Network, curves: Inputs) -> np.ndarray:
    """Return the network's scores at N times, float32[N, 5]; a long recording is read in parts."""
    padded = [np.pad(values, ((MARGIN, MARGIN), *[(0, 0)] * (values.ndim - 1))) for values in curves]
    count = len(padded[0])
    parts = []
    for first in range(0, count, SPAN):
        start = max(0, first - REACH)
        part = [values[start : first + SPAN + REACH] for values in padded]
        (out,) = network(**dict(zip(Inputs._fields, part, strict=True)))
        parts.append(out[first - start : first - start + SPAN])
    return np.concatenate(parts)[MARGIN:-MARGIN]


def on_frames(score: np.ndarray, curves: Curves) -> np.ndarray:
    """Return the network's scores [N, 5] at each frame, float64[T, 5]; minus infinity where nothing is seen."""
    times, clock = np.arange(len(curves.detected)) / curves.fps, np.arange(len(score)) / CLOCK
    values = np.clip(np.column_stack([np.interp(times, clock, column) for column in score.T]), -FARTHEST, FARTHEST)
    return np.where(curves.detected[:, None], values, -np.inf)


def probabilities(score: np.ndarray, fits: np.ndarray) -> np.ndarray:
    """Return how probable events with scores [T, 5] are, of the same shape; `fits` [5, 2] are as of `calibration`."""
    slope, offset = fits.T
    return np.asarray(1 / (1 + np.exp(-(score * slope + offset))))


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


def spot(curves: Curves) -> tuple[spotting.Signal, np.ndarray, list[spotting.Interval]]:
    """Spot all events in what was read of a face; return also its deviations and the probabilities [T, 5]."""
    signal, spotter = spotting.compute_signal(curves), load()
    score = on_frames(scores(spotter, inputs(curves, signal)), curves)
    probability = probabilities(score, calibration(spotter))
    return signal, probability, spotting.find(score, probability, signal, curves.fps)
