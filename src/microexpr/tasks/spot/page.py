"""Plots of long videos in the report: true expressions, and those that each method spotted."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.reporting.html import charts, results

WORDS = (
    "One video of each data set, that with most expressions. Above: by how much the action unit that moves most stands "
    "out of its noise; below: true expressions, grey in all rows, and what each method spotted."
)


def plots(
    folder: Path, rows: Sequence[Mapping[str, Any]] = (), methods: Iterable[str] = ()
) -> list[tuple[charts.Chart, str]]:
    """Return a chart with its caption for each video of these rows, below a folder of results.

    Raises StoreError for a file that is missing or cannot be read."""
    views = results.long_videos(rows, methods, folder)
    return [(charts.spotted(view), f"{view.id}: true and spotted expressions.") for view in views]
