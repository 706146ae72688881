"""The stage `refit`: trains one network on all of a protocol's clips, and reads its file as a recogniser.

What may not come in: a score. No subject is held out, so no clip of the protocol may be tested on this network.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from microexpr.core import onnx
from microexpr.core.errors import ParamsError
from microexpr.models import recognisers
from microexpr.models.base import Generator, Modules, NetworkMethod, Statistics
from microexpr.signals import learning
from microexpr.training import engine, generator_file, network_file
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.engine import Progress
from microexpr.training.group import STATISTICS, lay_out_images
from microexpr.training.job import Job
from microexpr.training.steps import TrainingInputs, check_leaks, fit_network, load_inputs

SCHEMA = "final/1"
FOLD = "final"  # its name in seeds and checkpoints


def run(
    job: Job, files: Iterable[str], path: str, progress: Progress, checkpoint_dir: CheckpointDir | None = None
) -> None:
    """Train on all of the job's clips, by the first seed, and write results/refit/<method>.safetensors.

    A recogniser's file is for `load`, a generator's for `generator_file.load`. Raises ParamsError for a method that is
    no network, or that trains on synthetic clips: no generator may have seen every subject."""
    check_method(job)
    job = job.on_all_clips(FOLD)
    inputs = load_inputs(job, files)
    fitted_on = check_leaks(job, inputs)[FOLD]
    network = fit_network(job, inputs, progress, checkpoint_dir)
    write(path, job, inputs, network, fitted_on)


def check_method(job: Job) -> None:
    """Raise ParamsError for a method that has no weights, or that needs synthetic clips."""
    if not isinstance(job.method, NetworkMethod):
        raise ParamsError(f"refit must be asked of a network, not of {job.name}: it has no weights to keep")
    if job.synthetic:
        raise ParamsError(
            f"refit must be asked of a network that learns from clips alone, not of {job.name}: "
            f"{job.synthetic} makes no faces without holding someone out"
        )


def write(path: str, job: Job, inputs: TrainingInputs, network: engine.TrainedNetwork, fitted_on: list[str]) -> None:
    """Write the network as a recogniser or as a generator of clips."""
    if isinstance(job.method, Generator):
        generator_file.save(path, job.method, network.tensors, fitted_on, **job.attributes())
    else:
        assert isinstance(job.method, NetworkMethod)
        save(path, job.method, network, fitted_on, **(job.attributes() | inputs.attributes()))


def save(
    path: str | Path,
    method: NetworkMethod,
    network: engine.TrainedNetwork,
    fitted_on: Sequence[str],
    /,
    **metadata: str,
) -> None:
    """Write a recogniser for `load`. `metadata` must have `classes`, joined by ", "."""
    statistics = {f"{STATISTICS}{name}": value for name, value in network.statistics.items()}
    network_file.save(path, SCHEMA, method, network.tensors | statistics, fitted_on, metadata)


@dataclass(frozen=True, eq=False)
class Recogniser:
    """A trained network: call it with inputs."""

    method: NetworkMethod
    modules: Modules
    statistics: Statistics
    classes: tuple[str, ...]
    fitted_on: frozenset[str]  # as in `provenance`
    metadata: Mapping[str, str] = field(default_factory=dict)  # of its file

    @property
    def inputs(self) -> Mapping[str, tuple[int, ...]]:
        """Names and shapes of its inputs."""
        return self.method.inputs

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return scores float32[B, C] of B clips, the largest for the predicted class.

        `inputs` are those of `inputs.load`, each [B, ...]."""
        batch = lay_out_images({name: torch.from_numpy(inputs[name]) for name in self.method.inputs})
        return self.method.scores(self.modules, batch, self.statistics).numpy().astype(np.float32)


class _Scores(nn.Module):
    """A recogniser as one module, from its inputs in their order to scores."""

    def __init__(self, recogniser: Recogniser) -> None:
        super().__init__()
        self.recogniser, self.networks = recogniser, nn.ModuleDict(vars(recogniser.modules))

    def forward(self, *inputs: Tensor) -> Tensor:
        recogniser = self.recogniser
        batch = dict(zip(recogniser.inputs, inputs, strict=True))
        return recogniser.method.scores(recogniser.modules, batch, recogniser.statistics)


def export(path: str | Path, recogniser: Recogniser) -> None:
    """Write a recogniser as an ONNX file, from its inputs float32[B, ...] to `scores` float32[B, C]."""
    inputs = {name: torch.rand(2, *shape) for name, shape in recogniser.inputs.items()}
    metadata = network_file.about(recogniser.method, recogniser.metadata)
    metadata |= {"inputs": json.dumps(recogniser.inputs), "classes": ", ".join(recogniser.classes)}
    graph = learning.graph(_Scores(recogniser), inputs, ["scores"])
    onnx.write(path, graph, [*recogniser.fitted_on], **metadata)


def load(path: str | Path) -> Recogniser:
    """Read a recogniser that `save` wrote. Raises StoreError for any other file, and for another version's network."""
    saved = network_file.load(path, SCHEMA, recognisers.find, ("fitted_on", "classes"))
    classes = tuple(saved.metadata["classes"].split(", "))
    return Recogniser(
        saved.method, Modules(**saved.modules), saved.statistics, classes, saved.fitted_on, saved.metadata
    )
