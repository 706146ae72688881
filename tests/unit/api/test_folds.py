"""`loso` against its caller: spellings of subjects, rows by index, folds, and the table's order."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

import microexpr
from microexpr.core.errors import DataError, LeakError, MicroexprError, ParamsError

RNG = np.random.default_rng(3)
LABELS, SUBJECTS = np.tile(["neg", "pos", "sur"], 8), np.repeat(["s1", "s2", "s3", "s4"], 6)
INPUTS = RNG.normal(np.tile([0, 1, 2], 8)[:, None], 0.8, (24, 5))
loso = partial(microexpr.loso, LogisticRegression())
EXPECTED = loso(INPUTS, LABELS, SUBJECTS)


@pytest.mark.parametrize(
    ("names", "spelling"),
    [
        (["s1", "S1 ", "s2", "s3"], ["s1", "s1", "s2", "s3"]),
        (["6", "006", "7", "8"], ["6", "6", "7", "8"]),
        (["É1", "E\u03011", "b", "c"], ["É1", "É1", "b", "c"]),
        (["1.0", "1", "2.0", "3.0"], ["1.0", "1.0", "2.0", "3.0"]),
        ([6, "006", 6.0, "7"], ["6", "6", "6", "7"]),
        ([b"s1", b"S1", b"s2", b"s3"], ["s1", "s1", "s2", "s3"]),
    ],
)
def test_names_of_one_subject_are_one_fold(names, spelling):
    """All names have the same clips, so that their class is known to who trains on the subject's other name."""
    inputs, labels = np.tile(RNG.normal(size=(6, 5)), (4, 1)), np.tile([0, 1, 2, 2, 1, 0], 4)
    for kind in (object, None):
        each = np.array([name for name in names for _ in range(6)], kind)
        table = microexpr.loso(KNeighborsClassifier(1), inputs, labels, each)
        assert table.subject.to_list() == table.fold.to_list() == np.repeat(spelling, 6).tolist()


def test_two_names_that_could_be_one_subject_are_named_with_their_rows():
    each = np.where(SUBJECTS == "s2", "1", SUBJECTS)
    message = r"subjects '1' \(clip 6\) and 's1' \(clip 0\) could be one person"
    for call in (
        partial(loso, INPUTS, LABELS, each),
        partial(microexpr.evaluate, LABELS, LABELS, each),
        partial(microexpr.compare, LABELS, LABELS, LABELS, each),
    ):
        with pytest.raises(DataError, match=message):
            call()


@pytest.mark.parametrize(
    "names", [[b"s2"], {"s2"}, pd.DataFrame({"subject": ["s2"]}), np.array([["s2"]]), iter(["s2"])]
)
def test_subjects_that_are_fitted_on_may_come_in_any_container(names):
    with pytest.raises(LeakError, match="fold s2 must not test a subject of fitted_on: s2, clip 6"):
        loso(INPUTS, LABELS, SUBJECTS, fitted_on=names)


@pytest.mark.parametrize("name", ["2", 2, 2.0, "S2 ", "s-2", "02"])
def test_a_name_that_could_be_a_subject_of_the_set_is_a_leak(name):
    with pytest.raises(LeakError, match="fold s2 must not test a subject of fitted_on: s2, clip 6, as "):
        loso(INPUTS, LABELS, SUBJECTS, fitted_on=[name])
    assert loso(INPUTS, LABELS, SUBJECTS, fitted_on=["t2", "s5"]).equals(EXPECTED)


