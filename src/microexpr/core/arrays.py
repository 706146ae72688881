"""Array functions that several packages share: grey images, landmarks, labels from scores.

Shapes: N clips, L labels, C classes. A label is 1, 0 or `UNKNOWN`. Out of scope: files, and how a face is found."""

import numpy as np

from microexpr.core.facs import UNKNOWN

JAW_BROWS_NOSE = (slice(0, 9), slice(8, 17), slice(17, 22), slice(22, 27), slice(27, 31))  # lines of iBUG's 68 points


def luma(image: np.ndarray) -> np.ndarray:
    """Return grey uint8[..., H, W] of RGB uint8[..., H, W, 3] (ITU-R BT.601), of [..., H, W, 1] or of grey [H, W]."""
    if image.ndim == 2:
        return image
    if image.shape[-1] == 1:
        return image[..., 0]
    import cv2  # a fifth of a second, which programs that read no image must not wait for

    flat = cv2.cvtColor(np.ascontiguousarray(image).reshape(-1, image.shape[-2], 3), cv2.COLOR_RGB2GRAY)
    return flat.reshape(image.shape[:-1])


def space_evenly(points: np.ndarray) -> np.ndarray:
    """Return iBUG's 68 landmarks [68, 2] with the inner points of each line at equal distances; its ends stay."""
    spaced = points.copy()
    for line in JAW_BROWS_NOSE:
        ends = points[line].astype(float)
        along = np.append(0.0, np.cumsum(np.sqrt((np.diff(ends, axis=0) ** 2).sum(axis=1))))
        positions = np.linspace(0, along[-1], len(along))[1:-1]
        spaced[line][1:-1] = np.column_stack([np.interp(positions, along, ends[:, axis]) for axis in (0, 1)])
    return spaced


def best_thresholds(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the threshold float32[L] of each label with the highest F1 on these clips: scores [N, L], labels [N, L].
    It lies in the middle between two clips' scores, and is 0 for a label that no clip, or every clip, has."""
    thresholds = []
    for column, label in zip(scores.T, labels.T, strict=True):
        values, truth = column[label != UNKNOWN].astype(float), label[label != UNKNOWN]
        if not 0 < truth.sum() < len(truth):
            thresholds.append(0.0)
            continue
        order = np.argsort(-values, kind="stable")
        values, truth = values[order], truth[order]
        f1 = 2 * np.cumsum(truth) / (np.arange(1, len(truth) + 1) + truth.sum())
        f1[:-1][values[:-1] == values[1:]] = -1  # no threshold parts clips of one score
        last = int(f1.argmax())
        below = values[last + 1] if last + 1 < len(values) else values[last] - 1
        thresholds.append(float((values[last] + below) / 2))
    return np.array(thresholds, np.float32)


def label_shares(labels: np.ndarray) -> np.ndarray:
    """Return the share of clips that have each label, float32[L], of labels int64[N, L]; 0 where none is known."""
    clips = (labels != UNKNOWN).sum(0)
    return ((labels == 1).sum(0) / np.maximum(clips, 1)).astype(np.float32)


def correct(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return how well scores [..., N, C] predict: the share of right classes, of truth int64[N], 0..1 [...]. Of several
    labels int64[N, L] it is the mean over these of F1; of one without a positive clip, 0."""
    if truth.ndim == 1:
        return np.asarray((scores.argmax(-1) == truth).mean(-1))
    answers, positives = (scores > 0) & (truth != UNKNOWN), truth == 1
    hits = (answers & positives).sum(-2)
    claims = answers.sum(-2) + positives.sum(-2)
    return np.asarray((2 * hits / np.maximum(claims, 1)).mean(-1))
