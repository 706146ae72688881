"""Params of methods as text."""

import io
from typing import Literal

from pydantic import BaseModel, Field
from rich.console import Console

from microexpr.reporting.param_list import Param, fields, table


class Inner(BaseModel):
    depth: int = Field(2, ge=1, description="layers")


class Params(BaseModel):
    mode: Literal["fast", "slow"] = Field("fast", description="how")
    rates: list[float] = Field([0.5], description="one of each phase")
    scale: float | None = Field(None, gt=0, lt=1, description="None: chosen")
    first: dict[str, float] = Field({}, description="before the others")
    inner: Inner = Inner()
    needed: int


def printed(params: list[Param]) -> list[list[str]]:
    """Return the words of each line of the table of these params."""
    console = Console(file=io.StringIO(), width=120)
    console.print(table(params))
    return [line.split() for line in console.file.getvalue().splitlines()]


def test_fields_have_values_defaults_bounds_and_meanings():
    params = list(fields(Params, {"mode": "slow", "scale": 0.25, "inner": {"depth": 3}}))
    assert params == [
        Param("mode", "slow", "fast", "fast, slow", "how"),
        Param("rates", "", "[0.5]", "list of number", "one of each phase"),
        Param("scale", "0.25", "null", "number, > 0, < 1 or null", "None: chosen"),
        Param("first", "", "{}", "mapping", "before the others"),
        Param("inner.depth", "3", "2", "integer, ≥ 1", "layers"),
        Param("needed", "", "", "integer", ""),
    ]


def test_the_table_shows_the_papers_value_only_where_another_is_used():
    params = list(fields(Params, {"mode": "slow", "rates": [0.5], "first": {"lr": 0.1, "mode": "slow"}}))
    lines = printed(params)
    assert ["mode", "slow", "fast", "fast,", "slow", "how"] in lines
    assert ["rates", "[0.5]", "list", "of", "number", "one", "of", "each", "phase"] in lines
    assert lines[lines.index(["first", "lr:", "0.1", "{}", "mapping", "before", "the", "others"]) + 1] == [
        "mode:",
        "slow",
    ]


def test_the_table_shows_values_on_flow_pictures_below_those_of_the_run():
    values = {"mode": "slow", "rates": [0.5], "scale": 0.25, "first": {}, "inner": {}, "needed": 3}
    params = list(fields(Params, values, values | {"needed": 4}))
    assert [(param.name, param.on_pictures) for param in params if param.on_pictures] == [("needed", "4")]
    lines = printed(params)
    assert lines[lines.index(["needed", "3", "integer"]) + 1] == ["4", "on", "flow", "pictures"]


def test_without_values_the_table_shows_the_papers_alone():
    lines = printed(list(fields(Params, {})))
    assert lines[0] == ["param", "paper's", "allowed", "meaning"]
    assert ["mode", "fast", "fast,", "slow", "how"] in lines and ["needed", "integer"] in lines
