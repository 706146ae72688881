"""The rows of the table of long videos: spotters with their params."""

from collections.abc import Mapping
from typing import Any

from microexpr.models import spotters
from microexpr.tasks.rows import built, plain
from microexpr.training.checked import Row


def checked_rows(params: Any, rows: Mapping[str, Mapping[str, Row]]) -> dict[str, Row]:
    """Return by name the spotters of section `spot`."""
    return {name: _row(name, values, params.spot) for name, values in params.spot.methods.items()}


def _row(name: str, values: dict[str, Any] | None, section: Any) -> Row:
    spotter = built(spotters.find, f"spot.methods.{name}", name, values, section.movement.regions)
    reads = ["spot", *["movement"] * spotter.reads_movement]
    return Row(params=plain(spotter), reads=reads, network=bool(spotter.networks()))
