"""The main table in a terminal: a line for each method, the highest UF1 first. Formats figures, computes none."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from microexpr.evaluation import Row as Result
from microexpr.reporting import table
from microexpr.reporting.main_table import TABLE, table_title
from microexpr.reporting.method_tests import DIFFERENT, FLOOR, above_chance, comparisons, pairs_of_best
from microexpr.reporting.table import WIDE, Rows

STYLES = {"*": "bold green", "=": "green", "-": "dim", " ": ""}


class Standing(NamedTuple):
    """Results of the paired tests by method; empty without tests."""

    best: str = ""
    ties: frozenset[str] = frozenset()  # methods that cannot be told from the best one
    chance: frozenset[str] = frozenset()  # methods that are not above a guess

    def mark(self, method: str) -> str:
        """Return the mark of a method, one of `STYLES`."""
        marks = {"*": {self.best}, "=": self.ties, "-": self.chance}
        return next((mark for mark, names in marks.items() if method in names), " ")


def standing(rows: Rows, pairs: Sequence[Result]) -> Standing:
    """Return the marks of each method by its pairs of `evaluation.pairs`, made of these rows."""
    if not pairs:
        return Standing()
    best, of_best = pairs_of_best(rows, pairs)
    ties = {name for name, pair in of_best.items() if pair["p_holm"] >= DIFFERENT}
    if len(ties) == len(of_best):
        ties = set()  # nothing can be told from the best, so a mark would say nothing
    tests = comparisons(FLOOR, pairs, "uar")
    chance = {FLOOR} | {test.method for test in tests} - {test.method for test in above_chance(tests)}
    return Standing(best, frozenset(ties), frozenset(chance))


def render(rows: Rows, tests: Standing, width: int) -> RenderableType:
    """Return a table for each protocol, as wide as fits `width` columns; columns without a figure are left out."""
    parts: list[RenderableType] = []
    for of_protocol in table.by_protocol(rows):
        ranked = table.by_figure(of_protocol, "full_uf1")
        lines = [{"": tests.mark(row["method"])} | TABLE.texts(row, TABLE.shown(width), decimals=3) for row in ranked]
        heads = [head for head in lines[0] if not head or any(line[head] for line in lines)]
        styles = [STYLES[line[""]] for line in lines]
        grid = table.grid(heads, lines, ("method", "origin"), collapse=width < WIDE, styles=styles)
        counts = f"{ranked[0]['subjects']} subjects, {ranked[0]['clips']} clips, last epoch"
        parts += [Text(f"{table_title(of_protocol)}; {counts}", style="bold"), grid, ""]
    return Group(*parts)


def legend(rows: Rows, tests: Standing) -> list[str]:
    """Return the legend of the table's marks and columns."""
    lines = ["low, high: 95 % interval of UF1"]
    if tests.best:
        ties = "; = cannot be told from it" if tests.ties else ""
        lines[0] += f". * highest UF1{ties}; - UAR is not above a guess (p corrected, < {DIFFERENT})"
    if any(row["population_subjects"] for row in rows):
        lines.append("also: learnt from this number of rendered subjects of the population too")
    if any(row["published_full_uf1"] for row in rows):
        generated = ", not comparable with generated ones" * any("generated" in row["origin"] for row in rows)
        lines.append(f"published: UF1 as printed, of recorded faces{generated}; * erratum")
    return [*lines, "`microexpr table --notes` says more of each row; --markdown, --csv, --json: all figures"]
