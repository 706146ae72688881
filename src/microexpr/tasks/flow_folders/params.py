"""Methods and variants of the main table on precomputed flow pictures, and checks of section `flow_folders`."""

from collections.abc import Mapping
from typing import Any

from microexpr.core.errors import ParamsError, nearest
from microexpr.models import base, recognisers
from microexpr.tasks.emotion.params import Listed, list_methods
from microexpr.tasks.rows import built, check_names, described_row, usual
from microexpr.training import training_sets
from microexpr.training.checked import MethodSpec


def checked_rows(params: Any, rows: Mapping[str, Mapping[str, MethodSpec]]) -> dict[str, MethodSpec]:
    """Return by name the methods and variants with their params on pictures.

    Raises ParamsError for a method that there is none of, or a param that it has not or shares with all tables."""
    method_names = recognisers.names()
    for name, changes in params.flow_folders.methods.items():
        key = f"flow_folders.methods.{name}"
        if name not in method_names:
            raise ParamsError(f"{key} must be a method{nearest(name, method_names)}")
        if shared := sorted(base.Params.model_fields.keys() & {*(changes or {})}):
            raise ParamsError(f"{key} must not have {shared[0]}, which is the same in all tables")
        check_names(name, changes or {}, key)
    return {item.name: _row(item, params) for item in list_methods(params)}


def _row(item: Listed, params: Any) -> MethodSpec:
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
