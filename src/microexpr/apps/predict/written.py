"""Tables of a prediction: intervals as CSV and JSON, action units over the whole video as CSV; and true intervals."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from microexpr.apps.predict import Expression, Models, Prediction, limits
from microexpr.apps.predict.recognition import UNKNOWN
from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.spotting import Interval, Kind
from microexpr.signals.spotting.hits import Span

EVENTS = ("onset", "apex", "offset")
TIMES = ("kind", *EVENTS, *(f"{event}_seconds" for event in EVENTS), "score")
INTERVAL_KEYS = (*TIMES, "action_units")


def write(folder: Path, prediction: Prediction, models: Models) -> list[Path]:
    """Write intervals.csv, intervals.json and action_units.csv; frames count from 0.

    Raises StoreError when the disk is full.
    """
    rows = [to_dict(expression, prediction.footage.fps) for expression in prediction.expressions]
    document = {
        "file": prediction.footage.path.name,
        "origin": "generated" if prediction.footage.generated else "not marked as generated",
        "frames": prediction.footage.frames,
        "fps": prediction.footage.fps,
        "notice": list(limits.NOTICE),
        "models": list(models.descriptions),
        "recorded": models.figures,
        "warnings": prediction.warnings,
        "intervals": rows,
    }
    names = models.recogniser.classes
    files = {
        "intervals.csv": _intervals(rows, names),
        "intervals.json": json.dumps(document, indent=2) + "\n",
        "action_units.csv": _curves(prediction),
    }
    for name, text in files.items():
        store.write_text(folder / name, text)
    return [folder / name for name in files]


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
            seconds = " to ".join(f"{getattr(interval, event) / fps:.2f}" for event in EVENTS)
            classes = ", ".join(f"{name} {share:.2f}" for name, share in expression.classes.items())
            classes = classes or f"{expression.predicted_class} ({'; '.join(expression.reasons)})"
            units = " ".join(interval.action_units)
            yield f"micro-expression {seconds} s, score {interval.score:.0f}: {classes}; {units}"
    kinds = [expression.interval.kind for expression in prediction.expressions]
    yield ", ".join(f"{kind} {kinds.count(kind)}" for kind in get_args(Kind))


def _intervals(rows: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    columns = (*TIMES, "class")
    table: list[list[Any]] = [[*columns, *names, UNKNOWN, "action_units"]]
    for row in rows:
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


def true_spans(path: Path) -> list[Span]:
    """Read the micro-expressions of a CSV with columns kind, onset and offset, as `film` writes it.

    Raises DataError if there is no such file, or it has other columns.
    """
    if not regular(path).is_file():
        raise DataError(f"{path}: {'must be a CSV file, not a folder' if path.is_dir() else 'is not there'}")
    try:
        with path.open(newline="", encoding="utf-8") as text:
            rows = [row for row in csv.DictReader(text) if row["kind"] == "micro"]
            return [(int(row["onset"]), int(row["offset"])) for row in rows]
    except (KeyError, ValueError, TypeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: must have columns kind, onset and offset, frames as whole numbers ({error})"
        ) from None
