"""Parse the codes that FACS coders write for a clip: "1+L2", "(R6 or R12)+R15", "?". Text in, values out."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from microexpr.core.errors import DataError

Side = Literal["both", "left", "right"]
SIDE_OF_LETTER: dict[str, Side] = {"": "both", "L": "left", "R": "right"}
CODE = re.compile(
    r"(?P<asymmetric>A/)?(?:AU(?=[LR]))?(?P<side>[LR]?)(?:AU)?"
    r"(?P<number>[1-9]\d?)(?P<intensity>(?:[A-E](?:/[A-E])?)?)(?P<unsure>\??)"
)
SUSTAINED = re.compile(r"\(k\)?$", re.IGNORECASE)  # in 4DME; the bracket is not always closed


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One coded action unit, or several alternatives of which the coder meant one."""

    number: int  # of FACS
    side: Side = "both"  # the subject's own
    intensity: str = ""  # A (trace) to E (maximum); "AB" if the coder wavered between two; "" if not coded
    asymmetric: bool = False  # on both sides, stronger on `side`
    certain: bool = True  # no question mark after it
    alternatives: tuple["ActionUnit", ...] = ()  # other units it may have been, in the coder's order


def parse(text: str) -> tuple[ActionUnit, ...]:
    """Return the action units of a code, in its order; () for "" and "?".

    `+` joins units that occur together; `or` (which binds more closely and may be in brackets) joins alternatives. L or
    R before a number is the side, A to E after it the intensity (A/B: between two). A/ before the side means
    asymmetric, ? at the end unsure. A unit marked (k) is there throughout the clip and is left out. Raises DataError,
    which quotes the text.
    """
    if text.strip() in ("", "?"):
        return ()
    terms = (term.strip() for term in text.split("+"))
    return tuple(_alternatives(term, text) for term in terms if not SUSTAINED.search(term))


def format_units(units: tuple[ActionUnit, ...]) -> str:
    """Return units as "4 R10 L12|L14": blanks between units, | between alternatives."""
    letter = {side: code for code, side in SIDE_OF_LETTER.items()}
    return " ".join("|".join(f"{letter[u.side]}{u.number}" for u in (unit, *unit.alternatives)) for unit in units)


def _alternatives(term: str, text: str) -> ActionUnit:
    bracketed = term.startswith("(") and term.endswith(")")
    first, *others = (_unit(code, text) for code in re.split(r"\s+or\s+", term[1:-1] if bracketed else term))
    return replace(first, alternatives=tuple(others))


def _unit(code: str, text: str) -> ActionUnit:
    match = CODE.fullmatch(code.strip())
    if match is None:
        raise DataError(
            f"action units must be coded like 1+L2, R12B or (R6 or R12)+R15, not {code.strip()!r} in {text!r}"
        )
    return ActionUnit(
        number=int(match["number"]),
        side=SIDE_OF_LETTER[match["side"]],
        intensity=match["intensity"].replace("/", ""),
        asymmetric=bool(match["asymmetric"]),
        certain=not match["unsure"],
    )
