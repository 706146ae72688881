"""Methods and variants of the main table on precomputed flow pictures."""

from collections.abc import Mapping
from typing import Any

from microexpr.core.errors import ParamsError
from microexpr.models import recognisers
from microexpr.tasks.emotion.rows import Listed, list_methods
from microexpr.tasks.rows import built, described_row, usual
from microexpr.training import training_sets
from microexpr.training.checked import Row


def checked_rows(params: Any, rows: Mapping[str, Mapping[str, Row]]) -> dict[str, Row]:
    """Return by name the methods and variants with their params on pictures."""
    return {item.name: _row(item, params) for item in list_methods(params)}


def _row(item: Listed, params: Any) -> Row:
    """Return the row of a method or variant on precomputed flow, where it does not start from the population.

    `flow_folders.methods` changes the params of methods, and so of their variants, but not what a variant changes
    itself. Raises ParamsError for a method that is not run on such flow."""
    values, changes, initialisation = item.of_method, params.flow_folders.methods, usual(item.name)
    if training_sets.declared(values) == "both":
        values = params.training_sets.params_for("corpus", item.method, values, initialisation)
    values = values | (changes.get(item.method) or {}) | item.changes
    if training_sets.declared(values) == "both":
        values |= {"initialisation": initialisation, "population": {}}
    pictured = described_row(built(recognisers.find, f"flow_folders.{item.key}", item.name, values))
    if item.name in changes and (pictured.macro or not {*pictured.reads} <= {"flow"}):
        expected = "a method that reads flow alone, without macro-expressions"
        raise ParamsError(f"flow_folders.methods.{item.name} must be {expected}")
    return pictured
