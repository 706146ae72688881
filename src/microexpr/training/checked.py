"""params.yaml as checked: what a run knows of methods, generators and spotters before it trains any. Loads no torch."""

from typing import Any

from pydantic import BaseModel

from microexpr.protocols import TrainingSet


class MethodSpec(BaseModel, frozen=True):
    """A method, generator or spotter under its params. Params are plain values."""

    params: dict[str, Any]
    reads: list[str]  # stages with the files of its inputs
    network: bool
    synthesises: bool = False  # faces, while it is trained
    macro: bool = False  # whether macro-expressions are also trained on
    priority: int = 0
    grouping: str = ""  # of a generator, one of `protocols.GROUPINGS`
    other_choices: list[str] = []  # where its params make another choice than its paper
    pretraining: dict[str, Any] | None = None  # params of its teacher; None: it has none, also below
    population: dict[str, Any] | None = None  # of itself as the population trains it
    teacher_population: dict[str, Any] | None = None  # of its teacher as the population trains that
    weights: str = ""  # name of the published weights that it starts from
    population_weights: str = ""  # the same of its training on the population
    # of the main task alone
    in_table: bool = True
    appendix: str = ""  # why it is not; "" for a row of the main table, and of papers' tables alone
    trainings: dict[TrainingSet, "MethodSpec"] = {}  # with each training set that its params do not select

    def trained(self, training: TrainingSet) -> "MethodSpec":
        """Return the method with a training set: itself where it has no other."""
        return self.trainings.get(training, self)


class Checked(BaseModel, frozen=True):
    """Every value of params.yaml, and what follows from the params of methods, generators and spotters."""

    params: dict[str, Any]
    rows: dict[str, dict[str, MethodSpec]]  # by task, those of its table, or its generators

    @property
    def methods(self) -> dict[str, MethodSpec]:
        """The methods and variants of the main task."""
        return self.rows["emotion"]
