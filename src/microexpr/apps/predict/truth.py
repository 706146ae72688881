"""The ground truth of a video, where a table has it: its micro-expressions, and which of them were spotted."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from microexpr.core import csv_file
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.datasets.layout import label_of
from microexpr.datasets.workbook import listing
from microexpr.signals.spotting import Kind, hits
from microexpr.signals.spotting.hits import Span

COLUMNS = {"kind": csv_file.one_of(get_args(Kind)), "onset": csv_file.whole, "offset": csv_file.whole}


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
        """Return the class, and the emotion where it is more specific."""
        name = self.true_class
        return name if name == self.emotion else f"{name} ({self.emotion})"


def read(path: Path) -> list[TrueExpression]:
    """Read the micro-expressions of a CSV with columns kind, onset, offset and perhaps emotion, as `film` writes it.

    Raises DataError naming file and row: if there is no such file, or it has other columns, kinds or numbers."""
    if path.is_dir():
        raise DataError(f"{path}: must be a CSV file, not a folder")
    expressions = []
    for line, row in listing(path, COLUMNS):
        cells = csv_file.cells(path, line, row, COLUMNS)
        if cells["onset"] > cells["offset"]:
            raise DataError(f"{path}, row {line}: onset must be <= offset, not {cells['onset']} > {cells['offset']}")
        if cells["kind"] == "micro":
            expressions.append(TrueExpression(cells["onset"], cells["offset"], row.get("emotion", "")))
    return expressions


def match(spotted: Sequence[Span], truth: Sequence[TrueExpression]) -> dict[Span, TrueExpression]:
    """Return the true micro-expression that each spotted one hits, by its first and last frame."""
    pairs = hits.match(spotted, [expression.span for expression in truth])
    return {spotted[i]: truth[j] for i, j in pairs.items()}


def summary(spotted: Sequence[Span], truth: Sequence[TrueExpression]) -> str:
    """Return hits and figures of spotting in one line."""
    return hits.summary(hits.count(spotted, [expression.span for expression in truth]))
