"""The pretrain stage: trains one network once for all folds of a method, on clips that no protocol has.

On macro-expressions alone it becomes the teacher, on the population what the folds start from. What may not come in: a
clip that a protocol trains or tests on.
"""

import json
from collections.abc import Iterable

from microexpr import __version__
from microexpr.core import store
from microexpr.core.clip import join_origins
from microexpr.core.errors import DataError
from microexpr.models.base import ClassicalMethod, NetworkMethod
from microexpr.training import engine, initial
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.engine import Progress
from microexpr.training.group import STATISTICS
from microexpr.training.job import Job
from microexpr.training.steps import TEACHER_SCHEMA, TrainingInputs, check_leaks, fit_network, load_inputs

FOLD = "pretrain"  # its name in seeds and checkpoints


def run(
    job: Job, files: Iterable[str], path: str, progress: Progress, checkpoint_dir: CheckpointDir | None = None
) -> None:
    """Train the job's method on its macro-expressions; write results/pretrain/<method>/<classes>.safetensors.

    Raises DataError where no macro-expression shows any of the classes, or where the job has clips of the protocol."""
    if job.clips or not job.macro:
        raise DataError(f"pretraining of {job.name} must be given macro-expressions of its classes, and none else")
    job = job.on_all_clips(FOLD)
    inputs = load_inputs(job, files)
    fitted_on = check_leaks(job, inputs)[FOLD]
    network = fit_network(job, inputs, progress, checkpoint_dir)
    write(path, job, inputs, network, fitted_on)


def run_on_population(
    job: Job,
    files: Iterable[str],
    path: str,
    progress: Progress,
    checkpoint_dir: CheckpointDir | None = None,
    **metadata: str,
) -> None:
    """Train the job's method on its clips, all of the population; write what its folds start from to `path`.

    `files` are those of the subjects. Raises DataError for another clip, or where none shows any of the classes."""
    job, inputs = load_population(job, files)
    if isinstance(job.method, ClassicalMethod):
        tensors = engine.fit_features(job.method, inputs.clips)
    else:
        network = fit_network(job, inputs, progress, checkpoint_dir)
        assert isinstance(job.method, NetworkMethod)
        norms = {f"{STATISTICS}{name}": network.statistics[name] for name in job.method.normalisation}
        tensors = network.tensors | norms
    about = inputs.attributes() | metadata | {"method": job.name, "origin": "generated"}
    initial.write(path, job.method, job.protocol.classes, job.all_clips, tensors, inputs.files, about)


def load_population(job: Job, files: Iterable[str]) -> tuple[Job, TrainingInputs]:
    """Return the training of the job's method on all of its clips, and what it reads of these.

    Raises DataError as `run_on_population` does."""
    initial.check_clips(job.name, job.all_clips)
    if not job.clips:
        raise DataError(f"the population must have clips of {', '.join(job.protocol.classes)} for {job.name}, not none")
    job = job.on_all_clips(initial.FOLD)
    return job, load_inputs(job, files)


def write(path: str, job: Job, inputs: TrainingInputs, network: engine.TrainedNetwork, fitted_on: list[str]) -> None:
    """Write a teacher's tensors, named `<module>.<tensor>`, with its params, classes and `fitted_on` as metadata."""
    metadata = inputs.attributes() | {
        "schema": TEACHER_SCHEMA,
        "created_by": f"microexpr {__version__}",
        "method": job.name,
        "classes": ", ".join(job.protocol.classes),
        "origin": join_origins(clip.origin for clip in job.all_clips),
        "params": json.dumps(job.method.params.model_dump(mode="json"), sort_keys=True),
    }
    store.write_tensors(path, network.tensors, fitted_on, **metadata)
