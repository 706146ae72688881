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
from microexpr.protocols import provenance
from microexpr.training.engine import FoldResult, SynthesisedFace
from microexpr.training.group import Run

logger = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]
FACE_FIELDS = ("source", "label", "image")  # of `SynthesisedFace`, in its order


@dataclass(frozen=True)
class CheckpointDir:
    """The folder of one training's checkpoints, and a digest of the code that the training runs."""

    folder: str
    code: str


class Checkpoints:
    """The checkpoints of one training; an `engine.CheckpointStore`.

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
        for other in self.folder.parent.glob("*"):
            if other != self.folder:
                shutil.rmtree(other)

    def results(self, runs: Sequence[Run]) -> list[FoldResult] | None:
        """Return the results of finished runs, else None. Raises LeakError if the file is of other runs."""
        checkpoint = self._read(self._path(runs, "results"), runs)
        return None if checkpoint is None else _unpack_results(*checkpoint, runs)

    def state(self, runs: Sequence[Run]) -> dict[str, Tensor] | None:
        """Return the state of interrupted runs, else None. Raises LeakError if the file is of other runs."""
        checkpoint = self._read(self._path(runs, "state"), runs)
        return None if checkpoint is None else {name: torch.tensor(array) for name, array in checkpoint[0].items()}

    def after_epoch(self, runs: Sequence[Run], epochs: int, state: Callable[[], dict[str, Tensor]]) -> None:
        """Write the state, and the results of finished runs, if it is time."""
        if self._is_due():
            self._write_finished()
            self._write(runs, "state", {name: tensor.numpy() for name, tensor in state().items()})
            self._last = time.monotonic()

    def after_training(self, runs: Sequence[Run], results: list[FoldResult]) -> None:
        """Write the results if it is time; otherwise with the next checkpoint."""
        self._finished[self._path(runs, "state")] = lambda: self._write(runs, "results", *_pack_results(results))
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

    def _run_identity(self, runs: Sequence[Run]) -> dict[str, str]:
        """Return what identifies these runs, also among those that train the same fold without its inner clips."""
        sides = [side for run in runs for side in (run.fold.train, run.fold.test)]
        return {
            "fold": ", ".join(run.fold.name for run in runs),
            "seed": ", ".join(str(run.seed) for run in runs),
            "clips": digest([side.tolist() for side in sides]),
        }

    def _path(self, runs: Sequence[Run], kind: str) -> Path:
        name = f"{runs[0].fold.name.replace('/', '_')}-{digest(self._run_identity(runs))}"
        return self.folder / f"{name}.{kind}.safetensors"

    def _write(self, runs: Sequence[Run], kind: str, arrays: Arrays, more: Mapping[str, str] | None = None) -> bool:
        """Return whether it was written: a checkpoint that cannot be written is no reason to end a training."""
        path = self._path(runs, kind)
        fitted_on = sorted({self.clips[position] for run in runs for position in run.fold.train})
        metadata = {**self.identity, **self._run_identity(runs), **(more or {})}
        try:
            store.write_tensors(path, arrays, fitted_on, **metadata)
        except StoreError as error:
            logger.warning("no checkpoint: %s", error)
            return False
        return True

    def _read(self, path: Path, runs: Sequence[Run]) -> tuple[Arrays, dict[str, str]] | None:
        """Return a file's arrays and metadata; remove a damaged file and return None."""
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
        return arrays, metadata


def _pack_results(results: Sequence[FoldResult]) -> tuple[Arrays, dict[str, str]]:
    """Return arrays by run and name, and as metadata the number of parameters, which all runs share."""
    flat: Arrays = {}
    for i, result in enumerate(results):
        arrays = {"scores": result.scores, "loss": result.loss}
        if result.start is not None:
            arrays["start"] = result.start
        arrays |= {f"statistics/{name}": value for name, value in result.statistics.items()}
        arrays |= {f"moved/{name}": value for name, value in result.moved.items()}
        if result.faces is not None:
            for field in FACE_FIELDS:
                arrays[f"synthetic/{field}"] = np.array([getattr(face, field) for face in result.faces])
        flat |= {f"{i}/{name}": array for name, array in arrays.items()}
    return flat, {"parameters": str(results[0].parameters)}


def _unpack_results(flat: Arrays, metadata: Mapping[str, str], runs: Sequence[Run]) -> list[FoldResult]:
    """Return the results that `_pack_results` packed."""
    results = []
    for i, run in enumerate(runs):
        arrays = {name.split("/", 1)[1]: array for name, array in flat.items() if name.split("/", 1)[0] == str(i)}
        statistics, moved = (
            {name.removeprefix(f"{kind}/"): array for name, array in arrays.items() if name.startswith(f"{kind}/")}
            for kind in ("statistics", "moved")
        )
        faces = None
        if "synthetic/image" in arrays:
            fields = zip(*(arrays[f"synthetic/{field}"] for field in FACE_FIELDS), strict=True)
            faces = [SynthesisedFace(int(source), int(label), image) for source, label, image in fields]
        parameters = int(metadata["parameters"])
        scores, loss, start = arrays["scores"], arrays["loss"], arrays.get("start")
        results.append(FoldResult(run.fold.name, scores, loss, statistics, parameters, faces, start, moved))
    return results


def digest(value: Any, arrays: Mapping[str, np.ndarray] | None = None) -> str:
    """Return 24 hex digits of anything that JSON can hold, and of arrays by name: type, shape and values."""
    sha256 = hashlib.sha256(json.dumps(value, sort_keys=True).encode())
    for name, array in sorted((arrays or {}).items()):
        sha256.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha256.update(array.tobytes())
    return sha256.hexdigest()[:24]
