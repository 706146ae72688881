"""The params of all tasks but the main one: data sets and methods of their tables. Trains nothing."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from microexpr.datasets import MICRO
from microexpr.models.labels import SeveralLabels
from microexpr.protocols import CODED

Methods = dict[str, dict[str, Any] | None]
METHODS = "rows of the table: methods, or <method>.<row>, with their params"


class Rows(BaseModel):
    """The section of a task that has no further params."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    datasets: list[Literal[tuple(MICRO)]] = Field(  # type: ignore[valid-type]
        default=[], description="micro-expressions, tested; none: those of the main table"
    )
    methods: Methods = Field(default={}, description=METHODS)


class Params(SeveralLabels):
    """Section `units` of params.yaml: these fields, and how several labels are learnt."""

    datasets: list[Literal[CODED]] = Field(  # type: ignore[valid-type]
        default=[*CODED], min_length=1, description="coded micro-expressions, tested; rendered where data/raw has none"
    )
    methods: Methods = Field(default={}, description=METHODS)

    @property
    def several(self) -> SeveralLabels:
        """How its methods learn several labels."""
        return SeveralLabels(loss=self.loss, threshold=self.threshold)
