"""Spot brief events in a long recording of a face: action-unit curves in, intervals out. No files, no torch.

Every unit's change since the face at rest is measured in standard deviations of its noise, because noise differs by
unit, camera and subject. An expression is where a unit exceeds its noise; the time until all units of it are back at
rest decides between micro- and macro-expression. Lids are treated separately, since a blink moves the skin around the
eyes. Comparing a face with itself over a window is after Moilanen et al. 2014, the main direction after Wang et al.
2017.

Shapes: T frames, 17 action units, 2 sides, left and right.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy
from pydantic import BaseModel, Field

from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.aus.filters import stretches
from microexpr.signals.spotting.noise import camera_noise, heavy_noise_level, noise_level, without_turn

Kind = Literal["micro", "macro", "blink", "glance", "speech"]
BLINK = ACTION_UNITS.index("AU45")
EYES = [ACTION_UNITS.index(unit) for unit in ("AU5", "AU7", "AU45")]  # units of lids that move with the gaze
MOUTH = [ACTION_UNITS.index(f"AU{code}") for code in (10, 12, 14, 15, 17, 20, 23, 25, 26)]
ENDS = 0.04  # seconds at either end of a short video; their mean is its face at rest
REST_RATE = 10  # a second at which the face at rest is computed
MIN_DEVIATION = 3.0  # deviations of its noise above which a unit counts as moving
SYLLABLES = 1.0  # seconds of the longest movement that can be a part of speech
MARGIN = 0.06  # seconds next to an expression that may still belong to it
SMOOTH = 0.02  # seconds: deviation of the Gaussian over curves
BRIEF = 1.2  # seconds: a running median to subtract for peaks, since heads drift
REST = 5.0  # seconds: a running median is the face at rest
LEVEL = 0.1  # share of the apex at onset and offset
LEAK = 0.15  # share of a blink's deviations that leaks into other units
SHORTEST = 0.06  # seconds: shorter events are no movement of a face
WIDE = 0.3  # share of the apex above which an expression is timed
WANDER = 1.3  # noise of a unit at rest, in deviations of the camera's; of short videos
AROUND = 1.5  # seconds before and after an expression that tell whether it is speech
SYLLABLE = 0.4  # seconds: a running median to subtract for the mouth's movements of speech
TALKING = 4.0  # deviations of its noise above which the mouth speaks
SPOKEN, SPOKEN_MACRO = 0.12, 0.25  # share of the time around in which it speaks, next to brief and to longer movements
GAZE = 6.0  # deviations of its noise that a glance must exceed
LIDS = 0.3  # FACS intensity that lids alone must exceed: they follow every glance


class Params(BaseModel, frozen=True, extra="forbid"):
    """Settings of spotting in a long recording."""

    height: float = Field(default=10.0, ge=3, le=100, description="deviations of its noise that a unit must exceed")
    clip_height: float = Field(
        default=6.0, ge=3, le=100, description="the same in a clip of less than `BRIEF`, which is mostly one expression"
    )
    longest: float = Field(
        default=0.4,
        ge=0.2,
        le=1,
        description="longest time, in seconds, that a micro-expression is above `WIDE`: about 0.32 of one of 0.5 s",
    )


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
    mouth: np.ndarray  # float64[T], movement of the mouth that lasts a syllable, in deviations of its noise
    gaze: np.ndarray  # float64[T], distance of gaze from its position at rest, in deviations of its noise
    seen: np.ndarray  # bool[T], frames that show the face
    height: float  # deviations that an event must exceed

    @property
    def score(self) -> np.ndarray:
        """The curve of the unit that exceeds its noise most, AU45 excluded, float64[T]."""
        return np.delete(self.transient, BLINK, axis=1).max(axis=(1, 2))


def compute_signal(
    curves: np.ndarray,
    gaze: np.ndarray,
    fps: float,
    params: Params,
    seen: np.ndarray | None = None,
    resting: np.ndarray | None = None,
    turn: np.ndarray | None = None,
) -> Signal:
    """Compute the curves from intensities [T, 17, 2] since any frame, and horizontal gaze [T] in any unit.

    `seen`, bool[T], marks frames that show the face, by default all; signals are 0 in the others. `resting`, bool[T],
    marks frames of little expression, by default all: the resting face is taken from these. `turn`, [T, 3], is how the
    head is turned, in degrees, by default not at all; it counts in recordings of twice `REST` or more."""
    seen = np.ones(len(gaze), bool) if seen is None else seen
    resting = np.ones(len(gaze), bool) if resting is None else resting
    frames = int(seen.sum())
    is_long = frames >= 2 * REST * fps  # most of it is at rest
    if turn is not None and is_long:
        curves = without_turn(curves, turn, seen, fps)
    change, transient, gaze_shift = np.zeros(curves.shape), np.zeros(curves.shape), np.zeros(gaze.shape)
    mouth = np.zeros(curves[:, MOUTH].shape)
    for part in stretches(seen):
        smoothed = scipy.ndimage.gaussian_filter1d(curves[part].astype(float), SMOOTH * fps, axis=0)
        change[part] = smoothed - resting_face(smoothed, fps, REST, resting[part])
        transient[part] = smoothed - resting_face(smoothed, fps, BRIEF)
        mouth[part] = smoothed[:, MOUTH] - resting_face(smoothed[:, MOUTH], fps, SYLLABLE)
        smoothed_gaze = scipy.ndimage.gaussian_filter1d(gaze[part].astype(float), SMOOTH * fps)
        gaze_shift[part] = smoothed_gaze - resting_face(smoothed_gaze, fps, REST)
    if is_short(frames, fps):  # it has few frames at rest
        noise = change_noise = WANDER * camera_noise(curves, seen, SMOOTH * fps)
    else:
        quiet = seen & resting if (seen & resting).any() else seen
        noise = heavy_noise_level(transient[quiet]) if is_long else noise_level(transient[seen])
        change_noise = (heavy_noise_level if is_long else noise_level)(change[quiet])
    transient = np.maximum(transient / noise, 0)
    lids = transient[:, BLINK].mean(axis=1)
    transient = np.maximum(transient - LEAK * lids[:, None, None], 0)
    transient[:, BLINK] = lids[:, None]
    height = params.clip_height if is_clip(len(seen), fps) else params.height
    gaze_deviations = np.abs(gaze_shift / noise_level(gaze_shift[seen]))
    sustained, spoken = change / change_noise, (mouth / noise_level(mouth[seen])).max(axis=(1, 2))
    return Signal(change, sustained, transient, spoken, gaze_deviations, seen, height)


def resting_face(smoothed: np.ndarray, fps: float, window: float, resting: np.ndarray | None = None) -> np.ndarray:
    """Return the resting value at each frame of smoothed curves [T, ...]: the median over `window` seconds around it.

    Of a window only the frames count that are `resting`, bool[T], if there are any. It lies wholly in the video, so
    that what lasts to its end is not taken for rest. A video that is shorter than `BRIEF` twice is read as one
    expression, around which it was cut: rest is the straight line between the means of its ends, or the mean of its
    start alone if it may be cut at the apex; where an end that counts is not `resting`, the median of the frames that
    are."""
    columns = smoothed.reshape(len(smoothed), -1)
    counted = np.ones(len(smoothed), bool) if resting is None else resting
    if is_short(len(smoothed), fps):
        edge = max(1, round(ENDS * fps))
        ends = (slice(edge), slice(len(columns) - edge, None))[: 1 if is_clip(len(smoothed), fps) else 2]
        if counted.any() and not all(counted[end].any() for end in ends):
            return np.broadcast_to(np.median(columns[counted], axis=0), columns.shape).reshape(smoothed.shape)
        first, last = (columns[end].mean(axis=0) for end in (ends[0], ends[-1]))
        share = np.linspace(0, 1, len(columns))[:, None]
        return np.asarray(((1 - share) * first + share * last).reshape(smoothed.shape))
    step, time = max(1, round(fps / REST_RATE)), np.arange(len(smoothed))
    samples, counted = columns[::step], counted[::step]
    reach = min(round(window * fps / step / 2), (len(samples) - 1) // 2)
    medians = scipy.ndimage.median_filter(samples, size=(2 * reach + 1, 1), mode="nearest")
    for i in range(reach, len(samples) - reach):
        span = slice(i - reach, i + reach + 1)
        if counted[span].any() and not counted[span].all():
            medians[i] = np.median(samples[span][counted[span]], axis=0)
    medians[:reach], medians[len(medians) - reach :] = medians[reach], medians[len(medians) - reach - 1]
    rest = np.column_stack([np.interp(time, time[::step], column) for column in medians.T])
    return np.asarray(rest.reshape(smoothed.shape))


def is_short(frames: int, fps: float) -> bool:
    """Return whether a video shows the resting face for too short a time."""
    return frames < 2 * BRIEF * fps


def is_clip(frames: int, fps: float) -> bool:
    """Return whether a video is of about the length of a brief expression, as data sets cut them."""
    return frames < BRIEF * fps


def spot(signal: Signal, fps: float, params: Params) -> list[Interval]:
    """Spot all events of a face in its signal, in the order of time. Only a blink and another event can overlap."""
    lids = np.zeros_like(signal.transient)
    lids[:, BLINK] = signal.transient[:, BLINK]
    brief = list(find_intervals(signal.transient - lids, signal, ~signal.seen, fps, params))
    busy = np.zeros(len(signal.seen), bool)
    for event in brief:
        busy[event.onset : event.offset + 1] = True
    sustained = np.maximum(signal.sustained, 0)
    sustained[:, BLINK] = 0
    lasting = [  # too long to be transient, and no remainder of a brief one
        event
        for event in find_intervals(sustained, signal, busy | ~signal.seen, fps, params)
        if event.kind == "macro" and not busy[max(0, event.onset - 1) : event.offset + 2].any()
    ]
    blinks = find_intervals(lids, signal, ~signal.seen, fps, params)
    events, spoken = [*brief, *lasting, *blinks], list[Interval]()
    for event in sorted((event for event in events if event.kind == "speech"), key=lambda event: event.onset):
        if spoken and event.onset - spoken[-1].offset <= AROUND * fps:  # shortly after the one before: both are one
            highest = max(event, spoken[-1], key=lambda event: event.score)
            spoken[-1] = replace(highest, onset=spoken[-1].onset, offset=event.offset)
        else:
            spoken.append(event)
    frames = {frame for event in spoken for frame in range(event.onset, event.offset + 1)}
    others = (event for event in events if event.kind != "speech")  # none but blinks lie within speech
    events = [*spoken, *(e for e in others if e.kind == "blink" or frames.isdisjoint((e.onset, e.offset)))]
    return sorted(events, key=lambda interval: (interval.onset, interval.apex))


def find_intervals(
    transient: np.ndarray, signal: Signal, taken: np.ndarray, fps: float, params: Params
) -> Iterator[Interval]:
    """Yield the events in `transient` [T, 17, 2] outside of the frames `taken`, bool[T], the highest first.

    None overlap: the lower one ends where the next begins. A brief one that the video's ends or a gap cut off is left
    out, since nothing says how long it is, except in a clip."""
    taken, may_be_cut = taken.copy(), is_clip(len(signal.seen), fps)
    score = np.where(taken, 0, transient.max(axis=(1, 2)))
    while score[peak := int(score.argmax())] >= signal.height:
        height, direction = float(score[peak]), transient[peak] / np.linalg.norm(transient[peak])
        units = transient[peak] >= max(MIN_DEVIATION, LEVEL * height)
        free = free_span(taken, peak)
        along = np.tensordot(transient, direction, 2)
        onset, apex, offset = extent(along, peak, LEVEL, free)
        sustained_curve = np.tensordot(signal.sustained, direction, 2)
        first, _, last = extent(sustained_curve, peak, WIDE, free_span(~signal.seen, peak))
        rise = float(np.max(signal.change[apex], where=units, initial=0))
        kind = classify(units, signal.gaze[onset : offset + 1], rise, (last - first - 1) / fps, params)
        is_cut = sustained_curve[[first, last]].max() > WIDE * sustained_curve[peak]
        is_sure = may_be_cut or not is_cut or (kind == "macro" and signal.sustained[peak].max() >= signal.height)
        if kind == "macro":
            onset, apex, offset = extent(sustained_curve, peak, LEVEL, free)
            deviations = np.maximum(signal.sustained[apex], 0)
            deviations[BLINK] = 0
            units = deviations >= max(MIN_DEVIATION, LEVEL * deviations.max())
        if is_spoken(kind, signal, onset, offset, fps):
            kind, is_sure = "speech", True
        quiet = score < signal.height  # the event's remainder beyond its ends is not another event
        before, after = np.flatnonzero(quiet[: onset + 1]), np.flatnonzero(quiet[offset:])
        score[before[-1] + 1 if len(before) else 0 : offset + after[0] if len(after) else None] = 0
        score[onset : offset + 1] = 0
        if offset - onset + 1 >= SHORTEST * fps and is_sure:
            taken[onset : offset + 1] = True
            change = signal.change[apex]
            moved = [
                (float(change[i, side]), f"{ACTION_UNITS[i]}{'LR'[side]}")
                for i, side in np.argwhere(units & (change > 0))
            ]
            amounts = {name: amount for amount, name in sorted(moved, key=lambda item: (-item[0], item[1]))}
            yield Interval(kind, onset, apex, offset, height, amounts)


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


def classify(units: np.ndarray, gaze: np.ndarray, rise: float, seconds: float, params: Params) -> Kind:
    """Classify an event by its units bool[17, 2], the gaze during it, its largest rise in intensity and its length."""
    moving = {*np.flatnonzero(units.any(axis=1)).tolist()}
    if moving == {BLINK}:
        return "blink"
    if moving <= {*EYES} and (gaze.max() >= GAZE or rise < LIDS):
        return "glance"
    return "micro" if seconds <= params.longest else "macro"


def is_spoken(kind: Kind, signal: Signal, onset: int, offset: int, fps: float) -> bool:
    """Return whether the mouth moves before and after an expression so often that this, too, is a part of speech."""
    if kind not in ("micro", "macro") or offset - onset + 1 > SYLLABLES * fps:
        return False
    if is_short(len(signal.seen), fps):  # where lasting movements count, too
        return False
    is_moving = signal.mouth >= TALKING
    margin, reach = round(MARGIN * fps), round(AROUND * fps)
    first, last = max(0, onset - margin), offset + 1 + margin
    sides = (slice(max(0, first - reach), first), slice(last, last + reach))
    shares = [float(is_moving[side][seen].mean()) for side in sides if (seen := signal.seen[side]).sum() >= margin]
    return sum(shares) / 2 >= (SPOKEN if kind == "micro" else SPOKEN_MACRO)
