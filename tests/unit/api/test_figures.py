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


def test_rows_are_paired_by_index_and_spellings_of_a_subject_are_one_subject():
    each = np.where(np.arange(24) % 2, SUBJECTS, np.char.add(SUBJECTS, " "))
    truth, predicted, other, subjects = (shuffled(v, i) for i, v in enumerate((TRUTH, PREDICTED, OTHER, each)))
    assert microexpr.evaluate(truth, predicted, subjects).subjects == 4
    assert microexpr.evaluate(truth, predicted, subjects).figures.equals(EXPECTED.figures)
    assert microexpr.compare(truth, predicted, other, subjects).equals(PAIRED)
    seeds = pd.DataFrame([PREDICTED, OTHER], columns=CLIPS).sample(frac=1, axis=1, random_state=5)
    expected = microexpr.evaluate(TRUTH, [PREDICTED, OTHER], SUBJECTS)
    assert microexpr.evaluate(truth, seeds, subjects).figures.equals(expected.figures)
    assert microexpr.evaluate(pd.Series(TRUTH), [PREDICTED, OTHER], SUBJECTS).figures.equals(expected.figures)
    assert microexpr.evaluate(truth, [predicted, other], subjects).figures.equals(expected.figures)
    assert microexpr.compare(truth, [predicted], [other], subjects).equals(PAIRED)
    with pytest.raises(DataError, match=r"truth must be .*, not list of pandas objects with different indexes"):
        microexpr.evaluate([predicted, other], PREDICTED, SUBJECTS)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((shuffled(TRUTH, 0), shuffled(PREDICTED, 1), SUBJECTS), "predicted has the index of truth in another order,"),
        ((shuffled(TRUTH, 0), pd.Series(PREDICTED), SUBJECTS), "predicted must have the index of truth"),
        ((["a", "b", "a", "b"], ["A", "b", "a ", "b"], [1, 1, 2, 2]), "truth 0, 'a', and predicted 0, 'A', must be"),
        ((["1", "2"], [1, 2], [1, 2]), "truth 0, '1', and predicted 0, 1, must be spelt the same"),
        ((["a", "b"], [0, 1], [1, 2]), "truth 0, 'a', and predicted 0, 0, must be both names or both numbers"),
        (([0, 1], [0, -1], [1, 2]), "predicted 1 must be a class, not -1"),
        ((TRUTH.tolist(), dict(enumerate(TRUTH)), SUBJECTS), "predicted must be a class of each clip, not dict"),
        (({*TRUTH}, TRUTH, SUBJECTS), "truth must be a class of each clip, not set"),
        ((pd.Series([("a", 1), ("b", 1)]), ["a", "b"], [1, 2]), r"truth 0 must be a class, not \('a', 1\)"),
        ((TRUTH, [[PREDICTED] * 2] * 2, SUBJECTS), r"predicted must have 24 values, as truth has, not 2"),
        ((np.ma.masked_equal([0, 1, 2], 2), [0, 1, 2], [1, 2, 3]), r"truth must be .*, not int64\[3\] with masked"),
        ((np.array(["a", np.nan]), ["a", "b"], [1, 2]), "truth 1 must be a class, not nan"),
        (([0, 1], [0.2, 1], [1, 2]), "predicted 0 must be a class, not 0.2"),
        ((["a", "b"], ["a", "n/a"], [1, 2]), "predicted 1 must be a class, not n/a; name it among classes if it is"),
        ((["0", "1"], ["0.0", "1"], [1, 2]), "truth 0, '0', and predicted 0, '0.0', must be spelt the same"),
        ((["a", "b"], ["a", "c"], [1, 2]), "predicted 1 must be one of a, b, as truth has, or another of classes, not"),
        *(
            ((["a", "b"], ["a", "b"], ["s1", word]), f"subject 1 must be a name or number, not {word}")
            for word in ("NA", "n/a", "-", "unknown")
        ),
        ((["a", "b"], ["a", "b"], ["s1", ""]), "subject 1 must be a name or number, not ''"),
        ((["a", "b"], ["a", "b"], np.array(["s1", np.nan])), "subject 1 must be a name or number, not nan"),
    ],
)
def test_what_may_be_paired_or_read_wrongly_is_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        microexpr.evaluate(*arguments)
    truth, predicted, subjects = arguments
    with pytest.raises(DataError, match=message.replace("predicted", "first")):
        microexpr.compare(truth, predicted, predicted, subjects)


