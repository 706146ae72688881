"""The stage `refit`: trains one network on all of a protocol's clips, and reads its file as a recogniser.

Out of scope: a score. No subject is held out, so no clip of the protocol may be tested on this network.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from microexpr.core.errors import ParamsError
from microexpr.models import recognisers
from microexpr.models.base import Generator, NetworkMethod
from microexpr.signals.inputs import Files
from microexpr.training import generator_file, weights
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.engine import Progress
from microexpr.training.group import lay_out_images
from microexpr.training.job import Job
from microexpr.training.steps import fit_network

SCHEMA = weights.FINAL
FOLD = "final"  # its name in seeds and checkpoints


def run(job: Job, files: Files, path: str, progress: Progress, checkpoint_dir: CheckpointDir | None = None) -> None:
    """Train on all of the job's clips, by the first seed, and write results/refit/<method>.safetensors.

    A recogniser's file is for `load`, a generator's for `generator_file.load`. Raises ParamsError for a method that is
    no network, or that trains on synthetic clips: no generator may have seen every subject."""
    if not isinstance(job.method, NetworkMethod):
        raise ParamsError(f"refit must be asked of a network, not of {job.name}: it has no weights to keep")
    if job.synthetic:
        raise ParamsError(
            f"refit must be asked of a network that learns from clips alone, not of {job.name}: "
            f"{job.synthetic} makes no faces without holding someone out"
        )
    job = job.on_all_clips(FOLD)
    inputs, network = fit_network(job, files, progress, checkpoint_dir)
    fitted_on, about = inputs.fitted_on[FOLD], job.attributes()
    if isinstance(job.method, Generator):
        generator_file.save(path, job.method, network.tensors, fitted_on, **about)
    else:
        weights.write(path, SCHEMA, job.method, network.state(), fitted_on, about | inputs.attributes())


@dataclass(frozen=True, eq=False)
class Recogniser(weights.Network):
    """A trained network: call it with inputs."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the scores."""
        return tuple(self.metadata["classes"].split(", "))

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
    shapes = json.dumps(recogniser.inputs)
    weights.export(path, recogniser, _Scores(recogniser), inputs, ["scores"], inputs=shapes)


def load(path: str | Path) -> Recogniser:
    """Read a recogniser that `run` wrote. Raises StoreError for any other file, and for another version's network."""
    return Recogniser.read(path, SCHEMA, recognisers.find, ("fitted_on", "classes"))
