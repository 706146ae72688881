"""Figures from true and predicted classes, pooled over folds, with intervals. Integers in, numbers out.

Axes: N clips, S seeds, K classes, B bootstrap resamples, U subjects. A confusion matrix has the true class in its rows
and the predicted one in its columns; each function takes one [K, K] or a stack of them [..., K, K].
What may not come in: where a prediction is from.
"""

import warnings
from collections.abc import Callable

import numpy as np

from microexpr.clip import LABELS

Metric = Callable[[np.ndarray], np.ndarray]
COVERAGE = (0.025, 0.975)  # of the 95 % interval


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Clips by true and predicted class, int64[K, K], of truth [N] and predicted [N] in 0..K-1.

    Raises ValueError for a class outside of that range.
    """
    pairs = np.stack([np.asarray(truth, np.int64), np.asarray(predicted, np.int64)])
    if pairs.size and not (pairs.min() >= 0 and pairs.max() < classes):
        raise ValueError(f"classes must be in 0..{classes - 1}, not {pairs.min()}..{pairs.max()}")
    return np.bincount(pairs[0] * classes + pairs[1], minlength=classes**2).reshape(classes, classes)


def uf1(matrix: np.ndarray) -> np.ndarray:
    """Unweighted F1 score, 0..1: the mean over classes of 2 TP / (2 TP + FP + FN).

    0/0, a class that is neither true nor predicted, counts as 0; a warning names it when `matrix` is a single one.
    Definition: MEGC2019; e.g. ICE-GAN eq. 7.
    """
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    return _mean_of_classes(2 * right, matrix.sum(-1) + matrix.sum(-2), "F1")


def uar(matrix: np.ndarray) -> np.ndarray:
    """Unweighted average recall, 0..1: the mean over classes of TP / number of true samples.

    0/0, a class without true samples, counts as 0; a warning names it when `matrix` is a single one.
    Definition: MEGC2019; e.g. ICE-GAN eq. 8.
    """
    return _mean_of_classes(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(-1), "recall")


def accuracy(matrix: np.ndarray) -> np.ndarray:
    """Share of clips whose class was predicted, 0..1; 0 where there are none."""
    right = np.trace(matrix, axis1=-2, axis2=-1)
    return right / np.maximum(matrix.sum((-2, -1)), 1)


METRICS: dict[str, Metric] = {"uf1": uf1, "uar": uar, "accuracy": accuracy}


def _mean_of_classes(numerator: np.ndarray, denominator: np.ndarray, figure: str) -> np.ndarray:
    if denominator.ndim == 1 and not denominator.all():
        absent = ", ".join(map(str, np.flatnonzero(denominator == 0)))
        warnings.warn(f"{figure} of class {absent} is 0/0 and counts as 0", RuntimeWarning, stacklevel=3)
    return (numerator / np.maximum(denominator, 1)).mean(-1)


def bootstrap(
    truth: np.ndarray,
    predicted: np.ndarray,
    subjects: np.ndarray,
    metric: Metric,
    resamples: int,
    rng: np.random.Generator,
    classes: int = len(LABELS),
) -> tuple[float, float]:
    """95 % percentile interval of a pooled metric over resamples of the subjects, drawn with replacement.

    Clips of a subject stay together, since they are not independent of each other. `truth` [N], `subjects` [N] (any
    sortable values), `predicted` [N] or [S, N]: over several seeds, the interval of the metric's mean over seeds.
    Independent of the order of clips. No stratification by data set; 0/0 in a resample counts as 0, as it does in
    the figure itself.
    """
    by_seed = np.atleast_2d(predicted)
    names, owner = np.unique(np.asarray(subjects), return_inverse=True)
    matrices = np.stack(
        [
            [confusion(truth[owner == subject], seed[owner == subject], classes) for seed in by_seed]
            for subject in range(len(names))
        ]
    )  # [U, S, K, K]
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)  # [B, U]
    pooled = np.tensordot(times, matrices, axes=1)  # [B, S, K, K]
    low, high = np.quantile(metric(pooled).mean(-1), COVERAGE)
    return float(low), float(high)
