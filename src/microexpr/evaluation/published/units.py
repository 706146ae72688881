"""Figures of action units as the notebooks of meb print them, by row and metric: means of five trainings.

From github.com/tvaranka/meb, commit f731b0a, experiments/benchmarks, from which the tables of Varanka et al. (IEEE
Trans. Affective Computing 2024) come; NMER is left out, whose notebook stores a trial of one epoch. Per cent, of 2,031
clips.
"""

from dataclasses import dataclass
from functools import cache

from microexpr.evaluation.published import read
from microexpr.protocols import CODED
from microexpr.protocols.classes import UNITS


@dataclass(frozen=True, slots=True)
class Line:
    """One printed row."""

    row: str
    method: str  # ours; "" for a method that is not here
    metric: str  # macro_f1 or macro_f1_of_both, as in `metrics.several`
    units: dict[str, str]  # F1 of each unit in per cent, pooled over data sets, as printed
    mean: str
    datasets: dict[str, str]  # mean over units in each data set
    mean_of_datasets: str
    notebook: str


@cache
def lines() -> tuple[Line, ...]:
    """Return all lines, in the order of the file."""
    return tuple(
        Line(
            row=row["row"], method=row["method"], metric=row["metric"],
            units={name: row[name] for name in UNITS}, mean=row["mean"],
            datasets={name: row[name] for name in CODED}, mean_of_datasets=row["mean_of_datasets"],
            notebook=row["notebook"],
        )
        for row in read("meb.csv")
    )  # fmt: skip
