"""Compute how sure a figure is, and whether two methods differ, by resampling whole subjects. The caller passes `rng`.

Clips of a subject are not independent of each other, so subjects are resampled. An interval covers what other subjects
of the same population would have given. It ignores that folds share training clips, that another seed would train
another model, and choices made after looking at the figures.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from microexpr.evaluation.metrics import Metric

COVERAGE = (0.025, 0.975)  # of the 95 % interval
HALF_CLIP = 0.5  # of each class, added if nothing varies
Pooling = Literal["pooled", "per_subject_mean"]
LEAVE_ONE_OUT = None  # instead of counts float64[B, U]: all subjects but one, each in turn
Statistic = Callable[[np.ndarray | None], np.ndarray]


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference in a metric between two methods on the same clips, its 95 % interval, and p of no difference."""

    value: float
    low: float
    high: float
    p: float


def interval(
    matrices: np.ndarray, metric: Metric, resamples: int, rng: np.random.Generator, pooling: Pooling = "pooled"
) -> tuple[float, float]:
    """Return the 95 % interval, within 0..1, of a metric over all clips, or of its mean over subjects.

    On the log-odds scale, it is the figure plus and minus Student's t (U - 1 degrees of freedom) times the greater of
    two standard errors. One is the spread over resamples of the subjects, sampled with replacement, widened by sqrt(U /
    (U - 1)). The other is the jackknife's, which leaves out each subject in turn. Of the intervals tried this one
    covers best (docs/measured.md). Where the figure is 0 or 1, and so nothing varies, one more subject of half
    a clip of each class, guessed, stands in for unseen subjects. A single subject gives 0 to 1.

    `matrices` are clips counted by subject and seed, [U, S, ...]: over several seeds, the interval of the mean over
    seeds. Not stratified by data set. 0/0 counts as in the metric."""
    matrices = matrices[matrices.any(axis=tuple(range(1, matrices.ndim)))]  # subjects with a clip that counts
    figure, subject_count = _statistic(matrices, metric, pooling)
    value = float(figure(np.ones((1, subject_count)))[0])
    if subject_count < 2 or math.isnan(value):
        return 0.0, 1.0
    if value in (0, 1):
        guess = np.full((1, *matrices.shape[1:]), HALF_CLIP / matrices.shape[-1])
        figure, subject_count = _statistic(np.concatenate([matrices, guess]), metric, pooling)
        smoothed = float(figure(np.ones((1, subject_count)))[0])
        low, high = _logit_interval(smoothed, _jackknife(figure(LEAVE_ONE_OUT)), subject_count - 1)
        return min(low, value), max(high, value)
    return share_interval(value, figure(resample_counts(subject_count, resamples, rng)), figure(LEAVE_ONE_OUT))


def share_interval(value: float, resampled: np.ndarray, without: np.ndarray) -> tuple[float, float]:
    """Return the interval of a figure in 0..1, from its values over resamples [B] and without each subject in turn [U].

    Of a figure of 0 or 1, and of a single subject, it is 0 to 1."""
    if len(without) < 2 or not 0 < value < 1:
        return 0.0, 1.0
    return _logit_interval(value, _standard_error(resampled, without), len(without))


def _logit_interval(value: float, error: float, subject_count: int) -> tuple[float, float]:
    """Return Student's interval on the log-odds scale, mapped back to 0..1; the error is by the delta method."""
    from scipy.special import expit, logit  # a third of a second, which planning a run must not wait for

    width = _t_quantile(subject_count) * error / (value * (1 - value))
    return float(expit(logit(value) - width)), float(expit(logit(value) + width))


def mean_interval(
    values: np.ndarray, subjects: np.ndarray, resamples: int, rng: np.random.Generator
) -> tuple[float, float] | tuple[None, None]:
    """Return the 95 % interval of the mean of values that are 0 or more, [N]; None, None for a single subject.

    Student's, with the standard error of `interval`; `subjects` [N] are any sortable values.
    """
    _, index = np.unique(subjects, return_inverse=True)
    parts = np.stack([np.bincount(index, weights) for weights in (values, np.ones(len(values)))], axis=-1)  # [U, 2]
    if len(parts) < 2:
        return None, None

    def mean(times: np.ndarray | None) -> np.ndarray:
        sums = _weighted_sum(times, parts)
        return np.asarray(sums[:, 0] / sums[:, 1])

    error = _standard_error(mean(resample_counts(len(parts), resamples, rng)), mean(LEAVE_ONE_OUT))
    value, width = values.mean(), _t_quantile(len(parts)) * error
    return max(float(value - width), 0.0), float(value + width)


