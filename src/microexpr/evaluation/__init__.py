"""Evaluate: scores of all folds in, figures out. Refuses leaks; reads only through the store.

What may not come in: training, and any figure of a paper.

May import: core, signals, protocols, models.
"""

from collections.abc import Iterator

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core import seeds
from microexpr.evaluation import megc_log, metrics, several
from microexpr.evaluation.predictions import LEAKY, Predictions, pool_predictions
from microexpr.evaluation.rows import COLUMNS, CONFUSION_COLUMNS, FIGURES, FULL, PREDICTION_COLUMNS, Row, read, write
from microexpr.protocols.splits import subject_id

__all__ = [
    "COLUMNS", "CONFUSION_COLUMNS", "FIGURES", "FULL", "LEAKY", "PREDICTION_COLUMNS", "Params", "Predictions", "Row",
    "confusion_rows", "evaluate", "official_log", "pool_predictions", "prediction_rows", "read", "write",
]  # fmt: skip


class Params(BaseModel):
    """Section `evaluate` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resamples: int = Field(
        default=1000, ge=1, le=100_000, description="bootstrap resamples of the subjects behind each interval"
    )


def evaluate(predictions: Predictions, params: Params, seed: int) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>.csv`: each selection, scope and metric with its interval.

    Figures pooled over folds come first; where subjects are held out, the same metrics follow as means over subjects,
    as some papers report them. `value` is the mean over seeds, `deviation` the sample standard deviation, `low` and
    `high` bound the mean over resamples of subjects with 95 %. Resamples depend on `seed`, protocol and scope alone, so
    those of two methods are paired.
    """
    poolings: list[metrics.Pooling] = ["pooled"]
    if predictions.protocol.unit == "subject":
        poolings.append("per_subject_mean")
    trained = _training_counts(predictions)
    if predictions.protocol.several:
        rows = several.rows(predictions, _scope_positions(predictions), params.resamples, seed)
        return [
            _row_keys(predictions, selection, scope, positions) | figures | trained
            for selection, scope, positions, figures in rows
        ]
    return [
        row | trained
        for pooling in poolings
        for selection in predictions.predicted
        for scope, positions in _scope_positions(predictions)
        for row in _metric_rows(predictions, selection, scope, positions, pooling, params.resamples, seed)
    ]


def _training_counts(predictions: Predictions) -> dict[str, int]:
    """Return the columns on the protocol's subjects and clips that a fold trains on: means over folds, rounded."""
    trained = [fold.train for fold in predictions.folds]
    counts = {"subjects": [len(set(map(subject_id, clips))) for clips in trained], "clips": list(map(len, trained))}
    return {f"training_{name}": round(float(np.mean(values))) for name, values in counts.items()}


def _metric_rows(
    predictions: Predictions,
    selection: str,
    scope: str,
    positions: np.ndarray,
    pooling: metrics.Pooling,
    resamples: int,
    seed: int,
) -> Iterator[Row]:
    """Yield a row for each metric of the clips at `positions`; all metrics use the same resamples of subjects."""
    names, predicted = predictions.protocol.classes, predictions.predicted[selection][:, positions]
    subjects = np.array(
        [f"{predictions.clips[position].dataset}/{predictions.clips[position].subject}" for position in positions]
    )
    seed_sequence = seeds.spawn(seed, "evaluate", predictions.protocol.name, scope)
    shared_columns = _row_keys(predictions, selection, scope, positions) | {"pooling": pooling, "seeds": len(predicted)}
    for name, metric in (metrics.METRICS | (metrics.by_class(names) if pooling == "pooled" else {})).items():
        arguments = (predictions.truth[positions], predicted, subjects, metric)
        if pooling == "pooled":
            values = np.array([metric(matrix) for matrix in _matrices(predictions, selection, positions)])
        else:
            values = metrics.per_subject_mean(*arguments, len(names))
        low, high = metrics.bootstrap(
            *arguments, resamples, seeds.generator(seed_sequence), len(names), pooling=pooling
        )
        value, deviation = metrics.over_seeds(values)
        yield shared_columns | {"metric": name, "value": value, "low": low, "high": high, "deviation": deviation}


