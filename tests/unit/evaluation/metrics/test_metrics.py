"""Pooled figures against published ones, an independent implementation and closed forms."""

import numpy as np
import pytest
from composites import STSTNET
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, precision_score, recall_score

from microexpr.evaluation.metrics import METRICS, by_class, by_subject, confusion, macro_precision, over_seeds, uar, uf1
from microexpr.evaluation.metrics.intervals import per_subject_mean

# data set: UF1 and UAR of the published predictions; UF1 is also what that paper prints
GOLDEN = {"smic": (0.6801, 0.6703), "casme2": (0.8382, 0.8190), "samm": (0.6588, 0.6415), "full": (0.7353, 0.7186)}


def test_published_predictions_of_ststnet():
    matrices = {name: np.array(matrix) for name, matrix in STSTNET.items()}
    matrices["full"] = sum(matrices.values())
    for scope, matrix in matrices.items():
        counted = confusion(*np.repeat(np.indices((3, 3)).reshape(2, -1), matrix.ravel(), axis=1), 3)
        assert counted.tolist() == matrix.tolist()
        assert (round(float(uf1(counted)), 4), round(float(uar(counted)), 4)) == GOLDEN[scope]
    assert round(float(macro_precision(matrices["full"])), 4) == 0.7605  # what the paper prints as recall


def test_agreement_with_scikit_learn_and_mean_and_deviation_over_seeds():
    rng = np.random.default_rng(3)
    truth, predicted = rng.integers(4, size=(2, 60))
    matrix = confusion(truth, predicted, 4)
    names = ["anger", "disgust", "fear", "others"]
    figures = {name: float(metric(matrix)) for name, metric in (METRICS | by_class(names)).items()}
    expected = {
        "uf1": f1_score(truth, predicted, average="macro"),
        "uar": balanced_accuracy_score(truth, predicted),
        "accuracy": accuracy_score(truth, predicted),
        "weighted_f1": f1_score(truth, predicted, average="weighted"),
        "macro_precision": precision_score(truth, predicted, average="macro"),
    }
    for word, score in (("f1", f1_score), ("recall", recall_score)):
        each = score(truth, predicted, average=None)
        expected |= {f"{word}_{name}": value for name, value in zip(names, each, strict=True)}
    assert figures == pytest.approx(expected)
    assert list(figures) == list(expected)
    assert over_seeds([0.5, 0.7, 0.6]) == pytest.approx((0.6, 0.1)) and over_seeds([0.5]) == (0.5, None)
    stack = rng.integers(1, 9, size=(3, 2, 4, 4))  # figures of a stack are those of each matrix
    for figure in (METRICS | by_class(names)).values():
        np.testing.assert_allclose(figure(stack), [[figure(matrix) for matrix in row] for row in stack])


@pytest.mark.filterwarnings("error")
def test_means_over_subjects_leave_out_who_lacks_the_class_as_scikit_learn_does():
    rng = np.random.default_rng(4)
    truth, predicted, subjects = rng.integers(3, size=50), rng.integers(3, size=(2, 50)), rng.integers(20, size=50)
    clips = [subjects == name for name in np.unique(subjects)]
    each = [[f1_score(truth[c], y[c], average="macro", zero_division=np.nan) for c in clips] for y in predicted]
    means = per_subject_mean(by_subject(truth, predicted, subjects, 3), uf1)
    assert means == pytest.approx(np.mean(each, 1))
    matrices = by_subject(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), np.array(["a", "a", "a", "b"]), 3)
    recall = by_class(["negative", "positive", "surprise"])
    means = [float(per_subject_mean(matrices, metric)[0]) for metric in recall.values()][3:]
    assert means == pytest.approx([0.5, 1, np.nan], nan_ok=True)
    # a class that is only predicted has an F1 of zero
    assert uf1(confusion(np.array([0, 1, 1]), np.array([0, 1, 2]), 3)) == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_an_absent_class_counts_as_zero_and_is_named():
    matrix = confusion(np.array([0, 1]), np.array([0, 1]), 3)
    for figure, word in ((uf1, "F1"), (uar, "recall"), (macro_precision, "precision")):
        with pytest.warns(RuntimeWarning, match=f"^{word} of class 2 is 0/0 and counts as 0") as seen:
            assert figure(matrix) == pytest.approx(2 / 3)
        assert seen[0].filename == __file__
        assert figure(matrix, left_out=True) == 1
    with pytest.warns(RuntimeWarning, match="^recall of class 2 is 0/0 and counts as 0") as seen:
        assert by_class("abc")["recall_c"](matrix) == 0
    assert seen[0].filename == __file__


@pytest.mark.parametrize(
    ("truth", "predicted", "message_range"),
    [([0, 1], [0, 3], r"0\.\.3"), ([-1, 1], [0, 1], r"-1\.\.1"), ([0, 1], [-2, 1], r"-2\.\.1")],
)
def test_a_class_outside_of_the_range_is_refused(truth, predicted, message_range):
    with pytest.raises(ValueError, match=rf"must be in 0\.\.2, not {message_range}"):
        confusion(np.array(truth), np.array(predicted), 3)
    assert confusion(np.array([]), np.array([]), 2).tolist() == [[0, 0], [0, 0]]
