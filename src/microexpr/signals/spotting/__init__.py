"""Where a long recording of a face shows something brief: action-unit curves in, intervals out. No files, no torch.

Every unit's change since the face at rest is counted in deviations of its own noise, as what is noise differs by unit,
camera and person. Where one stands out, an expression is; how long all that stands out there takes to be back at rest
says whether it is a micro- or a macro-expression. Lids are looked at apart, since a blink moves skin around the eyes.
Comparing a face with itself over a window is after Moilanen et al. 2014, the main direction after Wang et al. 2017.

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
EYES = [ACTION_UNITS.index(unit) for unit in ("AU5", "AU7", "AU45")]  # what lids do when eyes look elsewhere
STEPS = 10  # a second: so often the face at rest is asked for
USUAL_NOISE = 0.6745  # the median of absolute values of normal noise, in its deviations
LEAST = 3.0  # deviations of its noise by which a unit moves
LEAST_NOISE = 0.005  # FACS intensity: a drawn face would have none


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    smooth: float = Field(default=0.02, ge=0, le=0.1, description="seconds: deviation of the Gaussian over curves")
    brief: float = Field(
        default=1.2, ge=1, le=3, description="seconds whose median a peak stands out from: heads wander"
    )
    rest: float = Field(default=5.0, ge=2, le=60, description="seconds whose median is the face at rest")
    height: float = Field(
        default=10.0, ge=3, le=100, description="deviations of its noise by which a unit must stand out"
    )
    level: float = Field(default=0.1, gt=0, lt=1, description="share of the apex at onset and offset")
    leak: float = Field(
        default=0.15, ge=0, le=1, description="share of a blink's deviations that other units show of it"
    )
    shortest: float = Field(default=0.06, gt=0, le=0.2, description="seconds: what is shorter is no movement of a face")
    wide: float = Field(default=0.3, gt=0, lt=1, description="share of the apex above which an expression is timed")
    longest: float = Field(
        default=0.4,
        ge=0.2,
        le=1,
        description="seconds above that of a micro-expression: of one of 0.5 s about 0.32 are",
    )
    gaze: float = Field(default=6.0, ge=3, le=100, description="deviations of its noise by which eyes must have turned")


@dataclass(frozen=True, slots=True)
class Interval:
    """Something that a face does, by positions of frames, first and last included."""

    kind: Kind
    onset: int
    apex: int
    offset: int
    score: float  # deviations of its noise by which the unit that moves most stands out at the apex
    moved: dict[str, float]  # FACS intensity by sided action unit, "AU12L", at the apex since rest; the largest first


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """What spotting looks at."""

    change: np.ndarray  # float64[T, 17, 2], FACS intensity since the face at rest
    steady: np.ndarray  # float64[T, 17, 2], the same by its noise
    brief: (
        np.ndarray
    )  # float64[T, 17, 2], what stands out from the second around, by its noise; blinks are AU45's alone
    gaze: np.ndarray  # float64[T], how far the eyes are from where they look at rest, by its noise

    @property
    def score(self) -> np.ndarray:
        """float64[T]: that of the unit which stands out most, but for AU45."""
        found: np.ndarray = np.delete(self.brief, BLINK, axis=1).max(axis=(1, 2))
        return found


def signal(curves: np.ndarray, gaze: np.ndarray, fps: float, params: Params) -> Signal:
    """Of intensities [T, 17, 2] since any frame, and where the eyes look sideways, [T] in any unit."""
    change, brief = (since_rest(curves, fps, params.smooth, window) for window in (params.rest, params.brief))
    brief = np.maximum(brief / noise(brief), 0)
    lids = brief[:, BLINK].mean(axis=1)
    brief = np.maximum(brief - params.leak * lids[:, None, None], 0)
    brief[:, BLINK] = lids[:, None]
    looked = since_rest(gaze, fps, params.smooth, params.rest)
    return Signal(change, change / noise(change), brief, np.abs(looked / noise(looked)))


def since_rest(curves: np.ndarray, fps: float, smooth: float, window: float) -> np.ndarray:
    """[T, ...]: smoothed, less the median over `window` seconds around."""
    axes = (1,) * (curves.ndim - 1)
    smoothed = gaussian_filter1d(curves.astype(float), smooth * fps, axis=0)
    step = max(1, round(fps / STEPS))
    size = 2 * round(window * fps / step / 2) + 1
    usual = median_filter(smoothed[::step], size=(size, *axes), mode="nearest")
    known, time = np.arange(len(curves))[::step], np.arange(len(curves))
    columns = usual.reshape(len(known), -1).T
    return smoothed - np.column_stack([np.interp(time, known, one) for one in columns]).reshape(smoothed.shape)


def noise(change: np.ndarray) -> np.ndarray:
    """[...] of [T, ...]: the deviation, by the median, that expressions do not change."""
    found: np.ndarray = np.maximum(np.median(np.abs(change), axis=0) / USUAL_NOISE, LEAST_NOISE)
    return found


def spot(curves: np.ndarray, gaze: np.ndarray, fps: float, params: Params) -> list[Interval]:
    """All that the face does, in the order of time; arguments as for `signal`."""
    found = signal(curves, gaze, fps, params)
    lids = np.zeros_like(found.brief)
    lids[:, BLINK] = found.brief[:, BLINK]
    events = [*intervals(found.brief - lids, found, fps, params), *intervals(lids, found, fps, params)]
    return sorted(events, key=lambda one: (one.onset, one.apex))


def intervals(brief: np.ndarray, found: Signal, fps: float, params: Params) -> Iterator[Interval]:
    """What stands out in `brief` [T, 17, 2], the highest first; nothing overlaps."""
    score = brief.max(axis=(1, 2))
    while score[top := int(score.argmax())] >= params.height:
        height, main = float(score[top]), brief[top] / np.linalg.norm(brief[top])
        units = brief[top] >= max(LEAST, params.level * height)
        onset, apex, offset = extent(np.tensordot(brief, main, 2), top, params.level)
        steady = np.tensordot(found.steady, main, 2)
        first, _, last = extent(steady, top, params.wide)
        kind = named(units, found.gaze[onset : offset + 1], (last - first - 1) / fps, params)
        if kind == "macro":
            onset, apex, offset = extent(steady, top, params.level)
        quiet = score < params.height  # what is left of it beyond its ends is no other
        before, after = np.flatnonzero(quiet[: onset + 1]), np.flatnonzero(quiet[offset:])
        score[before[-1] + 1 if len(before) else 0 : offset + after[0] if len(after) else None] = 0
        score[onset : offset + 1] = 0
        if offset - onset + 1 >= params.shortest * fps:
            yield Interval(kind, onset, apex, offset, height, moved(found.change[apex], units))


def extent(along: np.ndarray, top: int, level: float) -> tuple[int, int, int]:
    """Onset, apex and offset around a peak of a curve [T]: the nearest frames at no more than `level` of it."""
    low = along <= level * along[top]
    before, after = np.flatnonzero(low[:top]), np.flatnonzero(low[top:])
    onset = int(before[-1]) if len(before) else 0
    offset = top + int(after[0]) if len(after) else len(along) - 1
    return onset, onset + int(along[onset : offset + 1].argmax()), offset


def named(units: np.ndarray, gaze: np.ndarray, seconds: float, params: Params) -> Kind:
    """What it is, of the units bool[17, 2] that stand out, the eyes and the time it takes."""
    shown = {*np.flatnonzero(units.any(axis=1)).tolist()}
    if shown == {BLINK}:
        return "blink"
    if shown <= {*EYES} and gaze.max() >= params.gaze:
        return "glance"
    return "micro" if seconds <= params.longest else "macro"


def moved(change: np.ndarray, units: np.ndarray) -> dict[str, float]:
    """Those of units bool[17, 2], and by how much [17, 2]."""
    sided = [
        (float(change[unit, side]), f"{ACTION_UNITS[unit]}{'LR'[side]}")
        for unit, side in np.argwhere(units & (change > 0))
    ]
    return {name: amount for amount, name in sorted(sided, key=lambda one: (-one[0], one[1]))}
