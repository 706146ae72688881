"""Rows of the evaluate stage of several labels, such as action units. Computes no metric and reads no file.

Axes: N clips, S seeds, L labels, U subjects. Columns are those of `rows`.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from microexpr.core import seeds
from microexpr.core.facs.occurrence import UNKNOWN
from microexpr.evaluation import metrics
from microexpr.evaluation.metrics import UNTESTED
from microexpr.evaluation.metrics import several as figures
from microexpr.evaluation.predictions import Predictions
from microexpr.evaluation.rows import Row

Scope = tuple[str, np.ndarray]  # name, and positions int64 of its clips
UNSURE = "?"  # after the name of a label that is not known


def rows(
    predictions: Predictions, scopes: Iterable[Scope], resamples: int, seed: int
) -> Iterator[tuple[str, str, np.ndarray, Row]]:
    """Yield selection, scope, its clips and the columns of each figure: F1 and average precision, and their means.

    `prevalence_<label>` is the share of clips that have a label: the average precision of a guess. Resamples of
    subjects depend on `seed`, protocol and scope alone, so those of two methods are paired."""
    scopes = list(scopes)
    for selection in predictions.predicted:
        for scope, positions in scopes:
            sequence = seeds.spawn(seed, "evaluate", predictions.protocol.name, scope)
            for name, values, interval in _figures(predictions, selection, positions, resamples, sequence):
                value, deviation = metrics.over_seeds(values)
                low, high = interval or (None, None)
                columns = {"metric": name, "value": value, "low": low, "high": high, "deviation": deviation}
                shared = {"pooling": "pooled", "seeds": len(predictions.predicted[selection])}
                yield selection, scope, positions, shared | columns


def _figures(
    predictions: Predictions,
    selection: str,
    positions: np.ndarray,
    resamples: int,
    sequence: np.random.SeedSequence,
) -> Iterator[tuple[str, np.ndarray, tuple[float, float] | None]]:
    """Yield the name of each figure, its value by seed [S], and its interval if it has one."""
    names, truth = predictions.protocol.classes, predictions.truth[positions]
    subjects = subjects_of(predictions, positions)
    matrices = figures.by_subject(truth, predictions.predicted[selection][:, positions], subjects)  # [U, S, L, 2, 2]
    for name, metric in (figures.METRICS | figures.by_label(names)).items():
        interval = metrics.interval(matrices, metric, resamples, seeds.generator(sequence))
        yield name, metric(matrices.sum(0)), interval
    yield from _precisions(predictions, selection, positions, resamples, sequence)
    for i, name in enumerate(names):
        labels = truth[truth[:, i] != UNKNOWN, i]
        yield f"prevalence_{name}", np.array([labels.mean() if len(labels) else 0.0]), None


def _precisions(
    predictions: Predictions,
    selection: str,
    positions: np.ndarray,
    resamples: int,
    sequence: np.random.SeedSequence,
) -> Iterator[tuple[str, np.ndarray, tuple[float, float] | None]]:
    """Yield the mean of the labels' average precisions with its interval, and that of each label."""
    names, truth = predictions.protocol.classes, predictions.truth[positions]
    scores = predictions.scores[selection][:, positions]
    units, index = np.unique(subjects_of(predictions, positions), return_inverse=True)
    by_seed = np.stack([figures.average_precision(truth, of_seed)[0] for of_seed in scores])  # [S, L]
    times = metrics.resample_counts(len(units), resamples, seeds.generator(sequence))[:, index]  # [B, N]
    without = 1.0 - (index == np.arange(len(units))[:, None])  # [U, N]
    resampled_means, means_without = (
        np.mean([figures.average_precision(truth, of_seed, counts).mean(-1) for of_seed in scores], 0)
        for counts in (times, without)
    )
    interval = metrics.share_interval(float(by_seed.mean()), resampled_means, means_without)
    yield "mean_ap", by_seed.mean(-1), interval
    for i, name in enumerate(names):
        yield f"ap_{name}", by_seed[:, i], None


def subjects_of(predictions: Predictions, positions: np.ndarray) -> np.ndarray:
    """Return dataset/subject of the clips at these positions."""
    return np.array([f"{predictions.clips[i].dataset}/{predictions.clips[i].subject}" for i in positions])


def confusion_rows(predictions: Predictions, scopes: Iterable[Scope]) -> list[Row]:
    """Return clips by label, truth and prediction, summed over seeds."""
    scopes, answers = list(scopes), ("not ", "")
    return [
        {"selection": selection, "scope": scope, "truth": true + name, "predicted": answer + name, "clips": int(count)}
        for selection, predicted in predictions.predicted.items()
        for scope, positions in scopes
        for name, matrix in zip(
            predictions.protocol.classes,
            figures.by_subject(
                predictions.truth[positions], predicted[:, positions], subjects_of(predictions, positions)
            ).sum((0, 1)),
            strict=True,
        )
        for true, line in zip(answers, matrix, strict=True)
        for answer, count in zip(answers, line, strict=True)
    ]


def prediction_rows(predictions: Predictions) -> list[Row]:
    """Return true and predicted labels of each clip, by selection and seed."""
    names = predictions.protocol.classes
    return [
        {"selection": selection, "origin": predictions.origin, "seed": seed, "clip": clip.id,
         "truth": format_labels(names, truth), "predicted": format_labels(names, labels)}
        for selection, by_seed in predictions.predicted.items()
        for seed, predicted in enumerate(by_seed)
        for clip, truth, labels in zip(predictions.clips, predictions.truth, predicted, strict=True)
        if UNTESTED not in labels
    ]  # fmt: skip


def format_labels(names: Sequence[str], labels: np.ndarray) -> str:
    """Return labels of 1, 0 and -1 (unknown) as "AU4 AU7?": what a clip has, and what is not known."""
    return " ".join(
        name if label == 1 else name + UNSURE for name, label in zip(names, labels, strict=True) if label != 0
    )


def parse_labels(names: Sequence[str], text: str) -> list[int]:
    """Return labels of 1, 0 and -1: the inverse of `format_labels`."""
    words = text.split()
    return [1 if name in words else UNKNOWN if name + UNSURE in words else 0 for name in names]
