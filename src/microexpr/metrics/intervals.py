"""How sure a figure is, and whether two methods differ: by resampling whole subjects. Random draws come from outside.

Clips of a person are not independent of each other, so subjects are what is drawn. An interval says what other people
of the same kind would have given. It does not see that folds share training clips, nor another seed of the training,
nor a choice made after looking at the figures.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from microexpr.clip import LABELS
from microexpr.metrics.figures import Metric, by_subject

COVERAGE = (0.025, 0.975)  # of the 95 % interval
HALF_A_CLIP = 0.5  # of each class: what is added where nothing varies
Pooling = Literal["pooled", "per_subject_mean"]
Figure = Callable[[np.ndarray], np.ndarray]  # [B, U] times of each subject to [B] figures


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
    value = float(figure(np.ones((1, people)))[0]) if people else math.nan
    if people < 2 or math.isnan(value):
        return 0.0, 1.0
    if value in (0, 1):
        guess = np.full((1, *matrices.shape[1:]), HALF_A_CLIP / matrices.shape[-1])
        figure, people = _figure(np.concatenate([matrices, guess]), metric, pooling)
        smoothed = float(figure(np.ones((1, people)))[0])
        low, high = _around(smoothed, _jackknife(figure, people), people - 1)
        return min(low, value), max(high, value)
    return _around(value, _error(figure, people, resamples, rng), people)


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
    *,
    pooling: Pooling = "pooled",
) -> Difference:
    """The metric of `first` less that of `second`, with both always on the same resample of the subjects.

    The standard error is that of `bootstrap`, of the difference; interval and two-sided p are Student's with U - 1
    degrees of freedom. No p is below 2^(1 - U), the least that swapping the two within subjects could give. Takes what
    `bootstrap` takes; the two may have different numbers of seeds. One subject alone says nothing: -1 to 1, p 1.
    """
    matrices = [by_subject(truth, each, subjects, classes) for each in (first, second)]
    tested = _tested(matrices[0]) | _tested(matrices[1])
    (one, people), (other, _) = (_figure(each[tested], metric, pooling, everybody=True) for each in matrices)

    def figure(times: np.ndarray) -> np.ndarray:
        return one(times) - other(times)

    value = float(figure(np.ones((1, people)))[0])
    if people < 2:
        return Difference(value, -1.0, 1.0, 1.0)
    error = _error(figure, people, resamples, rng)
    width = _quantile(people) * error
    p = 2 * student.sf(abs(value) / error, people - 1) if error else float(value == 0)
    return Difference(value, max(value - width, -1.0), min(value + width, 1.0), float(max(p, 2.0 ** (1 - people))))


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


def _figure(matrices: np.ndarray, metric: Metric, pooling: Pooling, everybody: bool = False) -> tuple[Figure, int]:
    """The metric, meaned over seeds, as a function of how often each subject is there; and the number of subjects.

    Of a mean over subjects, those without the figure are left out first, unless `everybody` is to stay."""
    if pooling == "pooled":
        return lambda times: metric(np.tensordot(times, matrices, axes=1)).mean(-1), len(matrices)
    values = metric(matrices, left_out=True)  # [U, S]
    if not everybody:
        values = values[~np.isnan(values).all(-1)]
    there = ~np.isnan(values)
    known = np.where(there, values, 0)

    def mean(times: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return ((times @ known) / (times @ there)).mean(-1)  # nan where none of those drawn has the figure

    return mean, len(values)


def _error(figure: Figure, people: int, resamples: int, rng: np.random.Generator) -> float:
    """The greater of the bootstrap's and the jackknife's standard error."""
    times = rng.multinomial(people, np.full(people, 1 / people), size=resamples).astype(float)  # [B, U]
    spread = _deviation(figure(times)) * math.sqrt(people / (people - 1))
    return max(spread, _jackknife(figure, people))


def _jackknife(figure: Figure, people: int) -> float:
    return _deviation(figure(1 - np.eye(people))) * math.sqrt(people - 1)


def _deviation(values: np.ndarray) -> float:
    """Of the figures that there are; infinite for less than two."""
    known = values[~np.isnan(values)]
    return float(known.std()) if len(known) > 1 else math.inf


def _quantile(people: int) -> float:
    return float(student.ppf(COVERAGE[1], people - 1))
