"""Evaluate: scores of all folds in, figures out. Refuses leaks; reads only through the store.

Out of scope: training, and any figure of a paper.

May import: core, datasets, signals, protocols, models.
"""

from collections.abc import Iterator
from itertools import chain, product
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.facs import UNKNOWN
from microexpr.core.seeds import generator, spawn
from microexpr.evaluation import megc_log, metrics
from microexpr.evaluation.metrics import intervals
from microexpr.evaluation.metrics.intervals import Pooling
from microexpr.evaluation.predictions import LEAKY, Predictions, pool_predictions
from microexpr.evaluation.rows import CONFUSION_COLUMNS, FULL, PREDICTION_COLUMNS, Row, format_labels, read, write
from microexpr.protocols.splits import subject_id

__all__ = [
    "CONFUSION_COLUMNS", "FULL", "LEAKY", "PREDICTION_COLUMNS", "Params", "Predictions", "Row", "confusion_rows",
    "evaluate", "official_log", "pool_predictions", "prediction_rows", "read", "write",
]  # fmt: skip

Figure = tuple[str, np.ndarray, tuple[float, float] | None]  # name, value by seed [S], its interval if it has one


class Params(BaseModel):
    """Section `evaluate` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resamples: int = Field(
        default=1000, ge=1, le=100_000, description="bootstrap resamples of the subjects behind each interval"
    )


def evaluate(predictions: Predictions, params: Params, seed: int) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>.csv`: each selection, scope and metric with its interval.

    Figures pooled over folds come first; where subjects are held out, the same metrics follow as means over subjects,
    as some papers report them, but for those of several labels. `value` is the mean over seeds, `deviation` the sample
    standard deviation, `low` and `high` bound the mean over resamples of subjects with 95 %. Resamples depend on
    `seed`, protocol and scope alone, so those of two methods are paired.
    """
    poolings: list[Pooling] = ["pooled"]
    if predictions.protocol.unit == "subject" and not predictions.protocol.several:
        poolings.append("per_subject_mean")
    folds, parts = [fold.train for fold in predictions.folds], predictions.by_scope()
    trained = {  # of the protocol's clips, means over folds
        "training_subjects": round(float(np.mean([len(set(map(subject_id, clips))) for clips in folds]))),
        "training_clips": round(float(np.mean(list(map(len, folds))))),
    }
    return [
        row | trained
        for pooling in poolings
        for selection in predictions.predicted
        for scope, part in parts
        for row in _scope_rows(part, selection, scope, pooling, params.resamples, seed)
    ]


def _scope_rows(
    predictions: Predictions, selection: str, scope: str, pooling: Pooling, resamples: int, seed: int
) -> Iterator[Row]:
    """Yield a row for each figure of the clips of one scope; all figures use the same resamples of subjects."""
    protocol = predictions.protocol
    sequence = spawn(seed, "evaluate", protocol.name, scope)
    names = {clip.id for clip in predictions.clips}
    shared_columns = {
        "method": predictions.method,
        "protocol": protocol.name,
        "selection": selection,
        "scope": scope,
        "folds": sum(not names.isdisjoint(fold.test) for fold in predictions.folds),
        "subjects": len(set(predictions.subjects)),
        "clips": len(names),
        "subject_seen": "yes" if protocol.unit == "clip" else "no",
        "pooling": pooling,
        "seeds": len(predictions.predicted[selection]),
        **predictions.about,
    }
    figures = _figures(predictions, selection, pooling, resamples, sequence)
    of_scores = _figures_of_scores(predictions, selection, resamples, sequence) if protocol.several else ()
    for name, values, interval in chain(figures, of_scores):
        value, deviation = metrics.over_seeds(values)
        low, high = interval or (None, None)
        yield shared_columns | {"metric": name, "value": value, "low": low, "high": high, "deviation": deviation}


