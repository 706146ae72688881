"""The pretrain stage: a network trained on strong expressions alone, once for all folds of those whom it guides.

What may not come in: a clip that a protocol trains or tests on.
"""

import json
from collections.abc import Iterable

from microexpr import __version__
from microexpr.core import store
from microexpr.core.clip import Fold
from microexpr.core.errors import DataError
from microexpr.models.base import NetworkMethod
from microexpr.protocols import provenance
from microexpr.training import engine
from microexpr.training.checkpoint import Place
from microexpr.training.train import PRETRAINED, Job, Progress, checkpoints, folds_at, resident, seeds, single, started

FOLD = "pretrain"  # its name in seeds and checkpoints


def run(job: Job, files: Iterable[str], path: str, progress: Progress, place: Place | None = None) -> None:
    """Trains the job's method on its macro-expressions and writes results/pretrain/<method>/<classes>.safetensors.

    Tensors are `<module>.<tensor>`; the metadata say whose clips they were fitted on. Raises DataError where no
    macro-expression shows any of the classes, or where the protocol's own clips are among what is given."""
    if job.clips or not job.macro:
        raise DataError(f"pretraining of {job.name} must be given macro-expressions of its classes, and none else")
    assert isinstance(job.method, NetworkMethod)
    files = single(files)
    upstream = {entry for file in files for entry in provenance.behind(file, [FOLD])[FOLD]}
    data, start = resident(job.method, job.resident, files, job.labels), started(job)
    (everyone,) = folds_at([Fold(FOLD, job.macro_ids, ())], job.resident)
    kept = checkpoints(job, data, files, place, start)
    found = engine.fitted(job.method, data, engine.Run(everyone, seeds(job)[0]), progress, kept)
    said = start | {
        "schema": PRETRAINED,
        "created_by": f"microexpr {__version__}",
        "method": job.name,
        "classes": ", ".join(job.protocol.classes),
        "origin": "+".join(sorted({clip.origin for clip in job.resident}, reverse=True)),
        "params": json.dumps(job.method.params.model_dump(mode="json"), sort_keys=True),
    }
    fitted = sorted({*upstream, *(clip.provenance for clip in job.resident)})
    store.write_tensors(path, found.tensors, fitted, **said)
