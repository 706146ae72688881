"""The main table in a terminal: a line for each method, the highest UF1 first. Formats figures, computes none."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from microexpr.datasets import LONG
from microexpr.evaluation import Row
from microexpr.protocols.classes import UNITS
from microexpr.reporting import formats, spot_table, units_table
from microexpr.reporting.main_table import SCOPES, TITLES, by_uf1, table_title
from microexpr.reporting.method_tests import DIFFERENT, FLOOR, above_chance, comparisons, pairs_of_best

NARROW, WIDE = 78, 110  # columns of the terminal from which further figures have room
STYLES = {"*": "bold green", "=": "green", "-": "dim", " ": ""}
PLACES = 3  # decimals, as many as intervals of a few subjects bear; --csv has four


class Standing(NamedTuple):
    """Results of the paired tests by method; empty without tests."""

    best: str = ""
    alike: frozenset[str] = frozenset()  # methods that cannot be told from the best one
    chance: frozenset[str] = frozenset()  # methods that are not above a guess


def standing(rows: Sequence[Mapping[str, str]], pairs: Sequence[Row]) -> Standing:
    """Return what the pairs of `evaluation.pairs`, made of these rows, say of each method."""
    if not pairs:
        return Standing()
    best, of_best = pairs_of_best(rows, pairs)
    alike = {name for name, pair in of_best.items() if pair["p_holm"] >= DIFFERENT}
    if len(alike) == len(of_best):
        alike = set()  # nothing can be told from the best, so a mark would say nothing
    tests = comparisons(FLOOR, pairs, "uar")
    chance = {FLOOR} | {test.method for test in tests} - {test.method for test in above_chance(tests)}
    return Standing(best, frozenset(alike), frozenset(chance))


def render(rows: Sequence[Mapping[str, str]], tests: Standing, width: int) -> RenderableType:
    """Return a table for each protocol, as wide as fits `width` columns; published figures have a column of their own.

    Each line has the origin of its reproduced figures."""
    names = dict.fromkeys(row["protocol"] for row in rows)
    parts = [[row for row in rows if row["protocol"] == name] for name in names]
    return Group(*(item for part in parts for item in (_title(part), _table(by_uf1(part), tests, width), "")))


def _title(rows: Sequence[Mapping[str, str]]) -> Text:
    subjects, clips = rows[0]["subjects"], rows[0]["clips"]
    return Text(f"{table_title(rows)}; {subjects} subjects, {clips} clips, last epoch", style="bold")


def _table(rows: Sequence[Mapping[str, str]], tests: Standing, width: int) -> Table:
    marks = [_mark(row["method"], tests) for row in rows]
    columns = {"": marks, "method": [row["method"] for row in rows]} | _figures(rows, width)
    if width >= NARROW:
        columns["origin"] = [row["origin"] for row in rows]
        columns["published"] = [_published(row) for row in rows]
    present = {title: values for title, values in columns.items() if title in ("", "method") or any(values)}
    table = _empty(present, ("", "method", "origin"), width < WIDE)
    for mark, *cells in zip(marks, *present.values(), strict=True):
        table.add_row(*cells, style=STYLES[mark])
    return table


def _empty(titles: Iterable[str], words: Collection[str], collapse: bool = True) -> Table:
    """Return a table of these columns without rows; those of words are on the left."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1), collapse_padding=collapse)
    for title in titles:
        justify: JustifyMethod = "left" if title in words else "right"
        table.add_column(title, justify=justify, no_wrap=True)
    return table


def _figures(rows: Sequence[Mapping[str, str]], width: int) -> dict[str, list[str]]:
    """Return the reproduced figures of each row by the title of their column."""
    names = {"UF1": "full_uf1", "low": "full_uf1_low", "high": "full_uf1_high", "UAR": "full_uar"}
    if width >= WIDE:
        names |= {TITLES[scope]: f"{scope}_uf1" for scope in SCOPES[1:]} | {"oracle": "oracle_full_uf1"}
    figures = {title: [_figure(row[name]) for row in rows] for title, name in names.items()}
    return figures | {"also": [row["population_subjects"] and f"+{row['population_subjects']}" for row in rows]}


