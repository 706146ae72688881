"""Which methods are told apart: from what was predicted of each clip to corrected p, and to a line below the table."""

import re
from itertools import combinations

import numpy as np
import pytest
from composites import composite, shard
from scipy.stats import t as student
from scipy.stats import ttest_1samp
from sklearn.metrics import f1_score, recall_score

from microexpr import evaluation
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator
from microexpr.evaluation import metrics, pairs
from microexpr.evaluation.metrics import UNTESTED, intervals
from microexpr.protocols import PROTOCOLS
from microexpr.reporting import method_tests

MEGC, SPLIT = PROTOCOLS["megc2019"], PROTOCOLS["split70"]
CLIPS = sorted(composite(subjects=3), key=lambda clip: clip.id)
TRUTH = np.array([clip.label for clip in CLIPS])


def write(path, predicted, clips=CLIPS):
    """A method's predictions as the evaluate stage writes them; `predicted` int[S, N] of the clips, S seeds."""
    rows = [
        {"selection": "last", "origin": "generated", "seed": seed, "clip": clip.id,
         "truth": MEGC.classes[clip.label], "predicted": MEGC.classes[label]}
        for seed, labels in enumerate(predicted) for clip, label in zip(clips, labels, strict=True)
    ]  # fmt: skip
    store.write_csv(path, evaluation.PREDICTION_COLUMNS, rows)


@pytest.fixture
def predictions():
    """Return predictions of four methods, two seeds each: right in nearly all, most, some clips; always class 0."""
    rng, shape, labels = np.random.default_rng(1), (2, len(TRUTH)), {}
    for name, share in {"best": 0.95, "good": 0.85, "poor": 0.4}.items():
        labels[name] = np.where(rng.random(shape) < share, TRUTH, rng.integers(3, size=shape))
    return labels | {"constant": np.zeros(shape, int)}


@pytest.fixture
def paths(tmp_path, predictions):
    paths = {name: tmp_path / f"{name}_predictions.csv" for name in predictions}
    for name, path in paths.items():
        write(path, predictions[name])
    return paths


def test_each_pair_has_the_difference_of_scikit_learns_figures_and_p_of_the_paired_test(paths, predictions):
    subjects = np.array([f"{clip.dataset}/{clip.subject}" for clip in CLIPS])
    compared_pairs = pairs.compare_methods(paths, MEGC, 40, 7)
    for metric, figure in (("uf1", f1_score), ("uar", recall_score)):
        means = {name: np.mean([figure(TRUTH, y, average="macro") for y in y_of]) for name, y_of in predictions.items()}
        rows = [row for row in compared_pairs if row["metric"] == metric]
        assert [(row["first"], row["second"]) for row in rows] == list(combinations(predictions, 2))
        for row in rows:
            assert row["difference"] == pytest.approx(means[row["first"]] - means[row["second"]])
            rng = generator(7, "evaluate", "megc2019", "full")  # as for the intervals of the table
            both = [metrics.by_subject(TRUTH, predictions[row[side]], subjects, 3) for side in ("first", "second")]
            (alone,) = intervals.differences(both, metrics.METRICS[metric], 40, rng)
            assert (row["low"], row["high"], row["p"]) == (alone.low, alone.high, alone.p)
            counts = [row[name] for name in ("clips", "subjects", "origin", "selection", "seeds")]
            assert counts == [54, 9, "generated", "last", 2]
        assert [row["p_holm"] for row in rows] == intervals.holm([row["p"] for row in rows]).tolist()


def test_predictions_come_back_as_they_were_pooled(tmp_path):
    """Each seed samples its own test subjects: a clip may be tested under one seed and not under another."""
    folds = SPLIT.folds(CLIPS, 1, seeds=3)
    predicted = {fold.name: np.arange(len(fold.test))[None, None] % 3 for fold in folds}
    path = shard(tmp_path / "1of1.h5", folds, CLIPS, predicted)
    pooled = evaluation.pool_predictions([path], "m", SPLIT, CLIPS, folds)
    store.write_csv(tmp_path / "a.csv", evaluation.PREDICTION_COLUMNS, evaluation.prediction_rows(pooled))
    answers = pairs.read_predictions(tmp_path / "a.csv", SPLIT.classes)
    assert (answers.predicted == UNTESTED).any()
    assert answers.clips == tuple(clip.id for clip in pooled.clips)
    assert answers.truth.tolist() == pooled.truth.tolist()
    assert answers.predicted.tolist() == pooled.predicted["last"].tolist()


@pytest.mark.parametrize(
    ("seeds", "clips", "message"),
    [
        (2, len(CLIPS) - 1, "poor_predictions.csv: must hold the clips, .* of .*best_predictions.csv$"),
        (1, len(CLIPS), "seeds"),
        (0, 0, "must hold predictions of selection last"),
    ],
)
def test_methods_asked_about_other_clips_are_no_pair(paths, predictions, seeds, clips, message):
    write(paths["poor"], predictions["poor"][:seeds, :clips], CLIPS[:clips])
    with pytest.raises(StoreError, match=message):
        pairs.compare_methods(paths, MEGC, 10, 1)


