"""Tables of a prediction: intervals as CSV and JSON, action units over the whole video as CSV."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from microexpr.apps.predict import Expression, Models, Prediction, limits
from microexpr.core import store
from microexpr.core.errors import printable
from microexpr.signals.aus import ACTION_UNITS, NAMES
from microexpr.signals.spotting import Interval, Kind

EVENTS = ("onset", "apex", "offset")
TIMES = ("kind", *EVENTS, *(f"{event}_seconds" for event in EVENTS), "score")
INTERVAL_KEYS = (*TIMES, "action_units")


def write(folder: Path, prediction: Prediction, models: Models) -> None:
    """Write intervals.csv, intervals.json and action_units.csv; frames count from 0.

    Raises StoreError when the disk is full.
    """
    files = {
        "intervals.csv": intervals_csv(prediction, models),
        "intervals.json": json.dumps(to_document(prediction, models), indent=2) + "\n",
        "action_units.csv": _curves(prediction),
    }
    for name, text in files.items():
        store.write_text(folder / name, text)


def to_document(prediction: Prediction, models: Models) -> dict[str, Any]:
    """Return what intervals.json holds."""
    return {
        "file": printable(prediction.video.path.name),
        "origin": "generated" if prediction.video.generated else "not marked as generated",
        "frames": len(prediction.video),
        "fps": prediction.video.fps,
        "notice": list(limits.NOTICE),
        "models": list(models.descriptions),
        "recorded": models.figures,
        "rate": prediction.rate,
        "warnings": prediction.warnings,
        "intervals": [to_dict(expression, prediction.video.seconds) for expression in prediction.expressions],
    }


def to_dict(expression: Expression, seconds: np.ndarray) -> dict[str, Any]:
    """Return one expression by the names of the JSON file; `seconds` are the times of all frames."""
    row = interval_dict(expression.interval, seconds)
    units = row.pop("action_units")
    return row | {
        "class": expression.predicted_class,
        "classes": {name: round(share, 4) for name, share in expression.classes.items()},
        "certainty": expression.certainty,
        "reasons": list(expression.reasons),
        "regions": {name: round(share, 4) for name, share in expression.regions.items()},
        "action_units": units,
    }


def interval_dict(interval: Interval, seconds: np.ndarray) -> dict[str, Any]:
    """Return an interval, in frames of a video at these `seconds`, by `INTERVAL_KEYS`."""
    frames = {event: getattr(interval, event) for event in EVENTS}
    return {
        "kind": interval.kind,
        **frames,
        **{f"{event}_seconds": round(float(seconds[number]), 4) for event, number in frames.items()},
        "score": round(interval.score, 2),
        "action_units": {name: round(amount, 3) for name, amount in interval.action_units.items()},
    }


def summary(prediction: Prediction) -> Iterator[str]:
    """Yield lines for a terminal: each micro-expression, and how many expressions there are of each kind."""
    for expression in prediction.expressions:
        interval = expression.interval
        if interval.kind == "micro":
            onset, apex, offset = (f"{prediction.video.seconds[getattr(interval, event)]:.2f}" for event in EVENTS)
            shares = ", ".join(f"{name} {share:.2f}" for name, share in expression.classes.items())
            classes = "; ".join([f"{expression.certainty} ({shares})", *expression.reasons])
            units = ", ".join(f"{unit} {NAMES[unit]}" for unit in stronger_sides(interval.action_units))
            times = f"{onset} to {offset} s, apex {apex} s"
            yield f"micro-expression {times}: {classes}; {units}; {interval.score:.0f} times its noise"
    yield prediction.rate["description"]
    kinds = [expression.interval.kind for expression in prediction.expressions]
    yield ", ".join(f"{kind} {kinds.count(kind)}" for kind in get_args(Kind))


def stronger_sides(action_units: dict[str, float]) -> dict[str, float]:
    """Return the amount of each unit's stronger side by the unit's name, the largest first, from those by side."""
    amounts: dict[str, float] = {}
    for sided, amount in action_units.items():
        amounts[sided[:-1]] = max(amount, amounts.get(sided[:-1], 0))
    return dict(sorted(amounts.items(), key=lambda item: -item[1]))


def in_words(expression: Expression) -> str:
    """Return a micro-expression's class, its probability, and how far it can be relied on, in a few words."""
    highest = max(expression.classes.values(), default=0)
    return f"{expression.predicted_class} {highest:.2f}, {expression.certainty}"


def intervals_csv(prediction: Prediction, models: Models) -> str:
    """Return CSV with a line for each interval, and the probability of each class."""
    classes = models.recogniser.classes
    rows = (to_dict(expression, prediction.video.seconds) for expression in prediction.expressions)
    return store.csv_text(columns(classes), (flat(row, classes) for row in rows))


def columns(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of intervals.csv."""
    return (*TIMES, "class", "certainty", *classes, "reasons", "action_units")


def flat(row: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Return an interval of `to_dict` with a value for each of `columns`."""
    texts = {
        "reasons": "; ".join(row["reasons"]),
        "action_units": " ".join(f"{name}:{amount:g}" for name, amount in row["action_units"].items()),
    }
    values = {**row, **dict.fromkeys(classes, ""), **row["classes"], **texts}
    return {name: values[name] for name in columns(classes)}


def _curves(prediction: Prediction) -> str:
    """Return CSV with the change of each AU since the face at rest, FACS intensities, left and right."""
    units = [f"{unit}{side}" for unit in ACTION_UNITS for side in "LR"]
    score, rows = prediction.signal.score, []
    for i, values in enumerate(prediction.signal.change.reshape(len(score), -1)):
        number = int(prediction.curves.numbers[i])
        row = {"frame": number, "seconds": f"{prediction.video.seconds[number]:.4f}", "score": f"{score[i]:.2f}"}
        rows.append(row | {unit: f"{value:.3f}" for unit, value in zip(units, values, strict=True)})
    return store.csv_text(("frame", "seconds", "score", *units), rows)
