"""Compute figures of confusion matrices, one [K, K] or many [..., K, K]: true classes in rows, predicted in columns.

Intervals and comparisons are in `intervals`, figures of synthesised faces in `synthesis`. Arrays in, numbers out; axes:
N clips, S seeds, K classes, U subjects, B bootstrap resamples. Out of scope: the source of a prediction.

K is the data set's number of classes. 0/0, as the recall of a class without true clips, counts as 0, and a warning
names the class when the matrix is a single one. With `left_out` it is left out of the mean over classes instead, and
the figure is nan if none remain. The first is for pooled figures, the second for those of single subjects.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from microexpr.core.facs import UNKNOWN

UNTESTED = -1  # class of a clip that was not tested under a seed, as in splits sampled for each
Parts = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # numerator and denominator by class, [..., K] each


class Metric(Protocol):
    """Figures 0..1 of confusion matrices [..., K, K], one for each."""

    def __call__(self, matrix: np.ndarray, /, *, left_out: bool = False) -> np.ndarray: ...


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count clips by true and predicted class, int64[K, K], of truth [N] and predicted [N] in 0..K-1.

    Clips predicted `UNTESTED` do not count. Raises ValueError for a class outside that range.
    """
    return by_subject(truth, predicted, np.zeros(np.shape(truth), np.int64), classes).sum((0, 1))


def by_subject(truth: np.ndarray, predicted: np.ndarray, subjects: np.ndarray, classes: int = 2) -> np.ndarray:
    """Count clips by subject, in sorted order, seed, true and predicted class, int64[U, S, K, K].

    `truth` [N] and `predicted` [N] or [S, N] in 0..K-1, `subjects` [N]. Clips that a seed did not test are predicted
    `UNTESTED` under it, and do not count there. Of several labels, `truth` [N, L] of 1, 0 and `UNKNOWN`, which does not
    count, and `predicted` [N, L] or [S, N, L] of 1, 0 and `UNTESTED`, it is int64[U, S, L, 2, 2]. Raises ValueError for
    any other class.
    """
    truth, predicted = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    predicted = predicted[None] if predicted.ndim == truth.ndim else predicted
    counted, classes = predicted != UNTESTED, classes if truth.ndim == 1 else 2
    for array in (truth, predicted[counted]) if truth.ndim == 1 else ():
        if array.size and not (array.min() >= 0 and array.max() < classes):
            raise ValueError(f"classes must be in 0..{classes - 1}, not {array.min()}..{array.max()}")
    for array, missing in ((truth, UNKNOWN), (predicted, UNTESTED)) if truth.ndim == 2 else ():
        if array.size and not np.isin(array, (0, 1, missing)).all():
            raise ValueError(f"labels must be 0, 1 or {missing}, not {array.min()}..{array.max()}")
    if truth.ndim == 2:
        counted = counted & (truth != UNKNOWN)
    names, subject = np.unique(np.asarray(subjects), return_inverse=True)
    shape = len(names), len(predicted), *truth.shape[1:], classes, classes
    seed, clip, *label = np.indices(predicted.shape)
    known_truth = np.broadcast_to(truth.clip(0), predicted.shape)
    cell = np.ravel_multi_index((subject[clip], seed, *label, known_truth, predicted.clip(0)), shape)
    return np.bincount(cell[counted], minlength=math.prod(shape)).reshape(shape)


def sum_by_subject(cells: np.ndarray, subjects: Sequence[str]) -> np.ndarray:
    """Add up counts of clips, [N, ...], by subject, in sorted order, as those of one seed: int64[U, 1, ...]."""
    names, index = np.unique(np.asarray(subjects), return_inverse=True)
    summed = np.zeros((len(names), 1, *cells.shape[1:]), np.int64)
    np.add.at(summed[:, 0], index, cells)
    return summed


