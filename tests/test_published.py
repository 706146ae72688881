"""Printed figures: which of them no predictions can give, and which are laid beside a method's own."""

from itertools import product

import numpy as np
import pytest

from microexpr.published import cells, twin

COUNTS = {"full": (250, 109, 83), "smic": (70, 51, 43), "casme2": (88, 32, 25), "samm": (92, 26, 15)}


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
        one, two = np.meshgrid(np.arange(bound[0] + 1), np.arange(bound[1] + 1))
        wrong = np.stack([one, two, (counts - hits).sum() - one - two], -1).reshape(-1, 3)
        wrong = wrong[(wrong[:, 2] >= 0) & (wrong[:, 2] <= bound[2])]
        f1 = (2 * hits / (counts + hits + wrong)).mean(-1)
        if (np.abs(f1 - float(uf1)) <= step).any():
            return True
    return False


def printed() -> dict[tuple[str, str, str], dict[str, str]]:
    pairs: dict[tuple[str, str, str], dict[str, str]] = {}
    for cell in cells():
        pairs.setdefault((cell.paper, cell.method, cell.dataset), {})[cell.metric] = cell.value
    return pairs


def test_exactly_the_flagged_pairs_are_impossible():
    answers = {
        (uf1, uar, dataset): possible(uf1, uar, COUNTS[dataset])
        for uf1, uar, dataset in {(pair["uf1"], pair["uar"], key[2]) for key, pair in printed().items()}
    }
    impossible = {key for key, pair in printed().items() if not answers[pair["uf1"], pair["uar"], key[2]]}
    lbp_top = {(paper, "lbp_top", "smic") for paper in ("ststnet", "icegan", "mtmnet", "localregions")}
    precision_as_recall = {("ststnet", "ststnet", "casme2")}  # only its four decimals give this one away
    assert impossible == lbp_top | precision_as_recall
    assert impossible == {(c.paper, c.method, c.dataset) for c in cells() if "impossible" in c.erratum}


@pytest.mark.parametrize(("uf1", "expected"), [("0.374", False), ("0.376", True), ("0.557", True), ("0.560", False)])
def test_what_a_recall_of_0_528_on_smic_allows(uf1, expected):
    assert possible(uf1, "0.528", COUNTS["smic"], units=1) is expected


def test_what_real_predictions_gave_is_possible():
    assert possible("0.8382", "0.8190", COUNTS["casme2"])
    assert possible("0.7353", "0.7186", COUNTS["full"])


def test_every_printed_pair_is_whole_and_of_the_protocols_size():
    assert all(set(pair) == {"uf1", "uar"} for pair in printed().values())
    methods = {(cell.paper, cell.method) for cell in cells()}
    assert {(p, m, d) for (p, m), d in product(methods, COUNTS)} == set(printed())
    assert all(cell.clips == sum(COUNTS[cell.dataset]) for cell in cells())
    assert all(cell.source == "own" or cell.source == f"reported by {cell.paper}" for cell in cells())


def test_papers_report_each_other_to_the_last_digit_they_print():
    """What a later paper copies is the figure cut or rounded to fewer decimals, but for errata."""
    exact = {(c.method, c.dataset, c.metric): c.value for c in cells() if c.paper == "ststnet"}
    for cell in cells():
        source = exact.get((cell.method, cell.dataset, cell.metric))
        if cell.source != "own" and source is not None and "print" not in cell.erratum:
            unit = 10.0 ** -len(cell.value.partition(".")[2])
            assert abs(float(cell.value) - float(source)) < unit, cell


@pytest.mark.parametrize(
    ("method", "paper", "uf1"),
    [
        ("ststnet", "ststnet", "0.7353"),
        ("icegan", "icegan", "0.845"),
        ("mtmnet", "mtmnet", "0.864"),
        ("localregions", "localregions", "0.90"),
        ("lbp_top", "icegan", "0.588"),
        ("offapexnet", "mtmnet", "0.719"),
        ("lfm", "localregions", "0.77"),
    ],
)
def test_the_twin_is_the_methods_own_paper_then_the_first_that_reports_it(method, paper, uf1):
    found = twin(method)
    assert len(found) == 8
    assert {cell.paper for cell in found.values()} == {paper}
    assert found["full", "uf1"].value == uf1


def test_no_twin_for_what_no_paper_prints():
    assert twin("ststnet_icegan") == {}
