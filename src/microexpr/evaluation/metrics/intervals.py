"""How sure a figure is, and whether two methods differ: by resampling whole subjects. Random draws come from outside.

Clips of a person are not independent of each other, so subjects are what is drawn. An interval says what other people
of the same kind would have given. It does not see that folds share training clips, nor another seed of the training,
nor a choice made after looking at the figures.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from scipy.special import expit, logit, stdtr, stdtrit

from microexpr.core.clip import LABELS
from microexpr.evaluation.metrics.figures import Metric, by_subject

COVERAGE = (0.025, 0.975)  # of the 95 % interval
HALF_A_CLIP = 0.5  # of each class: what is added where nothing varies
Pooling = Literal["pooled", "per_subject_mean"]
EACH_LEFT_OUT = None  # in place of how often each subject is there, float64[B, U]: all but one, each in turn
Figure = Callable[[np.ndarray | None], np.ndarray]


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of one method less that of another on the same clips, its 95 % interval, and p of there being none."""

    value: float
    low: float
    high: float
    p: float


def bootstrap(
    truth: np.ndarray,
    predicted: np.ndarray,
    subjects: np.ndarray,
    metric: Metric,
    resamples: int,
    rng: np.random.Generator,
    classes: int = len(LABELS),
    *,
    pooling: Pooling = "pooled",
) -> tuple[float, float]:
    """95 % interval, within 0..1, of a metric over all clips, or of its mean over subjects.

    On the log-odds scale, the figure plus and minus Student's t (U - 1 degrees of freedom) times the greater of two
    standard errors: the spread over resamples of the subjects, drawn with replacement, widened by sqrt(U / (U - 1));
    and the jackknife's, which leaves out each subject in turn. Of what was tried this covers best
    (`make campaign-intervals`). Where the figure is 0 or 1, and so nothing varies, one more subject of half a clip of
    each class, guessed, stands in for what was not seen. One subject alone says nothing: 0 to 1.

    `truth` [N], `subjects` [N] (any sortable values), `predicted` [N] or [S, N]: over several seeds, the interval of
    the mean over seeds. Clips that are `UNTESTED` under a seed do not count there. Independent of the order of clips.
    Not stratified by data set. 0/0 counts as in the metric.
    """
    matrices = by_subject(truth, predicted, subjects, classes)
    return _interval(matrices[_tested(matrices)], metric, pooling, resamples, rng)


def _interval(
    matrices: np.ndarray, metric: Metric, pooling: Pooling, resamples: int, rng: np.random.Generator
) -> tuple[float, float]:
    figure, people = _figure(matrices, metric, pooling)
    value = float(figure(np.ones((1, people)))[0])
    if people < 2 or math.isnan(value):
        return 0.0, 1.0
    if value in (0, 1):
        guess = np.full((1, *matrices.shape[1:]), HALF_A_CLIP / matrices.shape[-1])
        figure, people = _figure(np.concatenate([matrices, guess]), metric, pooling)
        smoothed = float(figure(np.ones((1, people)))[0])
        low, high = _around(smoothed, _jackknife(figure(EACH_LEFT_OUT)), people - 1)
        return min(low, value), max(high, value)
    error = _error(figure(_resamples(people, resamples, rng)), figure(EACH_LEFT_OUT))
    return _around(value, error, people)


def _around(value: float, error: float, people: int) -> tuple[float, float]:
    """Student's interval on the log-odds scale, brought back to 0..1; the error is by the delta method."""
    width = _quantile(people) * error / (value * (1 - value))
    return float(expit(logit(value) - width)), float(expit(logit(value) + width))


def paired(
    truth: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    subjects: np.ndarray,
    metric: Metric,
    resamples: int,
    rng: np.random.Generator,
    classes: int = len(LABELS),
) -> Difference:
    """The pooled metric of `first` less that of `second`, with both always on the same resample of the subjects.

    The standard error is that of `bootstrap`, of the difference; interval and two-sided p are Student's with U - 1
    degrees of freedom. No p is below 2^(1 - U), the least that swapping the two within subjects could give. Takes what
    `bootstrap` takes, both tested on the same subjects; their numbers of seeds may differ. One subject alone says
    nothing: -1 to 1, p 1.
    """
    (found,) = all_pairs(truth, [first, second], subjects, metric, resamples, rng, classes)
    return found


