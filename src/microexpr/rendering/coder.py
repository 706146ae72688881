"""Write FACS codes of rendered expressions, with the coders' conventions and slips of each data set. Text only."""

import re
from collections.abc import Mapping

import numpy as np

from facs_faces.display import ACTION_UNITS, FULL, SIDES, gain, notation
from microexpr.core.facs import OTHERS

UNSURE = 0.1  # share of CASME II's clips of no class that are coded "?"
AMBIGUOUS = 0.3  # share of SAMM's clips with an ambiguous unit
SUSTAINED = 0.15  # share of 4DME's clips with a unit that is there throughout
CONFUSED_WITH = {
    "1": "2", "2": "1", "4": "7", "5": "2", "6": "7", "7": "6", "9": "10", "10": "9", "12": "6", "14": "12", "15": "17",
    "17": "24", "20": "12", "23": "24", "24": "23", "25": "26",
}  # fmt: skip
LETTERS = ("A", "B", "C", "A/B", "B/C")
ACTED = 0.8  # typical strength of an acted expression, as a share of a full display


def noticed(weights: Mapping[str, float], missed: float, rng: np.random.Generator) -> dict[str, float]:
    """Return the weights of the sided units that coders note: the strongest unit, others with 1 - `missed`."""
    strength = _active_units(weights)
    strongest = max(strength, key=lambda unit: strength[unit], default="")
    noted = [unit for unit in strength if rng.random() >= missed or unit == strongest]
    return {name: weight for name, weight in weights.items() if name[:-1] in noted}


def casme2(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Return numbers joined by +, with the side if only one acts: "4+R10"; "?" for some clips of no class."""
    unsure = rng.random() < UNSURE
    return "?" if unsure and objective_class == OTHERS else notation(weights)


def samm(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Return CASME II's form, in some clips with one unit coded as "R12 or R14", "A/L12" or "10A/B". The unit that the
    face showed is always the first alternative."""
    codes = notation(weights).split("+")
    is_ambiguous, i = rng.random() < AMBIGUOUS, int(rng.integers(len(codes)))
    kind, side, letter = rng.integers(3), str(rng.choice(["L", "R"])), str(rng.choice(LETTERS))
    if is_ambiguous:
        code = codes[i]
        code_side, number = ("", code) if code[0].isdigit() else (code[0], code[1:])
        other = CONFUSED_WITH.get(number)
        if kind == 0 and other is not None and other not in {coded.lstrip("LR") for coded in codes}:
            alternatives = f"{code} or {code_side}{other}"
            codes[i] = alternatives if len(codes) == 1 else f"({alternatives})"
        else:
            codes[i] = f"A/{side}{number}" if kind == 1 and not code_side else code + letter
    return "+".join(codes)


def fourdme(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Return CASME II's form after "AU", in some clips with a unit that is there throughout: "AU4+R10+24(k)"."""
    code = notation(weights)
    is_sustained, unit = rng.random() < SUSTAINED, str(rng.choice(list(CONFUSED_WITH)))
    return f"AU{code}" + (f"+{unit}(k)" if is_sustained and unit not in re.findall("[0-9]+", code) else "")


def ckplus(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Return numbers without sides, with the intensity of each unit in a typical acted display: "4D+7C"."""
    strength = {unit: FULL * ACTED * gain(unit, ACTED) * weight for unit, weight in _active_units(weights).items()}
    return "+".join(f"{unit[2:]}{'ABCDE'[max(1, round(value)) - 1]}" for unit, value in strength.items())


def mmi(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Return numbers alone, without sides and intensities: "4+7"."""
    return "+".join(unit[2:] for unit in _active_units(weights))


def none(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Return the code of a data set without action units."""
    return ""


def _active_units(weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weight on the stronger side of each action unit that acts, "AU12"."""
    stronger = {unit: max(weights.get(unit + side, 0.0) for side in SIDES) for unit in ACTION_UNITS}
    return {unit: weight for unit, weight in stronger.items() if weight > 0}
