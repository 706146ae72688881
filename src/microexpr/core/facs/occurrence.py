"""Which action units a coder says there were, as marks for networks to learn. Text in, numbers out."""

from microexpr.core.errors import DataError
from microexpr.core.facs.notation import ActionUnit, parse

# Those that CASME II or SAMM's coders note in more than a clip or two; sides are not told apart.
AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 38)
UNKNOWN = -1


def occurrence(code: str) -> tuple[int, ...]:
    """A mark for each of `AUS`: 1 where it was coded, 0 where others were, -1 where it is not known.

    Not known are all of a clip without a code, or with one that cannot be read (the index notes it), and what the coder
    was not sure of.
    """
    try:
        units = parse(code)
    except DataError:
        units = ()
    marks = dict.fromkeys(AUS, 0 if units else UNKNOWN)
    for unit in sorted(units, key=_sure):  # what is sure in one place stays so
        for one in (unit, *unit.alternatives):
            if one.number in marks:
                marks[one.number] = 1 if _sure(unit) else UNKNOWN
    return tuple(marks.values())


def _sure(unit: ActionUnit) -> bool:
    return unit.certain and not unit.alternatives
