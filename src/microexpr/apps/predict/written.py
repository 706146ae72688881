"""Tables of a prediction: intervals as CSV, JSON and subtitles, action units over the whole video as CSV."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from microexpr.apps.predict import Expression, Models, Prediction, limits
from microexpr.apps.predict.recognition import UNKNOWN
from microexpr.core import store
from microexpr.signals.aus import ACTION_UNITS, NAMES
from microexpr.signals.spotting import Interval, Kind

EVENTS = ("onset", "apex", "offset")
TIMES = ("kind", *EVENTS, *(f"{event}_seconds" for event in EVENTS), "score")
INTERVAL_KEYS = (*TIMES, "action_units")
READABLE = 1.5  # seconds that a subtitle stays at least


def write(folder: Path, prediction: Prediction, models: Models) -> list[Path]:
    """Write intervals.csv, intervals.json, subtitles.srt and action_units.csv; frames count from 0.

    Raises StoreError when the disk is full.
    """
    files = {
        "intervals.csv": intervals_csv(prediction, models),
        "intervals.json": json.dumps(to_document(prediction, models), indent=2) + "\n",
        "subtitles.srt": subtitles(prediction),
        "action_units.csv": _curves(prediction),
    }
    for name, text in files.items():
        store.write_text(folder / name, text)
    return [folder / name for name in files]


def to_document(prediction: Prediction, models: Models) -> dict[str, Any]:
    """Return what intervals.json holds."""
    return {
        "file": prediction.footage.path.name,
        "origin": "generated" if prediction.footage.generated else "not marked as generated",
        "frames": prediction.footage.frames,
        "fps": prediction.footage.fps,
        "notice": list(limits.NOTICE),
        "models": list(models.descriptions),
        "recorded": models.figures,
        "warnings": prediction.warnings,
        "intervals": [to_dict(expression, prediction.footage.fps) for expression in prediction.expressions],
    }


def to_dict(expression: Expression, fps: float) -> dict[str, Any]:
    """Return one expression by the names of the JSON file."""
    row = interval_dict(expression.interval, fps)
    units = row.pop("action_units")
    return row | {
        "class": expression.predicted_class,
        "classes": {name: round(share, 4) for name, share in expression.classes.items()},
        "unknown": list(expression.reasons),
        "action_units": units,
    }


def interval_dict(interval: Interval, fps: float) -> dict[str, Any]:
    """Return an interval, in frames of a video, by `INTERVAL_KEYS`."""
    frames = {event: getattr(interval, event) for event in EVENTS}
    return {
        "kind": interval.kind,
        **frames,
        **{f"{event}_seconds": round(number / fps, 4) for event, number in frames.items()},
        "score": round(interval.score, 2),
        "action_units": {name: round(amount, 3) for name, amount in interval.action_units.items()},
    }


def summary(prediction: Prediction) -> Iterator[str]:
    """Yield lines for a terminal: each micro-expression, and how many expressions there are of each kind."""
    fps = prediction.footage.fps
    for expression in prediction.expressions:
        interval = expression.interval
        if interval.kind == "micro":
            onset, apex, offset = (f"{getattr(interval, event) / fps:.2f}" for event in EVENTS)
            classes = ", ".join(f"{name} {share:.2f}" for name, share in expression.classes.items())
            classes = classes or f"{expression.predicted_class} ({'; '.join(expression.reasons)})"
            units = ", ".join(f"{unit} {NAMES[unit]}" for unit in stronger_sides(interval.action_units))
            times = f"{onset} to {offset} s, apex {apex} s"
            yield f"micro-expression {times}: {classes}; {units}; {interval.score:.0f} times its noise"
    kinds = [expression.interval.kind for expression in prediction.expressions]
    yield ", ".join(f"{kind} {kinds.count(kind)}" for kind in get_args(Kind))


def stronger_sides(action_units: dict[str, float]) -> dict[str, float]:
    """Return the amount of each unit's stronger side by the unit's name, the largest first, from those by side."""
    amounts: dict[str, float] = {}
    for sided, amount in action_units.items():
        amounts[sided[:-1]] = max(amount, amounts.get(sided[:-1], 0))
    return dict(sorted(amounts.items(), key=lambda item: -item[1]))


def subtitles(prediction: Prediction) -> str:
    """Return SubRip subtitles of the video, one for each interval, which stay for `READABLE` seconds or until the next
    begins."""
    footage, cues = prediction.footage, []
    onsets = [expression.interval.onset / footage.fps for expression in prediction.expressions]
    for i, expression in enumerate(prediction.expressions):
        interval, start = expression.interval, onsets[i]
        end = (interval.offset + 1) / footage.fps
        next_start = min((onset for onset in onsets[i + 1 :] if onset > start), default=footage.frames / footage.fps)
        end = max(end, min(start + READABLE, next_start))
        units = ", ".join(f"{unit} {NAMES[unit]}" for unit in stronger_sides(interval.action_units))
        share = "".join(f" {value:.2f}" for value in [max(expression.classes.values(), default=0)] if value)
        name = f"micro-expression: {expression.predicted_class}{share}" if interval.kind == "micro" else interval.kind
        cues.append(f"{i + 1}\n{_clock(start)} --> {_clock(end)}\n{name}\n{units}\n")
    return "\n".join(cues)


def _clock(seconds: float) -> str:
    """Return a time as SubRip writes it, 00:00:04,690."""
    minutes, milliseconds = divmod(round(1000 * seconds), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02},{milliseconds % 1000:03}"


def intervals_csv(prediction: Prediction, models: Models) -> str:
    """Return CSV with a line for each interval, and the probability of each class."""
    columns, names = (*TIMES, "class"), models.recogniser.classes
    table: list[list[Any]] = [[*columns, *names, UNKNOWN, "action_units"]]
    for row in (to_dict(expression, prediction.footage.fps) for expression in prediction.expressions):
        units = " ".join(f"{name}:{amount:g}" for name, amount in row["action_units"].items())
        probabilities = (row["classes"].get(name, "") for name in names)
        table.append([*(row[name] for name in columns), *probabilities, "; ".join(row["unknown"]), units])
    return _table(table)


def _curves(prediction: Prediction) -> str:
    """Return CSV with the change of each AU since the face at rest, FACS intensities, left and right."""
    table: list[list[Any]] = [
        ["frame", "seconds", "score", *(f"{unit}{side}" for unit in ACTION_UNITS for side in "LR")]
    ]
    score = prediction.signal.score
    for i, values in enumerate(prediction.signal.change.reshape(len(score), -1)):
        number = i * prediction.curves.step
        seconds = f"{number / prediction.footage.fps:.4f}"
        table.append([number, seconds, f"{score[i]:.2f}", *(f"{value:.3f}" for value in values)])
    return _table(table)


def _table(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
