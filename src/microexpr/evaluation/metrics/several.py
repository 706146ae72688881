"""Compute figures of several labels at once; a clip has or lacks each of them.

Axes: N clips, S seeds, L labels, U subjects, B resamples. A matrix [..., L, 2, 2] counts the clips of each label by
truth (rows: not, yes) and prediction (columns). 0/0, as the F1 of a label that no clip has and none is said to have,
counts as 0.
"""

import math
from collections.abc import Sequence

import numpy as np

from microexpr.core.facs.occurrence import UNKNOWN
from microexpr.evaluation.metrics import figures
from microexpr.evaluation.metrics.figures import UNTESTED, Metric, ratio


def by_subject(truth: np.ndarray, predicted: np.ndarray, subjects: np.ndarray) -> np.ndarray:
    """Count clips by subject, in sorted order, seed, label, truth and prediction, int64[U, S, L, 2, 2].

    `truth` [N, L] of 1, 0 and `UNKNOWN`, `predicted` [N, L] or [S, N, L] of 1, 0 and `UNTESTED`, `subjects` [N]. What
    is unknown or untested does not count. Raises ValueError for other values."""
    truth, predicted = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    predicted = predicted[None] if predicted.ndim == 2 else predicted
    for array, missing in ((truth, UNKNOWN), (predicted, UNTESTED)):
        if array.size and not np.isin(array, (0, 1, missing)).all():
            raise ValueError(f"labels must be 0, 1 or {missing}, not {array.min()}..{array.max()}")
    names, subject = np.unique(np.asarray(subjects), return_inverse=True)
    counted = np.broadcast_to(truth != UNKNOWN, predicted.shape) & (predicted != UNTESTED)
    shape = len(names), *predicted.shape[:1], truth.shape[1], 2, 2
    seed, _, label = np.indices(predicted.shape)
    where = np.broadcast_to(subject[:, None], predicted.shape), seed, label
    cell = np.ravel_multi_index((*where, np.broadcast_to(truth.clip(0), predicted.shape), predicted.clip(0)), shape)
    return np.bincount(cell[counted], minlength=math.prod(shape)).reshape(shape)


def count(truth: np.ndarray, predicted: np.ndarray, subjects: np.ndarray, classes: int) -> np.ndarray:
    """Count clips by subject and seed: as `by_subject` does for truth [N, L], otherwise as that of `figures` does."""
    if truth.ndim == 2:
        return by_subject(truth, predicted, subjects)
    return figures.by_subject(truth, predicted, subjects, classes)


def f1(matrix: np.ndarray, answer: int = 1) -> np.ndarray:
    """Return 2 TP / (2 TP + FP + FN) of each label [..., L]; of the clips without it for `answer` 0."""
    hits = matrix[..., answer, answer]
    return ratio(2 * hits, matrix[..., answer, :].sum(-1) + matrix[..., :, answer].sum(-1), left_out=False)


def macro_f1(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return the mean over labels of F1: the binary F1 that Varanka et al. average over action units."""
    return f1(matrix).mean(-1)


def macro_f1_of_both(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    """Return the mean over labels of the F1 of having it and of not having it: their `F1-macro`."""
    return ((f1(matrix) + f1(matrix, 0)) / 2).mean(-1)


METRICS: dict[str, Metric] = {"macro_f1": macro_f1, "macro_f1_of_both": macro_f1_of_both}


def by_label(names: Sequence[str]) -> dict[str, Metric]:
    """Return the metrics `f1_<label>` and `f1_of_both_<label>` of single labels, in the order of their names."""

    def of(index: int, both: bool) -> Metric:
        def metric(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
            counts = matrix[..., index, :, :]
            return np.asarray((f1(counts) + f1(counts, 0)) / 2 if both else f1(counts))

        return metric

    return {
        f"{figure}_{name}": of(i, both)
        for figure, both in (("f1", False), ("f1_of_both", True))
        for i, name in enumerate(names)
    }


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
