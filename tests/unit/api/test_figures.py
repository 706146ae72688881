"""`evaluate` and `compare` against their caller: spellings, rows by index, intervals without width."""

import numpy as np
import pandas as pd
import pytest

import microexpr
from microexpr.core.errors import DataError

RNG = np.random.default_rng(4)
SUBJECTS = np.repeat(["s1", "s2", "s3", "s4"], 6)
TRUTH = np.tile(["neg", "pos", "sur"], 8)
PREDICTED, OTHER = (np.where(RNG.random(24) < share, TRUTH, "neg") for share in (0.7, 0.4))
EXPECTED = microexpr.evaluate(TRUTH, PREDICTED, SUBJECTS)
PAIRED = microexpr.compare(TRUTH, PREDICTED, OTHER, SUBJECTS)
CLIPS = [f"c{i}" for i in range(24)]


def shuffled(values, seed, index=CLIPS):
    return pd.DataFrame(values, index).squeeze("columns").sample(frac=1, random_state=seed)


def test_spellings_of_a_subject_are_one_subject():
    each = np.where(np.arange(24) % 2, SUBJECTS, np.char.add(np.char.upper(SUBJECTS), " "))
    result = microexpr.evaluate(TRUTH, PREDICTED, each)
    assert result.subjects == 4 and result.figures.equals(EXPECTED.figures)
    assert microexpr.compare(TRUTH, PREDICTED, OTHER, each).equals(PAIRED)
    mixed = np.array([6, "006", "a", "b"], object).repeat(6)
    assert microexpr.evaluate(TRUTH, PREDICTED, mixed).subjects == 3


def test_rows_are_paired_by_index():
    truth, predicted, other, subjects = (shuffled(v, i) for i, v in enumerate((TRUTH, PREDICTED, OTHER, SUBJECTS)))
    assert microexpr.evaluate(truth, predicted, subjects).figures.equals(EXPECTED.figures)
    assert microexpr.compare(truth, predicted, other, subjects).equals(PAIRED)
    seeds = pd.DataFrame([PREDICTED, OTHER], columns=CLIPS).sample(frac=1, axis=1, random_state=5)
    expected = microexpr.evaluate(TRUTH, [PREDICTED, OTHER], SUBJECTS)
    assert microexpr.evaluate(truth, seeds, subjects).figures.equals(expected.figures)
    assert microexpr.evaluate(pd.Series(TRUTH), [PREDICTED, OTHER], SUBJECTS).figures.equals(expected.figures)


def test_tables_of_several_labels_are_paired_by_index():
    labels = RNG.integers(0, 2, (24, 3))
    wrong = np.where(RNG.random((24, 3)) < 0.3, 1 - labels, labels)
    expected = microexpr.evaluate(labels, wrong, SUBJECTS)
    truth, predicted = (
        shuffled(v, i).add_prefix(p) for i, (p, v) in enumerate({"truth_AU": labels, "predicted_AU": wrong}.items())
    )
    assert microexpr.evaluate(truth, predicted, shuffled(SUBJECTS, 7)).macro_f1 == expected.macro_f1
    order = "predicted must have its labels in the order AU0, AU1, AU2 as truth has, not AU2, AU1, AU0"
    with pytest.raises(DataError, match=order):
        microexpr.evaluate(truth, predicted[predicted.columns[::-1]], shuffled(SUBJECTS, 7))
    with pytest.raises(DataError, match="truth must have its labels in the order AU2, AU1, AU0 as classes has"):
        microexpr.evaluate(truth, predicted, shuffled(SUBJECTS, 7), ["AU2", "AU1", "AU0"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (shuffled(TRUTH, 0), shuffled(PREDICTED, 1), SUBJECTS),
            "predicted has the index of truth in another order, and subjects has none",
        ),
        (
            (shuffled(TRUTH, 0, range(24)), PREDICTED, SUBJECTS),
            r"truth has the index 0..23 in another order, and predicted has none: .* truth.to_numpy\(\)",
        ),
        (
            (TRUTH, shuffled(PREDICTED, 0, range(24)), SUBJECTS),
            "predicted has the index 0..23 in another order, and truth has none",
        ),
        ((shuffled(TRUTH, 0), pd.Series(PREDICTED), SUBJECTS), "predicted must have the index of truth"),
        (
            (["a", "b", "a", "b"], ["A", "b", "a ", "b"], [1, 1, 2, 2]),
            "truth 0, 'a', and predicted 0, 'A', must be spelt the same",
        ),
        ((["1", "2"], [1, 2], [1, 2]), "truth 0, '1', and predicted 0, 1, must be spelt the same"),
        ((["a", "b"], [0, 1], [1, 2]), "truth 0, 'a', and predicted 0, 0, must be both names or both numbers"),
        (([0, 1], [0, -1], [1, 2]), "predicted 1 must be a class, not -1"),
    ],
)
def test_what_may_be_paired_or_read_wrongly_is_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        microexpr.evaluate(*arguments)
    truth, predicted, subjects = arguments
    with pytest.raises(DataError, match=message.replace("predicted", "first")):
        microexpr.compare(truth, predicted, predicted, subjects)


def test_classes_may_differ_in_case_where_they_are_named():
    result = microexpr.evaluate(["a", "A", "a"], ["a", "A", "A"], [1, 2, 3], classes=["a", "A"])
    assert result.confusion.to_numpy().tolist() == [[1, 1], [0, 1]]


def test_an_interval_without_width_is_no_interval():
    truth, alike, subjects = ["a", "b"] * 4, ["a", "a"] * 4, np.repeat([1, 2, 3, 4], 2)
    with pytest.warns(RuntimeWarning, match="no interval of uf1, uar, accuracy.*: all subjects are alike"):
        result = microexpr.evaluate(truth, alike, subjects)
    assert result.uf1 == pytest.approx(1 / 3) and result.figures.loc["uf1", ["low", "high"]].isna().all()
    assert "UF1 0.333 (no interval: subjects are alike)" in repr(result)
    with pytest.warns(RuntimeWarning, match="no interval of uf1, uar: all subjects are alike"):
        table = microexpr.compare(truth, truth, alike, subjects)
    assert table.loc["uar"].round(4).to_list()[0] == 0.5 and table[["low", "high"]].isna().all(axis=None)
    assert table.p.to_list() == [0.125, 0.125]


@pytest.mark.filterwarnings("error:no interval")
def test_an_interval_of_one_subject_or_of_no_error_stays():
    one = microexpr.evaluate(["a", "b"], ["a", "a"], [1, 1])
    assert one.figures.loc["uf1", ["low", "high"]].to_list() == [0, 1]
    perfect = microexpr.evaluate(TRUTH, TRUTH, SUBJECTS).figures.loc["uf1"]
    assert 0 < perfect.low < 1 == perfect.high
