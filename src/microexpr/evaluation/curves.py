"""What a training went through by epoch: losses, and UF1 of the test clips, which chooses nothing. Draws nothing.

Axes: F folds, E epochs of all phases, L of the last phase, U updates of a step, S seeds, n test clips, K classes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.evaluation import metrics
from microexpr.evaluation.rows import Row
from microexpr.protocols import PROTOCOLS

COLUMNS = ("epoch", "loss", "uf1")


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Of all folds of some shards of one training."""

    method: str
    protocol: str
    origin: str
    loss: np.ndarray  # float64[F, E, U], mean over seeds; nan where an update was not made
    uf1: np.ndarray  # float64[L], mean over seeds

    @property
    def first_scored(self) -> int:
        """The epoch, from 0, that `uf1` begins with."""
        return self.loss.shape[1] - len(self.uf1)


def read(paths: Iterable[str]) -> Curves:
    """Curves of the shards at `paths`. Whether a fold leaks is not looked at: `evaluation.pooled` refuses those.

    UF1 is pooled over folds; of draws, which test clips anew, it is the mean.
    Raises StoreError for shards of several trainings."""
    losses, tested, facts = [], [], set()
    for path in sorted(map(str, paths)):
        with store.opened(path, "train") as file:
            facts.add(tuple(file.attrs[key].decode() for key in ("method", "protocol", "origin", "classes")))
            names: list[str] = []
            file.visit(names.append)
            for name in sorted(name.removesuffix("/scores") for name in names if name.endswith("/scores")):
                losses.append(_over_seeds(file[name]["loss"][()]))
                tested.append(_tested(file[name]))
    if len(facts) != 1:
        said = " and ".join(sorted(f"{method} under {protocol}" for method, protocol, *_ in facts))
        raise StoreError(f"shards must be of one training, not of {len(facts)}: {said or 'none'}")
    method, protocol, origin, classes = facts.pop()
    drawn = protocol in PROTOCOLS and PROTOCOLS[protocol].share is not None
    return Curves(method, protocol, origin, np.stack(losses), _uf1(tested, len(classes.split(", ")), drawn))


def _over_seeds(loss: np.ndarray) -> np.ndarray:
    """float64[E, U] of [S, E, U]: every seed makes the same updates."""
    mean: np.ndarray = loss.astype(float).mean(0)
    return mean


def _tested(group: Any) -> tuple[np.ndarray, np.ndarray]:
    """Classes int64[n], and what each epoch predicted, int64[S, L, n]."""
    return group["truth"][()], group["scores"][()].argmax(-1)


def _uf1(tested: list[tuple[np.ndarray, np.ndarray]], classes: int, drawn: bool) -> np.ndarray:
    parts = [[fold] for fold in tested] if drawn else [tested]
    return np.mean([_pooled(part, classes) for part in parts], axis=0)


def _pooled(folds: list[tuple[np.ndarray, np.ndarray]], classes: int) -> np.ndarray:
    """float64[L], mean over seeds."""
    truth = np.concatenate([truth for truth, _ in folds])
    predicted = np.concatenate([said for _, said in folds], axis=-1)  # [S, L, N]
    return np.array(
        [
            np.mean([metrics.uf1(metrics.confusion(truth, said, classes)) for said in epoch])
            for epoch in predicted.swapaxes(0, 1)
        ]
    )


def rows(curves: Curves) -> list[Row]:
    """A row for each epoch, from 1: the losses of a step's updates added up, mean over folds; UF1 where it is scored.

    "" stands for what there is none of."""
    total = np.nansum(curves.loss, axis=2).mean(axis=0)  # [E]
    made = ~np.isnan(curves.loss).all(axis=(0, 2))
    said = []
    for epoch in range(len(total)):
        scored = epoch - curves.first_scored
        loss = f"{total[epoch]:.6f}" if made[epoch] else ""
        said.append({"epoch": epoch + 1, "loss": loss, "uf1": f"{curves.uf1[scored]:.6f}" if scored >= 0 else ""})
    return said
