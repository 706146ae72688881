"""The rows of the table of long videos: spotters with their params."""

from collections.abc import Mapping
from typing import Any

from microexpr.models import spotters
from microexpr.tasks.rows import built, plain
from microexpr.training.checked import MethodSpec


def checked_rows(params: Any, rows: Mapping[str, Mapping[str, MethodSpec]]) -> dict[str, MethodSpec]:
    """Return by name the spotters of section `spot`."""
    return {name: _row(name, values, params.spot) for name, values in params.spot.methods.items()}


def _row(name: str, values: dict[str, Any] | None, section: Any) -> MethodSpec:
    spotter = built(spotters.find, f"spot.methods.{name}", name, values, section.movement.regions)
    reads = ["spot", *["movement"] * spotter.reads_movement]
    return MethodSpec(params=plain(spotter), reads=reads, network=bool(spotter.networks()))
