"""Pooled figures against published ones, an independent implementation and closed forms."""

import math
import warnings

import numpy as np
import pytest
from composites import STSTNET
from sklearn.metrics import balanced_accuracy_score, f1_score

from microexpr.metrics import accuracy, bootstrap, confusion, uar, uf1

# data set: UF1 and UAR of the published predictions; UF1 is also what that paper prints
GOLDEN = {"smic": (0.6801, 0.6703), "casme2": (0.8382, 0.8190), "samm": (0.6588, 0.6415), "full": (0.7353, 0.7186)}


def clips_of(matrix):
    """truth and predicted of one clip for each count."""
    cells = np.array([(t, p) for t in range(3) for p in range(3) for _ in range(matrix[t][p])])
    return cells[:, 0], cells[:, 1]


@pytest.mark.parametrize("scope", GOLDEN)
def test_published_predictions_of_ststnet(scope):
    matrix = sum(np.array(m) for m in STSTNET.values()) if scope == "full" else np.array(STSTNET[scope])
    counted = confusion(*clips_of(matrix), 3)
    assert counted.tolist() == matrix.tolist()
    assert (round(float(uf1(counted)), 4), round(float(uar(counted)), 4)) == GOLDEN[scope]


def test_ststnet_recalls_and_predicted_counts():
    matrix = sum(np.array(m) for m in STSTNET.values())
    assert matrix.sum(0).tolist() == [280, 87, 75]
    assert (matrix.diagonal() / matrix.sum(1)).round(4).tolist() == [0.8760, 0.5688, 0.7108]
    assert round(float((matrix.diagonal() / matrix.sum(0)).mean()), 4) == 0.7605  # printed as UAR


def test_majority_guesser():
    matrix = confusion(np.repeat([0, 1, 2], [250, 109, 83]), np.zeros(442, int), 3)
    assert [round(float(figure(matrix)), 4) for figure in (uf1, uar, accuracy)] == [0.2408, 0.3333, 0.5656]


def test_agreement_with_scikit_learn():
    rng = np.random.default_rng(3)
    truth, predicted = rng.integers(3, size=(2, 60))
    matrix = confusion(truth, predicted, 3)
    assert uf1(matrix) == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert uar(matrix) == pytest.approx(balanced_accuracy_score(truth, predicted))


def test_an_absent_class_counts_as_zero_and_is_named():
    matrix = confusion(np.array([0, 1]), np.array([0, 1]), 3)
    for figure, word in ((uf1, "F1"), (uar, "recall")):
        with pytest.warns(RuntimeWarning, match=f"{word} of class 2 is 0/0 and counts as 0"):
            assert figure(matrix) == pytest.approx(2 / 3)


def test_a_class_that_is_only_predicted_has_an_f1_of_zero_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert uf1(confusion(np.array([0, 1, 1]), np.array([0, 1, 2]), 3)) == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_a_class_outside_of_the_range_is_refused():
    with pytest.raises(ValueError, match=r"must be in 0\.\.2, not 0\.\.3"):
        confusion(np.array([0, 1]), np.array([0, 3]), 3)


def test_figures_of_a_stack_are_those_of_each_matrix():
    stack = np.random.default_rng(0).integers(1, 9, size=(4, 2, 3, 3))
    for figure in (uf1, uar, accuracy):
        expected = [[figure(matrix) for matrix in row] for row in stack]
        np.testing.assert_allclose(figure(stack), expected)


def test_interval_of_an_accuracy_is_binomial():
    """One clip a subject: resampled accuracy is binomial, sd 0.05 at n = 64 and p = 0.8."""
    truth, right = np.zeros(64, int), np.arange(64) % 5 != 0
    low, high = bootstrap(truth, np.where(right, 0, 1), np.arange(64), accuracy, 20000, np.random.default_rng(5))
    share = right.mean()
    deviation = math.sqrt(share * (1 - share) / 64)
    assert low == pytest.approx(share - 1.96 * deviation, abs=0.012)
    assert high == pytest.approx(share + 1.96 * deviation, abs=0.012)


def test_clips_of_a_subject_stay_together():
    """Four subjects, each wholly right or wrong: the interval reaches from none to all, whatever their clips."""
    subjects = np.repeat(np.arange(4), 50)
    predicted = np.where(subjects < 2, 0, 1)
    interval = bootstrap(np.zeros(200, int), predicted, subjects, accuracy, 2000, np.random.default_rng(0))
    assert interval == (0.0, 1.0)


def test_subjects_that_are_alike_leave_no_interval():
    truth, predicted = np.tile([0, 1, 2, 0], 5), np.tile([0, 1, 2, 1], 5)
    low, high = bootstrap(truth, predicted, np.repeat(np.arange(5), 4), uf1, 100, np.random.default_rng(0))
    assert low == pytest.approx(high) == pytest.approx(float(uf1(confusion(truth, predicted, 3))))


def test_interval_is_that_of_a_loop_over_resampled_clips():
    rng = np.random.default_rng(8)
    truth, predicted, subjects = rng.integers(3, size=90), rng.integers(3, size=(2, 90)), rng.integers(6, size=90)
    names = np.unique(subjects)
    values = []
    for times in np.random.default_rng(4).multinomial(6, np.full(6, 1 / 6), size=200):
        rows = np.concatenate([np.tile(np.flatnonzero(subjects == n), k) for n, k in zip(names, times, strict=True)])
        values.append(np.mean([f1_score(truth[rows], one[rows], average="macro") for one in predicted]))
    found = bootstrap(truth, predicted, subjects, uf1, 200, np.random.default_rng(4))
    np.testing.assert_allclose(found, np.quantile(values, (0.025, 0.975)))


def test_interval_does_not_depend_on_the_order_of_clips():
    rng = np.random.default_rng(2)
    truth, predicted, subjects = rng.integers(3, size=(3, 40))
    order = rng.permutation(40)
    first = bootstrap(truth, predicted, subjects, uf1, 50, np.random.default_rng(1))
    second = bootstrap(truth[order], predicted[order], subjects[order], uf1, 50, np.random.default_rng(1))
    assert first == second