@pytest.mark.parametrize(
    ("form", "name", "error"),
    [("casme2/{}", "s2", ParamsError), ("casme2_{}", "s2", ParamsError), ("{}", "casme2_s2", ParamsError),
     ("casme2/{}", "CASME II/s2", LeakError), ("casme2/{}", "casme2/2", LeakError),
     ("casme2/{}", "licensed/casme2/s2/EP02_01f", ParamsError), ("casme2/{}", "samm/s2/s2_1", None),
     ("{}", "s2_take1", ParamsError), ("{}", "s2.mp4", ParamsError), ("{}", "t2_take9", None), ("P_{}", "Q_s2", None),
     ("participant{}", "Ps2", None), ("casme2/{}", "samm/s2", None), ("a_{}", "a_s7", None)],
)  # fmt: skip
def test_a_name_with_its_data_set_is_told_from_one_without(form, name, error):
    names = [form.format(subject) for subject in SUBJECTS]
    with pytest.raises(error) if error else nullcontext():
        loso(INPUTS, LABELS, names, fitted_on=[name])


def test_a_clip_is_there_once_by_its_index():
    index, new = [*range(24), *range(6)], [*SUBJECTS, *["s9"] * 6]
    twice = pd.DataFrame(np.r_[INPUTS, INPUTS[:6]], index=index), np.r_[LABELS, LABELS[:6]]
    with pytest.raises(DataError, match="a clip must be there once, not at 0 and 24, 0 of the index"):
        loso(*twice, new)
    assert len(loso(twice[0] + np.arange(30)[:, None] / 1e3, twice[1], new)) == 30  # another data set's
    table = pd.concat([EXPECTED, EXPECTED[:6]])
    for judge in (microexpr.evaluate, partial(microexpr.compare, table.truth)):
        with pytest.raises(DataError, match="a clip must be there once, not at 0 and 24"):
            judge(table.truth, table.predicted, table.subject)
    by_subject = EXPECTED.set_index("subject", drop=False)
    assert microexpr.evaluate(by_subject.truth, by_subject.predicted, by_subject.subject).subjects == 4


def test_a_subject_on_both_sides_of_a_fold_is_refused_in_any_spelling():
    each = np.where(np.arange(24) % 2, np.char.upper(SUBJECTS), SUBJECTS)
    leak = "fold 1 must not test a subject that it trains on: s1, clip 0, and trains on its clip 5"
    with pytest.raises(LeakError, match=leak):
        loso(INPUTS, LABELS, each, folds=KFold(5).split(INPUTS))


def test_the_table_is_in_the_order_of_the_clips_with_their_subjects_names():
    whole = loso(INPUTS, LABELS, np.repeat([4, 3, 2, 1], 6))
    assert whole.subject.dtype == np.int64 and whole.subject.to_list() == np.repeat([4, 3, 2, 1], 6).tolist()
    assert EXPECTED.subject.to_list() == EXPECTED.fold.to_list() == SUBJECTS.tolist()
    order = RNG.permutation(24)
    table = loso(INPUTS[order], LABELS[order], SUBJECTS[order])
    assert table.index.to_list() == [*range(24)] and table.index.name == "clip"
    assert table.truth.to_list() == LABELS[order].tolist() and table.subject.to_list() == SUBJECTS[order].tolist()
    in_groups = loso(INPUTS, LABELS, SUBJECTS, folds=LeaveOneGroupOut().split(INPUTS, groups=SUBJECTS))
    assert in_groups.predicted.equals(EXPECTED.predicted)


def test_pandas_objects_are_paired_by_index_and_the_result_has_it():
    clips = [f"clip{i}" for i in RNG.permutation(24)]
    inputs = pd.DataFrame(INPUTS, clips)
    labels, subjects = (
        pd.Series(values, clips).sample(frac=1, random_state=i) for i, values in enumerate((LABELS, SUBJECTS))
    )
    table = loso(inputs, labels, subjects)
    assert table.index.to_list() == clips and table.predicted.to_list() == EXPECTED.predicted.to_list()
    right = microexpr.evaluate(EXPECTED.truth, EXPECTED.predicted, EXPECTED.subject)
    assert microexpr.evaluate(labels, table.predicted, subjects).figures.equals(right.figures)
    network = partial(nn.Linear, 5, 3)
    by_name = microexpr.loso(partial(Named, 5, 3), {"a": inputs, "b": inputs.iloc[::-1]}, labels, subjects, epochs=2)
    alone = microexpr.loso(network, INPUTS * 2, LABELS, SUBJECTS, epochs=2)
    assert np.allclose(by_name.score_neg, alone.score_neg, atol=1e-5)


