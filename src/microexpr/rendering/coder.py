"""What a FACS coder writes down for what a face showed, with the oddities of each data set. Text only."""

import re
from collections.abc import Mapping

import numpy as np

from microexpr.core.facs.objective import OTHERS
from microexpr.rendering.display import ACTION_UNITS, FULL, GAIN, SIDES, notation

UNSURE = 0.1  # of CASME II's clips without a clear class
ODD = 0.3  # of SAMM's clips
KEPT = 0.15  # of 4DME's clips: a unit that is there before and after, and so no part of the expression
TAKEN_FOR = {"1": "2", "2": "1", "4": "7", "5": "2", "6": "7", "7": "6", "9": "10", "10": "9", "12": "6", "14": "12",
             "15": "17", "17": "24", "20": "12", "23": "24", "24": "23", "25": "26"}  # fmt: skip
LETTERS = ("A", "B", "C", "A/B", "B/C")
ACTED = 0.8  # of a full display: the middle of what people show who act


def casme2(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Sums of numbers, with the side where only one acts: "4+R10"; "?" for some that no class fits."""
    unsure = rng.random() < UNSURE
    return "?" if unsure and objective_class == OTHERS else notation(weights)


def samm(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """The same, and in some clips one unit coded as "R12 or R14", "A/L12" or "10A/B".

    What the face showed is always the first alternative."""
    codes = notation(weights).split("+")
    odd, chosen = rng.random() < ODD, int(rng.integers(len(codes)))
    kind, side, letter = rng.integers(3), str(rng.choice(["L", "R"])), str(rng.choice(LETTERS))
    if odd:
        codes[chosen] = _odd(chosen, codes, int(kind), side, letter)
    return "+".join(codes)


def fourdme(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """The same as CASME II's sums behind one AU, and in some clips a unit that was kept: "AU4+R10+24(k)"."""
    code = notation(weights)
    kept, chosen = rng.random() < KEPT, str(rng.choice(list(TAKEN_FOR)))
    return f"AU{code}" + (f"+{chosen}(k)" if kept and chosen not in re.findall("[0-9]+", code) else "")


def ckplus(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Numbers without sides, with the intensity that a unit has in an acted display of middling strength: "4D+7C"."""
    strength = [(number, FULL * ACTED * GAIN[f"AU{number}"] * weight) for number, weight in _shown(weights)]
    return "+".join(f"{number}{'ABCDE'[max(1, round(value)) - 1]}" for number, value in strength)


def mmi(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """Numbers alone: neither sides nor intensities."""
    return "+".join(str(number) for number, _ in _shown(weights))


def _shown(weights: Mapping[str, float]) -> list[tuple[int, float]]:
    """Number of each action unit that is shown, and its weight on the stronger side."""
    stronger = ((unit, max(weights.get(f"{unit}{side}", 0.0) for side in SIDES)) for unit in ACTION_UNITS)
    return [(int(unit.removeprefix("AU")), weight) for unit, weight in stronger if weight > 0]


def _odd(chosen: int, codes: list[str], kind: int, side: str, letter: str) -> str:
    code = codes[chosen]
    own, number = ("", code) if code[0].isdigit() else (code[0], code[1:])
    other = TAKEN_FOR.get(number)
    if kind == 0 and other is not None and other not in {known.lstrip("LR") for known in codes}:
        either = f"{code} or {own}{other}"
        return either if len(codes) == 1 else f"({either})"
    return f"A/{side}{number}" if kind == 1 and not own else code + letter
