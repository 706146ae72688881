"""The main table in a terminal: a line for each method, the highest UF1 first. Formats figures, computes none."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from microexpr.evaluation import Row as Result
from microexpr.reporting import table
from microexpr.reporting.main_table import SCOPES, TITLES, by_protocol, table_title
from microexpr.reporting.method_tests import DIFFERENT, FLOOR, above_chance, comparisons, pairs_of_best
from microexpr.reporting.table import NARROW, WIDE, Row, Rows

STYLES = {"*": "bold green", "=": "green", "-": "dim", " ": ""}


class Standing(NamedTuple):
    """Results of the paired tests by method; empty without tests."""

    best: str = ""
    ties: frozenset[str] = frozenset()  # methods that cannot be told from the best one
    chance: frozenset[str] = frozenset()  # methods that are not above a guess


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
    """Return a table for each protocol, as wide as fits `width` columns; published figures have a separate column.

    Each line has the origin of its reproduced figures."""
    parts: list[RenderableType] = []
    for of_protocol in by_protocol(rows):
        subjects, clips = of_protocol[0]["subjects"], of_protocol[0]["clips"]
        title = f"{table_title(of_protocol)}; {subjects} subjects, {clips} clips, last epoch"
        parts += [Text(title, style="bold"), _table(table.by_figure(of_protocol, "full_uf1"), tests, width), ""]
    return Group(*parts)


def _table(rows: Rows, tests: Standing, width: int) -> Grid:
    marks = {"*": {tests.best}, "=": tests.ties, "-": tests.chance}
    of_rows = [next((mark for mark, names in marks.items() if row["method"] in names), " ") for row in rows]
    names = {"UF1": "full_uf1", "low": "full_uf1_low", "high": "full_uf1_high", "UAR": "full_uar"}
    if width >= WIDE:
        names |= {TITLES[scope]: f"{scope}_uf1" for scope in SCOPES[1:]} | {"oracle": "oracle_full_uf1"}
    columns = {"": of_rows, "method": [row["method"] for row in rows]}
    columns |= {head: [table.rounded(row[name]) for row in rows] for head, name in names.items()}
    columns["also"] = [row["population_subjects"] and f"+{row['population_subjects']}" for row in rows]
    if width >= NARROW:
        columns["origin"] = [row["origin"] for row in rows]
        columns["published"] = [_published(row) for row in rows]
    present = {head: cells for head, cells in columns.items() if head in ("", "method") or any(cells)}
    return table.grid(present, ("", "method", "origin"), width < WIDE, [STYLES[mark] for mark in of_rows])


def _published(row: Row) -> str:
    erratum = "*" * ("full_uf1: " in row["published_erratum"])
    return table.rounded(row["published_full_uf1"]) + (erratum or " ") * bool(row["published_full_uf1"])


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
