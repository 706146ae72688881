"""What a training that was interrupted left, as files: results of finished runs, the state of those under way.

No step of a training comes in. The files are safetensors: nothing is unpickled.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from microexpr.training.engine import FoldResult, Synthetic
from microexpr.training.group import Run

Arrays = dict[str, np.ndarray]
SYNTHETIC = ("source", "label", "image")  # fields of `Synthetic`, in its order


@dataclass(frozen=True)
class Place:
    """Where the checkpoints of one training go, and the source files that it runs."""

    folder: str
    code: Sequence[str]


class Checkpoints:
    """Those of one training. Their folder is named by all that the training follows from, so that after any change none
    is found; those of before are removed."""

    def __init__(self, place: Place, about: Mapping[str, str], clips: Sequence[str], minutes: float):
        """`about` says what the training follows from, besides the code; `clips` are `Clip.provenance` of all resident
        clips; a checkpoint is written once so many minutes have passed since the last, at the end of an epoch."""
        machine = f"torch {torch.__version__} on {'cuda' if torch.cuda.is_available() else 'cpu'}"
        self.about = {**about, "code": _digest_of_files(place.code), "machine": machine}
        self.folder = Path(place.folder) / digest(self.about)
        self.clips, self.seconds = clips, 60 * minutes
        self._last, self._finished = time.monotonic(), dict[Path, Callable[[], bool]]()
        for other in self.folder.parent.glob("*"):
            if other != self.folder:
                shutil.rmtree(other)

    def results(self, runs: Sequence[Run]) -> list[FoldResult] | None:
        """Of runs that were finished; None if they were not. Raises LeakError if the file is of others."""
        found = self._read(self._path(runs, "results"), runs)
        return None if found is None else _results(*found, runs)

    def state(self, runs: Sequence[Run]) -> dict[str, Tensor] | None:
        """Of runs that were under way; None if they had not begun. Raises LeakError if the file is of others."""
        found = self._read(self._path(runs, "state"), runs)
        return None if found is None else {name: torch.tensor(array) for name, array in found[0].items()}

    def after_epoch(self, runs: Sequence[Run], epochs: int, state: Callable[[], dict[str, Tensor]]) -> None:
        """Keeps the state, and what was finished, if it is time."""
        if self._due():
            self._keep_finished()
            self._write(runs, "state", {name: tensor.numpy() for name, tensor in state().items()})
            self._last = time.monotonic()

    def after_training(self, runs: Sequence[Run], results: list[FoldResult]) -> None:
        """Keeps the results if it is time; otherwise with the next that is kept."""
        self._finished[self._path(runs, "state")] = lambda: self._write(runs, "results", *_arrays(results))
        if self._due():
            self._keep_finished()
            self._last = time.monotonic()

    def _due(self) -> bool:
        return time.monotonic() - self._last >= self.seconds

    def _keep_finished(self) -> None:
        for state, write in list(self._finished.items()):
            if write():
                state.unlink(missing_ok=True)
                del self._finished[state]

    def _who(self, runs: Sequence[Run]) -> dict[str, str]:
        """What tells these runs from all others, also from those that train the same fold without its inner clips."""
        sides = [side for run in runs for side in (run.fold.train, run.fold.test)]
        return {
            "fold": ", ".join(run.fold.name for run in runs),
            "seed": ", ".join(str(run.seed) for run in runs),
            "clips": digest([side.tolist() for side in sides]),
        }

    def _path(self, runs: Sequence[Run], kind: str) -> Path:
        who = self._who(runs)
        return self.folder / f"{runs[0].fold.name.replace('/', '_')}-{digest(who)}.{kind}.safetensors"

    def _write(self, runs: Sequence[Run], kind: str, arrays: Arrays, said: Mapping[str, str] | None = None) -> bool:
        """Whether it was written: a checkpoint that cannot be is no reason to end a training."""
        path = self._path(runs, kind)
        fitted = sorted({self.clips[number] for run in runs for number in run.fold.train})
        metadata = {**self.about, **self._who(runs), **(said or {})}
        try:
            store.write_tensors(path, arrays, fitted, **metadata)
        except StoreError as error:
            print(f"note: no checkpoint: {error}")
            return False
        return True

    def _read(self, path: Path, runs: Sequence[Run]) -> tuple[Arrays, dict[str, str]] | None:
        """A file's arrays and metadata. One that is damaged is removed."""
        if not path.exists():
            return None
        try:
            arrays, metadata = store.read_tensors(path)
        except StoreError as error:
            print(f"note: {error}; what it held is trained anew")
            with suppress(OSError):
                path.unlink()
            return None
        provenance.identify(str(path), metadata, {**self.about, **self._who(runs)})
        print(f"note: goes on from {path}")
        return arrays, metadata


def digest(about: Any, arrays: Mapping[str, np.ndarray] | None = None) -> str:
    """Of anything that JSON can say, and of arrays by name: type, shape and values."""
    whole = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, array in sorted((arrays or {}).items()):
        whole.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        whole.update(array.tobytes())
    return whole.hexdigest()[:24]


def _digest_of_files(paths: Iterable[str]) -> str:
    return digest([(path, hashlib.sha256(Path(path).read_bytes()).hexdigest()) for path in sorted(paths)])


def _arrays(results: Sequence[FoldResult]) -> tuple[Arrays, dict[str, str]]:
    """Results by run and name, and what is one number for all of them."""
    flat: Arrays = {}
    for number, one in enumerate(results):
        own = {"scores": one.scores, "loss": one.loss}
        own |= {f"statistics/{name}": value for name, value in one.statistics.items()}
        if one.synthetic is not None:
            for field in SYNTHETIC:
                own[f"synthetic/{field}"] = np.array([getattr(image, field) for image in one.synthetic])
        flat |= {f"{number}/{name}": array for name, array in own.items()}
    return flat, {"parameters": str(results[0].parameters)}


def _results(arrays: Arrays, metadata: Mapping[str, str], runs: Sequence[Run]) -> list[FoldResult]:
    """The inverse of `_arrays`."""
    results = []
    for number, run in enumerate(runs):
        own = {name.split("/", 1)[1]: array for name, array in arrays.items() if name.split("/", 1)[0] == str(number)}
        statistics = {name.split("/", 1)[1]: array for name, array in own.items() if name.startswith("statistics/")}
        made = None
        if "synthetic/image" in own:
            fields = zip(*(own[f"synthetic/{field}"] for field in SYNTHETIC), strict=True)
            made = [Synthetic(int(source), int(label), image) for source, label, image in fields]
        parameters = int(metadata["parameters"])
        results.append(FoldResult(run.fold.name, own["scores"], own["loss"], statistics, parameters, made))
    return results
