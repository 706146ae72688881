"""The main table in a terminal: a line for each method, the highest UF1 first. Formats figures, computes none."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from microexpr.evaluation import Row as Result
from microexpr.reporting import table
from microexpr.reporting.main_table import TABLE, table_title
from microexpr.reporting.method_tests import DIFFERENT, FLOOR, above_chance, comparisons, pairs_of_best
from microexpr.reporting.table import WIDE, Rows

STYLES = {"*": "bold green", "=": "green", "-": "dim", " ": ""}  # by mark
Marks = Mapping[str, str]  # by method; empty without tests


def marks(rows: Rows, pairs: Sequence[Result]) -> Marks:
    """Return the mark of the best method, of those that cannot be told from it, and of those not above a guess. `pairs`
    are those of `evaluation.pairs`, made of these rows."""
    if not pairs:
        return {}
    best, of_best = pairs_of_best(rows, pairs)
    ties = [name for name, pair in of_best.items() if pair["p_holm"] >= DIFFERENT]
    if len(ties) == len(of_best):
        ties = []  # nothing can be told from the best, so a mark would say nothing
    tests = comparisons(FLOOR, pairs, "uar")
    better = above_chance(tests)
    guesses = [FLOOR, *(test.method for test in tests if test not in better)]
    return dict.fromkeys(guesses, "-") | dict.fromkeys(ties, "=") | {best: "*"}


def render(rows: Rows, marks: Marks, width: int) -> RenderableType:
    """Return a table for each protocol, as wide as fits `width` columns; columns without a figure are left out."""
    parts: list[RenderableType] = []
    for of_protocol in table.by_protocol(rows):
        ranked = table.by_figure(of_protocol, "full_uf1")
        texts = {"": lambda row: marks.get(row["method"], " ")} | TABLE.columns_of(width)
        lines = [{head: text(row) for head, text in texts.items()} for row in ranked]
        heads = [head for head in texts if not head or any(line[head] for line in lines)]
        grid = table.grid(heads, lines, width < WIDE, [STYLES[line[""]] for line in lines])
        counts = f"{ranked[0]['subjects']} subjects, {ranked[0]['clips']} clips, last epoch"
        parts += [Text(f"{table_title(of_protocol)}; {counts}", style="bold"), grid, ""]
    return Group(*parts)


def legend(rows: Rows, marks: Marks) -> list[str]:
    """Return the legend of the table's marks and columns."""
    lines = ["low, high: 95 % interval of UF1"]
    if marks:
        ties = "; = cannot be told from it" * ("=" in marks.values())
        lines[0] += f". * highest UF1{ties}; - UAR is not above a guess (p corrected, < {DIFFERENT})"
    if any(row["population_subjects"] for row in rows):
        lines.append("also: learnt from this number of rendered subjects of the population too")
    if any(row["published_full_uf1"] for row in rows):
        generated = ", not comparable with generated ones" * any("generated" in row["origin"] for row in rows)
        lines.append(f"published: UF1 as printed, of recorded faces{generated}; * erratum")
    return [*lines, "`microexpr table --notes` says more of each row; --markdown, --csv, --json: all figures"]
