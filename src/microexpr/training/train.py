"""The train stage: trains one method on all folds of a shard, and writes their scores as one HDF5 file."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby

import numpy as np

from microexpr.core import store
from microexpr.core.arrays import correct
from microexpr.core.clip import Fold
from microexpr.core.seeds import generator
from microexpr.models.base import ClipTensors, NetworkMethod
from microexpr.signals.inputs import Files
from microexpr.training import engine
from microexpr.training.checkpoint import CheckpointDir, Checkpoints
from microexpr.training.engine import Progress
from microexpr.training.job import Job, Params, SynthParams, fold_indices, macro_clips
from microexpr.training.steps import TrainingInputs, checkpoint_store, load_inputs

logger = logging.getLogger(__name__)

__all__ = ["Job", "Params", "SynthParams", "macro_clips", "run"]

Trained = tuple[Fold, engine.FoldResult, np.ndarray | None]  # a fold, its result, its inner epochs int64[S] if any


def run(
    job: Job, files: Files, outputs: Mapping[str, str], progress: Progress, checkpoint_dir: CheckpointDir | None = None
) -> None:
    """Train the job's folds; write outputs["train"], and outputs["synth"] where the method synthesises faces.

    `files` are those of `steps.load_inputs`. An interrupted training resumes from `checkpoint_dir`; the caller removes
    it once the outputs are safe.

    Raises LeakError, before it trains, for a file that was fitted on what one of the folds holds out."""
    inputs = load_inputs(job, files)
    checkpoints = checkpoint_store(job, inputs, checkpoint_dir)
    counts = (len(job.folds), job.params.seeds, len(inputs.clips))
    logger.info(
        "%s on %s: %d folds, %d seeds, %d clips, %s plan", job.name, job.protocol.name, *counts, job.params.plan
    )
    synthesis = synthesis_requests(job) if "synth" in outputs else None
    results = fit(job, inputs, progress, checkpoints, synthesis)
    write(job, inputs, results, outputs, synthesis)


def fit(
    job: Job,
    inputs: TrainingInputs,
    progress: Progress,
    checkpoints: Checkpoints | None,
    synthesis: engine.Synthesis | None,
) -> Iterator[Trained]:
    """Choose each fold's epoch on inner clips, where there are any; then train all folds and yield their results."""
    inner_epochs = choose_epochs(job, inputs.clips, progress, checkpoints)
    if inner_epochs:
        progress = part_of(progress, 1, 2)
    folds = [replace(fold, train=job.train_ids(fold)) for fold in job.folds]
    synthetic = inputs.synthetic_positions
    results = train_folds(job, inputs.clips, folds, progress, checkpoints, synthesis, synthetic)
    return ((f, result, inner_epochs.get(f.name)) for f, result in zip(job.folds, results, strict=True))


def choose_epochs(
    job: Job, clips: ClipTensors, progress: Progress, checkpoints: Checkpoints | None
) -> dict[str, np.ndarray]:
    """Return by fold, int64[S], the first epoch of highest accuracy on the inner clips, in a training without them.

    Of several labels it is that of the highest mean F1 of these.

    Empty without inner clips. A classical method counts as one epoch and is not fitted again. Synthetic clips are left
    out: their generator has seen the inner subjects."""
    folds = [replace(f, train=f.train + job.macro_ids, test=f.inner) for f in job.folds if f.inner]
    if not isinstance(job.method, NetworkMethod):
        return {fold.name: np.zeros(job.params.seeds if fold.draw is None else 1, np.int64) for fold in folds}
    epochs = {}
    results = train_folds(job, clips, folds, part_of(progress, 0, 2), checkpoints)
    for fold, result in zip(folds, results, strict=True):
        truth = np.array([job.truth[clip_id] for clip_id in fold.inner])
        epochs[fold.name] = correct(result.scores, truth).argmax(-1)  # argmax takes the first of equals
    return epochs


def train_folds(
    job: Job,
    clips: ClipTensors,
    folds: Sequence[Fold],
    progress: Progress,
    checkpoints: Checkpoints | None,
    synthesis: engine.Synthesis | None = None,
    synthetic: Mapping[str, np.ndarray] | None = None,
) -> Iterator[engine.FoldResult]:
    """Yield each fold's result: trained by all seeds, or, for a drawn split, by the seed that drew it.

    `synthetic` are, by fold, positions of synthetic clips to train on."""
    seeds, plan, stack = job.seeds(), job.params.plan, job.params.stack
    parts = [(draw, list(part)) for draw, part in groupby(folds, lambda fold: fold.draw)]
    for i, (draw, part) in enumerate(parts):
        part_seeds = seeds if draw is None else seeds[draw : draw + 1]
        indices = fold_indices(part, job.all_clips)
        if synthetic:
            indices = [replace(fold, train=np.concatenate([fold.train, synthetic[fold.name]])) for fold in indices]
        part_progress = part_of(progress, i, len(parts))
        yield from engine.train(
            job.method, clips, indices, part_seeds, plan, stack, part_progress, synthesis, checkpoints
        )