class Named(nn.Linear):
    def forward(self, a, b):
        return super().forward(a + b)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            {"labels": pd.Series(LABELS), "subjects": pd.Series(SUBJECTS, range(100, 124))},
            "subjects must have the index of labels: ",
        ),
        (
            {"labels": pd.Series(LABELS, [0, 1] * 12), "subjects": pd.Series(SUBJECTS, [1, 0] * 12)},
            "subjects must have the index of labels: ",
        ),
        ({"labels": pd.Series(LABELS), "subjects": pd.Series(SUBJECTS)[::-1]}, "subjects has the index of labels in"),
        (
            {"labels": pd.Series(LABELS)[:20]},
            "input must have 20 rows, as labels has, not 24|subjects must have 20 rows",
        ),
        ({"labels": LABELS[:, None, None]}, r"labels must have the shape \[N\] or \[N, L\], not \[24, 1, 1\]"),
        ({"inputs": 5}, "input must have 24 rows, as labels has, not one number"),
        ({"subjects": SUBJECTS[:, None]}, r"subjects must have the shape \[N\], not \[24, 1\]"),
        ({"labels": np.where(np.arange(24) == 3, " Neg", LABELS)}, "label 0, 'neg', and label 3, ' Neg', must be"),
        ({"labels": np.where(np.arange(24) == 3, -1, np.tile([0, 1, 2], 8))}, "label 3 must be a class, not -1"),
        ({"labels": np.where(np.arange(24) == 3, np.nan, np.tile([0, 1, 2], 8))}, "label 3 must be a class, not nan"),
        ({"fitted_on": 3}, "fitted_on must be a list of subjects, not int|subjects, not 3"),
        ({"fitted_on": np.array("s1")}, r"fitted_on must be a list of subjects, not array\('s1'"),
        ({"fitted_on": pd.DataFrame({"a": ["s1"], "b": ["s2"]})}, "fitted_on must be a list of subjects, not .*a"),
        ({"fitted_on": [None]}, "fitted_on 0 must be a name or number, not None"),
        ({"fitted_on": [{"s1"}]}, "fitted_on must be a list of subjects, not .*s1"),
        ({"fitted_on": [["s1"], ["s2", "s3"]]}, "fitted_on must be a list of subjects, not list"),
        ({"fitted_on": ["casme2-s1"]}, "fitted_on must be subjects by the names that subjects has, not 'casme2-s1'"),
        ({"fitted_on": ["casme2/s1"]}, "fitted_on must be subjects by the names that subjects has, not 'casme2/s1'"),
        ({"fitted_on": ["s1, s2"]}, "fitted_on must be subjects by the names that subjects has, not 's1, s2'"),
        ({"seed": 1.5}, "seed must be a whole number from 0, not 1.5"),
        ({"progress": 5}, "progress must be a function, not 5"),
        ({"inputs": np.ma.masked_greater(INPUTS, 1)}, r"input must be an array of numbers, not float64\[24, 5\] with"),
        (
            {
                "inputs": pd.DataFrame(INPUTS).assign(y=np.tile([0, 1, 2], 8)),
                "labels": pd.Series(np.tile([0, 1, 2], 8), name="y"),
            },
            "inputs must not hold the labels, which its column 'y' is",
        ),
    ],
)
def test_rows_that_may_not_belong_together_are_refused(rows, message):
    with pytest.raises(MicroexprError, match=message):
        loso(**({"inputs": INPUTS, "labels": LABELS, "subjects": SUBJECTS} | rows))