def _figures(
    predictions: Predictions, selection: str, pooling: Pooling, resamples: int, sequence: np.random.SeedSequence
) -> Iterator[Figure]:
    names, chosen = predictions.protocol.classes, metrics.METRICS
    if predictions.protocol.several:
        chosen = metrics.LABEL_METRICS | metrics.by_label(names)
    elif pooling == "pooled":
        chosen = chosen | metrics.by_class(names)
    matrices = predictions.matrices(selection)
    for name, metric in chosen.items():
        if pooling == "pooled":
            values = np.array([metric(matrix) for matrix in matrices.sum(0)])
        else:
            values = intervals.per_subject_mean(matrices, metric)
        yield name, values, intervals.interval(matrices, metric, resamples, generator(sequence), pooling)


def _figures_of_scores(
    predictions: Predictions, selection: str, resamples: int, sequence: np.random.SeedSequence
) -> Iterator[Figure]:
    """Yield for several labels the mean average precision, then average precision and prevalence of each label.

    `prevalence_<label>` is the share of clips that have a label: the average precision of a guess."""
    names, truth, scores = predictions.protocol.classes, predictions.truth, predictions.scores[selection]
    units, index = np.unique(predictions.subjects, return_inverse=True)
    by_seed = np.stack([metrics.average_precision(truth, of_seed)[0] for of_seed in scores])  # [S, L]
    times = intervals.resample_counts(len(units), resamples, generator(sequence))[:, index]  # [B, N]
    without = 1.0 - (index == np.arange(len(units))[:, None])  # [U, N]
    resampled_means, means_without = (
        np.mean([metrics.average_precision(truth, of_seed, counts).mean(-1) for of_seed in scores], 0)
        for counts in (times, without)
    )
    interval = intervals.share_interval(float(by_seed.mean()), resampled_means, means_without)
    yield "mean_ap", by_seed.mean(-1), interval
    for i, name in enumerate(names):
        yield f"ap_{name}", by_seed[:, i], None
    for i, name in enumerate(names):
        labels = truth[truth[:, i] != UNKNOWN, i]
        yield f"prevalence_{name}", np.array([labels.mean() if len(labels) else 0.0]), None


def confusion_rows(predictions: Predictions) -> list[Row]:
    """Return rows of `<method>_confusion.csv`: clips by true and predicted class, summed over seeds.

    Of several labels: clips by whether they have each, as "AU4" and "not AU4"."""
    rows: list[Row] = []
    for selection in predictions.predicted:
        for scope, part in predictions.by_scope():
            names, counts = part.protocol.classes, part.matrices(selection).sum((0, 1))  # [K, K], or [L, 2, 2]
            tables = [((f"not {name}", name), table) for name, table in zip(names, counts, strict=True)]
            for words, table in tables if part.protocol.several else [(names, counts)]:
                for (i, truth), (j, predicted) in product(enumerate(words), repeat=2):
                    cell = {"truth": truth, "predicted": predicted, "clips": int(table[i, j])}
                    rows.append({"selection": selection, "scope": scope, **cell})
    return rows


def prediction_rows(predictions: Predictions) -> list[Row]:
    """Return rows of `<method>_predictions.csv`: true and predicted class of each clip, by selection and seed.

    Of several labels: the names of those that it has, joined by blanks, with "?" after one that is not known."""
    names, origin = predictions.protocol.classes, predictions.about["origin"]

    def text(label: Any) -> str:
        return format_labels(names, label) if predictions.protocol.several else names[label]

    return [
        {"selection": selection, "origin": origin, "seed": seed, "clip": clip.id}
        | {"truth": text(truth), "predicted": text(label)}
        for selection, by_seed in predictions.predicted.items()
        for seed, labels in enumerate(by_seed)
        for clip, truth, label in zip(predictions.clips, predictions.truth, labels, strict=True)
        if metrics.UNTESTED not in np.atleast_1d(label)
    ]


def official_log(predictions: Predictions) -> str:
    """Return the official MEGC2019 log of the first seed's last epoch; classes are indices into the protocol's."""
    labels = predictions.predicted["last" if "last" in predictions.predicted else LEAKY][0]
    return megc_log.format_log(
        megc_log.Line(clip.dataset, clip.subject, clip.name, int(truth), int(label))
        for clip, truth, label in zip(predictions.clips, predictions.truth, labels, strict=True)
        if label != metrics.UNTESTED
    )
