"""The movements that need no video: displays of emotions, and a micro-expression of each class, by the renderer.

No person moved like this: the renderer did. Reads no file.
"""

from collections.abc import Mapping

import numpy as np

from microexpr.core.clip import LABELS
from microexpr.core.errors import ParamsError, nearest
from microexpr.rendering import display
from microexpr.rendering.performance import DIFFICULTIES, envelope
from microexpr.signals.aus.coding import coded

EMOTIONS = dict(zip(LABELS, ("disgust", "happiness", "surprise"), strict=True))
FPS, APEX, OFFSET = 100, 20, 40  # frames a second; positions of the apex and the offset, the onset's is 0
STRENGTH = DIFFICULTIES["standard"].high  # of the expression, as a share of a full display
DECIMALS = 3  # of a sample's intensities


def read(label: str) -> tuple[np.ndarray, float]:
    """Return the changes float32[K, 17, 2] of the sample of a class, and its frames a second.

    It is the most frequent display of its emotion, on both sides alike."""
    (chosen, *_) = _displays(EMOTIONS[label])
    rounded = np.vectorize(round)(_changes(chosen.action_units, [0, 1]), DECIMALS)  # ties as Python breaks them
    return _coded(rounded), float(FPS)


def perform(emotion: str, style: int) -> tuple[np.ndarray, float, str]:
    """Return changes float32[K, 17, 2], frames a second and the units of a display of an emotion.

    `style` counts the renderer's displays of it from 1, the most frequent first; a one-sided display is of the left.
    Raises ParamsError if there are fewer, or for another emotion."""
    if emotion not in display.EXPRESSIVE:
        names = display.EXPRESSIVE
        raise ParamsError(f"--emotion must be one of {', '.join(names)}, not {emotion}{nearest(emotion, names)}")
    displays = _displays(emotion)
    if not 1 <= style <= len(displays):
        raise ParamsError(f"--style of {emotion} must be 1 to {len(displays)}, not {style}")
    chosen = displays[style - 1]
    described = ", ".join(chosen.action_units) + " of the left side" * chosen.unilateral
    return _coded(_changes(chosen.action_units, [0] if chosen.unilateral else [0, 1])), float(FPS), described


def _displays(emotion: str) -> list[display.Display]:
    """Return the renderer's displays of an emotion, the most frequent first."""
    by_frequency = sorted(display.DISPLAYS[emotion], key=lambda item: -item[0])
    return [display_of_emotion for _, display_of_emotion in by_frequency]


def _changes(units: Mapping[str, float], sides: list[int]) -> np.ndarray:
    """Return the changes float64[K, 24, 2] since the onset, frame by frame to the offset, in FACS intensity.

    `units` are weights of 0..1; the course and the gain of each unit are those of a performer of mean gains."""
    heights = np.zeros((len(display.ACTION_UNITS), len(display.SIDES)))
    for unit, weight in units.items():
        heights[display.ACTION_UNITS.index(unit), sides] = display.FULL * STRENGTH * weight * display.GAIN[unit]
    return envelope(0, APEX, OFFSET, OFFSET + 1, FPS)[:, None, None] * heights


def _coded(changes: np.ndarray) -> np.ndarray:
    return coded(changes.astype(np.float32), display.ACTION_UNITS)
