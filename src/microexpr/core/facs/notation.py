"""What a FACS coder writes for a clip ("1+L2", "(R6 or R12)+R15", "?"), as values. Text in, values out."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from microexpr.core.errors import DataError

Side = Literal["both", "left", "right"]
SIDE: dict[str, Side] = {"": "both", "L": "left", "R": "right"}
CODE = re.compile(
    r"(?P<asymmetric>A/)?(?:AU(?=[LR]))?(?P<side>[LR]?)(?:AU)?"
    r"(?P<number>[1-9]\d?)(?P<intensity>(?:[A-E](?:/[A-E])?)?)(?P<unsure>\??)"
)
KEPT = re.compile(r"\(k\)?$", re.IGNORECASE)  # in 4DME; the bracket is not always closed


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One coded action unit, or several of which one was meant."""

    number: int  # of FACS
    side: Side = "both"  # the subject's own
    intensity: str = ""  # A (trace) to E (maximum); "AB" where the coder wavered between two; "" not coded
    asymmetric: bool = False  # on both sides, stronger on `side`
    certain: bool = True  # no question mark behind it
    alternatives: tuple["ActionUnit", ...] = ()  # what else it may have been, in the coder's order


def parse(text: str) -> tuple[ActionUnit, ...]:
    """The action units of a code, in its order; () for "" and "?", where nothing is known.

    `+` joins units that came together, `or` (which binds more closely, and may stand in brackets) names alternatives.
    L or R before a number is the side, A to E behind it the intensity (A/B: between two), A/ before the side means
    asymmetric, and ? behind unsure. A unit marked (k) was there all the while and is left out. Raises DataError naming
    the text.
    """
    if text.strip() in ("", "?"):
        return ()
    terms = (term.strip() for term in text.split("+"))
    return tuple(_alternatives(term, text) for term in terms if not KEPT.search(term))


def plain(units: tuple[ActionUnit, ...]) -> str:
    """Units by blanks, alternatives by |, sides before the number: "4 R10 L12|L14"."""
    letter = {side: code for code, side in SIDE.items()}
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
        side=SIDE[match["side"]],
        intensity=match["intensity"].replace("/", ""),
        asymmetric=bool(match["asymmetric"]),
        certain=not match["unsure"],
    )
