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


def read_displays(codes: Mapping[str, float], together: float = 1.0) -> Displays:
    """Return displays of FACS codes with their frequencies: "6*0.8+12" has a weight, "U12" is on one side.

    Units without a weight have 1, or `together` if they are several."""
    displays = []
    for code, frequency in codes.items():
        units = [unit.partition("*") for unit in code.removeprefix("U").split("+") if unit]
        default = together if len(units) > 1 else 1.0
        weights = {f"AU{number}": float(weight or default) for number, _, weight in units}
        displays.append((frequency, Display(weights, code.startswith("U"))))
    return displays


# Prototypes as coders describe them, with probabilities; "others" are habits without emotional meaning.
_PROTOTYPES = {
    "happiness": {"12": 0.45, "6*0.8+12": 0.3, "U12": 0.2, "12+14*0.4": 0.05},
    "disgust": {"4*0.4+9": 0.4, "4*0.5+10": 0.3, "4+7*0.8": 0.3},
    "repression": {"14": 0.4, "15+17*0.7": 0.3, "17+24*0.6": 0.3},
    "sadness": {"1*0.7+4*0.8": 0.5, "1*0.5+15": 0.5},
    "fear": {"1*0.6+4*0.6+20*0.7": 0.4, "5*0.8+20*0.8": 0.4, "1*0.8+2*0.7+4*0.6": 0.2},
    "anger": {"4+7*0.7": 0.5, "4*0.8+23*0.8": 0.5},
    "contempt": {"U12*0.25+14": 1.0},
    "surprise": {"1+2": 0.4, "1*0.8+2*0.8+5*0.7": 0.3, "2": 0.2, "1*0.8+2*0.8+25*0.6": 0.1},
    "others": {"4": 0.35, "4+7*0.8": 0.25, "14": 0.2, "17": 0.2},
    "neutral": {"": 1.0},
}
# Macro-expressions that are posed: several units at once, mostly with parted lips (EMFACS).
_POSES = {
    "happiness": {"6*0.8+12+25*0.9": 0.5, "12+25*0.7": 0.2, "6*0.6+12*0.8": 0.2, "6*0.9+12+25+26*0.7": 0.1},
    "surprise": {
        "1+2+5*0.8+25*0.8+26": 0.4,
        "1+2+5*0.7+25*0.6+27*0.6": 0.25,
        "1*0.9+2*0.9+5*0.7": 0.2,
        "1*0.9+2+25*0.5": 0.15,
    },
    "disgust": {"4*0.5+7*0.6+9+10*0.6+25*0.5": 0.4, "4*0.5+10+17*0.4": 0.3, "4*0.8+7*0.8+9*0.7+17*0.6": 0.3},
    "sadness": {"1*0.8+4*0.7+15*0.8": 0.4, "1*0.7+4*0.8+17*0.7": 0.3, "1*0.6+15+17*0.8": 0.3},
    "anger": {"4+5*0.5+7*0.7+23*0.7": 0.4, "4+7*0.8+17*0.5+24*0.8": 0.3, "4*0.9+10*0.6+16*0.6+25*0.8": 0.3},
}
DISPLAYS = {emotion: read_displays(codes) for emotion, codes in _PROTOTYPES.items()}
POSES = {emotion: read_displays(codes) for emotion, codes in _POSES.items()}
EXPRESSIVE = tuple(emotion for emotion in DISPLAYS if emotion not in ("others", "neutral"))


def sample_display(
    emotion: str, rng: np.random.Generator, class_filter: int | None = None,
    displays: Mapping[str, Displays] = DISPLAYS, one_sided: float = 0.0,
) -> dict[str, float]:  # fmt: skip
    """Sample a display of an emotion: relative weights 0..1 by sided action unit ("AU12L", "AU12R").

    A unilateral display has one side, either with equal probability; any other has one side with probability
    `one_sided`. `class_filter` restricts the displays to that AU-based class. Raises ParamsError for an unknown emotion
    and for an emotion without such a display."""
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
