"""Turn a FACS code into occurrence labels of action units for networks to learn. Text in, numbers out."""

from microexpr.core.facs.notation import ActionUnit, parse, unread

# Units that the coders of CASME II or SAMM note in more than two clips, on either side.
AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 38)
# The units that Varanka et al. evaluate (IEEE Trans. Affective Computing 2024).
EVALUATED = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17)
UNKNOWN = -1


def occurrence(code: str) -> tuple[int, ...]:
    """Return a label for each of `AUS`: 1 if it is coded, 0 if only others are, -1 (`UNKNOWN`) if it is not known.

    A unit is unknown if the coder was not sure of it. All units are unknown for a clip without a code; those that are
    not coded are so too where a part of the code is not understood (the index notes it).
    """
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