def _mark(method: str, tests: Standing) -> str:
    marks = {"*": {tests.best}, "=": tests.alike, "-": tests.chance}
    return next((mark for mark, methods in marks.items() if method in methods), " ")


def _figure(text: str) -> str:
    return f"{float(text):.{PLACES}f}" if text else ""


def _published(row: Mapping[str, str]) -> str:
    erratum = "*" * ("full_uf1: " in row["published_erratum"])
    return _figure(row["published_full_uf1"]) + (erratum or " ") * bool(row["published_full_uf1"])


def render_units(rows: Sequence[Mapping[str, str]], width: int) -> RenderableType:
    """Return the table of action units, the highest macro F1 first, F1 of each unit where there is room for it.

    Published rows that no method reproduces come last."""
    columns = {"F1": "macro_f1", "low": "macro_f1_low", "high": "macro_f1_high", "AP": "mean_ap"}
    if width >= WIDE:
        columns |= {unit.removeprefix("AU"): f"f1_{unit}" for unit in UNITS}
    table = _empty(["method", "learnt from", *columns, "published"], ("method", "learnt from"))
    for row in formats.by_figure(rows, "macro_f1"):
        name = row["method"] or row["published_row"]
        figures = [f"{float(row[column]):.2f}" if row[column] else "" for column in columns.values()]
        table.add_row(name, row["learnt_from"], *figures, _figure(row["published_macro_f1"]))
    return Group(Text(units_table.title(rows), style="bold"), table, "")


def render_spot(rows: Sequence[Mapping[str, str]], width: int) -> RenderableType:
    """Return the table of long videos, the highest F1 of micro-expressions first.

    Where there is room each data set has a column, with the published F1 in brackets. Published rows that no method
    reproduces come last."""
    columns = {
        "micro": "micro_f1", "low": "micro_f1_low", "high": "micro_f1_high", "macro": "macro_f1", "both": "both_f1",
        "chance": "chance_f1", "false": "false_a_minute", "STRS": "strs",
    }  # fmt: skip
    sets = {spot_table.short_title(name): f"{name}_micro_f1" for name in LONG if width >= WIDE}
    table = _empty(("method", *columns, *sets), ("method",))
    for row in formats.by_figure(rows, "micro_f1"):
        figures = [f"{float(row[column]):.2f}" if row[column] else "" for column in columns.values()]
        if row["method"] or any(row[f"published_{column}"] for column in sets.values()):
            cells = (_with_published(row[column], row[f"published_{column}"]) for column in sets.values())
            table.add_row(row["method"] or row["published_row"], *figures, *cells)
    notes = [
        "micro, macro, both: F1; low, high: 95 % interval; false: false micro-expressions in a minute",
        *(["data sets: F1 of micro-expressions, in brackets as published of recorded faces"] * bool(sets)),
    ]
    return Group(Text(spot_table.title(rows), style="bold"), table, "", *map(Text, notes), "")


def _with_published(figure: str, published: str) -> str:
    """Return a figure with the published one in brackets, where there are any."""
    brackets = f"({float(published):.2f})" if published else " " * 6
    return f"{figure and f'{float(figure):.2f}'} {brackets}"


def legend(rows: Sequence[Mapping[str, str]], tests: Standing) -> list[str]:
    """Return what the marks and columns of the table mean."""
    lines = ["low, high: 95 % interval of UF1"]
    if tests.best:
        alike = "; = cannot be told from it" if tests.alike else ""
        lines[0] += f". * highest UF1{alike}; - UAR is not above a guess (p corrected, < {DIFFERENT})"
    if any(row["population_subjects"] for row in rows):
        lines.append("also: learnt from this number of rendered subjects of the population too")
    if any(row["published_full_uf1"] for row in rows):
        generated = ", not comparable with generated ones" * any("generated" in row["origin"] for row in rows)
        lines.append(f"published: UF1 as printed, of recorded faces{generated}; * erratum")
    return [*lines, "`microexpr table --notes` says more of each row; --markdown, --csv, --json: all figures"]