def _matrices(predictions: Predictions, selection: str, positions: np.ndarray) -> list[np.ndarray]:
    """Return clips by true and predicted class of each seed, int64[K, K]."""
    truth, classes = predictions.truth[positions], len(predictions.protocol.classes)
    return [
        metrics.confusion(truth, predicted, classes) for predicted in predictions.predicted[selection][:, positions]
    ]


def _row_keys(predictions: Predictions, selection: str, scope: str, positions: np.ndarray) -> Row:
    """Return the columns of a row that do not depend on the metric."""
    names = {predictions.clips[position].id for position in positions}
    return {
        "method": predictions.method,
        "protocol": predictions.protocol.name,
        "selection": selection,
        "scope": scope,
        "folds": sum(not names.isdisjoint(fold.test) for fold in predictions.folds),
        "subjects": len({(clip.dataset, clip.subject) for clip in (predictions.clips[i] for i in positions)}),
        "clips": len(positions),
        "parameters": predictions.parameters,
        "origin": predictions.origin,
        "subject_seen": "no" if predictions.protocol.ranked else "yes",
        "initialisation": predictions.initialisation,
        "differs_from_paper": predictions.differs_from_paper,
        "learning": predictions.learning,
    }


def _scope_positions(predictions: Predictions) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the scope of all tested clips, then of each data set present, with positions int64."""
    datasets = np.array([clip.dataset for clip in predictions.clips])
    yield FULL, np.arange(len(datasets))
    for dataset in predictions.protocol.datasets:
        if dataset in datasets:  # absent if only another data set is licensed
            yield dataset, np.flatnonzero(datasets == dataset)


def confusion_rows(predictions: Predictions) -> list[Row]:
    """Return rows of `<method>_confusion.csv`: clips by true and predicted class, summed over seeds.

    Of several labels: clips by whether they have each, as "AU4" and "not AU4"."""
    if predictions.protocol.several:
        return several.confusion_rows(predictions, _scope_positions(predictions))
    names = predictions.protocol.classes
    return [
        {
            "selection": selection,
            "scope": scope,
            "truth": true_name,
            "predicted": predicted_name,
            "clips": int(matrix[row, column]),
        }
        for selection in predictions.predicted
        for scope, positions in _scope_positions(predictions)
        for matrix in [np.sum(_matrices(predictions, selection, positions), axis=0)]
        for row, true_name in enumerate(names)
        for column, predicted_name in enumerate(names)
    ]


def prediction_rows(predictions: Predictions) -> list[Row]:
    """Return rows of `<method>_predictions.csv`: true and predicted class of each clip, by selection and seed.

    Of several labels: the names of those that it has, joined by blanks, with "?" after one that is not known."""
    if predictions.protocol.several:
        return several.prediction_rows(predictions)
    names = predictions.protocol.classes
    return [
        {"selection": selection, "origin": predictions.origin, "seed": seed, "clip": clip.id, "truth": names[truth],
         "predicted": names[label]}
        for selection, by_seed in predictions.predicted.items()
        for seed, labels in enumerate(by_seed)
        for clip, truth, label in zip(predictions.clips, predictions.truth, labels, strict=True)
        if label != metrics.UNTESTED
    ]  # fmt: skip


def official_log(predictions: Predictions, seed: int = 0) -> str:
    """Return the official MEGC2019 log of one seed's last epoch; classes are indices into the protocol's."""
    labels = predictions.predicted["last" if "last" in predictions.predicted else LEAKY][seed]
    return megc_log.format_log(
        megc_log.Line(clip.dataset, clip.subject, clip.name, int(truth), int(label))
        for clip, truth, label in zip(predictions.clips, predictions.truth, labels, strict=True)
        if label != metrics.UNTESTED
    )