def differences(
    matrices: Sequence[np.ndarray], metric: Metric, resamples: int, rng: np.random.Generator
) -> list[Difference]:
    """Return the pooled metric of each method less that of each later one, in the order of `itertools.combinations`.

    `matrices` are the clips of each method counted by subject and seed, [U, S, ...], of the same subjects; numbers of
    seeds may differ. The standard error is that of `interval`, of the difference, on the same resamples; interval and
    two-sided p are Student's with U - 1 degrees of freedom. No p is below 2^(1 - U), the least that swapping the two
    within subjects could give. A single subject gives -1 to 1, and p 1. p is of each pair separately: see `holm`.
    """
    tested = matrices[0].any(axis=tuple(range(1, matrices[0].ndim)))  # subjects with a clip that counts
    subject_count = int(tested.sum())
    figures = [_pooled(counts[tested], metric) for counts in matrices]
    values = [float(figure(np.ones((1, subject_count)))[0]) for figure in figures]
    if subject_count < 2:
        return [Difference(value - other_value, -1.0, 1.0, 1.0) for value, other_value in combinations(values, 2)]
    times = resample_counts(subject_count, resamples, rng)
    parts = [(value, figure(times), figure(LEAVE_ONE_OUT)) for value, figure in zip(values, figures, strict=True)]
    from scipy.special import stdtr  # takes long to load

    compared = []
    for (value, resampled, without), (other, other_resampled, other_without) in combinations(parts, 2):
        error = _standard_error(resampled - other_resampled, without - other_without)
        difference, width = value - other, _t_quantile(subject_count) * error
        p = 2 * stdtr(subject_count - 1, -abs(difference) / error) if error else float(difference == 0)
        low, high = max(difference - width, -1.0), min(difference + width, 1.0)
        compared.append(Difference(difference, low, high, float(max(p, min_attainable_p(subject_count)))))
    return compared


def min_attainable_p(subject_count: int) -> float:
    """Return the least p of a pair: the chance of swapping two methods within all subjects, 2^(1 - U)."""
    return float(2.0 ** (1 - subject_count))


def holm(p: Sequence[float]) -> np.ndarray:
    """Correct p for the number of tests, float64[n] in the same order: Holm (1979), step-down.

    Whichever hypotheses are true, the chance that any true null hypothesis has a corrected p below 0.05 is at most 5 %.
    """
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1)
    return corrected


def per_subject_mean(matrices: np.ndarray, metric: Metric) -> np.ndarray:
    """Return the metric of each subject's own clips, averaged over subjects, float64[S], of matrices [U, S, ...].

    0/0 is left out of the mean, and it is nan if no subject has the figure. Not comparable with a pooled figure.
    """
    values = metric(matrices, left_out=True)  # [U, S]
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(defined, values, 0).sum(0) / defined.sum(0)


def _pooled(matrices: np.ndarray, metric: Metric) -> Statistic:
    """Return the metric, averaged over seeds, as a function of how often each subject occurs."""
    return lambda times: metric(_weighted_sum(times, matrices)).mean(-1)


def _weighted_sum(times: np.ndarray | None, parts: np.ndarray) -> np.ndarray:
    """Add up the subjects' parts [U, ...] as often as each occurs."""
    return parts.sum(0) - parts if times is LEAVE_ONE_OUT else np.tensordot(times, parts, axes=1)


def _statistic(matrices: np.ndarray, metric: Metric, pooling: Pooling) -> tuple[Statistic, int]:
    """Return the metric, averaged over seeds, as a function of each subject's count, and the number of subjects.

    A mean over subjects leaves out those without the figure.
    """
    if pooling == "pooled":
        return _pooled(matrices, metric), len(matrices)
    values = metric(matrices, left_out=True)  # [U, S]
    values = values[~np.isnan(values).all(-1)]
    defined = (~np.isnan(values)).astype(float)
    figures = np.nan_to_num(values)

    def mean(times: np.ndarray | None) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            # nan where no resampled subject has the figure
            return (_weighted_sum(times, figures) / _weighted_sum(times, defined)).mean(-1)

    return mean, len(values)


def resample_counts(subject_count: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Sample how often each subject occurs, with replacement, float64[B, U]."""
    return rng.multinomial(subject_count, np.full(subject_count, 1 / subject_count), size=resamples).astype(float)


def _standard_error(resampled: np.ndarray, without: np.ndarray) -> float:
    """Return the greater of two standard errors: of resamples [B] and of the jackknife [U]."""
    subject_count = len(without)
    return max(_deviation(resampled) * math.sqrt(subject_count / (subject_count - 1)), _jackknife(without))


def _jackknife(without: np.ndarray) -> float:
    """Return the jackknife's standard error from figures without each subject in turn, [U]."""
    return _deviation(without) * math.sqrt(len(without) - 1)


def _deviation(values: np.ndarray) -> float:
    """Return the standard deviation of the defined figures; infinite for less than two."""
    defined = values[~np.isnan(values)]
    return float(defined.std()) if len(defined) > 1 else math.inf


def _t_quantile(subject_count: int) -> float:
    """Return Student's quantile of the interval, with one degree of freedom less than subjects."""
    from scipy.special import stdtrit

    return float(stdtrit(subject_count - 1, COVERAGE[1]))
