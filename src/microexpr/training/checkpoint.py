"""Checkpoints of a training as files, and in memory the phases that variants of a method share.

No step of a training comes in. The files are safetensors: nothing is unpickled.
"""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.core.files import visible
from microexpr.protocols import provenance
from microexpr.training.group import FoldResult, FoldRun, flatten, unflatten

logger = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class CheckpointDir:
    """The folder of one training's checkpoints, and a digest of the code that the training runs."""

    folder: str
    code: str


class Checkpoints:
    """The checkpoints of one training: of runs that step together.

    Their folder is named by a digest of all that the training follows from, so that after any change none is found;
    those of before are removed."""

    def __init__(self, directory: CheckpointDir, identity: Mapping[str, str], clips: Sequence[str], minutes: float):
        """Remove the checkpoints of other trainings in the same folder.

        `identity` names what the training follows from, in addition to the code; `clips` are `Clip.provenance` of all
        loaded clips. A checkpoint is written at the end of an epoch, once `minutes` have passed since the last one."""
        machine = f"torch {torch.__version__} on {'cuda' if torch.cuda.is_available() else 'cpu'}"
        self.identity = {**identity, "code": directory.code, "machine": machine}
        self.folder = Path(directory.folder) / digest(self.identity)
        self.clips, self.seconds = clips, 60 * minutes
        self._last, self._finished = time.monotonic(), dict[Path, Callable[[], bool]]()
        for other in visible(self.folder.parent) if self.folder.parent.is_dir() else ():
            if other != self.folder:
                shutil.rmtree(other)

    def results(self, runs: Sequence[FoldRun]) -> list[FoldResult] | None:
        """Return the results of finished runs, else None. Raises LeakError if the file is of other runs."""
        arrays = self._read(self._path(runs, "results"), runs)
        if arrays is None:
            return None
        fields = unflatten(arrays)
        for values in fields.values():
            values["parameters"] = int(values["parameters"])
        return [FoldResult(run.fold.name, **fields[str(i)]) for i, run in enumerate(runs)]

    def state(self, runs: Sequence[FoldRun]) -> dict[str, Tensor] | None:
        """Return the state of interrupted runs, else None. Raises LeakError if the file is of other runs."""
        arrays = self._read(self._path(runs, "state"), runs)
        return None if arrays is None else {name: torch.tensor(array) for name, array in arrays.items()}

    def after_epoch(self, runs: Sequence[FoldRun], state: Callable[[], dict[str, Tensor]]) -> None:
        """Write the state, and the results of finished runs, if it is time."""
        if self._is_due():
            self._write_finished()
            self._write(runs, "state", {name: tensor.numpy() for name, tensor in state().items()})
            self._last = time.monotonic()

    def after_training(self, runs: Sequence[FoldRun], results: list[FoldResult]) -> None:
        """Write the results if it is time; otherwise with the next checkpoint."""
        fields = ({k: v for k, v in vars(result).items() if k != "name" and v is not None} for result in results)
        arrays = {name: np.asarray(value) for name, value in flatten(dict(enumerate(fields))).items()}
        self._finished[self._path(runs, "state")] = lambda: self._write(runs, "results", arrays)
        if self._is_due():
            self._write_finished()
            self._last = time.monotonic()

    def _is_due(self) -> bool:
        return time.monotonic() - self._last >= self.seconds

    def _write_finished(self) -> None:
        for state, write in list(self._finished.items()):
            if write():
                state.unlink(missing_ok=True)
                del self._finished[state]

    def _run_identity(self, runs: Sequence[FoldRun]) -> dict[str, str]:
        """Return what identifies these runs, also among those that train the same fold without its inner clips."""
        sides = [side for run in runs for side in (run.fold.train, run.fold.test)]
        return {
            "fold": ", ".join(run.fold.name for run in runs),
            "seed": ", ".join(str(run.seed) for run in runs),
            "clips": digest([side.tolist() for side in sides]),
        }

    def _path(self, runs: Sequence[FoldRun], kind: str) -> Path:
        name = f"{runs[0].fold.name.replace('/', '_')}-{digest(self._run_identity(runs))}"
        return self.folder / f"{name}.{kind}.safetensors"

    def _write(self, runs: Sequence[FoldRun], kind: str, arrays: Arrays) -> bool:
        """Return whether it was written: a checkpoint that cannot be written is no reason to end a training."""
        path = self._path(runs, kind)
        fitted_on = sorted({self.clips[position] for run in runs for position in run.fold.train})
        try:
            store.write_tensors(path, arrays, fitted_on, **self.identity, **self._run_identity(runs))
        except StoreError as error:
            logger.warning("no checkpoint: %s", error)
            return False
        return True

    def _read(self, path: Path, runs: Sequence[FoldRun]) -> Arrays | None:
        """Return a file's arrays; remove a damaged file and return None."""
        if not path.exists():
            return None
        try:
            arrays, metadata = store.read_tensors(path)
        except StoreError as error:
            logger.warning("%s; these runs are trained again", error)
            with suppress(OSError):
                path.unlink()
            return None
        provenance.check_identity(str(path), metadata, {**self.identity, **self._run_identity(runs)})
        logger.warning("resumes from %s", path)
        return arrays


def digest(value: Any, arrays: Mapping[str, np.ndarray] | None = None) -> str:
    """Return 24 hex digits of anything that JSON can hold, and of arrays by name: type, shape and values."""
    sha256 = hashlib.sha256(json.dumps(value, sort_keys=True).encode())
    for name, array in sorted((arrays or {}).items()):
        sha256.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha256.update(array.tobytes())
    return sha256.hexdigest()[:24]
