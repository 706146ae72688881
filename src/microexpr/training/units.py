"""The params of trainings on action units: data sets, losses and methods of the table of units. Trains nothing."""

from typing import Any, Literal

from pydantic import Field

from microexpr.models.labels import SeveralLabels
from microexpr.protocols import CODED


class Params(SeveralLabels):
    """Section `units` of params.yaml: these fields, and how several labels are learnt."""

    datasets: list[Literal[CODED]] = Field(  # type: ignore[valid-type]
        default=[*CODED], min_length=1, description="coded micro-expressions, tested; rendered where data/raw has none"
    )
    methods: dict[str, dict[str, Any] | None] = Field(
        default={}, description="rows of the table: methods, or <method>.<row>, with params of their own"
    )

    @property
    def several(self) -> SeveralLabels:
        """How its methods learn several labels."""
        return SeveralLabels(loss=self.loss, threshold=self.threshold)