def all_pairs(
    truth: np.ndarray,
    predicted: Sequence[np.ndarray],
    subjects: np.ndarray,
    metric: Metric,
    resamples: int,
    rng: np.random.Generator,
    classes: int = len(LABELS),
) -> list[Difference]:
    """`paired` of each two of several methods, as `itertools.combinations` orders them, all on the same resamples.

    Each method's figures are computed once, so that many pairs cost little more than many methods. p is of each pair
    by itself: see `holm`.
    """
    matrices = [by_subject(truth, each, subjects, classes) for each in predicted]
    tested = _tested(matrices[0])
    people = int(tested.sum())
    figures = [_pooled(each[tested], metric) for each in matrices]
    values = [float(figure(np.ones((1, people)))[0]) for figure in figures]
    if people < 2:
        return [Difference(one - other, -1.0, 1.0, 1.0) for one, other in combinations(values, 2)]
    times = _resamples(people, resamples, rng)
    parts = [(value, figure(times), figure(EACH_LEFT_OUT)) for value, figure in zip(values, figures, strict=True)]
    return [
        _difference(value - other_value, _error(drawn - other_drawn, without - other_without), people)
        for (value, drawn, without), (other_value, other_drawn, other_without) in combinations(parts, 2)
    ]


def _difference(value: float, error: float, people: int) -> Difference:
    width = _quantile(people) * error
    p = 2 * stdtr(people - 1, -abs(value) / error) if error else float(value == 0)
    return Difference(value, max(value - width, -1.0), min(value + width, 1.0), float(max(p, least_p(people))))


def least_p(people: int) -> float:
    """Of a pair: what swapping two methods within so many subjects gives by chance, 2^(1 - U)."""
    return float(2.0 ** (1 - people))


def holm(p: Sequence[float]) -> np.ndarray:
    """p corrected for there being so many of them, float64[n] in the same order: Holm (1979), step-down.

    Whatever is true, the chance that any true null hypothesis has a corrected p below 0.05 is at most 5 %.
    """
    given = np.asarray(p, float)
    order = np.argsort(given, kind="stable")
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1)), 1)
    return corrected


def per_subject_mean(
    truth: np.ndarray, predicted: np.ndarray, subjects: np.ndarray, metric: Metric, classes: int = len(LABELS)
) -> np.ndarray:
    """The metric of each subject's own clips, 0/0 left out, meaned over subjects: float64[S], for predicted [S, N].

    Not comparable with a pooled figure; nan if no subject has the figure.
    """
    values = metric(by_subject(truth, predicted, subjects, classes), left_out=True)  # [U, S]
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, values, 0).sum(0) / there.sum(0)


def _tested(matrices: np.ndarray) -> np.ndarray:
    """bool[U]: who has a clip that counts, under any seed."""
    return np.asarray(matrices.any(axis=(1, 2, 3)))


def _pooled(matrices: np.ndarray, metric: Metric) -> Figure:
    """The metric, meaned over seeds, as a function of how often each subject is there."""
    return lambda times: metric(_summed(times, matrices)).mean(-1)


def _summed(times: np.ndarray | None, parts: np.ndarray) -> np.ndarray:
    """The subjects' parts [U, ...] added up as often as each is there."""
    return parts.sum(0) - parts if times is EACH_LEFT_OUT else np.tensordot(times, parts, axes=1)


def _figure(matrices: np.ndarray, metric: Metric, pooling: Pooling) -> tuple[Figure, int]:
    """The metric, meaned over seeds, as a function of how often each subject is there; and the number of subjects.

    Of a mean over subjects, those without the figure are left out first."""
    if pooling == "pooled":
        return _pooled(matrices, metric), len(matrices)
    values = metric(matrices, left_out=True)  # [U, S]
    values = values[~np.isnan(values).all(-1)]
    there = (~np.isnan(values)).astype(float)
    known = np.nan_to_num(values)

    def mean(times: np.ndarray | None) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return (_summed(times, known) / _summed(times, there)).mean(-1)  # nan where none of those drawn has it

    return mean, len(values)


def _resamples(people: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """float64[B, U]: how often each subject is drawn, with replacement."""
    return rng.multinomial(people, np.full(people, 1 / people), size=resamples).astype(float)


def _error(drawn: np.ndarray, without: np.ndarray) -> float:
    """The greater of two standard errors: from figures of resamples, [B], and of all but one subject, [U]."""
    people = len(without)
    return max(_deviation(drawn) * math.sqrt(people / (people - 1)), _jackknife(without))


def _jackknife(without: np.ndarray) -> float:
    return _deviation(without) * math.sqrt(len(without) - 1)


def _deviation(values: np.ndarray) -> float:
    """Of the figures that there are; infinite for less than two."""
    known = values[~np.isnan(values)]
    return float(known.std()) if len(known) > 1 else math.inf


def _quantile(people: int) -> float:
    return float(stdtrit(people - 1, COVERAGE[1]))
