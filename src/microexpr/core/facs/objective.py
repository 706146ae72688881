"""Assign combinations of action units to the AU-based classes of micro-expressions (Davison et al. 2017)."""

_TABLE = {  # class -> combinations, as sums of FACS numbers
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
    """Return the class of a combination of FACS numbers.

    1 happiness-, 2 surprise-, 3 anger-, 4 disgust-, 5 sadness-, 6 fear-like; 7 any other combination.
    """
    return _CLASS.get(action_units, OTHERS)


def units_by_class() -> dict[str, frozenset[int]]:
    """Return the FACS numbers in combinations of each class of MEGC2019: "positive" has 6, 7 and 12."""
    return {
        name: frozenset().union(*(units for units, number in _CLASS.items() if number in numbers))
        for name, numbers in _COMPOSITE.items()
    }
