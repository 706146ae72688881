"""Printed figures: which of them no predictions can give, and which are laid beside a method's own."""

from functools import cache
from itertools import product
from math import ceil, floor

import numpy as np
import pytest

from microexpr.evaluation.published import MAIN, Cell, cells, protocol_name, published_counterparts

COUNTS = {"full": (250, 109, 83), "smic": (70, 51, 43), "casme2": (88, 32, 25), "samm": (92, 26, 15)}
NATIVE = {  # clips of each class by data set and number of classes, as the data sets' own workbooks have them
    ("casme2", "5"): (99, 63, 32, 27, 25),
    ("casme2", "7"): (99, 63, 32, 27, 25, 7, 2),
    ("samm", "7"): (57, 26, 15, 12, 9, 8, 6),
    ("samm", "8"): (57, 26, 26, 15, 12, 9, 8, 6),
    ("casme2", "objective5"): (25, 15, 99, 26, 20),
    ("samm", "objective5"): (24, 13, 20, 8, 3),
    ("casme2+samm", "objective5"): (49, 28, 119, 34, 23),
} | {(name, "3"): counts for name, counts in COUNTS.items()}
Pair = tuple[str, str, tuple[int, ...]]  # two figures, and clips of each class


def possible(uf1: str, uar: str, counts: tuple[int, ...], units: int = 2) -> bool:
    """Whether any confusion matrix with these true counts gives both figures, to so many units of their last digit.

    One unit allows for rounding and cutting; two leave room for what was rounded on the way.

    Right answers TP fix the UAR; the rest, e = n - TP, are false positives FP elsewhere. FP of these sums exist for
    each class as long as it takes no more than the others' errors: FP_k <= sum(e) - e_k. All are tried.
    """
    step = units * 10.0 ** -len(uf1.partition(".")[2]) + 1e-9
    first, second, third = (np.arange(n + 1) / n / 3 for n in counts)
    recall = first[:, None, None] + second[:, None] + third
    right = np.argwhere(np.abs(recall - float(uar)) <= step)
    most = (counts - right).sum(-1, keepdims=True) - (counts - right)  # its sum is twice the number of errors
    highest, usual, lowest = ((2 * right / (counts + right + share * most)).mean(-1) for share in (0, 0.5, 1))
    between = (lowest - step <= float(uf1)) & (float(uf1) <= highest + step)
    order = np.argsort(np.abs(usual - float(uf1))[between])  # the likely ones first
    for hits, bound in zip(right[between][order], most[between][order], strict=True):
        first_wrong, second_wrong = np.meshgrid(np.arange(bound[0] + 1), np.arange(bound[1] + 1))
        third_wrong = (counts - hits).sum() - first_wrong - second_wrong
        wrong = np.stack([first_wrong, second_wrong, third_wrong], -1).reshape(-1, 3)
        wrong = wrong[(wrong[:, 2] >= 0) & (wrong[:, 2] <= bound[2])]
        f1 = (2 * hits / (counts + hits + wrong)).mean(-1)
        if (np.abs(f1 - float(uf1)) <= step).any():
            return True
    return False


def beside_accuracy(f1: str, accuracy: str, counts: tuple[int, ...]) -> bool:
    """Whether a macro F1 can be, to two units of its last digit, beside an accuracy to one unit."""
    step, clips = 10.0 ** -len(f1.partition(".")[2]), sum(counts)
    low, high = ((float(accuracy) + sign * step) * clips for sign in (-1, 1))
    right = sorted({ceil(low), floor(high)}) if ceil(low) <= floor(high) else [floor(low), ceil(high)]
    for bounds in (met, reached):  # the second, exact, takes seconds
        lows, highs = zip(*(bounds(counts, number) for number in right), strict=True)
        if min(lows) - 2 * step <= float(f1) <= max(highs) + 2 * step:
            return True
    return False


def filled(room: np.ndarray, total: int) -> np.ndarray:
    """Deal out a total among places with this room, the first ones first."""
    return np.clip(total - (np.cumsum(room) - room), 0, room)