def test_levels_of_an_index_are_paired_by_name():
    index = pd.MultiIndex.from_product([range(4), range(6)], names=["subject", "take"])
    truth, predicted, subjects = (pd.Series(values, index) for values in (TRUTH, PREDICTED, SUBJECTS))
    square = pd.MultiIndex.from_product([range(4), range(4)], names=["subject", "take"])
    swapped = pd.Series(PREDICTED[:16], square).swaplevel().sort_index()  # equal tuples of the other level
    for other in (predicted.swaplevel(), predicted.swaplevel().sort_index()):
        assert microexpr.evaluate(truth, other, subjects).figures.equals(EXPECTED.figures)
    parts = pd.Series(TRUTH[:16], square), swapped, pd.Series(SUBJECTS[:16], square)
    expected = microexpr.evaluate(TRUTH[:16], PREDICTED[:16], SUBJECTS[:16], ["neg", "pos", "sur"])
    assert microexpr.evaluate(*parts, ["neg", "pos", "sur"]).figures.equals(expected.figures)


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([1, 2, 1], ["1", "2", "3"], "truth must be names, not numbers, since 1, 2, 3 are not numbered"),
        ([0, 0, 0], [1, 2, 3], "truth 0 must be one of 1, 2, 3, not 0"),
        (["a", "b", "a"], ["a", "b", "a"], "classes must be a list of different names, not \['a', 'b', 'a'\]"),
        (["a", "b", "a"], ["a", "b", "B "], "classes must be a list of different names, not \['a', 'b', 'B '\]"),
        ([0, 1, 0], {"a", "b"}, "classes must be a list of different names, not set"),
        ([0, 1, 0], 2, "classes must be a list of different names, not 2"),
    ],
)
def test_classes_are_distinct_names_in_order(labels, classes, message):
    with pytest.raises(DataError, match=message):
        microexpr.evaluate(labels, labels, [1, 2, 3], classes)


def test_numbers_and_names_may_agree_and_classes_be_words_for_nothing_and_of_no_clip():
    assert microexpr.evaluate(["none", "a"], ["none", "b"], [1, 2], ["none", "a", "b"]).uf1 == pytest.approx(1 / 3)
    numbers = microexpr.evaluate([0, 1, 0], [0, 1, 1], [1, 2, 3], ["0", "1"])
    assert numbers.confusion.equals(microexpr.evaluate(list("010"), list("011"), [1, 2, 3]).confusion)
    nullable = pd.Series([0, 1, None, 0]).convert_dtypes().dropna()
    assert microexpr.evaluate(nullable, [0, 1, 1], [1, 2, 3], ["a", "b"]).confusion.to_numpy().tolist() == [
        [1, 1],
        [0, 1],
    ]


def test_columns_name_the_labels():
    table = pd.DataFrame([[1, 0, 1], [0, 1, 1], [1, 1, 0]], columns=["AU1", "AU2", "AU4"])
    result = microexpr.evaluate(table, table.to_numpy(), list("abc"))
    assert [*result.by_class.index] == ["AU1", "AU2", "AU4"]
    assert microexpr.evaluate(table, pd.DataFrame(table.to_numpy()), list("abc")).macro_f1 == result.macro_f1
    for other in (["AU1", "AU4", "AU5"], ["au2", "au1", "au4"]):
        order = f"predicted must have its labels in the order AU1, AU2, AU4 as truth has, not {', '.join(other)}"
        with pytest.raises(DataError, match=order):
            microexpr.evaluate(table, table.set_axis(other, axis=1), list("abc"))
    with pytest.raises(DataError, match="truth must have its labels in the order AU1, AU2, AU5 as classes has"):
        microexpr.evaluate(table, table, list("abc"), ["AU1", "AU2", "AU5"])
    with pytest.warns(UserWarning, match=r"truth has one column, and is read as several labels .* give \[:, 0\] of it"):
        microexpr.evaluate(table[["AU1"]], table[["AU1"]], list("abc"))


def test_a_figure_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"the figure must be one of uf1, uar, .*, not macro_f1"):
        EXPECTED.macro_f1  # noqa: B018
    several = microexpr.evaluate([[1, 0], [1, 1]], [[1, 0], [1, 1]], [1, 2])
    with pytest.raises(DataError, match="the figure must be one of macro_f1, macro_f1_of_both, not uf1"):
        several.uf1  # noqa: B018


def test_a_seed_is_any_whole_number():
    assert microexpr.evaluate(TRUTH, PREDICTED, SUBJECTS, seed=np.int64(0)).figures.equals(EXPECTED.figures)
    for seed in (None, 1.5, "a", -1):
        with pytest.raises(DataError, match=f"seed must be a whole number from 0, not {seed!r}"):
            microexpr.compare(TRUTH, PREDICTED, OTHER, SUBJECTS, seed=seed)


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