def part_of(progress: Progress, index: int, count: int) -> Callable[[int, int], None]:
    """Return the progress of one of `count` trainings that take equally long."""
    return lambda done, total: progress(index * total + done, count * total)


def synthesis_requests(job: Job) -> engine.Synthesis:
    """Return by fold the faces to synthesise: every class from each held-out clip, `per_class` from training clips.

    Further displays of the held-out clips' own class follow, so that each has `displays`."""
    positions = {clip.id: i for i, clip in enumerate(job.clips)}
    requests = {}
    for fold in job.folds:
        pairs = [(positions[clip_id], label) for clip_id in fold.test for label in range(job.method.classes)]
        rng, train = generator(job.seed, "synth", fold.name), job.protocol_train_ids(fold)
        for label in range(job.method.classes):
            sample = rng.choice(len(train), min(job.synth.per_class, len(train)), replace=False)
            pairs += [(positions[train[i]], label) for i in sorted(sample)]
        further = range(job.synth.displays - 1)
        pairs += [(positions[clip_id], job.labels[clip_id]) for clip_id in fold.test for _ in further]
        requests[fold.name] = np.array(pairs)
    return requests


def write(
    job: Job,
    inputs: TrainingInputs,
    results: Iterable[Trained],
    outputs: Mapping[str, str],
    synthesis: engine.Synthesis | None,
) -> None:
    """Write each fold's result as it comes; an interrupted training leaves no output."""
    params = job.method.params.model_dump()
    of_paper = type(job.method.params)().model_dump()  # the defaults of the class
    other = sorted(name for name, value in params.items() if value != of_paper[name])
    attributes = job.attributes() | inputs.attributes() | {"differs_from_paper": ", ".join(other)}
    with ExitStack() as stack:
        shards = {
            kind: stack.enter_context(store.create(path, kind, job.sections(), **attributes))
            for kind, path in outputs.items()
        }
        for fold, result, inner_epochs in results:
            shards["train"].describe(parameters=result.parameters)
            write_scores(shards["train"], job, fold, result, inputs.fitted_on[fold.name], inner_epochs)
            if synthesis and result.faces is not None:
                pairs, onsets = synthesis[fold.name], inputs.clips.inputs["onset"].numpy()
                write_faces(shards["synth"], job, fold, pairs, result.faces, inputs.fitted_on[fold.name], onsets)


def write_scores(
    file: store.Group,
    job: Job,
    fold: Fold,
    result: engine.FoldResult,
    fitted_on: list[str],
    inner_epochs: np.ndarray | None,
) -> None:
    """Write one fold as the group of its name, such as /<dataset>/<subject>, of a train shard."""
    group = file.group(fold.name)
    truth = [job.truth[clip_id] for clip_id in fold.test]
    group.put_all(
        clip=fold.test,
        **{"labels" if job.protocol.several else "truth": truth},
        scores=result.scores,
        loss=result.loss,
        fitted_on=fitted_on,
    )
    if result.start is not None:
        group.put("start", result.start)
    if inner_epochs is not None:
        group.put("inner_epoch", inner_epochs)
    statistics = group.group("statistics")
    for name, value in sorted(result.statistics.items()):
        statistics.put(name, value, "statistic")
    moved = group.group("moved")
    for name, value in sorted(result.moved.items()):
        moved.put(name, value, "moved")


def write_faces(
    file: store.Group,
    job: Job,
    fold: Fold,
    requests: np.ndarray,
    faces: np.ndarray,
    fitted_on: list[str],
    onsets: np.ndarray,
) -> None:
    """Write one fold's synthesised faces as /<fold>/{train,held_out,displays}/<clip>_<class>.

    A second face of a held-out clip and class, and further ones, are displays. `requests` are those of the fold in
    `engine.Synthesis`, `onsets` uint8[N, C, H, W] of all clips."""
    group = file.group(fold.name)
    group.put("fitted_on", fitted_on)
    times = Counter[str]()
    for (source, label), face in zip(requests.tolist(), faces, strict=True):
        clip = job.clips[source]
        side = "held_out" if clip.id in fold.test else "train"
        name = f"{side}/{clip.id.replace('/', '_')}_{job.protocol.classes[label]}"
        times[name] += 1
        if times[name] > 1:
            name = f"displays/{name.partition('/')[2]}_{times[name]}"
        image = np.clip(np.rint(face * 255), 0, 255).astype(np.uint8)
        pair = np.stack([onsets[source], image]).transpose(0, 2, 3, 1)  # [2, H, W, C]
        values = {"label": label, "source": clip.provenance, "onset": 0, "apex": 1, "offset": 1}
        group.group(name).put_all(frame=[0, 1], crop=pair, **values)