def uf1(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return unweighted (macro) F1: the mean over classes of 2 TP / (2 TP + FP + FN). MEGC2019; e.g. ICE-GAN eq. 7."""
    return _mean(*_f1(matrix), "F1", left_out)


def uar(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return unweighted average recall: the mean over classes of TP / true clips. MEGC2019; e.g. ICE-GAN eq. 8."""
    return _mean(*_recall(matrix), "recall", left_out)


def macro_precision(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return the mean over classes of TP / predicted clips, which some tables print as UAR."""
    return _mean(_correct(matrix), matrix.sum(-2), "precision", left_out)


def accuracy(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return the share of clips with their class predicted; 0 (`left_out`: nan) without clips."""
    return ratio(_correct(matrix).sum(-1), matrix.sum((-2, -1)), left_out)


def weighted_f1(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return the mean over classes of F1, weighted by their true clips."""
    per_class = ratio(*_f1(matrix), left_out=False)  # 0/0 has no true clips, and so no weight
    return ratio((per_class * matrix.sum(-1)).sum(-1), matrix.sum((-2, -1)), left_out)


METRICS: dict[str, Metric] = {
    "uf1": uf1,
    "uar": uar,
    "accuracy": accuracy,
    "weighted_f1": weighted_f1,
    "macro_precision": macro_precision,
}


def by_class(names: Sequence[str]) -> dict[str, Metric]:
    """Return metrics of single classes, in the order of their names: `f1_<class>` of each, then `recall_<class>`."""

    def class_metric(index: int, parts: Parts, figure: str) -> Metric:
        def metric(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
            numerator, denominator = parts(matrix)
            if denominator.ndim == 1 and not left_out:
                _warn(figure, [index] if denominator[index] == 0 else [], caller=3)
            return ratio(numerator[..., index], denominator[..., index], left_out)

        return metric

    f1 = {f"f1_{name}": class_metric(i, _f1, "F1") for i, name in enumerate(names)}
    return f1 | {f"recall_{name}": class_metric(i, _recall, "recall") for i, name in enumerate(names)}


def label_f1(matrix: np.ndarray, answer: int = 1) -> np.ndarray:
    """Return F1 of each label [..., L], of matrices [..., L, 2, 2]; for `answer` 0 that of not having it."""
    hits = matrix[..., answer, answer]
    return ratio(2 * hits, matrix[..., answer, :].sum(-1) + matrix[..., :, answer].sum(-1), left_out=False)


def macro_f1(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return the mean over labels of F1: the binary F1 that Varanka et al. average over action units."""
    return label_f1(matrix).mean(-1)


def macro_f1_of_both(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return the mean over labels of the F1 of having it and of not having it: their `F1-macro`."""
    return ((label_f1(matrix) + label_f1(matrix, 0)) / 2).mean(-1)


LABEL_METRICS: dict[str, Metric] = {"macro_f1": macro_f1, "macro_f1_of_both": macro_f1_of_both}


def by_label(names: Sequence[str]) -> dict[str, Metric]:
    """Return the metrics `f1_<label>` and `f1_of_both_<label>` of single labels, in the order of their names."""

    def label_metric(index: int, whole: Metric) -> Metric:
        return lambda matrix, *, left_out=False: whole(matrix[..., [index], :, :])

    wholes = {"f1": macro_f1, "f1_of_both": macro_f1_of_both}
    return {f"{key}_{name}": label_metric(i, whole) for key, whole in wholes.items() for i, name in enumerate(names)}


def average_precision(truth: np.ndarray, scores: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
    """Return the mean over positive clips of the precision at their score, for each resample and label, [B, L].

    `truth` [N, L] of 1, 0 and `UNKNOWN`, `scores` [N, L], `times` [B, N]: how often each clip counts (None: once).
    Clips of equal scores share a precision. Of a label without a positive clip it is 0."""
    times = np.ones((1, len(truth))) if times is None else times
    means = []
    for label, score in zip(np.asarray(truth).T, np.asarray(scores, float).T, strict=True):
        positions = np.flatnonzero(label != UNKNOWN)
        order = positions[np.argsort(-score[positions], kind="stable")]
        weights = times[:, order]
        positive = weights * (label[order] == 1)
        hits, claims = np.cumsum(positive, 1), np.cumsum(weights, 1)
        last = np.searchsorted(-score[order], -score[order], side="right") - 1  # of the clips with the same score
        precision = ratio(hits[:, last], claims[:, last], left_out=False)
        means.append(ratio((positive * precision).sum(1), positive.sum(1), left_out=False))
    return np.stack(means, -1)


def over_seeds(values: Sequence[float] | np.ndarray) -> tuple[float, float | None]:
    """Return mean and standard deviation (n - 1) of a figure over seeds; no deviation of a single one."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def _correct(matrix: np.ndarray) -> np.ndarray:
    """Return the diagonal: clips predicted correctly, by class."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _f1(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numerator and denominator of F1, by class."""
    return 2 * _correct(matrix), matrix.sum(-1) + matrix.sum(-2)


def _recall(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numerator and denominator of recall, by class."""
    return _correct(matrix), matrix.sum(-1)


def ratio(numerator: np.ndarray, denominator: np.ndarray, left_out: bool) -> np.ndarray:
    """Divide; 0/0 is 0, or nan if it is to be left out."""
    absent = denominator == 0
    ratio = numerator / np.where(absent, 1, denominator)
    return np.where(absent, np.nan, ratio)[()] if left_out else ratio


def _mean(numerator: np.ndarray, denominator: np.ndarray, figure: str, left_out: bool) -> np.ndarray:
    """Return the mean of ratios over classes, with a warning for each 0/0 that counts as 0."""
    if not left_out:
        if denominator.ndim == 1:
            _warn(figure, np.flatnonzero(denominator == 0), caller=4)
        return ratio(numerator, denominator, left_out=False).mean(-1)
    defined = denominator > 0
    return ratio(ratio(numerator, denominator, left_out=False).sum(-1), defined.sum(-1), left_out)


def _warn(figure: str, absent: Sequence[int] | np.ndarray, caller: int) -> None:
    """Warn, `caller` frames up, of classes with a figure of 0/0."""
    if len(absent):
        names = ", ".join(map(str, absent))
        warnings.warn(f"{figure} of class {names} is 0/0 and counts as 0", RuntimeWarning, stacklevel=caller)
