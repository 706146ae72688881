"""The ground truth of a video, where a table has it: its micro-expressions, and which of them were spotted."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets.layout import label_of
from microexpr.signals.spotting import hits
from microexpr.signals.spotting.hits import Span


class TrueExpression(NamedTuple):
    """A micro-expression of the ground truth, in frames of the video."""

    onset: int
    offset: int
    emotion: str = ""  # as annotated; "" where it is not

    @property
    def span(self) -> Span:
        """First and last frame."""
        return self.onset, self.offset

    @property
    def true_class(self) -> str:
        """MEGC2019's class of the emotion, or the emotion itself where it is of none."""
        label = label_of(self.emotion)
        return self.emotion if label is None else LABELS[label]

    def __str__(self) -> str:
        """Return the class, and the emotion where it says more."""
        name = self.true_class
        return name if name == self.emotion else f"{name} ({self.emotion})"


def read(path: Path) -> list[TrueExpression]:
    """Read the micro-expressions of a CSV with columns kind, onset, offset and perhaps emotion, as `film` writes it.

    Raises DataError if there is no such file, or it has other columns.
    """
    if not regular(path).is_file():
        raise DataError(f"{path}: {'must be a CSV file, not a folder' if path.is_dir() else 'is not there'}")
    try:
        with path.open(newline="", encoding="utf-8") as text:
            rows = [row for row in csv.DictReader(text) if row["kind"] == "micro"]
            return [TrueExpression(int(r["onset"]), int(r["offset"]), r.get("emotion") or "") for r in rows]
    except (KeyError, ValueError, TypeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: must have columns kind, onset and offset, frames as whole numbers ({error})"
        ) from None


def match(spotted: Sequence[Span], truth: Sequence[TrueExpression]) -> dict[Span, TrueExpression]:
    """Return the true micro-expression that each spotted one hits, by its first and last frame."""
    pairs = hits.match(spotted, [expression.span for expression in truth])
    return {spotted[i]: truth[j] for i, j in pairs.items()}


def summary(spotted: Sequence[Span], truth: Sequence[TrueExpression]) -> str:
    """Return hits and figures of spotting in one line."""
    return hits.summary(hits.count(spotted, [expression.span for expression in truth]))
