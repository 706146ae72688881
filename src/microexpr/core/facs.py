"""Read the codes that FACS coders write for a clip, "1+L2", "(R6 or R12)+R15", "?", and derive labels and classes.

Also muscles of action units, and the regions in which emotions show. Text in, values out: no pixels, no files."""

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

Side = Literal["both", "left", "right"]
NAMES = {  # of action units, movements of the head and of the eyes, by their numbers
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser", 6: "cheek raiser",
    7: "lid tightener", 8: "lips toward each other", 9: "nose wrinkler", 10: "upper lip raiser",
    11: "nasolabial deepener", 12: "lip corner puller", 13: "sharp lip puller", 14: "dimpler",
    15: "lip corner depressor", 16: "lower lip depressor", 17: "chin raiser", 18: "lip pucker", 19: "tongue show",
    20: "lip stretcher", 21: "neck tightener", 22: "lip funneler", 23: "lip tightener", 24: "lip pressor",
    25: "lips part", 26: "jaw drop", 27: "mouth stretch", 28: "lip suck", 29: "jaw thrust", 30: "jaw sideways",
    31: "jaw clencher", 32: "lip bite", 33: "cheek blow", 34: "cheek puff", 35: "cheek suck", 36: "tongue bulge",
    37: "lip wipe", 38: "nostril dilator", 39: "nostril compressor", 41: "lid droop", 42: "slit", 43: "eye closure",
    44: "squint", 45: "blink", 46: "wink", 51: "head turn left", 52: "head turn right", 53: "head up", 54: "head down",
    55: "tilt left", 56: "tilt right", 57: "head forward", 58: "head back", 61: "eyes left", 62: "eyes right",
    63: "eyes up", 64: "eyes down",
}  # fmt: skip
# Further numbers of FACS, without a name here: sniff, speech, crossed eyes, what is out of sight, swallow to shiver.
NUMBERS = frozenset({*NAMES, 40, 50, 60, *range(65, 75), *range(80, 86), 91, 92, 97, 98})
SIDE_OF_LETTER: dict[str, Side] = {"": "both", "L": "left", "R": "right"}
CODE = re.compile(
    r"(?P<asymmetric>A/?)?[TB]?(?:AU(?=[LR]))?(?P<side>[LR]?)(?:AU)?"
    r"(?P<number>[1-9]\d?)(?P<intensity>(?:[A-E](?:/[A-E])?)?)(?P<unsure>\??)"
)
REFERENCE = re.compile(r"ref\((.*)\)", re.IGNORECASE)  # in SAMM
SUSTAINED = re.compile(r"\(k\)?$", re.IGNORECASE)  # in 4DME; the bracket is not always closed


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One coded action unit, or several alternatives where the coder meant one."""

    number: int  # of FACS
    side: Side = "both"  # the subject's own
    intensity: str = ""  # A (trace) to E (maximum); "AB" if the coder wavered between two; "" if not coded
    asymmetric: bool = False  # on both sides, stronger on one: on `side` where that is not "both"
    certain: bool = True  # neither a question mark after it nor ref(...) around it
    alternatives: tuple["ActionUnit", ...] = ()  # other units it may have been, in the coder's order


def parse(text: str) -> tuple[ActionUnit, ...]:
    """Return the action units of a code, in its order, without the terms that `unread` returns; () for "" and "?".

    `+` joins units that occur together; `or` (which binds more closely and may be in brackets) joins alternatives. L or
    R before a number is the side, A to E after it the intensity (A/B: between two). A or A/ before side and number
    means asymmetric, T or B the top or bottom lip alone (read, not kept), ? at the end unsure. SAMM's ref(...), which
    its workbook does not explain and its AU-based classes do not count, is unsure too. A unit marked (k) is there
    throughout the clip and is left out."""
    return tuple(unit for term in _terms(text) if (unit := _alternatives(term)))


def joined(text: str) -> str:
    """Return a code with + in place of other marks between its units: commas, semicolons, also full-width ones, blanks.
    "6 12" and "4;9" become "6+12" and "4+9", 12.0 of a spreadsheet 12; "6 or 12" and words that are no unit stay."""
    text = re.sub(r"(?<![\d.])(\d+)\.0+(?![\d.])", r"\1", text)
    text = re.sub(r"\s*[,;\N{FULLWIDTH COMMA}\N{FULLWIDTH SEMICOLON}\N{IDEOGRAPHIC COMMA}]\s*", "+", text.strip())
    terms = [re.split(r"\s+", term.strip()) for term in text.split("+")]
    return "+".join("+".join(words) if all(map(_unit, words)) else " ".join(words) for words in terms)


def unread(text: str) -> tuple[str, ...]:
    """Return the terms of a code that are not understood, in its order: "soft focus" of "R14+17+soft focus". A number
    that is none of FACS is not understood either; "+" stands for a term that is empty."""
    return tuple(term or "+" for term in _terms(text) if _alternatives(term) is None)


def sustained(text: str) -> list[str]:
    """Return the terms of a code for units that are there throughout the clip, "12(k)", which `parse` leaves out."""
    return [term for term in map(str.strip, text.split("+")) if SUSTAINED.search(term)]


def combinations(text: str) -> set[frozenset[int]]:
    """Return the numbers of all units of a code, as often as there are alternatives: 6+15 and 12+15 of 6 or 12+15."""
    choices = ([unit.number, *(other.number for other in unit.alternatives)] for unit in parse(text))
    return {frozenset(numbers) for numbers in product(*choices)}


def format_units(units: tuple[ActionUnit, ...]) -> str:
    """Return units as "4 R10 L12|L14 15?": blanks between units, | between alternatives, ? after an unsure unit."""
    letter = {side: code for code, side in SIDE_OF_LETTER.items()}
    return " ".join(
        "|".join(f"{letter[u.side]}{u.number}{'' if u.certain else '?'}" for u in (unit, *unit.alternatives))
        for unit in units
    )


def _terms(text: str) -> list[str]:
    """Return the parts that + joins, without the units that are present throughout the clip."""
    if text.strip() in ("", "?"):
        return []
    return [term for term in map(str.strip, text.split("+")) if not SUSTAINED.search(term)]


def _alternatives(term: str) -> ActionUnit | None:
    """Return the unit of a term with its alternatives; None if it is not understood."""
    if reference := REFERENCE.fullmatch(term):
        unit = _unit(reference[1])
        return unit and replace(unit, certain=False)
    bracketed = term.startswith("(") and term.endswith(")")
    codes = re.split(r"\s+or\s+", term[1:-1] if bracketed else term)
    units = [unit for code in codes if (unit := _unit(code))]
    return replace(units[0], alternatives=tuple(units[1:])) if len(units) == len(codes) else None


def _unit(code: str) -> ActionUnit | None:
    match = CODE.fullmatch(code.strip())
    if not match or int(match["number"]) not in NUMBERS:
        return None
    return ActionUnit(
        number=int(match["number"]),
        side=SIDE_OF_LETTER[match["side"]],
        intensity=match["intensity"].replace("/", ""),
        asymmetric=bool(match["asymmetric"]),
        certain=not match["unsure"],
    )


# Units that the coders of CASME II or SAMM note in more than two clips, on either side.
AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 38)
# The units that Varanka et al. evaluate (IEEE Trans. Affective Computing 2024).
EVALUATED = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17)
UNKNOWN = -1


def occurrence(code: str) -> tuple[int, ...]:
    """Return a label for each of `AUS`: 1 if it is coded, 0 if only others are, -1 (`UNKNOWN`) if it is not known. A
    unit is unknown if the coder was not sure of it. All units are unknown for a clip without a code; those that are not
    coded are so too where a part of the code is not understood (the index notes it)."""
    units = parse(code)
    labels = dict.fromkeys(AUS, 0 if units and not unread(code) else UNKNOWN)
    for unit in sorted(units, key=_is_certain):  # certain units last, so that they win over uncertain ones
        for alternative in (unit, *unit.alternatives):
            if alternative.number in labels:
                labels[alternative.number] = 1 if _is_certain(unit) else UNKNOWN
    return tuple(labels.values())


def evaluated(code: str) -> tuple[int, ...]:
    """Return `occurrence` of each of the units `EVALUATED`."""
    labels = dict(zip(AUS, occurrence(code), strict=True))
    return tuple(labels[number] for number in EVALUATED)


def _is_certain(unit: ActionUnit) -> bool:
    return unit.certain and not unit.alternatives


# AU-based classes of micro-expressions (Davison et al. 2017), by combinations as sums of FACS numbers.
_TABLE = {
    1: "6 12 6+12 6+7+12 7+12",
    2: "1+2 5 25 1+2+25 25+26 5+24",
    3: "23 4 4+7 4+5 4+5+7 17+24 4+6+7 4+38",
    4: "10 9 4+9 4+40 4+5+40 4+7+9 4+9+17 4+7+10 4+5+7+9 7+10",
    5: "1 15 1+4 6+15 15+17",
    6: "1+2+4 20",
}
OTHERS = 7
_COMPOSITE = {"positive": (1,), "surprise": (2,), "negative": (3, 4, 5, 6)}  # classes of MEGC2019's composite database
_CLASS = {
    frozenset(map(int, combination.split("+"))): number
    for number, combinations in _TABLE.items()
    for combination in combinations.split()
}


def objective_class(action_units: frozenset[int]) -> int:
    """Return the AU-based class of a combination of FACS numbers. 1 happiness-, 2 surprise-, 3 anger-, 4 disgust-, 5
    sadness-, 6 fear-like; 7 any other combination."""
    return _CLASS.get(action_units, OTHERS)


def units_by_class() -> dict[str, frozenset[int]]:
    """Return the FACS numbers in combinations of each class of MEGC2019: "positive" has 6, 7 and 12."""
    return {
        name: frozenset().union(*(units for units, number in _CLASS.items() if number in numbers))
        for name, numbers in _COMPOSITE.items()
    }


# Muscles of more than one action unit, as in FACS (Ekman and Friesen 1978; Tian, Kanade and Cohn 2001, Tables 1 to 3).
# In AU 9 the strand next to the nose acts. AU 25 may also come from relaxing mentalis or orbicularis oris.
MUSCLES: dict[str, tuple[int, ...]] = {
    "frontalis": (1, 2),
    "orbicularis oculi": (6, 7),
    "levator labii superioris": (9, 10),
    "depressor labii inferioris": (16, 25),
    "mentalis": (17, 25),
    "orbicularis oris": (18, 23, 24, 25),
}


def share_a_muscle(unit: int, other: int) -> bool:
    """Return whether one muscle moves both action units, given by FACS number; False for a unit and itself."""
    return unit != other and any({unit, other} <= {*units} for units in MUSCLES.values())


# Regions of a face in which each emotion shows (Table 1 of Local Regions, after Zhao and Xu 2019).
REGIONS = ("eyes", "nose", "cheeks", "mouth")  # the eyes include the brows; left and right count as one
REACTIONS = {
    "happiness": ("cheeks", "mouth"),
    "disgust": ("eyes", "nose", "mouth"),
    "surprise": ("eyes", "mouth"),
    "repression": ("mouth",),
    "sadness": ("eyes",),
    "contempt": ("mouth",),
    "anger": ("eyes", "mouth"),  # this and the next are our choice: the table has neither
    "fear": ("eyes", "mouth"),
}
NOWHERE = (0,) * len(REGIONS)


def reaction_mask(emotion: str) -> tuple[int, ...]:
    """Return 1 for each of `REGIONS` in which an emotion shows, else 0; all 0 for words such as "others"."""
    return tuple(int(region in REACTIONS.get(emotion, ())) for region in REGIONS)
