"""The first screen and the tests of a page: methods by UF1, their tests against two references. Computes no figure.

Out of scope: plotly; an interval here is a line of a table, positioned in percent of its axis.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from microexpr.evaluation.rows import Row
from microexpr.reporting import main_table, method_tests
from microexpr.reporting.main_table import held_out
from microexpr.reporting.method_tests import DIFFERENT, FLOOR, Comparison

KINDS = {
    "": "all methods",
    "better": "better than chance",
    "alike": "not distinguishable from the best",
    "network": "networks",
    "classical": "without a network",
    "published": "with published figures",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One method: its row of the table, its rank, its tests, None against itself or where no test exists."""

    rank: int
    row: Mapping[str, str]
    kinds: list[str]  # of `KINDS`
    against_chance: Comparison | None  # its UAR with that of the floor, which guesses
    against_floor: Comparison | None
    against_best: Comparison | None
    notes: list[str]

    @property
    def name(self) -> str:
        """The method."""
        return self.row["method"]

    @property
    def interval(self) -> str:
        """The interval of UF1, as in the table."""
        return f"{self.row['full_uf1_low']} to {self.row['full_uf1_high']}"


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the headline."""

    title: str
    figure: str
    below: str
    method: str = ""  # to which the figure links


def standings(rows: Sequence[Mapping[str, str]], pairs: Sequence[Row]) -> list[Standing]:
    """Return the methods by UF1. `rows` are those of the table, `pairs` those of `evaluation.pairs`."""
    ordered = main_table.by_uf1(rows)
    floor, best = (
        {test.method: test for test in method_tests.comparisons(reference, pairs)}
        for reference in (FLOOR, ordered[0]["method"])
    )
    chance = {test.method: test for test in method_tests.comparisons(FLOOR, pairs, "uar")}
    return [
        Standing(
            rank=rank,
            row=row,
            kinds=_kinds(row, chance.get(row["method"]), best.get(row["method"])),
            against_chance=chance.get(row["method"]),
            against_floor=floor.get(row["method"]),
            against_best=best.get(row["method"]),
            notes=main_table.notes(row),
        )
        for rank, row in enumerate(ordered, 1)
    ]


def _kinds(row: Mapping[str, str], against_chance: Comparison | None, against_best: Comparison | None) -> list[str]:
    holds = {
        "better": against_chance is not None and bool(method_tests.above_chance([against_chance])),
        "alike": against_best is not None and against_best.p_holm >= DIFFERENT,
        "network": row["parameters"] not in ("", "0"),
        "classical": row["parameters"] == "0",
        "published": bool(row["published_full_uf1"]),
    }
    return [kind for kind, is_so in holds.items() if is_so]


def kinds(methods: Sequence[Standing]) -> dict[str, str]:
    """Return the `KINDS` that a method has, to choose from."""
    return {kind: title for kind, title in KINDS.items() if not kind or any(kind in method.kinds for method in methods)}


def tiles(methods: Sequence[Standing], datasets: int) -> list[Tile]:
    """Return the headline: the best method, the floor, the two families of tests, and how much was tested."""
    best = methods[0]
    headline = [_figure("highest UF1", best)]
    headline += [_figure(f"UF1 of {FLOOR}, the floor", method) for method in methods if method.name == FLOOR]
    families = {
        "better": ("UAR better than chance", [method for method in methods if method.against_chance], "<"),
        "alike": ("not distinguishable from the best", [method for method in methods if method.against_best], "≥"),
    }
    for kind, (title, tested, sign) in families.items():
        if tested:
            count = sum(kind in method.kinds for method in tested)
            below = f"p {sign} {DIFFERENT}, corrected for {_count(len(tested), 'test')}"
            headline.append(Tile(title, f"{count} of {len(tested)}", below))
    tested_on = f"{best.row['subjects']} subjects, {held_out(best.row)}, {_count(datasets, 'data set')}"
    return [*headline, Tile("clips", best.row["clips"], tested_on)]


def _figure(title: str, method: Standing) -> Tile:
    return Tile(title, method.row["full_uf1"], f"95 % interval {method.interval}", method.name)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def percent(value: float | str, start: float = 0.0, end: float = 1.0) -> str:
    """Return the position of a value on an axis, in percent."""
    return f"{100 * (float(value) - start) / (end - start):.2f}%"


def span(tests: Sequence[Comparison | None]) -> tuple[float, float]:
    """Return the start and end of an axis of differences, in tenths: around 0 and all intervals, never empty."""
    low, high = ([round(10 * getattr(test, side), 6) for test in tests if test] for side in ("low", "high"))
    start, end = math.floor(min(low, default=0)), math.ceil(max(high, default=0))
    return min(start, 0) / 10, max(end, min(start, 0) + 1, 0) / 10


def ticks(start: float, end: float) -> list[float]:
    """Return the positions to label on an axis of differences: 0, and each end that is not too near to it."""
    return sorted({0.0, *(at for at in (start, end) if abs(at) > (end - start) / 5)})
