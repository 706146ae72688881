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
from microexpr.core.errors import StoreError
from microexpr.rendering import display
from microexpr.rendering.performance import DIFFICULTIES, envelope
from microexpr.signals.aus import ACTION_UNITS, SIDES

PATH = Path(__file__).with_name("samples.csv")
EMOTIONS = dict(zip(LABELS, ("disgust", "happiness", "surprise"), strict=True))
FPS, APEX, OFFSET = 100, 20, 40  # frames a second; positions of the apex and the offset, the onset's is 0
STRENGTH = DIFFICULTIES["standard"].high  # of the expression, as a share of a full display
COLUMNS = [f"{unit}{side}" for unit in ACTION_UNITS for side in display.SIDES]


def render() -> list[dict[str, str]]:
    """Return the rows of the file: of each class, a frame each, changes of FACS intensity since the onset.

    A class shows the most frequent display of its emotion as a performer of mean gains does, on both sides alike; units
    that never move are left out."""
    course, rows = envelope(0, APEX, OFFSET, OFFSET + 1, FPS), []
    for label, emotion in EMOTIONS.items():
        units = max(display.DISPLAYS[emotion], key=lambda item: item[0])[1].action_units
        height = {unit: display.FULL * STRENGTH * weight * display.GAIN[unit] for unit, weight in units.items()}
        for frame, share in enumerate(course):
            values = {f"{unit}{side}": f"{share * height[unit]:.3f}" for unit in height for side in display.SIDES}
            rows.append({"clip": label, "origin": "generated", "fps": str(FPS), "frame": str(frame)} | values)
    return rows


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
