"""When each frame of a video is shown, and how it differs from the one before. Arrays in, arrays out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

TOLERANCE = 0.3  # of the time between frames, by which one of an even rate may be off: containers round times
GAP = 0.1  # seconds without a frame that are too long to be bridged
SAME = 0.02  # mean difference in grey levels of reduced frames, below which one repeats the one before
BLOCK, BLOCK_SHARE = (10, 0.2)  # pixels of a side, of reduced frames; what counts of the block that changes most
NEARLY_SAME = 0.2  # share of the largest difference within `GAP`, below which it nearly repeats: encoders refine it
REPEATS, NEAR_REPEATS = 0.05, 0.25  # shares of frames that repeat, or nearly repeat, from which a warning says so
FROZEN = 0.5  # seconds of one picture that are a standstill


@dataclass(frozen=True, eq=False)
class Timeline:
    """T frames; those of a folder may be missing."""

    positions: np.ndarray  # float64[T], time in frames of a regular clock; whole numbers where the rate is even
    present: np.ndarray  # bool[T]
    change: np.ndarray  # float64[T], as `change` returns it, since the one before; infinite for a first one
    damaged: np.ndarray  # bool[T]
    cuts: tuple[int, ...] = ()  # first frames of other views

    @classmethod
    def even(cls, present: np.ndarray) -> "Timeline":
        """Return the timeline of frames at an even rate, with no other information."""
        positions, damaged = np.arange(len(present), dtype=float), np.zeros(len(present), bool)
        return cls(positions, present, np.where(present, np.inf, 0), damaged)

    @property
    def is_even(self) -> bool:
        """Whether frames follow each other at one rate, without one missing."""
        steps = np.diff(self.positions)
        return bool(self.present.all() and (len(steps) == 0 or (np.abs(steps - 1) < 1e-9).all()))

    @property
    def new(self) -> np.ndarray:
        """Whether the picture differs from the one before at all, bool[T]."""
        return np.asarray(self.change >= SAME)

    def clearly_new(self, fps: float) -> np.ndarray:
        """Return whether a picture changes by `NEARLY_SAME` of the largest change within `GAP` at least, bool[T]. Where
        a call is recorded from the screen, the frames between its pictures are new, but not clearly."""
        change = np.where(np.isfinite(self.change), self.change, 0)
        reach = max(1, round(GAP * fps))
        largest = sliding_window_view(np.pad(change, reach), 2 * reach + 1).max(axis=1)
        return np.asarray(self.new & (self.change >= NEARLY_SAME * largest))

    @property
    def stretches(self) -> list[range]:
        """The numbers of frames between cuts."""
        return [range(first, stop) for first, stop in pairwise([0, *self.cuts, len(self.positions)])]

    def select(self, frames: range, step: int) -> np.ndarray:
        """Return the numbers of those frames, about every `step`-th, that are worth reading: present, and new. In a
        video that hardly changes, frames that repeat the one before are taken all the same."""
        numbers = np.arange(frames.start, frames.stop)
        usable = self.present[numbers]
        new = usable & self.new[numbers]
        if self.is_even and (new == usable).all():
            return numbers[::step]
        if new.sum() >= usable.sum() / 8:
            usable = new
        chosen, due = list[int](), -np.inf
        for number in numbers[usable].tolist():
            position = self.positions[number]
            if position >= due - TOLERANCE:
                due = max(due + step, position + step - TOLERANCE) if chosen else position + step
                chosen.append(number)
        return np.array(chosen, int)


def change(small: np.ndarray, before: np.ndarray) -> tuple[float, float]:
    """Return the mean difference of two reduced frames, int16[h, w], and the change that tells whether one is new.

    The latter is at least `BLOCK_SHARE` of the difference in the block where it is largest: a face may be a small part
    of a picture that stands still, as a tile of a video call."""
    import cv2

    difference = np.abs(small - before).astype(np.float32)
    height, width = difference.shape
    blocks = cv2.resize(difference, (-(-width // BLOCK), -(-height // BLOCK)), interpolation=cv2.INTER_AREA)
    mean = float(difference.mean(dtype=float))
    return mean, max(mean, BLOCK_SHARE * float(blocks.max()))


def regular_rate(seconds: np.ndarray, candidates: list[float]) -> float | None:
    """Return the rate, one of the candidates or that of the times' straight line, from which no time is off by more
    than `TOLERANCE`; None if there is none."""
    count = len(seconds)
    if count < 2:
        return candidates[0] if candidates else None
    slope = float(np.polyfit(np.arange(count), seconds, 1)[0])
    for rate in (*candidates, 1 / slope if slope > 0 else 0.0):
        if rate > 0:
            off = seconds - np.arange(count) / rate
            if np.ptp(off) <= 2 * TOLERANCE / rate:
                return float(rate)
    return None


def keep_time(seconds: np.ndarray, rate: float) -> tuple[float, np.ndarray, list[str]]:
    """Return frames a second, positions float64[T] and notes. `seconds` are the times of T frames in the order in which
    they are shown, `rate` the frames a second to expect."""
    seconds, notes = seconds.astype(float), list[str]()
    steps = np.diff(seconds)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1 / rate
    restarts = np.flatnonzero(steps <= -usual / 2) + 1
    for number in restarts:
        seconds[number:] += seconds[number - 1] + usual - seconds[number]
    if len(restarts):
        notes.append(f"times begin again at frame {restarts[0]}, as in joined files; they are taken to go on")
    seconds = np.maximum.accumulate(seconds)
    fps = regular_rate(seconds, [rate])
    if fps is not None:
        start = float(np.median(seconds - np.arange(len(seconds)) / fps))
        shift = 0.0 if abs(start) < 0.5 / fps else start * fps
        if shift:
            notes.append(f"the first frame is shown at {start:.2f} s, as the file says")
        return fps, np.arange(len(seconds)) + shift, notes
    steps = np.diff(seconds)
    near = steps[np.abs(steps - usual) <= TOLERANCE * usual]
    fps = 1 / float(near.mean() if len(near) else usual)  # one of them is rounded, as the container rounds times
    low, high = np.quantile(steps, [0.01, 0.99])
    if high - low > TOLERANCE * usual:
        range_ms = f"{1000 * low:.3g} to {1000 * high:.3g} ms apart"
        advice = f"times are the frames' own, and curves are interpolated to {fps:.4g} a second"
        notes.append(f"frames are {range_ms}; {advice}")
    long = np.flatnonzero(steps > max(GAP, 2.5 * usual))
    if len(long):
        span = f"{seconds[long[0]]:.2f} to {seconds[long[0] + 1]:.2f} s"
        others = f", and {len(long) - 1} more such gaps" if len(long) > 1 else ""
        notes.append(f"no frame from {span}{others}; nothing is spotted there")
    return fps, seconds * fps, notes


def describe(timeline: Timeline, fps: float) -> list[str]:
    """Return lines on the defects of a video: repeated and damaged frames, cuts, standstills."""
    lines, count = [], int(timeline.present.sum())
    seconds = timeline.positions / fps
    if damaged := int(timeline.damaged.sum()):
        first = seconds[timeline.damaged.argmax()]
        lines.append(f"{damaged} of {count} frames are damaged, at {first:.2f} s for one")
    if timeline.cuts:
        times = ", ".join(f"{seconds[number]:.2f}" for number in timeline.cuts[:5]) + ", ..." * (len(timeline.cuts) > 5)
        separately = "each stretch is read by itself, with its own face at rest"
        lines.append(f"another view or person from {times} s on: {separately}")
    repeats, near_repeats = (count - int(flags.sum()) for flags in (timeline.new, timeline.clearly_new(fps)))
    duration = max(float(seconds[-1] - seconds[0]), 1 / fps)
    for number, least, verb in ((repeats, REPEATS, "repeat"), (near_repeats, NEAR_REPEATS, "hardly differ from")):
        if number > least * count:
            rate = f"{(count - number) / duration:.3g} pictures a second, not {fps:.3g}"
            lines.append(f"{number} of {count} frames {verb} the one before: {rate}")
            break
    new = np.flatnonzero(timeline.new)
    waits = np.diff(seconds[new]) if len(new) > 1 else np.zeros(0)
    if len(waits) and waits.max() > FROZEN and repeats:
        at = new[waits.argmax()]
        lines.append(f"the picture stands still for {waits.max():.2f} s from {seconds[at]:.2f} s on")
    return lines


def unevenness(seconds: Sequence[float | None]) -> list[str]:
    """Return a line if a data set's video has no even rate, since its frames are read as if it had; else none."""
    times = np.array([time for time in seconds if time is not None])
    if len(times) < 2 or regular_rate(times, []) is not None:
        return []
    low, high = np.quantile(np.diff(times), [0, 1]) * 1000
    return [f"frames are {low:.3g} to {high:.3g} ms apart; they are read as if evenly spaced"]
