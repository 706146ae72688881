"""Read the learning curves of a training: losses, and UF1 of the test clips, which selects nothing. Plots nothing.

Of several labels, the mean of their F1 stands in the place of UF1.

Axes: F folds, E epochs of all phases, L of the last phase, U updates of a step, S seeds, n test clips, K classes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.evaluation import metrics
from microexpr.evaluation.predictions import decide, fold_groups
from microexpr.evaluation.rows import Row
from microexpr.protocols import PROTOCOLS

COLUMNS = ("epoch", "loss", "uf1")


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Curves of all folds of some shards of one training."""

    method: str
    protocol: str
    origin: str
    loss: np.ndarray  # float64[F, E, U], mean over seeds; nan where an update was not made
    uf1: np.ndarray  # float64[L], mean over seeds


def read(paths: Iterable[str]) -> Curves:
    """Read the curves of the shards at `paths`. Leaks are not checked here: `evaluation.pool_predictions` refuses them.

    UF1 is pooled over folds; of sampled splits, which test clips repeatedly, it is the mean.
    Raises StoreError for shards of several trainings.
    """
    losses, tested, facts = [], [], set()
    for path in sorted(map(str, paths)):
        with store.open_file(path, "train") as file:
            facts.add(tuple(file.attrs[key].decode() for key in ("method", "protocol", "origin", "classes")))
            for _, group in fold_groups(file):
                losses.append(group["loss"][()].astype(float).mean(0))  # every seed makes the same updates
                several = "labels" in group
                truth = group["labels" if several else "truth"][()]  # int64[n], or of several labels [n, K]
                tested.append((truth, decide(group["scores"][()], several)))
    if len(facts) != 1:
        trainings = " and ".join(sorted(f"{method} under {protocol}" for method, protocol, *_ in facts))
        raise StoreError(f"shards must be of one training, not of {len(facts)}: {trainings or 'none'}")
    method, protocol, origin, classes = facts.pop()
    sampled = protocol in PROTOCOLS and PROTOCOLS[protocol].share is not None
    count, parts = len(classes.split(", ")), [[fold] for fold in tested] if sampled else [tested]
    uf1_of_parts = []
    for part in parts:
        truth = np.concatenate([truth for truth, _ in part])
        predicted = np.concatenate([labels for _, labels in part], axis=2)  # [S, L, N]
        metric, one_subject = metrics.macro_f1 if truth.ndim == 2 else metrics.uf1, np.zeros(len(truth))
        by_epoch = (metrics.by_subject(truth, epoch, one_subject, count)[0] for epoch in predicted.swapaxes(0, 1))
        uf1_of_parts.append([metric(matrices).mean() for matrices in by_epoch])
    return Curves(method, protocol, origin, np.stack(losses), np.mean(uf1_of_parts, axis=0))


def rows(curves: Curves) -> list[Row]:
    """Return a row for each epoch, from 1: mean loss over folds, summed over a step's updates, and UF1.

    Missing values are "".
    """
    total = np.nansum(curves.loss, axis=2).mean(axis=0)  # [E]
    has_loss = ~np.isnan(curves.loss).all(axis=(0, 2))
    losses = [f"{loss:.6f}" if exists else "" for loss, exists in zip(total, has_loss, strict=True)]
    uf1 = [""] * (len(total) - len(curves.uf1)) + [f"{value:.6f}" for value in curves.uf1]
    return [dict(zip(COLUMNS, row, strict=True)) for row in zip(range(1, len(total) + 1), losses, uf1, strict=True)]
