"""Define the displays of each emotion as action units, and their notation. No time, no geometry, no pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from microexpr.core.errors import ParamsError, nearest
from microexpr.core.facs import objective_class

SIDES = "LR"  # the subject's own left and right; the last axis of every array of action units
FULL = 5.0  # FACS intensity E, the largest
TOGETHER = 0.8  # weight of each of several simultaneous action units

# At the same FACS intensity the units of a face move the skin by 3 to 50 % of the distance between the outer eye
# corners. Multiplied by its gain each moves it by 4 to 8 % at full intensity, so that micro-expressions of equal
# strength are equally subtle. Macro-expressions are as large as people's displays are, see `gain`.
GAIN: dict[str, float] = {
    "AU1": 0.526, "AU2": 0.69, "AU4": 0.75, "AU5": 1.0, "AU6": 0.9, "AU7": 1.2, "AU9": 1.0, "AU10": 0.533,
    "AU12": 0.4, "AU14": 0.7, "AU15": 0.667, "AU16": 0.625, "AU17": 0.7, "AU18": 0.7, "AU20": 0.583, "AU22": 0.45,
    "AU23": 0.7, "AU24": 0.6, "AU25": 0.25, "AU26": 0.311, "AU27": 0.123, "AU28": 0.7, "AU34": 0.4, "AU45": 0.4,
}  # fmt: skip
ACTION_UNITS: tuple[str, ...] = tuple(GAIN)
SUBTLE, STRONG = 0.45, 0.6  # strength up to which each unit has its GAIN, and from which on POSED
POSED = 0.9  # of the largest FACS intensity: that of a full display, between D and E, on average


def gain(unit: str, strength: float) -> float:
    """Return the factor by which a share of a full display becomes one of this unit's largest FACS intensity."""
    share = min(1.0, max(0.0, (strength - SUBTLE) / (STRONG - SUBTLE)))
    return float(GAIN[unit] ** (1 - share) * POSED**share)


@dataclass(frozen=True, slots=True)
class Display:
    """Action units that occur together, with weights in 0..1; `unilateral`: on one side only."""

    action_units: dict[str, float]
    unilateral: bool = False


Displays = Sequence[tuple[float, Display]]  # relative frequency of each display, and the display


def displays_from_counts(codes: Mapping[str, int]) -> Displays:
    """Return displays of FACS codes such as "6+12" with their counts. Simultaneous units are each a bit weaker."""
    return [
        (count, Display({f"AU{number}": TOGETHER if "+" in code else 1.0 for number in code.split("+")}))
        for code, count in codes.items()
    ]


# emotion -> (probability, display). Prototypes as coders describe them; "others" are habits without emotional meaning.
DISPLAYS: dict[str, Displays] = {
    "happiness": [
        (0.45, Display({"AU12": 1.0})), (0.3, Display({"AU6": 0.8, "AU12": 1.0})),
        (0.2, Display({"AU12": 1.0}, unilateral=True)), (0.05, Display({"AU12": 1.0, "AU14": 0.4})),
    ],
    "disgust": [
        (0.4, Display({"AU4": 0.4, "AU9": 1.0})), (0.3, Display({"AU4": 0.5, "AU10": 1.0})),
        (0.3, Display({"AU4": 1.0, "AU7": 0.8})),
    ],
    "repression": [
        (0.4, Display({"AU14": 1.0})), (0.3, Display({"AU15": 1.0, "AU17": 0.7})),
        (0.3, Display({"AU17": 1.0, "AU24": 0.6})),
    ],
    "sadness": [(0.5, Display({"AU1": 0.7, "AU4": 0.8})), (0.5, Display({"AU1": 0.5, "AU15": 1.0}))],
    "fear": [
        (0.4, Display({"AU1": 0.6, "AU4": 0.6, "AU20": 0.7})), (0.4, Display({"AU5": 0.8, "AU20": 0.8})),
        (0.2, Display({"AU1": 0.8, "AU2": 0.7, "AU4": 0.6})),
    ],
    "anger": [(0.5, Display({"AU4": 1.0, "AU7": 0.7})), (0.5, Display({"AU4": 0.8, "AU23": 0.8}))],
    "contempt": [(1.0, Display({"AU12": 0.25, "AU14": 1.0}, unilateral=True))],
    "surprise": [
        (0.4, Display({"AU1": 1.0, "AU2": 1.0})), (0.3, Display({"AU1": 0.8, "AU2": 0.8, "AU5": 0.7})),
        (0.2, Display({"AU2": 1.0})), (0.1, Display({"AU1": 0.8, "AU2": 0.8, "AU25": 0.6})),
    ],
    "others": [
        (0.35, Display({"AU4": 1.0})), (0.25, Display({"AU4": 1.0, "AU7": 0.8})), (0.2, Display({"AU14": 1.0})),
        (0.2, Display({"AU17": 1.0})),
    ],
    "neutral": [(1.0, Display({}))],
}  # fmt: skip
# Macro-expressions that are posed: several units at once, mostly with parted lips (EMFACS).
POSES: dict[str, Displays] = {
    "happiness": [
        (0.5, Display({"AU6": 0.8, "AU12": 1.0, "AU25": 0.9})), (0.2, Display({"AU12": 1.0, "AU25": 0.7})),
        (0.2, Display({"AU6": 0.6, "AU12": 0.8})), (0.1, Display({"AU6": 0.9, "AU12": 1.0, "AU25": 1.0, "AU26": 0.7})),
    ],
    "surprise": [
        (0.4, Display({"AU1": 1.0, "AU2": 1.0, "AU5": 0.8, "AU25": 0.8, "AU26": 1.0})),
        (0.25, Display({"AU1": 1.0, "AU2": 1.0, "AU5": 0.7, "AU25": 0.6, "AU27": 0.6})),
        (0.2, Display({"AU1": 0.9, "AU2": 0.9, "AU5": 0.7})), (0.15, Display({"AU1": 0.9, "AU2": 1.0, "AU25": 0.5})),
    ],
    "disgust": [
        (0.4, Display({"AU4": 0.5, "AU7": 0.6, "AU9": 1.0, "AU10": 0.6, "AU25": 0.5})),
        (0.3, Display({"AU4": 0.5, "AU10": 1.0, "AU17": 0.4})),
        (0.3, Display({"AU4": 0.8, "AU7": 0.8, "AU9": 0.7, "AU17": 0.6})),
    ],
    "sadness": [
        (0.4, Display({"AU1": 0.8, "AU4": 0.7, "AU15": 0.8})), (0.3, Display({"AU1": 0.7, "AU4": 0.8, "AU17": 0.7})),
        (0.3, Display({"AU1": 0.6, "AU15": 1.0, "AU17": 0.8})),
    ],
    "anger": [
        (0.4, Display({"AU4": 1.0, "AU5": 0.5, "AU7": 0.7, "AU23": 0.7})),
        (0.3, Display({"AU4": 1.0, "AU7": 0.8, "AU17": 0.5, "AU24": 0.8})),
        (0.3, Display({"AU4": 0.9, "AU10": 0.6, "AU16": 0.6, "AU25": 0.8})),
    ],
}  # fmt: skip
EXPRESSIVE = tuple(emotion for emotion in DISPLAYS if emotion not in ("others", "neutral"))


