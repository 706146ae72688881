"""The generators of clips, with their params, and checks of section `synthesise`."""

from collections.abc import Mapping
from typing import Any

from microexpr.core.errors import ParamsError
from microexpr.models import generators
from microexpr.tasks.rows import built, described_row
from microexpr.training import weights
from microexpr.training.checked import MethodSpec


def checked_rows(params: Any, rows: Mapping[str, Mapping[str, MethodSpec]]) -> dict[str, MethodSpec]:
    """Return by name the separately trained generators.

    Raises ParamsError for a count of a data set that this run has not, or of no clips."""
    for name, by_emotion in params.synthesise.counts.items():
        if name not in params.datasets or not by_emotion:
            expected = f"clips by emotion of one of {', '.join(params.datasets)}"
            raise ParamsError(f"synthesise.counts.{name} must be {expected}")
    return {name: _row(name, values) for name, values in params.generators.items()}


def _row(name: str, values: dict[str, Any] | None) -> MethodSpec:
    maker = built(generators.find, f"generators.{name}", name, values)
    if maker.params.decay_epochs > maker.params.epochs:
        last, epochs = maker.params.decay_epochs, maker.params.epochs
        raise ParamsError(f"generators.{name}.decay_epochs must be at most epochs, not {last} > {epochs}")
    if maker.params.initialisation == "shipped":
        weights.check_shipped(maker, f"generators.{name}")
    return described_row(maker)