def met(counts: tuple[int, ...], right: int) -> tuple[float, float]:
    """Lowest and highest macro F1 of four confusion matrices with as many right answers."""
    f1 = []
    for n in (np.sort(counts), np.sort(counts)[::-1]):
        hits = filled(n, right)
        errors = (n - hits).sum()
        room = errors - (n - hits)
        f1 += [(2 * hits / (n + hits + filled(room[::way], errors)[::way])).mean() for way in (1, -1)]
    return min(f1), max(f1)


@cache
def reached(counts: tuple[int, ...], right: int) -> tuple[float, float]:
    """Lowest and highest macro F1 of all confusion matrices with so many right answers.

    Class by class, over all sums of right answers t and of predictions p: a class adds 2t / (n + p), and p - t of its
    predictions are wrong, at most as many as there are errors in the other classes.
    """
    clips = sum(counts)
    low, high = (np.full((right + 1, clips + 1), bound) for bound in (np.inf, -np.inf))
    low[0, 0] = high[0, 0] = 0
    for n in counts:
        lower, higher = np.full_like(low, np.inf), np.full_like(high, -np.inf)
        for t in range(min(n, right) + 1):
            for p in range(t, t + clips - right - (n - t) + 1):
                f1 = 2 * t / (n + p)
                np.minimum(lower[t:, p:], low[: right + 1 - t, : clips + 1 - p] + f1, out=lower[t:, p:])
                np.maximum(higher[t:, p:], high[: right + 1 - t, : clips + 1 - p] + f1, out=higher[t:, p:])
        low, high = lower, higher
    return low[right, clips] / len(counts), high[right, clips] / len(counts)


def pairs(*metrics: str) -> dict[tuple[str, str, str, str], tuple[Pair, bool]]:
    """Two figures of one run, where the number of clips of each class is known, and whether an erratum says that they
    cannot be: by paper, table, method and what they were measured on."""
    figures_by_key: dict[tuple[str, str, str, str], dict[str, Cell]] = {}
    for cell in cells():
        metric = "uf1" if cell.metric == "f1" else cell.metric
        if cell.published and metric in metrics and cell.protocol != "split70":
            key = (cell.paper, cell.table, cell.method, f"{cell.runs_under} {cell.dataset}")
            figures_by_key.setdefault(key, {})[metric] = cell
    whole = {key: [pair[name] for name in metrics] for key, pair in figures_by_key.items() if len(pair) == 2}
    return {
        key: ((first.published, second.published, clips_of(first)), "impossible" in first.erratum + second.erratum)
        for key, (first, second) in whole.items()
    }


def clips_of(cell: Cell) -> tuple[int, ...]:
    """Return how many clips of each class a figure is of."""
    return NATIVE[cell.dataset.split("->")[-1], cell.classes]


@pytest.mark.parametrize(("second", "agrees", "least"), [("uar", possible, 150), ("accuracy", beside_accuracy, 180)])
def test_exactly_the_flagged_pairs_of_figures_are_impossible(second, agrees, least):
    figures = pairs("uf1", second)
    assert len(figures) > least
    answers = {pair: agrees(*pair) for pair in {pair for pair, _ in figures.values()}}
    flagged = {key for key, (_, is_flagged) in figures.items() if is_flagged}
    assert {key for key, (pair, _) in figures.items() if not answers[pair]} == flagged
    for uf1, expected in (("0.374", False), ("0.376", True), ("0.557", True), ("0.560", False)):
        assert possible(uf1, "0.528", COUNTS["smic"], units=1) is expected  # of what a recall of 0.528 on SMIC allows


@pytest.mark.parametrize(
    ("counts", "accuracy", "lowest"),
    [
        ((88, 32, 25), 0.712, "0.44"),
        ((92, 26, 15), 0.682, "0.269"),
        ((70, 51, 43), 0.322, "0.160"),
        ((57, 26, 26, 15, 12, 9, 8, 6), 0.294, "0.056"),
    ],
)
def test_the_lowest_macro_f1_that_an_erratum_names(counts, accuracy, lowest):
    clips, unit = sum(counts), 10.0 ** -len(lowest.partition(".")[2])
    distance = min(reached(counts, number)[0] for number in (floor(accuracy * clips), ceil(accuracy * clips)))
    assert 0 <= distance - float(lowest) < unit  # cut, not rounded
    assert any(f"at least {lowest}" in cell.erratum for cell in cells())


