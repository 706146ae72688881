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
    console = Console(file=io.StringIO(), width=120)
    console.print(table(params))
    lines = [line.split() for line in console.file.getvalue().splitlines()]
    assert ["mode", "slow", "fast", "fast,", "slow", "how"] in lines
    assert ["rates", "[0.5]", "list", "of", "number", "one", "of", "each", "phase"] in lines
    assert lines[lines.index(["first", "lr:", "0.1", "{}", "mapping", "before", "the", "others"]) + 1] == [
        "mode:",
        "slow",
    ]
