"""Spot brief events in a long recording of a face: action-unit curves in, intervals out. No files, no torch.

Every unit's change since the face at rest is measured in standard deviations of its own noise, because noise differs by
unit, camera and subject. An expression is where a unit exceeds its noise; the time until all units of it are back at
rest decides between micro- and macro-expression. Lids are treated separately, since a blink moves the skin around the
eyes. Comparing a face with itself over a window is after Moilanen et al. 2014, the main direction after Wang et al.
2017.

Shapes: T frames, 17 action units, 2 sides, left and right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.ndimage import gaussian_filter1d, median_filter

from microexpr.signals.aus import ACTION_UNITS

Kind = Literal["micro", "macro", "blink", "glance"]
BLINK = ACTION_UNITS.index("AU45")
EYES = [ACTION_UNITS.index(unit) for unit in ("AU5", "AU7", "AU45")]  # units of lids that move with the gaze
REST_RATE = 10  # a second at which the face at rest is computed
NORMAL_MEDIAN = 0.6745  # median of the absolute value of standard normal noise
MIN_DEVIATION = 3.0  # deviations of its noise above which a unit counts as moving
MIN_NOISE = 0.005  # FACS intensity: a rendered face can be without noise


class Params(BaseModel):
    """Settings of spotting in a long recording."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smooth: float = Field(default=0.02, ge=0, le=0.1, description="seconds: deviation of the Gaussian over curves")
    brief: float = Field(
        default=1.2, ge=1, le=3, description="seconds whose median is subtracted for peaks, since heads drift"
    )
    rest: float = Field(default=5.0, ge=2, le=60, description="seconds whose median is the face at rest")
    height: float = Field(default=10.0, ge=3, le=100, description="deviations of its noise that a unit must exceed")
    level: float = Field(default=0.1, gt=0, lt=1, description="share of the apex at onset and offset")
    leak: float = Field(
        default=0.15, ge=0, le=1, description="share of a blink's deviations that leaks into other units"
    )
    shortest: float = Field(default=0.06, gt=0, le=0.2, description="seconds: shorter events are no movement of a face")
    wide: float = Field(default=0.3, gt=0, lt=1, description="share of the apex above which an expression is timed")
    longest: float = Field(
        default=0.4,
        ge=0.2,
        le=1,
        description="longest time, in seconds, that a micro-expression is above `wide`: about 0.32 of one of 0.5 s",
    )
    gaze: float = Field(default=6.0, ge=3, le=100, description="deviations of its noise that a glance must exceed")


@dataclass(frozen=True, slots=True)
class Interval:
    """An event of a face, by positions of frames, first and last included."""

    kind: Kind
    onset: int
    apex: int
    offset: int
    score: float  # of the unit that moves most, at the apex, in deviations of its noise
    action_units: dict[str, float]  # by sided name, "AU12L": FACS intensity at the apex since rest, largest first


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """Curves in which events are spotted."""

    change: np.ndarray  # float64[T, 17, 2], FACS intensity since the face at rest
    sustained: np.ndarray  # float64[T, 17, 2], `change` in deviations of its noise
    transient: np.ndarray  # float64[T, 17, 2], change since the second around, in the same; blinks are in AU45 alone
    gaze: np.ndarray  # float64[T], distance of gaze from its position at rest, in deviations of its noise

    @property
    def score(self) -> np.ndarray:
        """The curve of the unit that exceeds its noise most, AU45 excluded, float64[T]."""
        score: np.ndarray = np.delete(self.transient, BLINK, axis=1).max(axis=(1, 2))
        return score


def compute_signal(curves: np.ndarray, gaze: np.ndarray, fps: float, params: Params) -> Signal:
    """Compute the curves from intensities [T, 17, 2] since any frame, and horizontal gaze [T] in any unit."""
    change, transient = (since_rest(curves, fps, params.smooth, window) for window in (params.rest, params.brief))
    transient = np.maximum(transient / noise_level(transient), 0)
    lids = transient[:, BLINK].mean(axis=1)
    transient = np.maximum(transient - params.leak * lids[:, None, None], 0)
    transient[:, BLINK] = lids[:, None]
    gaze_shift = since_rest(gaze, fps, params.smooth, params.rest)
    return Signal(change, change / noise_level(change), transient, np.abs(gaze_shift / noise_level(gaze_shift)))


def since_rest(curves: np.ndarray, fps: float, smooth: float, window: float) -> np.ndarray:
    """Smooth curves and subtract their median over `window` seconds around each frame, [T, ...]."""
    axes = (1,) * (curves.ndim - 1)
    smoothed = gaussian_filter1d(curves.astype(float), smooth * fps, axis=0)
    step = max(1, round(fps / REST_RATE))
    size = 2 * round(window * fps / step / 2) + 1
    medians = median_filter(smoothed[::step], size=(size, *axes), mode="nearest")
    step_times, time = np.arange(len(curves))[::step], np.arange(len(curves))
    columns = medians.reshape(len(step_times), -1).T
    return smoothed - np.column_stack([np.interp(time, step_times, column) for column in columns]).reshape(
        smoothed.shape
    )


