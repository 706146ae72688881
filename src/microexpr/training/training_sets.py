"""Params of methods by training set: a fold's clips alone, the population, or both. Trains nothing."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from microexpr.protocols import TrainingSet

Changes = dict[str, dict[str, Any]]  # params by method or variant


class Params(BaseModel):
    """Section `training_sets` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: Changes = Field(
        default={}, description="params of methods, and so of their variants, that train on a fold's clips alone"
    )
    both: Changes = Field(
        default={}, description="the same of methods that `methods` trains on the corpus alone, after the population"
    )
    ablation: Changes = Field(
        default={}, description="the same where papers' tables train on rendered subjects alone, from scratch"
    )

    def params_for(self, training: TrainingSet, name: str, params: Mapping[str, Any], usual: str) -> dict[str, Any]:
        """Return the params of a method or variant for a training, of those in `methods` and `variants`.

        In `both`, a network starts from the population's weights. Otherwise it starts as a method does whose params
        name no initialisation (`usual`), with the params of its training on the population (param `population`)."""
        by_name: Changes = getattr(self, training)
        changes = by_name.get(name.partition(".")[0], {}) | by_name.get(name, {})
        if training == "both":
            return {**params, "initialisation": "population", **changes}
        recipe = params.get("population", {}) if declared(params) == "both" else {}
        return {**params, **recipe, "initialisation": usual, "population": {}, **changes}


def declared(params: Mapping[str, Any]) -> TrainingSet:
    """Return a method's training set by its params."""
    return "both" if params.get("initialisation") == "population" else "corpus"
