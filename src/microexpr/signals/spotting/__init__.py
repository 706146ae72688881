"""Spot events in a recording of a face: what was read of it in, intervals out. No files, no torch.

Every unit's change since the face at rest is measured in standard deviations of its noise, because noise differs by
unit, camera and subject. A network (`network`) tells from all of them how likely each moment is in an event of each
kind. Comparing a face with itself over a window is after Moilanen et al. 2014.

Shapes: T frames, 17 action units, 2 sides, left and right."""

from dataclasses import dataclass

import numpy as np
import scipy

from microexpr.core.clip import KINDS as EXPRESSIONS
from microexpr.core.clip import EventKind as Kind
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.aus.filters import stretches
from microexpr.signals.aus.recording import Curves

BLINK = ACTION_UNITS.index("AU45")
MOUTH = [ACTION_UNITS.index(f"AU{code}") for code in (10, 12, 14, 15, 17, 20, 23, 25, 26)]
ENDS = 0.04  # seconds at either end of a short video; their mean is its face at rest
REST_RATE = 10  # a second at which the face at rest is computed
MIN_DEVIATION = 3.0  # deviations of its noise above which a unit counts as moving
LEVEL = 0.1  # of the unit that moves most: others move less than this by chance
SMOOTH = 0.02  # seconds: deviation of the Gaussian over curves
MICRO_RATE = 20.0  # frames a second that show a micro-expression: one of 0.2 s has four
ROUNDED = 0.95  # of it, since times are rounded
BRIEF = 1.2  # seconds: a running median to subtract for peaks, since heads drift
REST = 5.0  # seconds: a running median is the face at rest
LEAK = 0.15  # share of a blink's deviations that leaks into other units
WANDER = 1.3  # noise of a unit at rest, in deviations of the camera's; of short videos
SYLLABLE = 0.4  # seconds: a running median to subtract for the mouth's movements of speech
LIKELY = 0.5  # probability of an event's peak
LENGTHS: dict[Kind, tuple[float, float]] = {  # seconds that an event may be
    "micro": (0.1, 0.75), "macro": (0.3, 20), "blink": (0.06, 0.7), "glance": (0.1, 5), "speech": (0.2, 600),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Interval:
    """An event of a face, by positions of frames, first and last included."""

    kind: Kind
    onset: int
    apex: int
    offset: int
    score: float  # how probable it is, 0..1
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

    @property
    def score(self) -> np.ndarray:
        """The curve of the unit that exceeds its noise most, AU45 excluded, float64[T]."""
        return np.delete(self.transient, BLINK, axis=1).max(axis=(1, 2))


def compute_signal(curves: Curves) -> Signal:
    """Compute deviations from what was read. They are 0 in frames that do not show the face.

    The resting face is taken from frames that are `resting`. In recordings of twice `REST` or more what follows the
    turn of the head is removed."""
    values, gaze, fps, seen, resting = curves.intensity, curves.gaze, curves.fps, curves.detected, curves.resting
    frames = int(seen.sum())
    is_long = frames >= 2 * REST * fps  # most of it is at rest
    if is_long:
        values = without_turn(values, curves.turn, seen, fps)
    change, transient = since_rest(values, seen, fps, REST, resting), since_rest(values, seen, fps, BRIEF)
    mouth, gaze_shift = since_rest(values[:, MOUTH], seen, fps, SYLLABLE), since_rest(gaze, seen, fps, REST)
    if is_short(frames, fps):  # it has few frames at rest
        noise = change_noise = WANDER * camera_noise(values, seen, SMOOTH * fps)
    else:
        quiet = seen & resting if (seen & resting).any() else seen
        noise = heavy_noise_level(transient[quiet]) if is_long else noise_level(transient[seen])
        change_noise = (heavy_noise_level if is_long else noise_level)(change[quiet])
    transient = np.maximum(transient / noise, 0)
    lids = transient[:, BLINK].mean(axis=1)
    transient = np.maximum(transient - LEAK * lids[:, None, None], 0)
    transient[:, BLINK] = lids[:, None]
    gaze_deviations = np.abs(gaze_shift / noise_level(gaze_shift[seen]))
    sustained, spoken = change / change_noise, (mouth / noise_level(mouth[seen])).max(axis=(1, 2))
    return Signal(change, sustained, transient, spoken, gaze_deviations, seen)


def since_rest(
    values: np.ndarray, seen: np.ndarray, fps: float, window: float, resting: np.ndarray | None = None
) -> np.ndarray:
    """Return smoothed curves [T, ...] less the `resting_face` of their stretch, float64; 0 where nothing is seen."""
    change = np.zeros(values.shape)
    for part in stretches(seen):
        smoothed = scipy.ndimage.gaussian_filter1d(values[part].astype(float), SMOOTH * fps, axis=0)
        change[part] = smoothed - resting_face(smoothed, fps, window, None if resting is None else resting[part])
    return change


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


def shows_micro(fps: float) -> bool:
    """Return whether frames at this rate are close enough for a micro-expression."""
    return fps >= ROUNDED * MICRO_RATE


def is_clip(frames: int, fps: float) -> bool:
    """Return whether a video is of about the length of a brief expression, as data sets cut them."""
    return frames < BRIEF * fps


def find(score: np.ndarray, probability: np.ndarray, signal: Signal, fps: float) -> list[Interval]:
    """Return the events of frames with these scores [T, 5] and, calibrated, probabilities [T, 5], in order of time.

    An event is where the score of a kind is above 0, if its peak is likely and its length is one that its kind has.
    A micro-expression cut off by the video's ends or a gap has unknown length: it is left out, except in a clip.
    There are none at fewer than `MICRO_RATE` frames a second. The more probable of two expressions that overlap stays,
    and no less probable glance; faces blink and speak too."""
    intervals, may_be_cut, seen_around = list[Interval](), is_clip(len(signal.seen), fps), np.pad(signal.seen, 1)
    candidates = [
        (peak, kind, run)
        for kind, curve, likely in zip(LENGTHS, score.T, probability.T, strict=True)
        if kind != "micro" or shows_micro(fps)
        for run in runs(kind, curve, fps)
        if (peak := float(likely[run].max())) >= LIKELY
        and (kind != "micro" or may_be_cut or (seen_around[run.start] and seen_around[run.stop + 1]))
    ]
    taken = np.zeros(len(score), bool)
    for peak, kind, run in sorted(candidates, key=lambda candidate: -candidate[0]):
        is_expression = kind in EXPRESSIONS
        if not (taken[run].any() and (is_expression or kind == "glance")):
            taken[run] |= is_expression
            intervals.append(describe(kind, run, peak, signal))
    return sorted(intervals, key=lambda interval: (interval.onset, interval.apex))


def runs(kind: Kind, score: np.ndarray, fps: float) -> list[slice]:
    """Return the runs of frames of a score [T] above 0 that are as long as an event of this kind may be."""
    least, most = LENGTHS[kind]
    return [run for run in stretches(score > 0) if least * fps <= run.stop - run.start <= most * fps]


def describe(kind: Kind, run: slice, probability: float, signal: Signal) -> Interval:
    """Return an event with its apex, where the units that move in it are farthest, and these units."""
    deviations = np.maximum(signal.sustained if kind == "macro" else signal.transient, 0)[run]
    if kind != "blink":
        deviations[:, BLINK] = 0
    direction = deviations.mean(axis=0)
    apex = run.start + int(np.tensordot(deviations, direction, 2).argmax())
    at_apex, change = deviations[apex - run.start], signal.change[apex]
    units = (at_apex >= max(MIN_DEVIATION, LEVEL * at_apex.max())) & (change > 0)
    moved = [(float(change[i, side]), f"{ACTION_UNITS[i]}{'LR'[side]}") for i, side in np.argwhere(units)]
    amounts = {name: amount for amount, name in sorted(moved, key=lambda item: (-item[0], item[1]))}
    return Interval(kind, run.start, apex, run.stop - 1, probability, amounts)


NORMAL_MEDIAN = 0.6745  # median of the absolute value of standard normal noise
TAIL, NORMAL_TAIL = 0.8, 1.2816  # a quantile of the absolute value of noise, and that of standard normal noise
MIN_NOISE = 0.012  # FACS intensity: less is no movement that counts, and a rendered face can be without noise

SAMPLED, SPAN = 10, 0.5  # samples a second that are fitted; seconds in which all of these tell one thing
# What a turn is expected to change, FACS intensity: a degree, a squared degree. Fits are shrunk towards 0 accordingly.
LINEAR, SQUARED = 0.05, 0.01
ROUNDS = 8  # of reweighting, so that expressions count little
WIDTH = 2.0  # deviations of the residual's scale at which a frame counts half


def noise_level(change: np.ndarray) -> np.ndarray:
    """Return the standard deviation of noise, [...] of [T, ...], by the median, which expressions do not change."""
    if not len(change):
        return np.full(change.shape[1:], MIN_NOISE)
    return np.maximum(np.median(np.abs(change), axis=0) / NORMAL_MEDIAN, MIN_NOISE)


def heavy_noise_level(change: np.ndarray) -> np.ndarray:
    """Return `noise_level`, or more where large values are more frequent than in normal noise, as in a moving head."""
    if not len(change):
        return noise_level(change)
    return np.asarray(np.maximum(noise_level(change), np.quantile(np.abs(change), TAIL, axis=0) / NORMAL_TAIL))


def camera_noise(curves: np.ndarray, seen: np.ndarray, deviation: float) -> np.ndarray:
    """Return the standard deviation, [...], of independent noise of frames in curves [T, ...] after smoothing. Second
    differences remove slow changes, such as all movements; `deviation` of the Gaussian is in frames."""
    bends = np.concatenate([np.diff(curves[part], 2, axis=0) for part in stretches(seen)] or [curves[:0]])
    impulse = np.zeros(2 * int(4 * deviation + 1) + 1)
    impulse[len(impulse) // 2] = 1
    smoothing = np.sqrt((scipy.ndimage.gaussian_filter1d(impulse, deviation) ** 2).sum()) if deviation else 1.0
    return noise_level(bends / np.sqrt(6) * smoothing)


def without_turn(curves: np.ndarray, turn: np.ndarray, seen: np.ndarray, fps: float) -> np.ndarray:
    """Return curves [T, ...] without the part that follows the turn of the head [T, 3], degrees, while `seen`, bool[T].
    That is a quadratic function of yaw, pitch and roll, 0 at their median, by reweighted least squares (Cauchy)."""
    angles = turn - np.median(turn[seen], axis=0)
    first, second = np.triu_indices(3)
    terms = np.column_stack([angles, angles[:, first] * angles[:, second]])
    step = max(1, round(fps / SAMPLED))
    samples = np.column_stack([np.ones(len(angles)), terms])[seen][::step]
    expected = np.array([np.inf, *3 * [LINEAR], *6 * [SQUARED]])
    columns = curves.reshape(len(curves), -1)
    removed = np.empty(columns.shape)
    for j, column in enumerate(columns.T):
        values = column[seen][::step].astype(float)
        residual = values - np.median(values)
        for _ in range(ROUNDS):
            scale = noise_level(residual)
            weighted = samples.T / (1 + (residual / (WIDTH * scale)) ** 2)
            penalty = np.diag(SAMPLED * SPAN * (scale / expected) ** 2)
            fit = np.linalg.solve(weighted @ samples + penalty, weighted @ values)
            residual = values - samples @ fit
        removed[:, j] = terms @ fit[1:]
    return np.asarray((columns - removed).reshape(curves.shape))
