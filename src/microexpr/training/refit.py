"""The final stage: a network trained once more, on all of a protocol's clips; and its file as a recogniser.

What may not come in: a figure. Nobody is held out, so no clip of the protocol may be tested on it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from microexpr import __version__
from microexpr.core import store
from microexpr.core.clip import Fold
from microexpr.core.errors import ParamsError, StoreError
from microexpr.models.base import Generator, Modules, NetworkMethod, Statistics
from microexpr.models.recognisers import find
from microexpr.protocols import provenance
from microexpr.training import engine, generator_file
from microexpr.training.checkpoint import Place
from microexpr.training.train import Job, Progress, checkpoints, folds_at, resident, seeds, single, started, teach

SCHEMA = "final/1"
FOLD = "final"  # its name in seeds and checkpoints
STATISTICS = "statistics"  # before their names, where tensors of a module have its name


def run(job: Job, files: Iterable[str], path: str, progress: Progress, place: Place | None = None) -> None:
    """Trains on all of the job's clips, by the first seed, and writes results/final/<method>.safetensors, a generator
    of clips as `generator_file` has it.

    Tensors are `<module>.<tensor>` and `statistics.<name>`; the metadata say whose clips they were fitted on.
    Raises ParamsError for a method that is no network, or learns from made faces, of which there are none here."""
    if not isinstance(job.method, NetworkMethod):
        raise ParamsError(f"final must be asked of a network, not of {job.name}: it has no weights to keep")
    if generator := getattr(job.method.params, "synthetic", ""):
        raise ParamsError(
            f"final must be asked of a network that learns from clips alone, not of {job.name}: "
            f"{generator} makes no faces without holding someone out"
        )
    files = single(files)
    teach(job, files)
    upstream = {entry for path in files for entry in provenance.behind(path, [FOLD])[FOLD]}
    data, start = resident(job.method, job.resident, files, job.labels, job.macro_ids, job.reacts), started(job)
    (everyone,) = folds_at([Fold(FOLD, tuple(clip.id for clip in job.resident), ())], job.resident)
    kept = checkpoints(job, data, files, place, start)
    found = engine.fitted(job.method, data, engine.Run(everyone, seeds(job)[0]), progress, kept)
    fitted = sorted({*upstream, *(clip.provenance for clip in job.resident)})
    if isinstance(job.method, Generator):
        generator_file.save(path, job.method, found.tensors, fitted, **job.attributes())
        return
    save(path, job.method, found, fitted, **(job.attributes() | start))


def save(path: str | Path, method: NetworkMethod, found: engine.Trained, fitted: Sequence[str], /, **said: str) -> None:
    """What `load` reads: a network and whose clips it was fitted on. `classes` must be among what is said of it."""
    tensors = found.tensors | {f"{STATISTICS}.{name}": value for name, value in found.statistics.items()}
    about = {
        "schema": SCHEMA,
        "created_by": f"microexpr {__version__}",
        "network": type(method).__module__.rpartition(".")[2],
        "params": json.dumps(method.params.model_dump(mode="json"), sort_keys=True),
    }
    store.write_tensors(path, tensors, fitted, **(said | about))


@dataclass(frozen=True, eq=False)
class Recogniser:
    """A trained network: call it with inputs."""

    method: NetworkMethod
    modules: Modules
    statistics: Statistics
    classes: tuple[str, ...]
    fitted_on: frozenset[str]  # as in `provenance`

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Scores float32[B, C] of B clips, the largest for the class that is predicted; inputs as `inputs.load` gives
        them, each [B, ...]."""
        batch = {name: torch.from_numpy(inputs[name]) for name in self.method.inputs}
        return self.method.scores(self.modules, batch, self.statistics).numpy().astype(np.float32)


def load(path: str | Path) -> Recogniser:
    """A file that `run` wrote. Raises StoreError for any other, and for one of other code's networks."""
    tensors, said = store.read_tensors(path)
    if (found := said.get("schema", "nothing of microexpr")) != SCHEMA:
        by = said.get("created_by", "nobody known")
        raise StoreError(f"{path}: must hold {SCHEMA}, not {found} (made by {by}); rerun stage final")
    kind, classes = find(said["network"]), tuple(said["classes"].split(", "))
    try:
        method = kind(kind.Params(**json.loads(said["params"])), len(classes))
    except ValidationError as error:
        raise StoreError(f"{path}: params are not those of {said['network']} here; rerun stage final") from error
    assert isinstance(method, NetworkMethod)
    given = {name: torch.tensor(array) for name, array in tensors.items()}
    prefix = f"{STATISTICS}."
    statistics = {name.removeprefix(prefix): given.pop(name) for name in list(given) if name.startswith(prefix)}
    with torch.random.fork_rng(devices=[]):
        modules = method.shared() | method.build(statistics)
    _fill(modules, given, path)
    return Recogniser(method, Modules(**modules), statistics, classes, frozenset(said["fitted_on"].split("\n")))


@torch.no_grad()
def _fill(modules: Mapping[str, nn.Module], given: Mapping[str, Tensor], path: str | Path) -> None:
    """Puts each tensor in its place, and the modules in eval()."""
    wanted = {
        f"{name}.{key}": tensor
        for name, module in modules.items()
        for key, tensor in [*module.eval().named_parameters(), *module.named_buffers()]
    }
    shapes = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    if shapes != {name: tuple(tensor.shape) for name, tensor in given.items()}:
        raise StoreError(f"{path}: tensors are not those of its network here; rerun stage final")
    for name, tensor in wanted.items():
        tensor.copy_(given[name])
