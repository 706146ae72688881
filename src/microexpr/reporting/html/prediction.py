"""One self-contained page of a prediction: a player, curves, intervals, probabilities and warnings. Computes no figure.

The player shows still images, each of one frame, since no codec that OpenCV writes is fast, reproducible and played by
browsers; so it can stop at any frame of a micro-expression.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from microexpr.apps.predict import Models, Prediction, Progress, annotated, limits, silent, written
from microexpr.core import store
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.spotting.hits import Span

HERE = Path(__file__).parent
TEMPLATE, STYLES, SCRIPT = "prediction.jinja", ("page.css", "prediction.css"), "prediction.js"
RATE = 12.5  # images a second of the player between micro-expressions, which have every frame
WIDEST, QUALITY = 480, 60  # of an image in pixels, and of WebP
COLUMNS = 1000  # of a curve
SCORE_HEIGHT, ROW_HEIGHT = 100, 20
LARGEST = 2.0  # FACS intensity at the top of an action unit's row


class Band(NamedTuple):
    """An interval in a chart: x in columns."""

    kind: str
    onset: int
    x: float
    width: float
    title: str


def write(
    path: Path, prediction: Prediction, models: Models, height: float, true_spans: Sequence[Span] = (),
    progress: Progress = silent,
) -> None:  # fmt: skip
    """Write the page; `height` is the score that spotting needs. Raises StoreError when the disk is full."""
    store.write_text(path, render(prediction, models, height, true_spans, player_frames(prediction, progress)))


def player_frames(prediction: Prediction, progress: Progress = silent) -> list[tuple[int, str]]:
    """Return number and image, as a data URL, of the frames that the player shows, with landmarks and box."""
    footage = prediction.footage
    numbers = annotated.frame_numbers(prediction, max(1, round(footage.fps / RATE)))
    draw = annotated.face_drawer(prediction, numbers)
    images = []
    for i, (number, frame) in enumerate(zip(numbers, footage.read_frames({*numbers}.__contains__), strict=False)):
        image = cv2.cvtColor(draw(i, annotated.shown(frame, WIDEST)), cv2.COLOR_RGB2BGR)
        data = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1]
        images.append((number, f"data:image/webp;base64,{b64encode(data.tobytes()).decode()}"))
        progress("writing the page", i + 1, len(numbers))
    return images


def render(
    prediction: Prediction, models: Models, height: float, true_spans: Sequence[Span], frames: list[tuple[int, str]]
) -> str:
    """Return the page."""
    footage, signal = prediction.footage, prediction.signal
    score = np.log(np.maximum(signal.score, 1))
    top = max(float(score.max()), 1.1 * float(np.log(height)))
    script = (HERE / SCRIPT).read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    player = {"fps": footage.fps, "frames": footage.frames, "numbers": [n for n, _ in frames]}
    return environment.get_template(TEMPLATE).render(
        name=footage.path.name,
        footage=footage,
        notice=limits.NOTICE,
        descriptions=models.descriptions,
        warnings=prediction.warnings,
        rows=[written.to_dict(expression, footage.fps) for expression in prediction.expressions],
        classes=models.recogniser.classes,
        kinds=tuple(annotated.COLOURS),
        bands=[
            band(e.interval.kind, e.interval.onset, e.interval.offset, footage.frames) for e in prediction.expressions
        ],
        true_bands=[band("true", first, last, footage.frames) for first, last in true_spans],
        columns=COLUMNS,
        score_height=SCORE_HEIGHT,
        row_height=ROW_HEIGHT,
        score=polyline(score / top, SCORE_HEIGHT),
        threshold=round(SCORE_HEIGHT * (1 - float(np.log(height)) / top), 1),
        height=height,
        units=[
            (unit, polyline(np.clip(signal.change[:, i].max(axis=1) / LARGEST, 0, 1), ROW_HEIGHT))
            for i, unit in enumerate(ACTION_UNITS)
        ],
        largest=LARGEST,
        first=frames[0][1],
        image_size=annotated.shown_size(prediction.face.size, WIDEST),
        player=player,
        images=[image for _, image in frames],
        style=Markup("\n".join((HERE / style).read_text(encoding="utf-8") for style in STYLES)),
        script=Markup(script),
        hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def band(kind: str, onset: int, offset: int, frames: int) -> Band:
    """Return an interval of a video as a part of a chart, at least a column wide."""
    unit = COLUMNS / max(frames, 1)
    title = f"{kind}, frames {onset} to {offset}"
    return Band(kind, onset, round(onset * unit, 2), round(max((offset - onset + 1) * unit, 1), 2), title)


def polyline(values: np.ndarray, height: float) -> str:
    """Return the points of a curve of values 0..1, its largest in each of at most `COLUMNS` columns."""
    columns = min(COLUMNS, len(values))
    starts = np.linspace(0, len(values), columns, endpoint=False).astype(int)
    highest = np.maximum.reduceat(values, starts)
    x = (np.arange(columns) + 0.5) * COLUMNS / columns
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, height * (1 - highest), strict=True))
