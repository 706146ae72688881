"""The video again with what was said of it written in: in real time, micro-expressions in slow motion."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from microexpr.apps.predict import Expression, Prediction, Progress, silent
from microexpr.rendering.recording import MARK, recorder

SHOWN = 25  # frames a second of the annotated video, about
WIDEST = 960  # pixels
QUALITY = 80
BAND = 56  # rows of the band below
COLOURS = {"micro": (213, 94, 0), "macro": (0, 114, 178), "blink": (150, 150, 150), "glance": (0, 158, 115)}  # RGB
OTHER = b"annotated by microexpr"


def write(path: Path, made: Prediction, progress: Progress = silent) -> Path:
    """An .avi, marked as generated if the footage is. Raises StoreError when the disk is full."""
    every = max(1, round(made.footage.fps / SHOWN))
    slow = {number for first, last in made.spans for number in range(first, last + 1)}
    wanted = [number for number in range(made.footage.frames) if number % every == 0 or number in slow]
    band = strip(made, _size(next(made.footage.pictures()))[0])
    shown = made.footage.pictures({*wanted}.__contains__)
    with recorder(
        ".avi", False, QUALITY, made.footage.fps / every, MARK if made.footage.generated else OTHER
    ) as record:
        for place, (number, frame) in enumerate(zip(wanted, shown, strict=False)):
            record(path, drawn(frame, number, every if number in slow else 1, made, band))
            progress("writing the annotated video", place + 1, len(wanted))
    return path


def drawn(frame: np.ndarray, number: int, slowed: int, made: Prediction, band: np.ndarray) -> np.ndarray:
    """uint8[H + BAND, W, 3]: a frame with what is going on in it, over the band of the whole video."""
    width, height = _size(frame)
    colour = np.broadcast_to(frame.reshape(*frame.shape[:2], -1), (*frame.shape[:2], 3))
    page = np.vstack([cv2.resize(np.ascontiguousarray(colour), (width, height), interpolation=cv2.INTER_AREA), band])
    for line, (text, ink) in enumerate(lines(number, slowed, made)):
        for thick, over in ((3, (0, 0, 0)), (1, ink)):
            cv2.putText(page, text, (8, 20 + 20 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.5, over, thick, cv2.LINE_AA)
    for one in at(made, number):
        if one.interval.kind == "micro":
            cv2.rectangle(page, (0, 0), (width - 1, height - 1), COLOURS["micro"], 3)
    across = round(number * (width - 1) / max(made.footage.frames - 1, 1))
    cv2.line(page, (across, height), (across, height + BAND - 1), (255, 255, 255), 1)
    return page


def lines(number: int, slowed: int, made: Prediction) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """What is written into a frame, with its colour."""
    white = (255, 255, 255)
    time = f"{number / made.footage.fps:.2f} s" + (f", {slowed} times slower" if slowed > 1 else "")
    yield time, white
    if made.footage.generated:
        yield "generated face, no person is shown", white
    for one in at(made, number):
        moved = " ".join(list(one.interval.action_units)[:4])
        named = f" {one.likeliest} {one.classes[one.likeliest]:.2f}?" if one.classes else ""
        yield f"{one.interval.kind}{named} {moved}", COLOURS[one.interval.kind]


def at(made: Prediction, number: int) -> list[Expression]:
    return [one for one in made.expressions if one.interval.onset <= number <= one.interval.offset]


def strip(made: Prediction, width: int) -> np.ndarray:
    """uint8[BAND, width, 3]: the score over the whole video, intervals behind it."""
    page = np.full((BAND, width, 3), 30, np.uint8)
    last = max(made.footage.frames - 1, 1)
    for one in made.expressions:
        first, end = (round(number * (width - 1) / last) for number in (one.interval.onset, one.interval.offset))
        page[:, first : max(end, first + 1) + 1] = COLOURS[one.interval.kind]
    score = np.log(np.maximum(made.signal.score, 1))
    columns = np.minimum(np.arange(len(score)) * made.curves.step * width // (last + 1), width - 1)
    highest = np.zeros(width)
    np.maximum.at(highest, columns, score)
    rows = (BAND - 2) * (1 - highest / max(highest.max(), 1e-9))
    points = np.column_stack([np.arange(width), rows]).round().astype(np.int32)
    return np.asarray(cv2.polylines(page, [points[:, None]], False, (240, 240, 240), 1))


def _size(frame: np.ndarray) -> tuple[int, int]:
    """Width and height that a frame is shown in."""
    scale = min(1.0, WIDEST / frame.shape[1])
    return round(frame.shape[1] * scale), round(frame.shape[0] * scale)