def noise_level(change: np.ndarray) -> np.ndarray:
    """Return the standard deviation of noise, [...] of [T, ...], by the median, which expressions do not change."""
    noise: np.ndarray = np.maximum(np.median(np.abs(change), axis=0) / NORMAL_MEDIAN, MIN_NOISE)
    return noise


def spot(curves: np.ndarray, gaze: np.ndarray, fps: float, params: Params) -> list[Interval]:
    """Spot all events of a face, in the order of time; arguments as for `compute_signal`.

    Only a blink and another event can overlap."""
    signal = compute_signal(curves, gaze, fps, params)
    lids = np.zeros_like(signal.transient)
    lids[:, BLINK] = signal.transient[:, BLINK]
    events = [*find_intervals(signal.transient - lids, signal, fps, params), *find_intervals(lids, signal, fps, params)]
    return sorted(events, key=lambda interval: (interval.onset, interval.apex))


def find_intervals(transient: np.ndarray, signal: Signal, fps: float, params: Params) -> Iterator[Interval]:
    """Yield the events in `transient` [T, 17, 2], the highest first; none overlap: the lower one ends where the next
    begins."""
    score = transient.max(axis=(1, 2))
    taken = np.zeros(len(score), bool)
    while score[peak := int(score.argmax())] >= params.height:
        height, direction = float(score[peak]), transient[peak] / np.linalg.norm(transient[peak])
        units = transient[peak] >= max(MIN_DEVIATION, params.level * height)
        free = free_span(taken, peak)
        onset, apex, offset = extent(np.tensordot(transient, direction, 2), peak, params.level, free)
        sustained_curve = np.tensordot(signal.sustained, direction, 2)
        first, _, last = extent(sustained_curve, peak, params.wide, slice(0, len(score)))
        kind = classify(units, signal.gaze[onset : offset + 1], (last - first - 1) / fps, params)
        if kind == "macro":
            onset, apex, offset = extent(sustained_curve, peak, params.level, free)
        quiet = score < params.height  # the event's remainder beyond its ends is not another event
        before, after = np.flatnonzero(quiet[: onset + 1]), np.flatnonzero(quiet[offset:])
        score[before[-1] + 1 if len(before) else 0 : offset + after[0] if len(after) else None] = 0
        score[onset : offset + 1] = 0
        if offset - onset + 1 >= params.shortest * fps:
            taken[onset : offset + 1] = True
            yield Interval(kind, onset, apex, offset, height, unit_amounts(signal.change[apex], units))


def free_span(taken: np.ndarray, peak: int) -> slice:
    """Return the frames around a peak up to the nearest that are taken, bool[T]."""
    before, after = np.flatnonzero(taken[:peak]), np.flatnonzero(taken[peak:])
    return slice(int(before[-1]) + 1 if len(before) else 0, peak + int(after[0]) if len(after) else len(taken))


def extent(curve: np.ndarray, peak: int, level: float, within: slice) -> tuple[int, int, int]:
    """Return onset, apex and offset around a peak of a curve [T]: the nearest frames at no more than `level` of it, or
    the first and last of `within`."""
    low = curve <= level * curve[peak]
    before, after = np.flatnonzero(low[within.start : peak]), np.flatnonzero(low[peak : within.stop])
    onset = within.start + int(before[-1]) if len(before) else within.start
    offset = peak + int(after[0]) if len(after) else within.stop - 1
    return onset, onset + int(curve[onset : offset + 1].argmax()), offset


def classify(units: np.ndarray, gaze: np.ndarray, seconds: float, params: Params) -> Kind:
    """Classify an event by its units bool[17, 2], the gaze during it and its length."""
    moving = {*np.flatnonzero(units.any(axis=1)).tolist()}
    if moving == {BLINK}:
        return "blink"
    if moving <= {*EYES} and gaze.max() >= params.gaze:
        return "glance"
    return "micro" if seconds <= params.longest else "macro"


def unit_amounts(change: np.ndarray, units: np.ndarray) -> dict[str, float]:
    """Return the change [17, 2] of each of the units bool[17, 2], by sided name, the largest first."""
    sided = [
        (float(change[unit, side]), f"{ACTION_UNITS[unit]}{'LR'[side]}")
        for unit, side in np.argwhere(units & (change > 0))
    ]
    return {name: amount for amount, name in sorted(sided, key=lambda item: (-item[0], item[1]))}
