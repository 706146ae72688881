"""What trainings in one process share where they begin alike: the runs as they were before their last phase.

No file comes in: this lasts as long as the process. What runs become in the last phase stays with `Checkpoints`.
"""

import json
from collections.abc import Callable, Sequence

from torch import Tensor

from microexpr.models.base import NetworkMethod
from microexpr.models.samplers import course
from microexpr.training.engine import FoldResult, Kept
from microexpr.training.group import Run

Memory = dict[str, dict[str, Tensor]]  # by what decides the phases before the last, parameters and buffers after them
FORGOTTEN = "optimisers/"  # the last phase has its own


class Begun:
    """A `Kept` that also goes on from what another training of the same `memory` began alike."""

    def __init__(self, kept: Kept | None, memory: Memory, method: NetworkMethod, micro: int):
        """`micro`: how many clips are the protocol's own; the others may be trained on in the last phase only."""
        self.kept, self.memory, self.micro = kept, memory, micro
        self.about = (type(method).__name__, method.classes, method.beginning())
        self.epochs = sum(phase.epochs for phase in course(method)[:-1])

    def _key(self, runs: Sequence[Run]) -> str:
        folds = [(run.fold.name, run.seed, run.fold.train[run.fold.train < self.micro].tolist()) for run in runs]
        return json.dumps([self.about, folds], sort_keys=True)

    def results(self, runs: Sequence[Run]) -> list[FoldResult] | None:
        return self.kept.results(runs) if self.kept else None

    def state(self, runs: Sequence[Run]) -> dict[str, Tensor] | None:
        own = self.kept.state(runs) if self.kept else None
        return self.memory.get(self._key(runs)) if own is None else own

    def after_epoch(self, runs: Sequence[Run], epochs: int, state: Callable[[], dict[str, Tensor]]) -> None:
        if epochs == self.epochs:
            begun = {name: tensor for name, tensor in state().items() if not name.startswith(FORGOTTEN)}
            self.memory.setdefault(self._key(runs), begun)
        if self.kept:
            self.kept.after_epoch(runs, epochs, state)

    def after_training(self, runs: Sequence[Run], results: list[FoldResult]) -> None:
        if self.kept:
            self.kept.after_training(runs, results)
