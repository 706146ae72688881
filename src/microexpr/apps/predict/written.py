"""A prediction as tables: intervals as CSV and JSON, action units over the whole video as CSV; and true intervals."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from microexpr.apps.predict import Models, Prediction, domain
from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.spotting import Kind
from microexpr.signals.spotting.hits import Span

EVENTS = ("onset", "apex", "offset")


def write(folder: Path, made: Prediction, models: Models) -> list[Path]:
    """intervals.csv, intervals.json, action_units.csv; frames from 0. Raises StoreError when the disk is full."""
    rows = [interval(made, place) for place in range(len(made.expressions))]
    said = {
        "file": made.footage.path.name,
        "origin": "generated" if made.footage.generated else "not marked as generated",
        "frames": made.footage.frames,
        "fps": made.footage.fps,
        "notice": list(domain.NOTICE),
        "models": list(models.told),
        "warnings": made.warnings,
        "intervals": rows,
    }
    names = models.recogniser.classes
    files = {
        "intervals.csv": _intervals(rows, names),
        "intervals.json": json.dumps(said, indent=2) + "\n",
        "action_units.csv": _curves(made),
    }
    for name, text in files.items():
        store.write_text(folder / name, text)
    return [folder / name for name in files]


def interval(made: Prediction, place: int) -> dict[str, Any]:
    """One of them, by names of the JSON file."""
    one = made.expressions[place]
    frames = {event: getattr(one.interval, event) for event in EVENTS}
    return {
        "kind": one.interval.kind,
        **frames,
        **{f"{event}_seconds": round(number / made.footage.fps, 4) for event, number in frames.items()},
        "score": round(one.interval.score, 2),
        "class": one.likeliest,
        "classes": {name: round(share, 4) for name, share in one.classes.items()},
        "action_units": {name: round(amount, 3) for name, amount in one.interval.action_units.items()},
    }


def lines(made: Prediction) -> Iterator[str]:
    """What was spotted, for a terminal: micro-expressions one by one, of the rest how many."""
    for one in made.expressions:
        if one.interval.kind == "micro":
            seconds = " to ".join(f"{getattr(one.interval, event) / made.footage.fps:.2f}" for event in EVENTS)
            named = ", ".join(f"{name} {share:.2f}" for name, share in one.classes.items())
            units = " ".join(one.interval.action_units)
            yield f"micro-expression {seconds} s, score {one.interval.score:.0f}: {named}; {units}"
    kinds = [one.interval.kind for one in made.expressions]
    yield ", ".join(f"{kind} {kinds.count(kind)}" for kind in get_args(Kind))


def _intervals(rows: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    plain = ("kind", *EVENTS, *(f"{event}_seconds" for event in EVENTS), "score", "class")
    lines: list[list[Any]] = [[*plain, *names, "action_units"]]
    for row in rows:
        moved = " ".join(f"{name}:{amount:g}" for name, amount in row["action_units"].items())
        lines.append([*(row[name] for name in plain), *(row["classes"].get(name, "") for name in names), moved])
    return _table(lines)


def _curves(made: Prediction) -> str:
    """Change of each unit since the face at rest, FACS intensities, left and right."""
    lines: list[list[Any]] = [
        ["frame", "seconds", "score", *(f"{unit}{side}" for unit in ACTION_UNITS for side in "LR")]
    ]
    score = made.signal.score
    for place, values in enumerate(made.signal.change.reshape(len(score), -1)):
        number = place * made.curves.step
        seconds = f"{number / made.footage.fps:.4f}"
        lines.append([number, seconds, f"{score[place]:.2f}", *(f"{value:.3f}" for value in values)])
    return _table(lines)


def _table(lines: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def true_spans(path: Path) -> list[Span]:
    """Micro-expressions of a CSV with columns kind, onset and offset, as `film` writes it. Raises DataError."""
    if not path.is_file():
        raise DataError(f"{path}: {'must be a CSV file, not a folder' if path.is_dir() else 'is not there'}")
    try:
        with path.open(newline="", encoding="utf-8") as text:
            rows = [row for row in csv.DictReader(text) if row["kind"] == "micro"]
            return [(int(row["onset"]), int(row["offset"])) for row in rows]
    except (KeyError, ValueError, TypeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: must have columns kind, onset and offset, frames as whole numbers ({error})"
        ) from None
