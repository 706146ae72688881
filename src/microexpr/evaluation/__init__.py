"""The evaluate stage: scores of all folds in, figures out. Refuses leaks; reads only through the store.

What may not come in: training, and any figure of a paper.

May import: core, signals, protocols, models.
"""

from collections.abc import Iterator

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core import seeds
from microexpr.evaluation import megc_log, metrics
from microexpr.evaluation.predictions import LEAKY, Pooled, pooled
from microexpr.evaluation.rows import COLUMNS, CONFUSION, FIGURES, FULL, PREDICTIONS, Row, read, write

__all__ = [
    "COLUMNS", "CONFUSION", "FIGURES", "FULL", "LEAKY", "PREDICTIONS", "Params", "Pooled", "Row", "confusions",
    "evaluate", "official_log", "pooled", "predicted", "read", "write",
]  # fmt: skip


class Params(BaseModel):
    """Section `evaluate` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resamples: int = Field(default=1000, ge=1, description="bootstrap resamples of the subjects behind each interval")


def evaluate(found: Pooled, params: Params, seed: int) -> list[Row]:
    """Rows of `results/evaluate/<protocol>/<method>.csv`: each selection, scope and metric, with its 95 % interval.

    First figures pooled over folds, then, where subjects are held out, the same metrics as means over subjects, as some
    papers report them. `value` is the mean over seeds, `deviation` the sample standard deviation, `low` and `high`
    bound the mean over resamples of subjects. These depend on `seed`, protocol and scope alone, so those of two methods
    are paired.
    """
    poolings: list[metrics.Pooling] = ["pooled"]
    if found.protocol.unit == "subject":
        poolings.append("per_subject_mean")
    return [
        row
        for pooling in poolings
        for selection in found.predicted
        for scope, inside in _scopes(found)
        for row in _figures(found, selection, scope, inside, pooling, params.resamples, seed)
    ]


def _figures(
    found: Pooled, selection: str, scope: str, inside: np.ndarray, pooling: metrics.Pooling, resamples: int, seed: int
) -> Iterator[Row]:
    """Each metric of the clips at `inside`; all see the same resamples of subjects."""
    names, predicted = found.protocol.classes, found.predicted[selection][:, inside]
    subjects = np.array([f"{found.clips[number].dataset}/{found.clips[number].subject}" for number in inside])
    root = seeds.spawn(seed, "evaluate", found.protocol.name, scope)
    about = _about(found, selection, scope, inside) | {"pooling": pooling, "seeds": len(predicted)}
    for name, metric in (metrics.METRICS | (metrics.by_class(names) if pooling == "pooled" else {})).items():
        given = (found.truth[inside], predicted, subjects, metric)
        if pooling == "pooled":
            values = np.array([metric(matrix) for matrix in _matrices(found, selection, inside)])
        else:
            values = metrics.per_subject_mean(*given, len(names))
        low, high = metrics.bootstrap(*given, resamples, seeds.generator(root), len(names), pooling=pooling)
        value, deviation = metrics.over_seeds(values)
        yield about | {"metric": name, "value": value, "low": low, "high": high, "deviation": deviation}


def _matrices(found: Pooled, selection: str, inside: np.ndarray) -> list[np.ndarray]:
    """Clips by true and predicted class, int64[K, K], of each seed."""
    truth, classes = found.truth[inside], len(found.protocol.classes)
    return [metrics.confusion(truth, one, classes) for one in found.predicted[selection][:, inside]]


def _about(found: Pooled, selection: str, scope: str, inside: np.ndarray) -> Row:
    names = {found.clips[number].id for number in inside}
    return {
        "method": found.method,
        "protocol": found.protocol.name,
        "selection": selection,
        "scope": scope,
        "folds": sum(not names.isdisjoint(fold.test) for fold in found.folds),
        "clips": len(inside),
        "parameters": found.parameters,
        "origin": found.origin,
        "subject_seen": "no" if found.protocol.ranked else "yes",
        "initialisation": found.initialisation,
    }


def _scopes(found: Pooled) -> Iterator[tuple[str, np.ndarray]]:
    """All tested clips, and those of each data set that is there, as positions int64."""
    datasets = np.array([clip.dataset for clip in found.clips])
    yield FULL, np.arange(len(datasets))
    for dataset in found.protocol.datasets:
        if dataset in datasets:  # not where only another is licensed
            yield dataset, np.flatnonzero(datasets == dataset)


def confusions(found: Pooled) -> list[Row]:
    """Rows of `<method>_confusion.csv`: clips of each true and predicted class, summed over seeds."""
    names = found.protocol.classes
    return [
        {"selection": selection, "scope": scope, "truth": true, "predicted": said, "clips": int(matrix[row, column])}
        for selection in found.predicted
        for scope, inside in _scopes(found)
        for matrix in [np.sum(_matrices(found, selection, inside), axis=0)]
        for row, true in enumerate(names)
        for column, said in enumerate(names)
    ]


def predicted(found: Pooled) -> list[Row]:
    """Rows of `<method>_predictions.csv`: true and said class of each clip tested, by selection and seed from 0."""
    names = found.protocol.classes
    return [
        {"selection": selection, "origin": found.origin, "seed": seed, "clip": clip.id, "truth": names[truth],
         "predicted": names[label]}
        for selection, by_seed in found.predicted.items()
        for seed, labels in enumerate(by_seed)
        for clip, truth, label in zip(found.clips, found.truth, labels, strict=True)
        if label != metrics.UNTESTED
    ]  # fmt: skip


def official_log(found: Pooled, seed: int = 0) -> str:
    """The official MEGC2019 log: the last epoch of one seed, from 0; classes are indices into the protocol's."""
    said = found.predicted["last" if "last" in found.predicted else LEAKY][seed]
    return megc_log.written(
        megc_log.Line(clip.dataset, clip.subject, clip.name, int(truth), int(label))
        for clip, truth, label in zip(found.clips, found.truth, said, strict=True)
        if label != metrics.UNTESTED
    )
