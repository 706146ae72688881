"""The pretrain stage: trains one network once for all folds of a method, on clips that no protocol has.

On macro-expressions alone it becomes the teacher, on the population what the folds start from. Out of scope: a
clip that a protocol trains or tests on.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import POPULATION, Clip, join_origins, subject_provenance
from microexpr.core.errors import DataError
from microexpr.models.base import ClassicalMethod, NetworkMethod
from microexpr.signals.inputs import Files
from microexpr.training import engine, weights
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.engine import Progress
from microexpr.training.job import Job
from microexpr.training.steps import fit_network, load_inputs

FOLD = "pretrain"  # its name in seeds and checkpoints


def run(job: Job, files: Files, path: str, progress: Progress, checkpoint_dir: CheckpointDir | None = None) -> None:
    """Train the job's method on its macro-expressions; write results/pretrain/<method>/<classes>.safetensors.

    Raises DataError where no macro-expression shows any of the classes, or where the job has clips of the protocol."""
    if job.clips or not job.macro:
        raise DataError(f"pretraining of {job.name} must be given macro-expressions of its classes, and none else")
    inputs, network = fit_network(job.on_all_clips(FOLD), files, progress, checkpoint_dir)
    about = inputs.attributes() | {
        "method": job.name,
        "classes": ", ".join(job.protocol.classes),
        "origin": join_origins(clip.origin for clip in job.all_clips),
    }
    weights.write(path, weights.TEACHER, job.method, network.tensors, inputs.fitted_on[FOLD], about)


def run_on_population(
    job: Job, files: Files, path: str, progress: Progress, checkpoint_dir: CheckpointDir | None = None, **metadata: str
) -> None:
    """Train the job's method on its clips, all of the population; write what its folds start from in half precision.

    `files` are of the population. Raises DataError for another clip, or where none shows any of the classes."""
    job = on_population(job)
    if isinstance(job.method, ClassicalMethod):
        inputs = load_inputs(job, files)
        tensors = engine.fit_features(job.method, inputs.clips)
    else:
        inputs, network = fit_network(job, files, progress, checkpoint_dir)
        assert isinstance(job.method, NetworkMethod)
        tensors = network.state(job.method.normalisation)
    half = {
        name: array.astype(np.float16) if np.issubdtype(array.dtype, np.floating) else array
        for name, array in tensors.items()
    }
    about = {
        "method": job.name,
        "classes": ", ".join(job.protocol.classes),
        "origin": "generated",
        "identities": "\n".join(sorted(map(_identity, files[POPULATION]))),
        "clips": str(len(job.all_clips)),
    }
    about = inputs.attributes() | metadata | about
    weights.write(path, weights.INITIAL, job.method, half, subjects(job.all_clips), about)


def on_population(job: Job) -> Job:
    """Return the training of the job's method on all of its clips. Raises DataError as `run_on_population` does."""
    for clip in job.all_clips:
        if clip.dataset != POPULATION:
            raise DataError(f"initial weights of {job.name} must be trained on the population alone, not on {clip.id}")
    if not job.clips:
        raise DataError(f"the population must have clips of {', '.join(job.protocol.classes)} for {job.name}, not none")
    return job.on_all_clips(POPULATION)


def subjects(clips: Iterable[Clip]) -> list[str]:
    """Return the entries of `fitted_on` for all clips of these clips' subjects, sorted."""
    return sorted({subject_provenance(clip.subject, clip.dataset, clip.origin) for clip in clips})


def _identity(path: str | Path) -> str:
    """Return the digest of a subject's face."""
    with store.open_file(path, POPULATION) as file:
        return store.attribute_text(file.attrs["identity"])
