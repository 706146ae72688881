"""Read the published figures of spotting in long videos, as they are printed."""

from dataclasses import dataclass
from functools import cache

from microexpr.evaluation.published import read


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one row, of one data set and kind; "" where none is printed."""

    row: str  # as printed
    method: str  # ours, "" if there is none
    dataset: str  # ours, or in words
    kind: str  # micro, macro, both
    f1: str
    true: str
    hits: str
    false: str
    missed: str
    analysis_f1: str  # of the classes of micro-expressions that were hit
    strs: str
    source: str


@cache
def lines() -> tuple[Line, ...]:
    """Return all lines, in the order of the file."""
    return tuple(Line(**row) for row in read("megc2025.csv"))
