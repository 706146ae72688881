"""Several labels of a clip through the Python functions: a network's and an estimator's folds, figures, errors."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.svm import SVC
from torch import nn, optim

import microexpr
from microexpr.core.errors import DataError, ParamsError

NAMES = ["AU1", "AU4", "AU12"]
SUBJECTS = np.repeat(["s1", "s2", "s3", "s4"], 12)


@pytest.fixture
def clips():
    """Inputs [48, 5] whose first three columns show the labels [48, 3]."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (48, 3))
    return np.concatenate([labels, rng.normal(size=(48, 2))], 1) + rng.normal(0, 0.2, (48, 5)), labels


def network():
    return nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3))


def test_a_network_learns_each_label_and_evaluate_judges_it(clips):
    inputs, labels = clips
    labelled = labels.copy()
    labelled[::5, 1] = -1
    options = {"epochs": 40, "batch": 8, "optimiser": partial(optim.Adam, lr=0.02)}
    table = microexpr.loso(network, inputs, labelled, SUBJECTS, classes=NAMES, **options)
    names = [f"{part}_{name}" for part in ("truth", "predicted", "score") for name in NAMES]
    assert [*table.columns] == ["subject", "fold", *names]
    truth, predicted = (table.filter(like=part).to_numpy() for part in ("truth_", "predicted_"))
    result = microexpr.evaluate(truth, predicted, table.subject, NAMES)
    assert result.macro_f1 > 0.95 and result.by_class.clips.to_list() == [48, 38, 48] and result.subjects == 4
    assert "MACRO_F1 " in repr(result) and "48 clips of 4 subjects" in repr(result)
    assert result.confusion.loc["AU4"].sum() == 38


def test_an_estimator_of_several_outputs_is_fitted_by_fold(clips):
    inputs, labels = clips
    table = microexpr.loso(MultiOutputClassifier(SVC()), inputs, labels, SUBJECTS)
    truth, predicted = (table.filter(like=part).to_numpy() for part in ("truth_", "predicted_"))
    result = microexpr.evaluate(truth, predicted, table.subject)
    expected = [f1_score(truth[:, i], predicted[:, i]) for i in range(3)]
    assert [*result.by_class.f1, result.macro_f1] == pytest.approx([*expected, np.mean(expected)])
    assert not table.columns.str.startswith("score").any()


def test_what_does_not_fit_is_refused(clips):
    inputs, labels = clips
    unknown = labels.copy()
    unknown[0, 0] = -1
    for message, train in {
        "an estimator must know all labels": partial(microexpr.loso, MultiOutputClassifier(SVC()), inputs, unknown),
        "label must be 0 or 1 or -1, not 2": partial(microexpr.loso, network, inputs, labels + 1),
        "classes must name the 3 labels, not 2": partial(microexpr.loso, network, inputs, labels, classes=NAMES[:2]),
        r"the estimator must predict 0 or 1, \[12, 3\]": partial(microexpr.loso, Halves(), inputs, labels),
        "predicted must be of 48 clips and 3 labels": partial(microexpr.evaluate, labels, labels[:9]),
        "predicted must have its labels in the order 0, 1, 2 as truth has, not 2, 0, 1": partial(
            microexpr.evaluate, pd.DataFrame(labels, columns=NAMES), pd.DataFrame(labels)[[2, 0, 1]]
        ),
        "predicted must be 0 or 1, not -1": partial(microexpr.evaluate, labels, labels * 0 - 1),
    }.items():
        with pytest.raises((DataError, ParamsError), match=message):
            train(subjects=SUBJECTS)


def test_negatives_of_minus_one_are_told(clips):
    with pytest.warns(UserWarning, match="truth has no 0, and -1 is read as not known: give 0 for a label that"):
        microexpr.evaluate(2 * clips[1] - 1, clips[1], SUBJECTS)


class Halves:
    """An estimator that does not decide."""

    def fit(self, inputs, labels):
        return self

    def predict(self, inputs):
        return np.full((len(inputs), 3), 0.5)