def sample_display(
    emotion: str, rng: np.random.Generator, class_filter: int | None = None,
    displays: Mapping[str, Displays] = DISPLAYS, one_sided: float = 0.0,
) -> dict[str, float]:  # fmt: skip
    """Sample a display of an emotion: relative weights 0..1 by sided action unit ("AU12L", "AU12R").

    A unilateral display has one side, either with equal probability; any other has one side with probability
    `one_sided`. `class_filter` restricts the displays to that AU-based class. Raises ParamsError for an unknown emotion
    and for an emotion without such a display.
    """
    if emotion not in displays:
        raise ParamsError(f"emotion must be one of {', '.join(displays)}, not {emotion}{nearest(emotion, displays)}")
    candidates = [(p, d) for p, d in displays[emotion] if class_filter in (None, shown_class(d.action_units))]
    if not candidates:
        raise ParamsError(f"{emotion} must have a display of AU-based class {class_filter}, but has none")
    probability, options = zip(*candidates, strict=True)
    display = options[rng.choice(len(options), p=np.array(probability) / sum(probability))]
    side, is_one_sided = str(rng.choice(list(SIDES))), rng.random() < one_sided
    sides = side if display.unilateral or is_one_sided else SIDES
    return {unit + side: weight for unit, weight in display.action_units.items() for side in sides}


def array(weights: Mapping[str, float]) -> np.ndarray:
    """Return weights by sided action unit as float32[len(ACTION_UNITS), 2] (subject's left, right), 0 elsewhere.

    "AU2R" is at (1, 1). Raises ParamsError for an unknown unit."""
    values = np.zeros((len(ACTION_UNITS), 2), np.float32)
    for name, weight in weights.items():
        unit, side = name[:-1], name[-1:]
        if unit not in ACTION_UNITS or side not in SIDES:
            names = [unit + side for unit in ACTION_UNITS for side in SIDES]
            raise ParamsError(f"an action unit must be like AU12L, not {name}{nearest(name, names)}")
        values[ACTION_UNITS.index(unit), SIDES.index(side)] = weight
    return values


def shown_class(weights: Mapping[str, float]) -> int:
    """Return the AU-based class of action units, 1..7, "AU12" or sided."""
    return objective_class(frozenset(int(name[2:].rstrip(SIDES)) for name in weights))


def notation(weights: Mapping[str, float]) -> str:
    """Return the FACS code of sided action units: "6+12" if both sides act, "R14" or "L12" if one does."""
    active = array(weights) > 0
    codes = []
    for unit, (left, right) in zip(ACTION_UNITS, active, strict=True):
        if left or right:
            side = "" if left and right else SIDES[int(right)]
            codes.append(side + unit.removeprefix("AU"))
    return "+".join(codes)
