"""The driving clips that the package ships: for each class, the action units of one rendered micro-expression.

`python -m microexpr.apps.reenact.samples` writes the file again. No person moved like this: the renderer did.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import LABELS
from microexpr.core.errors import ParamsError, StoreError, nearest
from microexpr.rendering import display
from microexpr.rendering.performance import DIFFICULTIES, envelope
from microexpr.signals.aus import ACTION_UNITS, SIDES
from microexpr.signals.aus.coding import coded

PATH = Path(__file__).with_name("samples.csv")
EMOTIONS = dict(zip(LABELS, ("disgust", "happiness", "surprise"), strict=True))
FPS, APEX, OFFSET = 100, 20, 40  # frames a second; positions of the apex and the offset, the onset's is 0
STRENGTH = DIFFICULTIES["standard"].high  # of the expression, as a share of a full display
COLUMNS = [f"{unit}{side}" for unit in ACTION_UNITS for side in display.SIDES]


def render() -> list[dict[str, str]]:
    """Return the rows of the file: of each class, a frame each, changes of FACS intensity since the onset.

    A class shows the most frequent display of its emotion as a performer of mean gains does, on both sides alike; units
    that never move are left out."""
    rows = []
    for label, emotion in EMOTIONS.items():
        units = max(display.DISPLAYS[emotion], key=lambda item: item[0])[1].action_units
        for frame, heights in enumerate(courses(units)):
            values = {f"{unit}{side}": f"{value:.3f}" for unit, value in heights.items() for side in display.SIDES}
            rows.append({"clip": label, "origin": "generated", "fps": str(FPS), "frame": str(frame)} | values)
    return rows


def courses(units: Mapping[str, float]) -> list[dict[str, float]]:
    """Return, frame by frame from onset to offset, the change of each unit of a display, in FACS intensity.

    `units` are weights of 0..1; the course and the gain of each unit are those of a performer of mean gains."""
    heights = {unit: display.FULL * STRENGTH * weight * display.GAIN[unit] for unit, weight in units.items()}
    course = envelope(0, APEX, OFFSET, OFFSET + 1, FPS)
    return [{unit: float(share) * height for unit, height in heights.items()} for share in course]


def perform(emotion: str, style: int) -> tuple[np.ndarray, float, str]:
    """Return changes float32[K, 17, 2], frames a second and the units of a display of an emotion.

    `style` counts the renderer's displays of it from 1, the most frequent first; a one-sided display is of the left.
    Raises ParamsError if there are fewer, or for another emotion."""
    if emotion not in display.EXPRESSIVE:
        names = display.EXPRESSIVE
        raise ParamsError(f"--emotion must be one of {', '.join(names)}, not {emotion}{nearest(emotion, names)}")
    displays = sorted(display.DISPLAYS[emotion], key=lambda item: -item[0])
    if not 1 <= style <= len(displays):
        raise ParamsError(f"--style of {emotion} must be 1 to {len(displays)}, not {style}")
    chosen = displays[style - 1][1]
    sides = [0] if chosen.unilateral else [0, 1]
    frames = courses(chosen.action_units)
    changes = np.zeros((len(frames), len(display.ACTION_UNITS), 2), np.float32)
    for change, heights in zip(changes, frames, strict=True):
        for unit, value in heights.items():
            change[display.ACTION_UNITS.index(unit), sides] = value
    described = ", ".join(chosen.action_units) + " of the left side" * chosen.unilateral
    return coded(changes, display.ACTION_UNITS)[..., : len(SIDES) - 1], float(FPS), described


def write(path: Path = PATH) -> None:
    """Write the rows of `render` as CSV."""
    rows = render()
    units = [name for name in COLUMNS if any(name in row for row in rows)]
    store.write_csv(path, ["clip", "origin", "fps", "frame", *units], rows)


def read(label: str) -> tuple[np.ndarray, float]:
    """Return the changes float32[K, 17, 2] of the clip of a class, and its frames a second."""
    with PATH.open(encoding="utf-8", newline="") as file:
        rows: list[Mapping[str, Any]] = [row for row in csv.DictReader(file) if row["clip"] == label]
    if not rows:
        raise StoreError(f"{PATH}: must hold clips {', '.join(LABELS)}; {label} is not among them")
    values = [[float(row.get(name) or 0) for name in COLUMNS] for row in rows]
    return np.array(values, np.float32).reshape(len(rows), len(ACTION_UNITS), len(SIDES) - 1), float(rows[0]["fps"])


if __name__ == "__main__":
    write()
