"""Section `units`: data sets, methods of the tables, and how these learn several labels of a clip."""

from typing import Any, Literal

from pydantic import Field

from microexpr.models.labels import SeveralLabels
from microexpr.protocols import CODED
from microexpr.tasks.task import METHODS


class Params(SeveralLabels):
    """Section `units` of params.yaml: these fields, and how several labels are learnt."""

    datasets: list[Literal[CODED]] = Field(  # type: ignore[valid-type]
        default=[*CODED], min_length=1, description="coded micro-expressions, tested; rendered where data/raw has none"
    )
    methods: dict[str, dict[str, Any] | None] = Field(default={}, description=METHODS)

    @property
    def several(self) -> SeveralLabels:
        """How its methods learn several labels."""
        return SeveralLabels(loss=self.loss, threshold=self.threshold)