def test_rows_have_the_origins_of_both_come_back_from_their_csv_and_one_method_makes_none(tmp_path, paths):
    paths["good"].write_text(paths["good"].read_text().replace("generated", "licensed+generated"))
    rows = pairs.compare_methods(paths, MEGC, 10, 1)
    origins = {(row["first"], row["second"]): row["origin"] for row in rows}
    assert origins["best", "good"] == "licensed+generated" and origins["best", "poor"] == "generated"
    evaluation.write(tmp_path / "paired.csv", rows, pairs.COLUMNS)
    read_rows = evaluation.read(tmp_path / "paired.csv", pairs.COLUMNS)
    assert [list(row) for row in read_rows] == [list(pairs.COLUMNS)] * 12
    assert read_rows == [
        {key: pytest.approx(value, rel=1e-3, abs=1e-6) if key in pairs.FIGURES else value for key, value in row.items()}
        for row in rows
    ]
    assert pairs.compare_methods({"best": paths["best"]}, MEGC, 10, 1) == []


def compared(tests, half=1, subjects=68):
    """Return rows of both metrics of tests, each two methods, their difference, p and corrected p."""
    return [
        {"first": first, "second": second, "metric": metric, "difference": difference, "p": p, "p_holm": p_holm,
         "low": difference - half, "high": difference + half, "subjects": subjects}
        for metric in ("uf1", "uar") for first, second, difference, p, p_holm in tests
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"difference": 0.10009}, ""),
        (
            {"difference": 0.1003},
            "uf1 of a and b must be of 9 clips of 3 subjects, a difference of 0.1000, not 9 clips",
        ),
        ({"clips": 8}, "uf1 of a and b must be of 9 clips of 3 subjects, a difference of 0.1000, not 8 clips of 3"),
        ({"subjects": 4}, "uf1 of a and b must be of 9 clips of 3 subjects, a difference of 0.1000, not 9 clips of 4"),
        ({"second": "c"}, "methods must be the same in both, unlike b, c"),
    ],
)
def test_pairs_of_other_rows_than_a_tables_are_told(change, expected):
    counts = {"clips": "9", "subjects": "3"}
    rows = [{"method": name, "full_uf1": uf1} | counts for name, uf1 in (("a", "0.6000"), ("b", "0.5000"))]
    pair = {"first": "a", "second": "b", "metric": "uf1", "difference": 0.1, "clips": 9, "subjects": 3} | change
    message = method_tests.mismatch(rows, [pair])
    assert message.startswith(expected) and bool(message) == bool(expected)


def line(uf1, p_holm, subjects=68):
    """Return the line below a table of methods with these UF1; all pairs have one corrected p but for those named."""
    rows = [{"method": method, "full_uf1": str(value)} for method, value in uf1.items()]
    tests = [(*pair, 0, 0, p_holm.get("".join(pair), 1e-4)) for pair in combinations(uf1, 2)]
    return method_tests.indistinguishable_from_best(rows, compared(tests, subjects=subjects))


def test_lines_below_the_table_name_who_is_not_told_apart_from_the_highest_and_who_is_better_than_the_floor():
    uf1 = {"a": 0.2, "b": 0.8, "c": 0.7, "d": 0.6}
    text = line(uf1, {"bc": 0.31, "ab": 0.05, "cd": 0.9})
    assert text.startswith("b has the highest UF1. Not distinguishable from it: a (p 0.05), c (p 0.31) (68 subjects, ")
    assert text.endswith("p corrected for 6 pairs).\n")
    assert "Not distinguishable from it: none (" in line(uf1, {"ac": 1.0})
    assert line({"a": 0.2}, {}) == ""
    text = line(dict.fromkeys("abcd", 0.5), {}, subjects=7)  # six pairs of seven people: at least 6 / 2^6
    assert "7 subjects are too few to distinguish any of 6 pairs" in text and text.endswith("is at least 0.094.\n")
    # a family of its own: Holm multiplies the smallest p of three tests by 3, the next by 2
    floor = [("majority", "a", -0.5, 0.001, 1), ("b", "majority", 0.3, 0.024, 1), ("c", "majority", -0.2, 0.001, 1)]
    other = ("a", "b", 1, 0, 0)
    basis = "UAR above that of majority, p < 0.05, corrected for 3 methods"
    assert method_tests.better_than_chance(compared([*floor, other])) == f"Better than chance ({basis}): a, b.\n"
    assert method_tests.better_than_chance(compared([other])) == ""


def test_methods_are_compared_with_one_reference_and_the_smallest_difference_is_that_of_a_paired_test():
    """Two tests of the reference, three pairs; power of a t test by simulation with the standard error of the pairs."""
    tests = [("ststnet", "a", -0.3, 0.001, 0.003), ("b", "ststnet", -0.2, 0.02, 0.06), ("a", "b", 0.5, 0.001, 0.003)]
    subjects, error = 24, 0.04
    rows = compared(tests, error * student.ppf(0.975, subjects - 1), subjects)
    first, second = method_tests.against_reference(rows).splitlines()
    words = (
        "Compared with ststnet (UF1, p < 0.05, corrected for 2 tests), better: a; worse: b. Of all 3 pairs 2 differ."
    )
    assert first == words and method_tests.against_reference(rows, "c") == ""
    smallest = float(re.search(r"show: (\S+) of one pair", second)[1])
    rng = np.random.default_rng(0)
    differences = rng.normal(smallest, error * subjects**0.5, (20_000, subjects))
    result = ttest_1samp(differences, 0, axis=1)
    assert np.mean((result.pvalue < 0.05) & (result.statistic > 0)) == pytest.approx(0.8, abs=0.05)
