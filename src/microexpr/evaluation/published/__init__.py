"""Hold figures as papers print them, a CSV for each paper, keyed by the paper that prints them, errors included.

Out of scope: a figure of ours.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from microexpr.protocols import ABLATION

FILES = (
    "icegan.csv", "mtmnet.csv", "augacn.csv", "famgan.csv", "localregions.csv", "ststnet.csv", "htnet.csv",
    "causalnet.csv",
)  # fmt: skip
# F1 of action units as the notebooks of meb print them, means of five trainings, in per cent of 2,031 clips: from
# github.com/tvaranka/meb, commit f731b0a, experiments/benchmarks, which the tables of Varanka et al. (IEEE Trans.
# Affective Computing 2024) come from. NMER is left out: its notebook stores a trial of one epoch.
UNITS = "meb.csv"  # a line for each row and metric: of each unit, pooled over data sets, of each data set, and means
QUESTIONS = "megc2025_questions.csv"  # of entries of MEGC 2025, over its test clips of SAMM and CAS(ME)^3 together
LONG_VIDEOS = "megc2025.csv"  # a line for each row, data set and kind; of classes of micro-expressions that were hit
# The table in which each paper compares itself with others under the protocol of MEGC2019.
MAIN = {
    "ststnet": "table3", "icegan": "table1", "mtmnet": "table5", "localregions": "table8", "htnet": "table2",
    "causalnet": "readme",
}  # fmt: skip
REPORTERS = ("icegan", "mtmnet", "localregions")  # for methods without a paper here, in this order


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed cell of a table, or a statement that has to be supported by a figure of the paper."""

    paper: str  # the paper that prints it
    table: str  # of that paper; `text` if in its prose
    row: str  # both as printed; two headers of one column are joined by " / "
    column: str
    dataset: str  # full, smic, casme2+samm, samm->smic (trained -> tested), or "" if of none
    protocol: str  # megc2019, loso, lovo, cross, objective, split70, or none
    classes: str  # 3, 5, 7, 8, objective5, objective7
    metric: str  # uf1, f1 (the same under the name it is printed with), accuracy, fid, clips, ...
    published: str  # as printed, with its decimals; "" for a printed "-"
    clips: str  # their number in the paper, or ""
    source: str  # own, rerun by this paper, reported without a source, or copied from another
    selection: str  # how the epoch was chosen, if the paper says so
    method: str  # ours; a variant follows a dot: icegan.no_skips
    status: str  # planned, or published_only: never to be reproduced
    erratum: str  # a known error in this line, else ""
    note: str

    @property
    def runs_under(self) -> str:
        """The protocol's name in `protocols.PROTOCOLS`, "" if nothing is trained."""
        return protocol_name(self.protocol, self.dataset, self.classes)


@cache
def cells() -> tuple[Cell, ...]:
    """Return all cells of all papers, in the order of the files."""
    return tuple(Cell(**row) for name in FILES for row in read(name))


@cache
def read(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a CSV file of this folder by column, as printed, in its order; "" where nothing is."""
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def protocol_name(protocol: str, dataset: str, classes: str) -> str:
    """Return the name of a protocol from the paper's words: loso, casme2, 5 -> loso_casme2_5; "" if nothing is trained.

    The data sets that cross-data-set evaluation trains on are in alphabetical order.
    """
    if protocol in ("loso", "lovo"):
        return f"{protocol}_{dataset}_{classes}"
    if protocol == "cross":
        trained, tested = dataset.split("->")
        kind = "_objective" if classes == "objective5" else ""
        return f"cross{kind}_{'_'.join(sorted(trained.split('+')))}_to_{tested}"
    if protocol == "objective":
        return "objective" if classes == "objective5" else ""  # all seven classes are counted, not predicted
    return protocol if protocol in ("megc2019", "split70", ABLATION) else ""


def published_counterparts(method: str) -> dict[tuple[str, str], Cell]:
    """Return the published figures of a method by (dataset, metric), to compare ours with; empty if no paper has any.

    They come from the method's own paper, otherwise from ICE-GAN Table 1, MTMNet Table 5 or local regions Table 8, in
    this order: one of them for all cells, never a mixture.
    """
    candidates = [cell for cell in cells() if cell.method == method and cell.table == MAIN.get(cell.paper)]
    groups = [[cell for cell in candidates if cell.source == "own"]]
    groups += [[cell for cell in candidates if cell.paper == paper] for paper in REPORTERS]
    return {(cell.dataset, cell.metric): cell for cell in next(filter(None, groups), [])}
