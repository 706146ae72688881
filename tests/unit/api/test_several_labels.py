"""Several labels of a clip through the Python functions: a network's and an estimator's folds, figures, errors."""

from functools import partial

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.svm import SVC
from torch import nn, optim

import microexpr
from microexpr.core.errors import DataError, LeakError, ParamsError

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
    table = microexpr.loso(
        network, inputs, labelled, SUBJECTS, classes=NAMES, epochs=40, batch=8, optimiser=partial(optim.Adam, lr=0.02)
    )
    assert [*table.columns] == [
        "subject",
        "fold",
        *(f"{part}_{n}" for part in ("truth", "predicted", "score") for n in NAMES),
    ]
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
    assert result.by_class.f1.to_list() == pytest.approx(expected) and result.macro_f1 == pytest.approx(
        np.mean(expected)
    )
    assert not table.columns.str.startswith("score").any()


def test_what_does_not_fit_is_refused(clips):
    inputs, labels = clips
    unknown = labels.copy()
    unknown[0, 0] = -1
    with pytest.raises(DataError, match="an estimator must know all labels"):
        microexpr.loso(MultiOutputClassifier(SVC()), inputs, unknown, SUBJECTS)
    with pytest.raises(DataError, match="label must be 0 or 1 or -1, not 2"):
        microexpr.loso(network, inputs, labels + 1, SUBJECTS)
    with pytest.raises(DataError, match="classes must name the 3 labels, not 2"):
        microexpr.loso(network, inputs, labels, SUBJECTS, classes=NAMES[:2])
    with pytest.raises(LeakError, match="must not test a subject of fitted_on: s2"):
        microexpr.loso(network, inputs, labels, SUBJECTS, fitted_on=["s2"])
    with pytest.raises(ParamsError, match=r"the estimator must predict 0 or 1, \[12, 3\]"):
        microexpr.loso(Halves(), inputs, labels, SUBJECTS)
    with pytest.raises(DataError, match="predicted must be of 48 clips and 3 labels"):
        microexpr.evaluate(labels, labels[:9], SUBJECTS)
    with pytest.raises(DataError, match="predicted must be 0 or 1, not -1"):
        microexpr.evaluate(labels, labels * 0 - 1, SUBJECTS)


class Halves:
    """An estimator that does not decide."""

    def fit(self, inputs, labels):
        return self

    def predict(self, inputs):
        return np.full((len(inputs), 3), 0.5)
