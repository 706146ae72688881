"""Count how many true intervals were spotted, as the micro-expression grand challenges do. Numbers only.

A spotted interval is a hit where its intersection with a true one is at least half of their union (MEGC 2019 to 2022);
each true interval is hit once at most."""

from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]  # first and last frame, both included
MIN_OVERLAP = 0.5  # intersection over union


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one video, or of several added up before figures are computed. 0/0 is 0."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.hits + other.hits, self.false + other.false, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return self.hits / max(self.hits + self.false, 1)

    @property
    def recall(self) -> float:
        return self.hits / max(self.hits + self.missed, 1)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(2 * self.hits + self.false + self.missed, 1)


def overlap(first: Span, second: Span) -> float:
    """Return intersection over union of two spans, in frames."""
    intersection = max(0, min(first[1], second[1]) - max(first[0], second[0]) + 1)
    return intersection / ((first[1] - first[0] + 1) + (second[1] - second[0] + 1) - intersection)


def count(spotted: Sequence[Span], true: Sequence[Span]) -> Counts:
    """Match spotted with true spans and count hits."""
    hits = len(match(spotted, true))
    return Counts(hits, len(spotted) - hits, len(true) - hits)


def match(spotted: Sequence[Span], true: Sequence[Span]) -> dict[int, int]:
    """Return the position in `true` that each position in `spotted` hits, from the largest overlap down."""
    pairs = sorted(
        ((overlap(span, other), i, j) for i, span in enumerate(spotted) for j, other in enumerate(true)),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    matched: dict[int, int] = {}
    for share, i, j in pairs:
        if share >= MIN_OVERLAP and i not in matched and j not in matched.values():
            matched[i] = j
    return matched


def summary(counts: Counts) -> str:
    """Return the counts and figures in one line."""
    figures = f"precision {counts.precision:.3f}, recall {counts.recall:.3f}, F1 {counts.f1:.3f}"
    return f"hits {counts.hits}, false {counts.false}, missed {counts.missed} at IoU {MIN_OVERLAP:g}: {figures}"
