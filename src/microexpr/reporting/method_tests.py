"""Paired tests between the methods of a table: which differ from the best one, from a reference, from a guess.

Out of scope: predictions; `evaluation.pairs` tests them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from microexpr.evaluation import Row
from microexpr.evaluation.metrics.intervals import holm, min_attainable_p
from microexpr.reporting.table import by_figure

DIFFERENT = 0.05  # corrected p below which two methods count as different
FLOOR = "majority"  # the row that all others must beat
REFERENCE = "ststnet"  # the row that all others are tested against, named before any figure was seen
ROUNDING = 1.01e-4  # of a difference of two figures with four decimals
POWER = 0.8  # of detecting the smallest difference that a table names


class Comparison(NamedTuple):
    """The test of one method against a reference: its figure less the reference's, with a 95 % interval."""

    method: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float  # corrected for the tests against this reference


def mismatch(rows: Sequence[Mapping[str, str]], pairs: Sequence[Row]) -> str:
    """Return how `evaluation.pairs` are seen not to be of a table's rows; "" where they fit or there are none."""
    by_method = {row["method"]: row for row in rows}
    if pairs and (other := {*by_method} ^ {pair[side] for pair in pairs for side in ("first", "second")}):
        return f"methods must be the same in both, unlike {', '.join(sorted(other))}"
    for pair in pairs:
        first, second = by_method[pair["first"]], by_method[pair["second"]]
        uf1_or_uar = f"full_{pair['metric']}"
        difference = float(first.get(uf1_or_uar) or "nan") - float(second.get(uf1_or_uar) or "nan")
        expected = f"{first['clips']} clips of {first['subjects']} subjects, a difference of {difference:.4f}"
        actual = f"{pair['clips']} clips of {pair['subjects']} subjects, a difference of {pair['difference']:.4f}"
        counts_differ = any(first[name] != str(pair[name]) for name in ("clips", "subjects"))
        if counts_differ or not abs(difference - pair["difference"]) <= ROUNDING:
            return f"{pair['metric']} of {pair['first']} and {pair['second']} must be of {expected}, not {actual}"
    return ""


def pairs_of_best(rows: Sequence[Mapping[str, str]], pairs: Sequence[Row]) -> tuple[str, dict[str, Row]]:
    """Return the method of highest UF1, the first of equals, and by each other one their pair of UF1. `rows` are those
    of the table, `pairs` those of `evaluation.pairs` on the same evaluations."""
    best, by_method = by_figure(rows, "full_uf1")[0]["method"], {}
    for pair in pairs:
        if pair["metric"] == "uf1" and best in (pair["first"], pair["second"]):
            (other,) = {pair["first"], pair["second"]} - {best}
            by_method[other] = pair
    return best, by_method


def indistinguishable_from_best(rows: Sequence[Mapping[str, str]], pairs: Sequence[Row]) -> str:
    """Return a line on the methods that do not differ from the best one; "" without any pair. Arguments are those of
    `pairs_of_best`."""
    pairs = [pair for pair in pairs if pair["metric"] == "uf1"]
    if not pairs:
        return ""
    best, by_method = pairs_of_best(rows, pairs)
    subjects = pairs[0]["subjects"]
    least = min(len(pairs) * min_attainable_p(subjects), 1)
    count = f"{len(pairs)} pair{'s' * (len(pairs) > 1)}"
    if least >= DIFFERENT:
        reason = f"{subjects} subjects are too few to distinguish any of {count} of methods"
        return f"{best} has the highest UF1. {reason}: p, corrected for their number, is at least {least:.2g}.\n"
    ties = [f"{name} (p {pair['p_holm']:.2g})" for name, pair in by_method.items() if pair["p_holm"] >= DIFFERENT]
    basis = f"{subjects} subjects, p corrected for {count}"
    return f"{best} has the highest UF1. Not distinguishable from it: {', '.join(ties) or 'none'} ({basis}).\n"


