"""How many of the true intervals were spotted, as the micro-expression grand challenges count. Numbers only.

A spotted interval is a hit where its intersection with a true one is at least half of their union (MEGC 2019 to 2022);
each true interval is hit once at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]  # first and last frame, both included
LEAST = 0.5  # intersection over union


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one video, or of several together: they are added up before figures are taken."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.hits + other.hits, self.false + other.false, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return _share(self.hits, self.hits + self.false)

    @property
    def recall(self) -> float:
        return _share(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float:
        return _share(2 * self.hits, 2 * self.hits + self.false + self.missed)


def overlap(one: Span, other: Span) -> float:
    """Intersection over union, in frames."""
    both = max(0, min(one[1], other[1]) - max(one[0], other[0]) + 1)
    return both / ((one[1] - one[0] + 1) + (other[1] - other[0] + 1) - both)


def count(spotted: Sequence[Span], true: Sequence[Span], least: float = LEAST) -> Counts:
    """Pairs are made from the largest overlap down."""
    pairs = sorted(
        (
            (overlap(one, other), place, number)
            for place, one in enumerate(spotted)
            for number, other in enumerate(true)
        ),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    taken: set[int] = set()
    hit: set[int] = set()
    for share, place, number in pairs:
        if share >= least and place not in taken and number not in hit:
            taken.add(place)
            hit.add(number)
    return Counts(len(hit), len(spotted) - len(hit), len(true) - len(hit))


def told(counts: Counts) -> str:
    """One line."""
    figures = f"precision {counts.precision:.3f}, recall {counts.recall:.3f}, F1 {counts.f1:.3f}"
    return f"hits {counts.hits}, false {counts.false}, missed {counts.missed} at IoU {LEAST:g}: {figures}"


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
