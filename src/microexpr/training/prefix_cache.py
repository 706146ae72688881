"""A cache of the training phases that variants of a method share, so that one process trains them once.

It is kept in memory, and ends with the process. No file comes in: `checkpoint.Checkpoints` has those.
"""

import json
from collections.abc import Callable, Sequence

from torch import Tensor

from microexpr.models.base import NetworkMethod
from microexpr.models.samplers import training_phases
from microexpr.training.engine import CheckpointStore, FoldResult
from microexpr.training.group import Run

# The state of a group of runs after all phases but the last: tensors by name. The key is JSON of all that these phases
# depend on: the method's `shared_prefix`, and each run's fold, seed and training clips.
Prefixes = dict[str, dict[str, Tensor]]
OPTIMISERS = "optimisers/"  # tensors of this prefix are left out: the last phase has optimisers of its own


class PrefixCache:
    """An `engine.CheckpointStore` in front of another: runs without a checkpoint start after the phases in the cache.

    `engine.train` reads `results` and `state` before a group of runs, and calls `after_epoch` and `after_training`.
    """

    def __init__(
        self, checkpoints: CheckpointStore | None, prefixes: Prefixes, method: NetworkMethod, protocol_clips: int
    ):
        """`checkpoints` are those of this training, if it has any; all trainings of the process use one `prefixes`.

        Positions in the training clips below `protocol_clips` are clips of the protocol. All phases but the last train
        on these alone, so macro-expressions do not enter the key."""
        self.checkpoints, self.prefixes, self.protocol_clips = checkpoints, prefixes, protocol_clips
        self.identity = (type(method).__name__, method.classes, method.prefix_params())
        self.prefix_epochs = sum(phase.epochs for phase in training_phases(method)[:-1])

    def _key(self, runs: Sequence[Run]) -> str:
        """Return the key of these runs in `prefixes`."""
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
        """Cache the state after the last of the shared epochs; `epochs` are done. Pass it on to the checkpoints."""
        if epochs == self.prefix_epochs:
            prefix = {name: tensor for name, tensor in state().items() if not name.startswith(OPTIMISERS)}
            self.prefixes.setdefault(self._key(runs), prefix)
        if self.checkpoints:
            self.checkpoints.after_epoch(runs, epochs, state)

    def after_training(self, runs: Sequence[Run], results: list[FoldResult]) -> None:
        """Pass the results on to the checkpoints."""
        if self.checkpoints:
            self.checkpoints.after_training(runs, results)