def test_no_whole_number_of_clips_gives_the_accuracies_that_are_flagged_so():
    flagged = [cell for cell in cells() if "no whole number" in cell.erratum]
    assert len(flagged) > 20
    for cell in flagged:
        clips, step = sum(clips_of(cell)), 10.0 ** -len(cell.published[2:])
        shares = np.arange(clips + 1) / clips
        rounded_or_cut = (shares > float(cell.published) - step / 2) & (shares < float(cell.published) + step)
        assert not rounded_or_cut.any() or cell.clips != str(clips), cell


def test_every_cell_is_there_once_and_of_a_known_kind():
    keys = [(cell.paper, cell.table, cell.row, cell.column) for cell in cells()]
    assert len(set(keys)) == len(keys) > 1100
    assert {cell.status for cell in cells()} == {"planned", "published_only"}
    assert {cell.source for cell in cells()} == {"own", "rerun", "reported", "copied"}
    never = {cell.method for cell in cells() if cell.status == "published_only"}
    assert never == {
        "stlbp_ip", "higo", "fhofo", "stclqp", "only_apex", "cnn_lstm", "boost", "dssn", "dynamic", "atnet", "lfm",
        "alexnet", "squeezenet", "googlenet", "vgg16", "rcn", "featref",
    }  # fmt: skip


def test_every_main_table_is_whole_and_papers_report_each_other_to_the_last_digit_they_print():
    """A figure that a later paper copies is cut or rounded to fewer decimals, but for errata."""
    main = [cell for cell in cells() if cell.table == MAIN.get(cell.paper)]
    methods = sorted({(cell.paper, cell.method) for cell in main})
    expected = [(*method, *cell) for method, cell in product(methods, product(COUNTS, ("uf1", "uar")))]
    assert sorted((c.paper, c.method, c.dataset, c.metric) for c in main) == sorted(expected)
    assert all(int(cell.clips) == sum(COUNTS[cell.dataset]) for cell in main)
    exact = {(c.method, c.dataset, c.metric): c.published for c in main if c.paper == "ststnet"}
    for cell in main:
        source = exact.get((cell.method, cell.dataset, cell.metric))
        if cell.source != "own" and source is not None and "print" not in cell.erratum:
            unit = 10.0 ** -len(cell.published.partition(".")[2])
            assert abs(float(cell.published) - float(source)) < unit, cell


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("megc2019", "smic", "3"), "megc2019"),
        (("loso", "casme2", "5"), "loso_casme2_5"),
        (("lovo", "samm", "8"), "lovo_samm_8"),
        (("cross", "smic+samm->casme2", "3"), "cross_samm_smic_to_casme2"),
        (("cross", "samm->casme2", "objective5"), "cross_objective_samm_to_casme2"),
        (("objective", "casme2+samm", "objective5"), "objective"),
        (("objective", "casme2", "objective7"), ""),
        (("none", "casme2", "7"), ""),
    ],
)
def test_a_papers_words_name_a_protocol(words, name):
    assert protocol_name(*words) == name


@pytest.mark.parametrize(
    ("method", "paper", "uf1"),
    [
        ("ststnet", "ststnet", "0.7353"),
        ("lbp_top", "icegan", "0.588"),
        ("off_apexnet", "mtmnet", "0.719"),
        ("lfm", "localregions", "0.77"),
    ],
)
def test_the_twin_is_the_methods_own_paper_then_the_first_that_reports_it_or_there_is_none(method, paper, uf1):
    counterparts = published_counterparts(method)
    assert len(counterparts) == 8
    assert {cell.paper for cell in counterparts.values()} == {paper}
    assert counterparts["full", "uf1"].published == uf1
    assert published_counterparts("ststnet_icegan") == published_counterparts("alexnet") == {}