def test_numbers_of_any_kind_are_inputs():
    reverse = loso(INPUTS[:, ::-1].copy(), LABELS, SUBJECTS)
    for inputs, expected in (
        (INPUTS[:, ::-1], reverse),
        (INPUTS.astype(">f8"), EXPECTED),
        (INPUTS.astype(np.longdouble), EXPECTED),
        (pd.DataFrame(INPUTS).convert_dtypes(), EXPECTED),
        (pd.DataFrame(INPUTS).astype(object), EXPECTED),
        ({"x": INPUTS}, EXPECTED),
    ):
        assert loso(inputs, LABELS, SUBJECTS, seed=np.int64(0)).equals(expected)
    several = pd.DataFrame(np.eye(3, dtype=int)[np.tile([0, 1, 2], 8)]).convert_dtypes()
    assert len(microexpr.loso(partial(nn.Linear, 5, 3), INPUTS, several, SUBJECTS, epochs=1, progress=None)) == 24


def test_scores_and_inputs_of_a_network_are_finite():
    class NaN(nn.Linear):
        def forward(self, x):
            return super().forward(x) * (1 if self.training else float("nan"))

    with pytest.raises(MicroexprError, match=r"scores must be finite, not nan \(fold s1, clip 0\)"):
        microexpr.loso(partial(NaN, 5, 3), INPUTS, LABELS, SUBJECTS, epochs=1)
    with pytest.raises(DataError, match=r"input must hold numbers of a float32, up to 3\.4e38 in size"):
        microexpr.loso(partial(nn.Linear, 5, 3), INPUTS * 1e39, LABELS, SUBJECTS, epochs=1)


def test_equal_indexes_of_any_kind_go_with_arrays():
    for index in ([*range(6)] * 4, [*range(24, 0, -1)], [*range(23, -1, -1)], [f"c{i}" for i in range(24)]):
        table = loso(INPUTS, pd.Series(LABELS, index), pd.Series(SUBJECTS, index))
        assert table.index.to_list() == index and table.predicted.to_list() == EXPECTED.predicted.to_list()


def test_minus_one_is_a_class_where_classes_say_so():
    valence = np.tile([-1, 0, 1], 8)
    assert {*loso(INPUTS, valence, SUBJECTS, classes=[-1, 0, 1]).truth} == {-1, 0, 1}
    assert {*loso(INPUTS, np.where(valence < 1, -1, 1), SUBJECTS).truth} == {-1, 1}


def test_labels_with_one_1_in_each_row_are_several_with_a_word():
    several = np.eye(3, dtype=int)[np.tile([0, 1, 2], 8)]
    with pytest.warns(UserWarning, match=r"each row of label has one 1, and is read as several labels .* argmax\(1\)"):
        table = microexpr.loso(partial(nn.Linear, 5, 3), INPUTS, several, SUBJECTS, epochs=1)
    assert table.filter(like="truth_").to_numpy().tolist() == several.tolist()


FIRST, REST = [0, 1, 2, 3, 4, 5], [*range(6, 24)]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([(REST, FIRST)], "folds must test each clip once, and clip 6 is tested in none of 1 folds"),
        ([(REST, FIRST), (FIRST, REST), (REST[6:], [3])], "folds must test clip 3 once, not in folds 1 and 3"),
        ([(REST, [*FIRST, 2]), (FIRST, REST)], "fold 1 must test on clip 2 once, not 2 times"),
        ([(REST, FIRST), ([*FIRST, 5, 5], REST)], "fold 2 must train on clip 5 once, not 3 times"),
        ([([*REST, 4], FIRST), (FIRST, REST)], "fold 1 must not test clip 4, which it trains on"),
        ([(np.arange(24) > 5, np.arange(24) < 6)], r"fold 1 must train on positions in 0..23, not \[False"),
        ([([0.5, 1], [2])], r"fold 1 must train on positions in 0..23, not \[0.5, 1.0\]"),
        ([(REST, 3)], "folds must be pairs of positions"),
    ],
)
def test_folds_test_each_clip_once(parts, message):
    with pytest.raises(MicroexprError, match=message):
        loso(INPUTS, LABELS, SUBJECTS, folds=parts)
    assert len(loso(INPUTS, LABELS, SUBJECTS, folds=GroupKFold(3).split(INPUTS, groups=SUBJECTS))) == 24
