"""Figures as papers print them, from `published.csv`: keyed by the paper that prints them, errors and all.

What may not come in: a figure of ours.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# Where a method has no figures in a paper of its own: the papers that report it, in this order.
REPORTERS = (("icegan", "1"), ("mtmnet", "5"), ("localregions", "8"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed figure of the MEGC2019 composite with leave-one-subject-out."""

    method: str
    paper: str  # that prints it
    table: str  # of that paper
    dataset: str  # full, smic, casme2, samm
    metric: str  # uf1, uar
    value: str  # as printed, with its decimals
    clips: int
    source: str  # own, or "reported by <paper>"
    erratum: str  # what is known to be wrong with it, else ""


@cache
def cells() -> tuple[Cell, ...]:
    """All printed figures, in the order of the file."""
    text = files("microexpr").joinpath("published.csv").read_text(encoding="utf-8")
    return tuple(Cell(clips=int(row.pop("clips")), **row) for row in csv.DictReader(text.splitlines()))


def twin(method: str) -> dict[tuple[str, str], Cell]:
    """The published figures to lay beside a method's own, by (dataset, metric); empty where no paper has any.

    The method's own paper first, else ICE-GAN Table 1, else MTMNet Table 5, else local regions Table 8: one of them
    for all cells, never a mixture.
    """
    found = [cell for cell in cells() if cell.method == method]
    own = {(cell.dataset, cell.metric): cell for cell in found if cell.source == "own"}
    if own:
        return own
    for paper, table in REPORTERS:
        reported = {(c.dataset, c.metric): c for c in found if (c.paper, c.table) == (paper, table)}
        if reported:
            return reported
    return {}
