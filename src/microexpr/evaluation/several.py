"""Figures of the scores of several labels, such as action units, and these labels in words. Reads no file.

Axes: N clips, S seeds, L labels, U subjects.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from microexpr.core import seeds
from microexpr.core.facs.occurrence import UNKNOWN
from microexpr.evaluation import metrics
from microexpr.evaluation.metrics.several import average_precision
from microexpr.evaluation.predictions import Predictions

Figure = tuple[str, np.ndarray, tuple[float, float] | None]  # name, its value by seed [S], its interval if it has one
UNSURE = "?"  # after the name of a label that is not known


def figures_of_scores(
    predictions: Predictions, selection: str, resamples: int, sequence: np.random.SeedSequence
) -> Iterator[Figure]:
    """Yield the mean of the labels' average precisions, that of each label, and its prevalence.

    `prevalence_<label>` is the share of clips that have a label: the average precision of a guess."""
    names, truth, scores = predictions.protocol.classes, predictions.truth, predictions.scores[selection]
    units, index = np.unique(predictions.subjects, return_inverse=True)
    by_seed = np.stack([average_precision(truth, of_seed)[0] for of_seed in scores])  # [S, L]
    times = metrics.resample_counts(len(units), resamples, seeds.generator(sequence))[:, index]  # [B, N]
    without = 1.0 - (index == np.arange(len(units))[:, None])  # [U, N]
    resampled_means, means_without = (
        np.mean([average_precision(truth, of_seed, counts).mean(-1) for of_seed in scores], 0)
        for counts in (times, without)
    )
    interval = metrics.share_interval(float(by_seed.mean()), resampled_means, means_without)
    yield "mean_ap", by_seed.mean(-1), interval
    for i, name in enumerate(names):
        yield f"ap_{name}", by_seed[:, i], None
    for i, name in enumerate(names):
        labels = truth[truth[:, i] != UNKNOWN, i]
        yield f"prevalence_{name}", np.array([labels.mean() if len(labels) else 0.0]), None


def format_labels(names: Sequence[str], labels: np.ndarray) -> str:
    """Return labels of 1, 0 and -1 (unknown) as "AU4 AU7?": what a clip has, and what is not known."""
    return " ".join(
        name if label == 1 else name + UNSURE for name, label in zip(names, labels, strict=True) if label != 0
    )


def parse_labels(names: Sequence[str], text: str) -> list[int]:
    """Return labels of 1, 0 and -1: the inverse of `format_labels`."""
    words = text.split()
    return [1 if name in words else UNKNOWN if name + UNSURE in words else 0 for name in names]
