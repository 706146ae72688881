"""Parse the codes that FACS coders write for a clip: "1+L2", "(R6 or R12)+R15", "?". Text in, values out."""

import re
from dataclasses import dataclass, replace
from typing import Literal

Side = Literal["both", "left", "right"]
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
    throughout the clip and is left out.
    """
    return tuple(unit for term in _terms(text) if (unit := _alternatives(term)))


def unread(text: str) -> tuple[str, ...]:
    """Return the terms of a code that are not understood, in its order: "soft focus" of "R14+17+soft focus"."""
    return tuple(term for term in _terms(text) if _alternatives(term) is None)


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
    return match and ActionUnit(
        number=int(match["number"]),
        side=SIDE_OF_LETTER[match["side"]],
        intensity=match["intensity"].replace("/", ""),
        asymmetric=bool(match["asymmetric"]),
        certain=not match["unsure"],
    )
