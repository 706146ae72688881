"""Files of a prediction: intervals as CSV and JSON, action units as CSV, and intervals for other programs.

These are subtitles of players, ELAN's annotations and Praat's TextGrid."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from facs_faces.display import notation
from microexpr.apps.predict import Expression, Models, Prediction, limits
from microexpr.apps.predict.recognition import Classes
from microexpr.coding import elan, praat
from microexpr.core import store
from microexpr.core.errors import printable
from microexpr.signals.aus import ACTION_UNITS, NAMES
from microexpr.signals.spotting import Kind

EVENTS = ("onset", "apex", "offset")
TIMES = ("kind", *EVENTS, *(f"{event}_seconds" for event in EVENTS), "score")
INTERVAL_KEYS = (*TIMES, "action_units")
READABLE = 1.5  # seconds that a subtitle stays at least


def write(folder: Path, prediction: Prediction, models: Models) -> None:
    """Write intervals.csv, intervals.json and action_units.csv, where frames count from 0, and files of other programs.

    action_units.csv has how probable a micro-expression is, and the change of each unit since the face at rest, FACS
    intensities, left and right. Others are subtitles.srt, subtitles.vtt, intervals.eaf and intervals.TextGrid. `folder`
    lies in that which they are moved to. Raises StoreError when the disk is full."""
    units = [f"{unit}{side}" for unit in ACTION_UNITS for side in "LR"]
    likely, rows = prediction.probability[:, 0], []
    for i, values in enumerate(prediction.signal.change.reshape(len(likely), -1)):
        number = int(prediction.curves.numbers[i])
        row = {"frame": number, "seconds": f"{prediction.video.seconds[number]:.4f}", "micro": f"{likely[i]:.3f}"}
        rows.append(row | {unit: f"{value:.3f}" for unit, value in zip(units, values, strict=True)})
    files = {
        "intervals.csv": intervals_csv(prediction, models),
        "intervals.json": json.dumps(to_document(prediction, models), indent=2) + "\n",
        "action_units.csv": store.csv_text(("frame", "seconds", "micro", *units), rows),
        "subtitles.srt": subtitles(prediction),
        "subtitles.vtt": subtitles(prediction, for_browsers=True),
        "intervals.eaf": elan.text(marks(prediction), media_path(prediction, folder.parent), "microexpr"),
        "intervals.TextGrid": praat.text(marks(prediction), prediction.video.end),
    }
    for name, text in files.items():
        store.write_text(folder / name, text)


def to_document(prediction: Prediction, models: Models) -> dict[str, Any]:
    """Return the contents of intervals.json."""
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
    interval = expression.interval
    frames = {event: getattr(interval, event) for event in EVENTS}
    return {
        "kind": interval.kind,
        **frames,
        **{f"{event}_seconds": round(float(seconds[number]), 4) for event, number in frames.items()},
        "score": round(interval.score, 3),
        **expression.classes.to_dict(),
        "action_units": {name: round(amount, 3) for name, amount in interval.action_units.items()},
    }


def summary(prediction: Prediction) -> Iterator[str]:
    """Yield lines for a terminal: each micro-expression, and how many expressions there are of each kind."""
    for expression in prediction.expressions:
        interval, classes = expression.interval, expression.classes
        if interval.kind == "micro":
            onset, apex, offset = (f"{prediction.video.seconds[getattr(interval, event)]:.2f}" for event in EVENTS)
            result = "; ".join([f"{classes.certainty} ({classes.shares})", *classes.reasons])
            units = ", ".join(f"{unit} {NAMES[unit]}" for unit in stronger_sides(interval.action_units))
            times = f"{onset} to {offset} s, apex {apex} s"
            yield f"micro-expression {times}: {result}; {units}; probability {interval.score:.2f}"
    yield prediction.rate["description"]
    kinds = [expression.interval.kind for expression in prediction.expressions]
    yield ", ".join(f"{kind} {kinds.count(kind)}" for kind in get_args(Kind))


def stronger_sides(action_units: dict[str, float]) -> dict[str, float]:
    """Return the amount of each unit's stronger side by the unit's name, the largest first, from those by side."""
    amounts: dict[str, float] = {}
    for sided, amount in action_units.items():
        amounts[sided[:-1]] = max(amount, amounts.get(sided[:-1], 0))
    return dict(sorted(amounts.items(), key=lambda item: -item[1]))


def in_words(classes: Classes) -> str:
    """Return a micro-expression's class, its probability, and how far it can be relied on, in a few words."""
    return f"{classes.predicted_class} {max(classes.probabilities.values(), default=0):.2f}, {classes.certainty}"


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


def subtitles(prediction: Prediction, for_browsers: bool = False) -> str:
    """Return SubRip subtitles of the video, one for each interval; for players in browsers the same as WebVTT. Each
    stays for `READABLE` seconds or until the next begins."""
    seconds, video, cues = prediction.video.seconds, prediction.video, []
    for number, (interval, classes) in enumerate(prediction.expressions, 1):
        start, end = float(seconds[interval.onset]), float(seconds[interval.offset]) + 1 / video.fps
        later = (float(seconds[other.onset]) for other in prediction.intervals[number:])
        after = min((time for time in later if time > start), default=video.end)
        times = start, max(end, min(start + READABLE, after))
        span = " --> ".join(_clock(time, "." if for_browsers else ",") for time in times)
        name = f"micro-expression: {in_words(classes)}" if interval.kind == "micro" else interval.kind
        units = ", ".join(f"{unit} {NAMES[unit]}" for unit in stronger_sides(interval.action_units))
        cues.append(f"{number}\n" * (not for_browsers) + f"{span}\n{name}\n{units}\n")
    return "\n".join((["WEBVTT\n"] if for_browsers else []) + cues)


def _clock(seconds: float, point: str) -> str:
    """Return a time as subtitles have it, 00:00:04,690 or 00:00:04.690."""
    minutes, milliseconds = divmod(round(1000 * seconds), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def marks(prediction: Prediction) -> list[elan.Mark]:
    """Return all intervals as coders' programs have them, in order of time; the emotion is the class."""
    times, rows = prediction.video.seconds, list[elan.Mark]()
    for expression in prediction.expressions:
        interval, classes = expression.interval, expression.classes
        onset, apex, offset = (float(times[getattr(interval, event)]) for event in EVENTS)
        start, stop = round(1000 * onset), round(1000 * (offset + 1 / prediction.video.fps))
        mark = elan.Mark(interval.kind, start, stop)
        if interval.kind in ("micro", "macro"):
            remarks = "; ".join([in_words(classes), *classes.reasons]) if classes.probabilities else ""
            ends, units = round(1000 * (apex + 1 / prediction.video.fps)), notation(interval.action_units)
            mark = mark._replace(apex=round(1000 * apex), apex_stop=ends, action_units=units, remarks=remarks)
            mark = mark._replace(emotion=classes.predicted_class)
        rows.append(mark)
    return rows


def media_path(prediction: Prediction, folder: Path) -> str:
    """Return the path of the video from the folder in which its files will lie."""
    return printable(Path(os.path.relpath(prediction.video.path, folder)).as_posix())