def comparisons(reference: str, pairs: Sequence[Row], metric: str = "uf1") -> list[Comparison]:
    """Return the test of each other method against a reference, p corrected for these tests alone. `pairs` are those of
    `evaluation.pairs`; the order is theirs."""
    tests = []
    for pair in pairs:
        if pair["metric"] == metric and reference in (pair["first"], pair["second"]):
            figures = pair["difference"], pair["low"], pair["high"]
            if pair["first"] == reference:
                tests.append((pair["second"], -figures[0], -figures[2], -figures[1], pair["p"]))
            else:
                tests.append((pair["first"], *figures, pair["p"]))
    return [Comparison(*test, float(p)) for test, p in zip(tests, holm([test[-1] for test in tests]), strict=True)]


def comparison_cells(reference: str, pairs: Sequence[Row], metric: str, column: str) -> dict[str, dict[str, Any]]:
    """Return the cells of the tests of `comparisons` by method and column; `column` has the difference."""
    return {
        test.method: {column: test.difference, f"{column}_low": test.low, f"{column}_high": test.high}
        | {"p": f"{test.p:.2g}", "p_holm": f"{test.p_holm:.2g}"}
        for test in comparisons(reference, pairs, metric)
    }


def significantly_above(rows: Sequence[Mapping[str, str]], column: str) -> str:
    """Return the methods above a reference by the cells of their tests; `column` has the difference."""
    tested = [row for row in rows if row["p_holm"] and float(row["p_holm"]) < DIFFERENT]
    return ", ".join(row["method"] for row in tested if float(row[column] or 0) > 0) or "none"


def above_chance(tests: Sequence[Comparison]) -> list[Comparison]:
    """Return the tests of UAR against `FLOOR`, a guess, that show a higher UAR."""
    return [test for test in tests if test.difference > 0 and test.p_holm < DIFFERENT]


def better_than_chance(pairs: Sequence[Row]) -> str:
    """Return a line on the methods with a UAR above that of `FLOOR`, p corrected for these tests; "" without any. UF1
    would not do: a random guess has a higher one than the majority class. `pairs` are those of `evaluation.pairs`."""
    if not (tests := comparisons(FLOOR, pairs, "uar")):
        return ""
    better = [test.method for test in above_chance(tests)]
    tested = f"UAR above that of {FLOOR}, p < {DIFFERENT}, corrected for {len(tests)} method{'s' * (len(tests) > 1)}"
    return f"Better than chance ({tested}): {', '.join(better) or 'none'}.\n"


def against_reference(pairs: Sequence[Row], reference: str = REFERENCE) -> str:
    """Return a line on the methods with another UF1 than a reference, p corrected for these tests; "" without any.
    Below it stands the smallest difference that such a test, and one between all pairs, finds."""
    if not (tests := comparisons(reference, pairs)):
        return ""
    from scipy.special import stdtrit  # a third of a second, which other uses need not wait for

    different = [test for test in tests if test.p_holm < DIFFERENT]
    sides = {
        "better": [test.method for test in different if test.difference > 0],
        "worse": [test.method for test in different if test.difference < 0],
    }
    lists = "; ".join(f"{side}: {', '.join(names) or 'none'}" for side, names in sides.items())
    every = [pair for pair in pairs if pair["metric"] == "uf1"]
    count = sum(pair["p_holm"] < DIFFERENT for pair in every)
    # by the median standard error of pairs and the t distribution over subjects; p is corrected after Bonferroni, which
    # Holm's never exceeds
    degrees = every[0]["subjects"] - 1
    widths = [(pair["high"] - pair["low"]) / 2 for pair in every]
    error = float(np.median(widths)) / stdtrit(degrees, 1 - DIFFERENT / 2)
    alone, of_reference, of_all = (
        error * (stdtrit(degrees, 1 - DIFFERENT / tested / 2) + stdtrit(degrees, POWER))
        for tested in (1, len(tests), len(every))
    )
    return (
        f"Compared with {reference} (UF1, p < {DIFFERENT}, corrected for {len(tests)} tests), {lists}. "
        f"Of all {len(every)} pairs {count} differ.\n"
        f"Smallest difference that four of five such corpora show: {alone:.2f} of one pair, "
        f"{of_reference:.2f} corrected for {len(tests)}, {of_all:.2f} corrected for {len(every)}.\n"
    )
