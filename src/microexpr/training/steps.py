"""The steps that all training stages share: load the inputs, check leaks, fit one network. Writes no result."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from microexpr.core import digests, store
from microexpr.core.clip import POPULATION
from microexpr.core.errors import StoreError, remedy
from microexpr.datasets import MACRO
from microexpr.models.base import ClipTensors, NetworkMethod
from microexpr.protocols import provenance
from microexpr.training import engine, initial, synthetic_clips
from microexpr.training.checkpoint import CheckpointDir, Checkpoints, digest
from microexpr.training.job import Job, fold_indices
from microexpr.training.load_clips import expand_directories, load_clips
from microexpr.training.prefix_cache import PrefixCache, Prefixes

TEACHER_SCHEMA = "pretrain/1"  # of networks that stage `pretrain` wrote


@dataclass(frozen=True, eq=False)
class TrainingInputs:
    """Everything that a job trains on, loaded."""

    clips: ClipTensors  # tensors: the protocol's clips, then macro-expressions, then synthetic clips
    files: Sequence[str]  # stage files and checkpoints that were read for `clips` and for the method
    initialisation: str  # codes of weights and further training data; "": from scratch on its own clips
    synthetic_files: Mapping[str, Sequence[str]]  # by fold, files of the generators that saw none of its test clips
    synthetic_positions: Mapping[str, np.ndarray] = field(default_factory=dict)  # by fold, int64[P] into `clips`
    synthetic_sources: Sequence[str] = ()  # provenance of the source face of each synthetic clip

    def attributes(self) -> dict[str, str]:
        """Return attribute `initialisation` of the files that are written; none where it is empty."""
        return {"initialisation": self.initialisation} if self.initialisation else {}


def load_inputs(job: Job, files: Iterable[str], synthetic_files: Sequence[str] = ()) -> TrainingInputs:
    """Load a job's recorded and synthetic clips as tensors, and into `job.method` its teacher and published weights.

    `files` are results/<stage>/<dataset>/<subject>.h5, or folders of them, and teacher checkpoints; `synthetic_files`
    are those of the generator that the method's param `synthetic` names. Raises StoreError for a file that is missing
    or of another training, LeakError where every generator has seen what a fold holds out."""
    files = expand_directories(files)
    load_teacher(job, files)
    first_weights = initial.load(job.method, job.name, job.protocol.classes, files)
    marked = job.macro_ids if job.clips else ()  # in pretraining they are the training set itself
    clips = load_clips(job.method, job.all_clips, files, job.labels, marked, job.reactions, job.several_labels)
    if job.protocol.unlabelled_means:
        clips = without_means(clips, [clip.origin for clip in job.all_clips])
    by_fold = synthetic_clips.select_files(synthetic_files, job.protocol.unit, job.test_clips)
    description = "; ".join(filter(None, (first_weights, action_unit_reader(files), initialisation(job))))
    inputs = TrainingInputs(clips, files, description, by_fold)
    return _with_synthetic(job, inputs) if job.synthetic else inputs


def _with_synthetic(job: Job, inputs: TrainingInputs) -> TrainingInputs:
    """Return the inputs with the clips that a generator synthesised from each fold's training clips."""
    if not any(inputs.synthetic_files.values()):
        raise StoreError(f"{job.synthetic} must have synthesised clips for {job.name} to train on, found no file")
    generator = {"method": job.synthetic, "protocol": job.protocol.name}
    labels = {job.by_id[clip_id].provenance: label for clip_id, label in job.labels.items()}
    additions = synthetic_clips.load(inputs.synthetic_files, generator, labels, job.method.inputs)
    clips, positions = synthetic_clips.append(inputs.clips, [clip.provenance for clip in job.all_clips], additions)
    return replace(inputs, clips=clips, synthetic_positions=positions, synthetic_sources=additions.sources)


def action_unit_reader(files: Iterable[str]) -> str:
    """Return the code of the reader that wrote the action units in these files; "" without such files."""
    paths = [path for path in files if Path(path).parent.parent.name == "aus"]
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


def load_teacher(job: Job, files: Iterable[str]) -> None:
    """Give the method the tensors of its teacher; nothing for a method without one.

    Raises StoreError where not exactly one teacher is among `files`, or where it has other params or classes."""
    if not job.teacher:
        return
    weights = [path for path in files if Path(path).suffix == ".safetensors"]
    paths = [path for path in weights if not initial.is_initial(path)]
    if len(paths) != 1:
        raise StoreError(f"results/pretrain must have one network that guides {job.name}, not {len(paths)}")
    tensors, metadata = store.read_tensors(paths[0])
    if keys := mismatches(job, metadata):
        raise StoreError(f"{paths[0]}: {keys[0]} must be those that {job.name} expects{remedy(paths[0])}")
    job.method.teacher_weights = {name: torch.tensor(array) for name, array in tensors.items()}  # type: ignore[attr-defined]


