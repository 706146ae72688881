"""Intervals and the paired test: closed forms, loops over clips, and coverage of what is known in a simulation."""

import math
from itertools import combinations

import numpy as np
import pytest
import simulated
from scipy.special import logit
from scipy.stats import t as student
from sklearn.metrics import f1_score

from microexpr.evaluation.metrics import UNTESTED, accuracy, by_subject, confusion, uar, uf1
from microexpr.evaluation.metrics.intervals import differences, holm, interval, mean_interval, per_subject_mean


def random_clips(seed, clips=90, people=6, methods=2):
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=clips)
    predicted = np.where(rng.random((methods, clips)) < 0.5, truth, rng.integers(3, size=(methods, clips)))
    return truth, predicted, rng.integers(people, size=clips)


def bootstrap(truth, predicted, subjects, metric, resamples, rng, classes=3):
    return interval(by_subject(truth, predicted, subjects, classes), metric, resamples, rng)


def paired(truth, first, second, subjects, metric, resamples, rng, classes=3):
    matrices = [by_subject(truth, predicted, subjects, classes) for predicted in (first, second)]
    (difference,) = differences(matrices, metric, resamples, rng)
    return difference


def ends_by_log_odds(value, error, people):
    """Student's interval of a share, on the log-odds scale."""
    return logit(value) + np.array([-1, 1]) * student.ppf(0.975, people - 1) * error / (value * (1 - value))


