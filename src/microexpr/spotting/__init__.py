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

from microexpr.aus import ACTION_UNITS

Kind = Literal["micro", "macro", "blink", "glance"]
BLINK = ACTION_UNITS.index("AU45")
EYES = [ACTION_UNITS.index(unit) for unit in ("AU5", "AU7", "AU45")]  # what lids do when eyes look elsewhere
STEPS = 10  # a second: so often the face at rest is asked for
USUAL_NOISE = 0.6745  # the median of absolute values of normal noise, in its deviations
LEAST_NOISE = 0.005  # FACS intensity: a drawn face would have none


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    smooth: float = Field(0.02, ge=0, le=0.1, description="seconds: deviation of the Gaussian over curves")
    rest: float = Field(5.0, ge=2, le=60, description="seconds whose median is the face at rest")
    height: float = Field(10.0, ge=3, le=100, description="deviations of its noise by which a unit must stand out")
    level: float = Field(0.1, gt=0, lt=1, description="share of the apex below which a face is back at rest")
    leak: float = Field(0.15, ge=0, le=1, description="share of a blink's deviations that other units show of it")
    shortest: float = Field(0.06, gt=0, le=0.2, description="seconds: what is shorter is no movement of a face")
    longest: float = Field(0.6, ge=0.3, le=1, description="seconds: of a micro-expression, as spotted")
    gaze: float = Field(6.0, ge=3, le=100, description="deviations of its noise by which eyes must have turned")


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
    deviations: np.ndarray  # float64[T, 17, 2], the same by its noise; of what blinks leave over
    lids: np.ndarray  # float64[T], AU45 on both sides, by its noise
    gaze: np.ndarray  # float64[T], how far the eyes are from where they look at rest, by its noise

    @property
    def score(self) -> np.ndarray:
        """float64[T]: that of the unit which stands out most."""
        found: np.ndarray = self.deviations.max(axis=(1, 2))
        return found


def signal(curves: np.ndarray, gaze: np.ndarray, fps: float, params: Params) -> Signal:
    """Of intensities [T, 17, 2] since any frame, and where the eyes look sideways, [T] in any unit."""
    change = since_rest(curves, fps, params)
    lids = change[:, BLINK].mean(axis=1)
    lids = lids / noise(lids)
    others = change / noise(change) - params.leak * np.maximum(lids, 0)[:, None, None]
    others[:, BLINK] = 0
    looked = since_rest(gaze, fps, params)
    return Signal(change, np.maximum(others, 0), lids, np.abs(looked / noise(looked)))


def since_rest(curves: np.ndarray, fps: float, params: Params) -> np.ndarray:
    """[T, ...]: smoothed, less the median over `rest` seconds around."""
    axes = (1,) * (curves.ndim - 1)
    smoothed = gaussian_filter1d(curves.astype(float), params.smooth * fps, axis=0)
    step = max(1, round(fps / STEPS))
    window = 2 * round(params.rest * fps / step / 2) + 1
    usual = median_filter(smoothed[::step], size=(window, *axes), mode="nearest")
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
    lids = np.zeros_like(found.deviations)
    lids[:, BLINK] = np.maximum(found.lids, 0)[:, None]
    events = [*intervals(found.deviations, found, fps, params), *intervals(lids, found, fps, params)]
    return sorted(events, key=lambda one: (one.onset, one.apex))


def intervals(deviations: np.ndarray, found: Signal, fps: float, params: Params) -> Iterator[Interval]:
    """What stands out in `deviations` [T, 17, 2], the highest first; nothing overlaps."""
    score = deviations.max(axis=(1, 2))
    while (top := int(score.argmax())) < len(score) and score[top] >= params.height:
        onset, apex, offset = extent(deviations, top, params)
        seconds, height = (offset - onset + 1) / fps, float(score[top])
        quiet = score < params.height  # what is left of it beyond its ends is no other
        before, after = np.flatnonzero(quiet[: onset + 1]), np.flatnonzero(quiet[offset:])
        score[before[-1] + 1 if len(before) else 0 : offset + after[0] if len(after) else None] = 0
        score[onset : offset + 1] = 0
        if seconds >= params.shortest:
            units = deviations[top] >= max(3.0, params.level * height)
            kind = named(units, found.gaze[onset : offset + 1], seconds, params)
            yield Interval(kind, onset, apex, offset, height, moved(found.change[apex], units))


def extent(deviations: np.ndarray, top: int, params: Params) -> tuple[int, int, int]:
    """Onset, apex and offset around a peak: of what moves there as it does there, the nearest frames back at rest."""
    main = np.maximum(deviations[top], 0)
    along = np.tensordot(deviations, main / np.linalg.norm(main), 2)
    low = along <= params.level * along[top]
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
