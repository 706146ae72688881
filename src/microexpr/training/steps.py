"""The steps that all training stages share: load the inputs, check leaks, fit one network. Writes no result."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from microexpr.core import facs, store
from microexpr.core.clip import POPULATION, Clip
from microexpr.core.files import file_digest
from microexpr.models.base import ClipTensors, Method, NetworkMethod
from microexpr.models.labels import LABELS
from microexpr.protocols import provenance
from microexpr.signals import inputs as signals
from microexpr.signals.inputs import STAGES, Files, expand
from microexpr.training import engine, synthetic_clips, weights
from microexpr.training.checkpoint import CheckpointDir, Checkpoints, digest
from microexpr.training.job import Job, fold_indices


@dataclass(frozen=True, eq=False)
class TrainingInputs:
    """Everything that a job trains on, loaded."""

    clips: ClipTensors  # tensors: the protocol's clips, then macro-expressions, then synthetic clips
    first: Sequence[str | Path]  # files of the weights that the method starts from, and of its teacher
    initialisation: str  # codes of weights and further training data; "": from scratch on its own clips
    fitted_on: Mapping[str, list[str]]  # by fold, sorted, all that its training has seen, its own clips among them
    synthetic_positions: Mapping[str, np.ndarray]  # by fold, int64[P] into `clips`
    synthetic_sources: Sequence[str]  # provenance of the source face of each synthetic clip

    def attributes(self) -> dict[str, str]:
        """Return attribute `initialisation` of the files that are written; none where it is empty."""
        return {"initialisation": self.initialisation} if self.initialisation else {}


def load_inputs(job: Job, files: Files) -> TrainingInputs:
    """Load a job's recorded and synthetic clips as tensors, and into `job.method` the weights that it starts from.

    `files` are by role: signals by stage noun, weights `teacher` and `initial`, and of the generator that the method's
    param `synthetic` names, `synthetic` if it is trained fold by fold, else `synthetic_groups`. Raises StoreError for a
    file that is missing or of another training, and LeakError, which names the file, where an input was fitted on what
    a fold holds out."""
    code = weights.load_first(job, files)
    marked = job.macro_ids if job.clips else ()  # in pretraining they are the training set itself
    shown_in = {clip.id: facs.reaction_mask(job.protocol.emotion(clip)) for clip in job.all_clips}
    clips = load_clips(job.method, job.all_clips, files, job.labels, marked, shown_in, job.several_labels)
    if job.protocol.unlabelled_means:
        clips = without_means(clips, [clip.origin for clip in job.all_clips])
    by_fold = synthetic_clips.select_files(files, job.protocol.unit, job.test_clips)
    parts = [code, action_unit_reader(expand(files, "aus")), initialisation(job)]
    positions, sources = dict[str, np.ndarray](), list[str]()
    if job.synthetic:
        labels = {job.by_id[clip_id].provenance: label for clip_id, label in job.labels.items()}
        additions = synthetic_clips.load(by_fold, job.synthetic, job.protocol.name, labels, job.method.inputs)
        clips, positions = synthetic_clips.append(clips, [clip.provenance for clip in job.all_clips], additions)
        sources = [clip.source for clip in additions]
    unit, tests = job.protocol.unit, job.test_clips
    first = [*files.get("teacher", ()), *files.get("initial", ())]
    paths = [path for stage in (*STAGES, POPULATION) for path in expand(files, stage)]
    seen = provenance.check_files([*paths, *first], unit, tests)
    shared = job.method.shared_fitted_on() if isinstance(job.method, NetworkMethod) else []
    for fold in job.folds:
        name = fold.name
        seen[name] |= provenance.check_files(by_fold[name], unit, {name: tests[name]})[name]
        seen[name] |= {job.by_id[clip_id].provenance for clip_id in job.train_ids(fold)}
        seen[name] |= {*shared}  # subjects of the population: no fold holds them out
    fitted_on = {name: sorted(entries) for name, entries in seen.items()}
    return TrainingInputs(clips, first, "; ".join(filter(None, parts)), fitted_on, positions, sources)


def load_clips(
    method: Method,
    clips: Sequence[Clip],
    files: Files,
    labels: Mapping[str, int] | None = None,
    macro: Collection[str] = (),
    reacts: Mapping[str, Sequence[int]] | None = None,
    several_labels: Mapping[str, Sequence[int]] | None = None,
) -> ClipTensors:
    """Return all inputs of a method and all targets as tensors, in the order of `clips`.

    `files` are those of `inputs.subject_files`. `macro` has the ids of macro-expressions. By clip id are `labels`, None
    for MEGC2019's; `reacts`, a mask of the face regions in which the emotion shows, None for no region of any clip; and
    `several_labels`, None if each clip has one class. Raises StoreError if a file of a subject is missing."""
    clips_of: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        clips_of.setdefault((clip.dataset, clip.subject), []).append(clip)
    files_of = signals.subject_files(files, signals.stages(method.inputs), clips_of)
    subjects = {subject: number for number, subject in enumerate(files_of)}
    parts = [
        signals.load(method.inputs, paths, [clip.name for clip in clips_of[subject]])
        for subject, paths in files_of.items()
    ]
    row = {clip.id: i for i, clip in enumerate(clip for subject in subjects for clip in clips_of[subject])}
    rows = [row[clip.id] for clip in clips]
    arrays = {name: torch.from_numpy(np.concatenate([p[name] for p in parts])[rows]) for name in method.inputs}
    datasets = sorted({clip.dataset for clip in clips})
    targets = {
        "label": [clip.label if labels is None else labels[clip.id] for clip in clips],
        "subject": [subjects[clip.dataset, clip.subject] for clip in clips],
        "dataset": [datasets.index(clip.dataset) for clip in clips],
        "macro": [int(clip.id in macro) for clip in clips],
        "synthetic": [0] * len(clips),
        "aus": [facs.occurrence(clip.action_units) for clip in clips],
        "reacts": [tuple((reacts or {}).get(clip.id, facs.NOWHERE)) for clip in clips],
    }
    if several_labels:
        targets[LABELS] = [several_labels[clip.id] for clip in clips]
    return ClipTensors(arrays, {name: torch.tensor(value) for name, value in targets.items()})


def action_unit_reader(paths: Sequence[str | Path]) -> str:
    """Return the code of the reader that wrote these files of action units; "" without files."""
    if not paths:
        return ""
    with store.open_file(paths[0], "aus") as file:
        params = json.loads(store.attribute_text(file.attrs["params"])).get("aus", {})
        if params.get("backend", "embedded") != "embedded":  # of the population are its landmarks alone
            return ""
        subjects = {entry.rpartition("/")[0] for entry in store.fitted_on(file)}
    population = sum(subject.split("/")[1] == POPULATION for subject in subjects)
    return f"reader subjects={population}" if population else ""


def initialisation(job: Job) -> str:
    """Read the published weights that the method starts from; return codes of these and of further training data.

    "" for a network from scratch that trains on the protocol's clips alone."""
    parts = [job.method.load_published_weights()] if isinstance(job.method, NetworkMethod) else []
    if job.protocol.also_trained_on:
        parts.append(f"also clips={len(job.macro)} sets={'+'.join(job.protocol.also_trained_on)}")
    if job.protocol.unlabelled_means:
        parts.append("means")
    if job.synthetic:
        first = "_first" if getattr(job.method.params, "synthetic_use", "") == "pretrain" else ""
        parts.append(f"synthetic{first} generator={job.synthetic}")
    if job.teacher:
        macro_labels = {label for _, label in job.macro}
        count = sum(job.labels[clip.id] in macro_labels for clip in job.clips)
        sets = "+".join(sorted({clip.dataset for clip, _ in job.macro}))
        parts.append(f"guided guided={count} clips={len(job.clips)} sets={sets}")
    return "; ".join(filter(None, parts))