def test_interval_of_a_mean_is_students_with_one_value_a_subject_and_not_below_0():
    """The jackknife's variance is the sample's over n, and the bootstrap's expects the same."""
    values, rng = np.random.default_rng(3).gamma(2, size=40), np.random.default_rng(5)
    expected = student.interval(0.95, 39, values.mean(), values.std(ddof=1) / math.sqrt(40))
    assert mean_interval(values, np.arange(40), 20000, rng) == pytest.approx(expected, rel=0.01)
    assert mean_interval(np.repeat(values, 3), np.arange(120) // 3, 20000, rng) == pytest.approx(expected, rel=0.01)
    assert mean_interval(np.array([0.0, 0, 5]), np.arange(3), 100, rng)[0] == 0
    assert mean_interval(values, np.zeros(40), 100, rng) == (None, None)


@pytest.mark.parametrize(("clips", "greater"), [(8, "jackknife"), (5, "bootstrap")])
def test_errors_are_those_of_a_loop_over_resampled_clips(clips, greater):
    """Two seeds, scikit-learn's F1 on clips drawn or left out by subject; width on the log-odds scale."""
    truth, predicted, subjects = random_clips(clips)
    owned = [np.flatnonzero(subjects == name) for name in range(6)]

    def figure(times):
        rows = np.concatenate([np.tile(positions, k) for positions, k in zip(owned, times, strict=True)])
        return np.mean([f1_score(truth[rows], labels[rows], average="macro") for labels in predicted])

    resampled = [figure(times) for times in np.random.default_rng(4).multinomial(6, np.full(6, 1 / 6), size=60)]
    without = [figure(times) for times in 1 - np.eye(6, dtype=int)]
    errors = {
        "bootstrap": np.std(resampled, ddof=0) * math.sqrt(6 / 5),
        "jackknife": math.sqrt(5 / 6 * ((without - np.mean(without)) ** 2).sum()),
    }
    assert errors[greater] == max(errors.values())
    ends = bootstrap(truth, predicted, subjects, uf1, 60, np.random.default_rng(4))
    assert logit(ends) == pytest.approx(ends_by_log_odds(figure(np.ones(6, int)), errors[greater], 6))


def test_all_right_or_wrong_is_as_if_one_more_person_had_guessed_half_a_clip_of_each_class():
    """One clip each of 5 people, two classes: the guess adds one clip, half of it right. t is that of the 5."""
    right, each, rng = np.zeros(5, int), np.arange(5), np.random.default_rng(0)
    low, high = bootstrap(right, right, each, accuracy, 10, rng, 2)
    value, without = 5.5 / 6, np.array([4.5 / 5] * 5 + [1])
    error = math.sqrt(5 / 6 * ((without - without.mean()) ** 2).sum())
    assert (logit(low), high) == (pytest.approx(ends_by_log_odds(value, error, 5)[0]), 1)
    assert bootstrap(right, 1 - right, each, accuracy, 10, rng, 2) == (0, pytest.approx(1 - low))


def test_people_whom_no_seed_tested_do_not_count():
    """Half of the people tested under one seed, the other half under the next: each seed's figure is of its own."""
    truth, (first, second), subjects = random_clips(6, people=12)
    halves = np.stack([np.where(subjects % 2, first, UNTESTED), np.where(subjects % 2, UNTESTED, first)])
    mine, rest = subjects % 2 == 1, subjects % 2 == 0
    assert uf1(confusion(truth, halves[0], 3)) == uf1(confusion(truth[mine], first[mine], 3))
    counts = [by_subject(truth[mask], first[mask], subjects[mask], 3) for mask in (mine, rest)]
    means = [per_subject_mean(matrices, uf1)[0] for matrices in counts]
    assert per_subject_mean(by_subject(truth, halves, subjects, 3), uf1).tolist() == means
    alone = bootstrap(truth[mine], first[mine], subjects[mine], uf1, 50, np.random.default_rng(0))
    assert bootstrap(truth, halves[0], subjects, uf1, 50, np.random.default_rng(0)) == alone
    difference = paired(truth[mine], first[mine], second[mine], subjects[mine], uf1, 50, np.random.default_rng(0))
    half = np.where(subjects % 2, second, UNTESTED)
    assert paired(truth, halves[0], half, subjects, uf1, 50, np.random.default_rng(0)) == difference
    low, high = bootstrap(truth, halves, subjects, uf1, 50, np.random.default_rng(0))
    assert low < np.mean([uf1(confusion(truth, seed, 3)) for seed in halves]) < high


def test_mean_over_subjects_has_the_interval_of_a_mean():
    """Accuracies of 8 subjects, each counting once however many clips it has: Student's interval, on log-odds.

    A second seed that says the same changes nothing."""
    shares = np.array([0.2, 0.5, 0.5, 0.6, 0.8, 0.8, 0.9, 1.0])
    clips = np.array([10, 20, 10, 30, 10, 20, 10, 40])
    subjects = np.repeat(np.arange(8), clips)
    predicted = np.concatenate([np.arange(n) >= round(n * share) for n, share in zip(clips, shares, strict=True)])
    matrices = by_subject(np.zeros(len(subjects), int), [predicted] * 2, subjects, 2)
    ends = interval(matrices, accuracy, 20000, np.random.default_rng(0), "per_subject_mean")
    expected = ends_by_log_odds(shares.mean(), shares.std(ddof=1) / math.sqrt(8), 8)
    assert logit(ends) == pytest.approx(expected, abs=0.03)


def test_difference_of_accuracies_is_a_paired_t_test():
    """One clip a subject: with both errors equal to that of a mean of differences, p is Student's."""
    rng = np.random.default_rng(1)
    truth, first, second = np.zeros(40, int), rng.integers(2, size=40), (rng.random(40) < 0.7).astype(int)
    away = (first == 0).astype(float) - (second == 0)
    difference = paired(truth, first, second, np.arange(40), accuracy, 20000, np.random.default_rng(0), 2)
    score = away.mean() / (away.std(ddof=1) / math.sqrt(40))
    assert difference.value == pytest.approx(away.mean())
    assert difference.p == pytest.approx(2 * student.sf(abs(score), 39), rel=0.05)
    assert difference.high - difference.value == pytest.approx(difference.value - difference.low)
    error = (difference.high - difference.value) / student.ppf(0.975, 39)
    assert difference.p == pytest.approx(2 * student.sf(abs(difference.value) / error, 39))
    assert (difference.low > 0 or difference.high < 0) == (difference.p < 0.05)


@pytest.mark.filterwarnings("error")
def test_few_subjects_never_prove_anything_and_one_or_a_missing_figure_says_nothing():
    """Right in all against wrong in all: swapping the two within four subjects gives as much once in eight."""
    for people, least in ((2, 0.5), (4, 0.125)):
        truth, subjects = np.tile([0, 1, 2], people), np.repeat(np.arange(people), 3)
        difference = paired(truth, truth, (truth + 1) % 3, subjects, uar, 50, np.random.default_rng(0))
        assert (difference.value, difference.low, difference.high, difference.p) == (1, 1, 1, least)
    truth, predicted, subjects = np.array([0, 1, 2]), np.array([0, 1, 1]), np.zeros(3, int)
    assert bootstrap(truth, predicted, subjects, accuracy, 10, np.random.default_rng(0)) == (0, 1)
    difference = paired(truth, predicted, truth, subjects, accuracy, 10, np.random.default_rng(0))
    assert (difference.low, difference.high, difference.p) == (-1, 1, 1)
    # one of two is not tested under the second seed: one figure of all but one is no spread
    predicted = np.array([[0, 1, 0, 1], [0, 1, UNTESTED, UNTESTED]])
    matrices = by_subject(np.zeros(4, int), predicted, np.array([0, 0, 1, 1]), 3)
    assert interval(matrices, accuracy, 50, np.random.default_rng(0), "per_subject_mean") == (0, 1)


def test_all_pairs_are_those_of_each_two_alone_in_whatever_order_of_clips():
    """Methods with one seed or two, on the same resamples, give the same numbers to the last bit."""
    truth, predicted, subjects = random_clips(4, methods=5)
    order = np.random.default_rng(0).permutation(len(truth))
    methods = [predicted[0], predicted[1:3], predicted[3], predicted[4]]
    matrices = [by_subject(truth[order], labels[..., order], subjects[order], 3) for labels in methods]
    assert differences(matrices, uf1, 50, np.random.default_rng(3)) == [
        paired(truth, first, second, subjects, uf1, 50, np.random.default_rng(3))
        for first, second in combinations(methods, 2)
    ]
    ends = interval(matrices[0], uf1, 50, np.random.default_rng(1))
    assert ends == bootstrap(truth, methods[0], subjects, uf1, 50, np.random.default_rng(1))


def test_holm_is_the_closure_of_bonferroni():
    """Corrected p of a hypothesis: the largest Bonferroni p of any set of hypotheses with it (Marcus et al. 1976)."""
    p = np.random.default_rng(5).random(6) ** 3
    sets = [subset for size in range(1, 7) for subset in combinations(range(6), size)]
    assert holm([0.6, 0.7]).tolist() == [1, 1] and holm([]).tolist() == []
    for number, corrected in enumerate(holm(p)):
        assert corrected == pytest.approx(max(min(1, len(s) * p[list(s)].min()) for s in sets if number in s))


def test_intervals_cover_and_equal_methods_are_told_apart_seldom():
    """Simulated experiments: shares of 300, within three standard errors of 95 % and 5 %."""
    rng = np.random.default_rng(7)
    true = float(uf1(simulated.expected()))
    held = different = 0
    for _ in range(300):
        truth, (first, second), people = simulated.clips(rng, 4)
        low, high = bootstrap(truth, first, people, uf1, 200, rng)
        held += low <= true <= high
        different += paired(truth, first, second, people, uf1, 200, rng).p < 0.05
    assert 0.93 - 0.044 <= held / 300 <= 0.97 + 0.03
    assert 0.035 - 0.03 <= different / 300 <= 0.065 + 0.043