def mismatches(job: Job, metadata: Mapping[str, str]) -> list[str]:
    """Return the keys in which a checkpoint's metadata differ from the job's teacher; all for a job without one."""
    params = json.dumps((teacher := job.teacher) and teacher.params.model_dump(mode="json"), sort_keys=True)
    expected = {"schema": TEACHER_SCHEMA, "params": params, "classes": ", ".join(job.protocol.classes)}
    return [key for key, value in expected.items() if metadata.get(key) != value]


def relevant_files(job: Job, files: Iterable[str]) -> list[str]:
    """Return the files that this job reads, of those that a group of variants reads together.

    Left out are macro-expression sets that the job does not train on, and teachers and first weights of other variants.
    Every other file counts as read."""
    other_sets = {*MACRO} - {clip.dataset for clip in job.all_clips}
    paths = [path for path in expand_directories(files) if Path(path).parent.name not in other_sets]
    checkpoints = {path: store.read_metadata(path) for path in paths if Path(path).suffix == ".safetensors"}
    teachers = {path: data for path, data in checkpoints.items() if data.get("schema") == TEACHER_SCHEMA}
    others = {path for path, metadata in teachers.items() if mismatches(job, metadata)}
    if job.teacher and others == {*teachers}:
        others = set()  # `load_teacher` says what is wrong
    first = {path: data for path, data in checkpoints.items() if data.get("schema") == initial.SCHEMA}
    pretraining = job.method.population_pretraining()
    other_first = {path for path, data in first.items() if initial.mismatches(pretraining, job.protocol.classes, data)}
    if pretraining and other_first == {*first}:
        other_first = set()  # `initial.load` says what is wrong
    return [path for path in paths if path not in others | other_first]


def check_leaks(job: Job, inputs: TrainingInputs) -> dict[str, list[str]]:
    """Return by fold, sorted, all that its training has seen: its own clips and what its inputs were fitted on.

    These are entries of `fitted_on`. Raises LeakError, which names the file, where an input was fitted on what a fold
    holds out."""
    unit, tests = job.protocol.unit, job.test_clips
    seen = provenance.check_files(inputs.files, unit, tests)
    shared = job.method.shared_fitted_on() if isinstance(job.method, NetworkMethod) else []
    for fold in job.folds:
        name, files = fold.name, inputs.synthetic_files[fold.name]
        seen[name] |= provenance.check_files(files, unit, {name: tests[name]})[name]
        seen[name] |= {job.by_id[clip_id].provenance for clip_id in job.train_ids(fold)}
        seen[name] |= {*shared}  # subjects of the population, whom no fold holds out
    return {name: sorted(entries) for name, entries in seen.items()}


def checkpoint_store(
    job: Job, inputs: TrainingInputs, directory: CheckpointDir | None, prefixes: Prefixes | None = None
) -> engine.CheckpointStore | None:
    """Open the checkpoints of a job: named by all that its training follows from, by bytes, not file names or times.

    `prefixes` holds the first phases that variants of one process share; see `PrefixCache`."""
    checkpoints: engine.CheckpointStore | None = None
    if directory is not None and job.params.checkpoint_minutes:
        checkpoints = _checkpoints(job, inputs, directory)
    if prefixes is not None and isinstance(job.method, NetworkMethod) and job.method.shared_prefix() is not None:
        return PrefixCache(checkpoints, prefixes, job.method, len(job.clips))
    return checkpoints


def _checkpoints(job: Job, inputs: TrainingInputs, directory: CheckpointDir) -> Checkpoints:
    """Open the files, with a digest of everything that was loaded as their identity."""
    arrays = {name: tensor.numpy() for name, tensor in (inputs.clips.inputs | inputs.clips.targets).items()}
    weights = [digests.of_file(path) for path in inputs.files if path.endswith(".safetensors")]
    clips = [*(clip.provenance for clip in job.all_clips), *inputs.synthetic_sources]
    identity = {
        "method": job.name,
        "protocol": job.protocol.name,
        "params": digest(job.sections()),
        "inputs": digest([weights, clips], arrays),
    }
    return Checkpoints(directory, identity | inputs.attributes(), clips, job.params.checkpoint_minutes)


def fit_network(
    job: Job, inputs: TrainingInputs, progress: engine.Progress, directory: CheckpointDir | None
) -> engine.TrainedNetwork:
    """Train one network, by the first seed, on the training clips of the job's only fold; score nothing."""
    (fold,) = job.folds
    (indices,) = fold_indices([replace(fold, train=job.train_ids(fold), test=())], job.all_clips)
    run = engine.Run(indices, job.seeds()[0])
    assert isinstance(job.method, NetworkMethod)
    return engine.fit_network(job.method, inputs.clips, run, progress, checkpoint_store(job, inputs, directory))
