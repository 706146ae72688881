"""Decide several labels at once from scores: thresholds, and how right they are. Arrays in, arrays out.

Shapes: n clips, L labels, C classes. A label is 1, 0 or `UNKNOWN`.
"""

import numpy as np

from microexpr.core.facs.occurrence import UNKNOWN


def best_thresholds(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the threshold float32[L] of each label with the highest F1 on these clips: scores [n, L], labels [n, L].

    It lies in the middle between two clips' scores, and is 0 for a label that no clip, or every clip, has."""
    return np.array([_best_threshold(*column) for column in zip(scores.T, labels.T, strict=True)], np.float32)


def _best_threshold(scores: np.ndarray, label: np.ndarray) -> float:
    values, truth = scores[label != UNKNOWN].astype(float), label[label != UNKNOWN]
    if not 0 < truth.sum() < len(truth):
        return 0.0
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    f1 = 2 * np.cumsum(truth) / (np.arange(1, len(truth) + 1) + truth.sum())
    f1[:-1][values[:-1] == values[1:]] = -1  # no threshold parts clips of one score
    last = int(f1.argmax())
    below = values[last + 1] if last + 1 < len(values) else values[last] - 1
    return float((values[last] + below) / 2)


def label_shares(labels: np.ndarray) -> np.ndarray:
    """Return the share of clips that have each label, float32[L], of labels int64[n, L]; 0 where none is known."""
    clips = (labels != UNKNOWN).sum(0)
    return ((labels == 1).sum(0) / np.maximum(clips, 1)).astype(np.float32)


def correct(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return how well scores [..., n, C] predict: the share of right classes, of truth int64[n], 0..1 [...].

    Of several labels int64[n, L] it is the mean over these of F1; of one without a positive clip, 0."""
    if truth.ndim == 1:
        return np.asarray((scores.argmax(-1) == truth).mean(-1))
    answers, positives = (scores > 0) & (truth != UNKNOWN), truth == 1
    hits = (answers & positives).sum(-2)
    claims = answers.sum(-2) + positives.sum(-2)
    return np.asarray((2 * hits / np.maximum(claims, 1)).mean(-1))