def without_means(clips: ClipTensors, sides: Sequence[str]) -> ClipTensors:
    """Return the clips with each input less its mean over the clips of the same side, such as recorded or rendered."""
    inputs = dict(clips.inputs)
    for side in sorted({*sides}):
        positions = torch.tensor([i for i, other in enumerate(sides) if other == side])
        for name, values in inputs.items():
            mean = values[positions].double().mean(0, keepdim=True).to(values.dtype)
            inputs[name] = values.index_copy(0, positions, values[positions] - mean)
    return replace(clips, inputs=inputs)


def checkpoint_store(job: Job, inputs: TrainingInputs, directory: CheckpointDir | None) -> Checkpoints | None:
    """Open the checkpoints of a job: named by all that its training follows from, by bytes, not file names or times.

    None without a folder, and where `train.checkpoint_minutes` is 0."""
    if directory is None or not job.params.checkpoint_minutes:
        return None
    arrays = {name: tensor.numpy() for name, tensor in (inputs.clips.inputs | inputs.clips.targets).items()}
    first = [file_digest(path) for path in inputs.first]
    clips = [*(clip.provenance for clip in job.all_clips), *inputs.synthetic_sources]
    identity = {
        "method": job.name,
        "protocol": job.protocol.name,
        "params": digest(job.sections()),
        "inputs": digest([first, clips], arrays),
    }
    return Checkpoints(directory, identity | inputs.attributes(), clips, job.params.checkpoint_minutes)


def fit_network(
    job: Job, files: Files, progress: engine.Progress, directory: CheckpointDir | None
) -> tuple[TrainingInputs, engine.TrainedNetwork]:
    """Train one network, by the first seed, on the training clips of the job's only fold; score nothing."""
    inputs = load_inputs(job, files)
    (fold,) = job.folds
    (indices,) = fold_indices([replace(fold, train=job.train_ids(fold), test=())], job.all_clips)
    run = engine.FoldRun(indices, job.seeds()[0])
    assert isinstance(job.method, NetworkMethod)
    checkpoints = checkpoint_store(job, inputs, directory)
    return inputs, engine.fit_network(job.method, inputs.clips, run, progress, checkpoints)
