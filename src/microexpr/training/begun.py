"""First phases that several trainings of one process have in common, trained once and held in memory.

No file comes in: the cache lasts as long as the process. `Checkpoints` store the last phase.
"""

import json
from collections.abc import Callable, Sequence

from torch import Tensor

from microexpr.models.base import NetworkMethod
from microexpr.models.samplers import training_phases
from microexpr.training.engine import CheckpointStore, FoldResult
from microexpr.training.group import Run

Prefixes = dict[str, dict[str, Tensor]]  # state after all phases but the last, by what decides these phases
OPTIMISERS = "optimisers/"  # names of state that the last phase does not take over


class PrefixCache:
    """A `CheckpointStore` that also resumes from the state in which another training ended the phases they share."""

    def __init__(
        self, checkpoints: CheckpointStore | None, prefixes: Prefixes, method: NetworkMethod, protocol_clips: int
    ):
        """`protocol_clips` is how many clips are the protocol's own; all phases but the last train on these alone."""
        self.checkpoints, self.prefixes, self.protocol_clips = checkpoints, prefixes, protocol_clips
        self.identity = (type(method).__name__, method.classes, method.shared_prefix())
        self.epochs = sum(phase.epochs for phase in training_phases(method)[:-1])

    def _key(self, runs: Sequence[Run]) -> str:
        folds = []
        for run in runs:
            train = run.fold.train
            folds.append((run.fold.name, run.seed, train[train < self.protocol_clips].tolist()))
        return json.dumps([self.identity, folds], sort_keys=True)

    def results(self, runs: Sequence[Run]) -> list[FoldResult] | None:
        """Return the results of runs that the checkpoints have finished, else None."""
        return self.checkpoints.results(runs) if self.checkpoints else None

    def state(self, runs: Sequence[Run]) -> dict[str, Tensor] | None:
        """Return the checkpointed state, else that after the shared phases, else None."""
        state = self.checkpoints.state(runs) if self.checkpoints else None
        return self.prefixes.get(self._key(runs)) if state is None else state

    def after_epoch(self, runs: Sequence[Run], epochs: int, state: Callable[[], dict[str, Tensor]]) -> None:
        """Store the state once the shared phases are done; pass it on to the checkpoints."""
        if epochs == self.epochs:
            prefix = {name: tensor for name, tensor in state().items() if not name.startswith(OPTIMISERS)}
            self.prefixes.setdefault(self._key(runs), prefix)
        if self.checkpoints:
            self.checkpoints.after_epoch(runs, epochs, state)

    def after_training(self, runs: Sequence[Run], results: list[FoldResult]) -> None:
        """Pass the results on to the checkpoints."""
        if self.checkpoints:
            self.checkpoints.after_training(runs, results)
