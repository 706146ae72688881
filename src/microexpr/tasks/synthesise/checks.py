"""Values of section `synthesise` that others exclude."""

from collections.abc import Iterator, Mapping
from typing import Any

from microexpr.training.checked import Row


def refusals(params: Any, rows: Mapping[str, Mapping[str, Row]]) -> Iterator[str]:
    """Yield a line for each count of a data set that this run has not, or of no clips."""
    for name, by_emotion in params.synthesise.counts.items():
        if name not in params.datasets or not by_emotion:
            yield f"synthesise.counts.{name} must be clips by emotion of one of {', '.join(params.datasets)}"
