"""Charts of a prediction over time, as SVG: all share one x, from the first frame at 0 to the last at `COLUMNS`."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from microexpr.apps.predict import Prediction
from microexpr.apps.predict.truth import TrueExpression
from microexpr.signals.aus import ACTION_UNITS, LARGEST, NAMES

COLUMNS = 1000  # of a chart, and points of a curve at most
SCORE_HEIGHT, ROW_HEIGHT = 100, 20  # of a chart, in its own units
HEADROOM = 1.05  # of the score's axis above its peak
TICKS = 10  # of time, at most


class Band(NamedTuple):
    """An interval in a chart: x in columns."""

    kind: str
    onset: int
    x: float
    width: float
    title: str
    label: str = ""  # next to the band
    room: float = 0.0  # columns from its start to that of the next with a label


class Tick(NamedTuple):
    """A value of an axis and its position, 0..100 from the left or top."""

    label: str
    at: float


class Row(NamedTuple):
    """The curve of an action unit; its chart is one FACS level high and repeats, darker, what is above."""

    unit: str
    name: str
    points: str
    levels: int


def bands(spans: Iterable[tuple[str, int, int, str]], positions: np.ndarray) -> list[Band]:
    """Return intervals, each of kind, onset, offset and label, as parts of a chart of a video whose frames are at these
    `positions` in time."""
    parts = [_band(kind, onset, offset, label, positions) for kind, onset, offset, label in spans]
    starts = [band.x for band in parts if band.label]
    rooms = (min((x for x in starts if x > band.x), default=COLUMNS) - band.x for band in parts)
    return [band._replace(room=round(room, 2)) for band, room in zip(parts, rooms, strict=True)]


def spotted_bands(prediction: Prediction) -> list[Band]:
    """Return the bands of all expressions; those with a class have it as their label."""
    intervals = (
        (e.interval.kind, e.interval.onset, e.interval.offset, e.predicted_class) for e in prediction.expressions
    )
    return bands(intervals, prediction.video.timeline.positions)


def true_bands(truth: Sequence[TrueExpression], positions: np.ndarray) -> list[Band]:
    """Return the bands of the ground truth, with its classes."""
    return bands((("true", e.onset, e.offset, e.true_class) for e in sorted(truth)), positions)


def _band(kind: str, onset: int, offset: int, label: str, positions: np.ndarray) -> Band:
    """Return an interval as a part of a chart, at least a column wide."""
    unit, last = COLUMNS / (positions[-1] + 1), len(positions) - 1
    first, end = (float(positions[min(number, last)]) for number in (onset, offset))
    title = f"{kind} {label}".strip() + f", frames {onset} to {offset}"
    return Band(kind, onset, round(first * unit, 2), round(max((end - first + 1) * unit, 1), 2), title, label)


def time_ticks(frames: float, fps: float) -> list[Tick]:
    """Return round times in seconds, each where the middle of the frame at that time is."""
    times = MaxNLocator(TICKS, steps=[1, 2, 5, 10]).tick_values(0, (frames - 1) / fps)
    inside = (float(time) for time in times if 0 <= time * fps <= frames - 1)
    return [Tick(f"{time:g}", round(100 * (time * fps + 0.5) / frames, 4)) for time in inside]


def score_ticks(top: float) -> list[Tick]:
    """Return the powers of ten of an axis of logarithms from 0 to `top`."""
    return [Tick(f"{10**k}", round(100 * (1 - k * np.log(10) / top), 2)) for k in range(int(top / np.log(10)) + 1)]


def score_top(prediction: Prediction) -> float:
    """Return the logarithm of the score at the top of its chart."""
    return HEADROOM * float(np.log(max(prediction.signal.score.max(), prediction.signal.height)))


def score_points(prediction: Prediction, top: float) -> str:
    """Return the points of the score's area, on a logarithmic scale up to `top`."""
    score = np.log(np.maximum(prediction.signal.score, 1))
    return area(score / top, SCORE_HEIGHT, _x(prediction))


def unit_rows(prediction: Prediction) -> tuple[list[Row], list[Row]]:
    """Return the rows of units that move in some expression, and of the others, each in the order of units."""
    moving = {name[:-1] for expression in prediction.expressions for name in expression.interval.action_units}
    rises = np.clip(prediction.signal.change.max(axis=2).T, 0, LARGEST)  # [17, T]
    rows = []
    for unit, rise in zip(ACTION_UNITS, rises, strict=True):
        points = area(rise, ROW_HEIGHT, _x(prediction))
        rows.append(Row(unit, NAMES[unit], points, max(1, int(np.ceil(rise.max())))))
    return [row for row in rows if row.unit in moving], [row for row in rows if row.unit not in moving]


def _x(prediction: Prediction) -> np.ndarray:
    """Return where in a chart each value of a curve is, in columns."""
    positions = prediction.video.timeline.positions
    return np.asarray((positions[prediction.curves.numbers] + 0.5) * COLUMNS / (positions[-1] + 1))


def area(values: np.ndarray, height: float, x: np.ndarray) -> str:
    """Return the points of the area under a curve, in which a value of 1 is `height` high.

    `x` are the columns of the values; each of at most `COLUMNS` points is the largest of its values. The first and last
    point are the corners, far below the chart."""
    starts = np.linspace(0, len(values), min(COLUMNS, len(values)), endpoint=False).astype(int)
    highest = np.maximum.reduceat(values, starts)
    middles = (starts + np.append(starts[1:], len(values)) - 1) / 2
    x = np.interp(middles, np.arange(len(values)), x)
    y = height * (1 - np.array([-LARGEST, *highest, -LARGEST]))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip([x[0], *x, x[-1]], y, strict=True))
