"""The train stage: stage files in, all folds of one method trained, one HDF5 shard out. Knows no method by name."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core import store
from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import StoreError
from microexpr.core.facs import reactions
from microexpr.core.seeds import generator, spawn
from microexpr.datasets import MACRO
from microexpr.models.base import Clips, Method, NetworkMethod
from microexpr.protocols import Protocol, provenance
from microexpr.training import engine, synthetic_clips
from microexpr.training.begun import Begun, Memory
from microexpr.training.checkpoint import Checkpoints, Place, digest
from microexpr.training.load_clips import folds_at, resident, single

Progress = Callable[[int, int], None]
PRETRAINED = "pretrain/1"  # schema of networks that strong expressions trained


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    seeds: int = Field(1, ge=1, le=100, description="trainings of every fold, each from a seed of its own")
    plan: engine.Plan = Field("auto", description="folds in turn, stacked, or stacked where there is a GPU")
    stack: int = Field(32, ge=1, description="folds and seeds that the stacked plan trains at once")
    shards: int = Field(1, ge=1, description="jobs over which the folds of a method are spread")
    checkpoint_minutes: float = Field(
        10,
        ge=0,
        le=1440,
        description="between two checkpoints of a training; 0: none. In no result",
    )
    inner_subjects: int = Field(
        0, ge=0, description="subjects of a fold's training side that a second training leaves out to choose an epoch"
    )


class SynthParams(BaseModel):
    """Section `synth` of params.yaml: what a generator makes once a fold is trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    per_class: int = Field(4, ge=0, description="faces of each class made from a fold's training clips")


@dataclass(frozen=True)
class Job:
    """One shard of one method's training under one protocol."""

    name: str
    method: Method
    protocol: Protocol
    clips: Sequence[Clip]  # all of the protocol's
    folds: Sequence[Fold]  # this shard's
    params: Params
    synth: SynthParams
    seed: int
    macro: Sequence[tuple[Clip, int]] = ()  # macro-expressions with their class: every fold trains on all of them

    @cached_property
    def resident(self) -> tuple[Clip, ...]:
        """All that is in memory: the protocol's, then the macro-expressions."""
        return (*self.clips, *(clip for clip, _ in self.macro))

    @cached_property
    def by_id(self) -> dict[str, Clip]:
        return {clip.id: clip for clip in self.resident}

    @cached_property
    def labels(self) -> dict[str, int]:
        """The class of each clip, by its id, as the protocol has it."""
        own = {clip.id: label for clip in self.clips if (label := self.protocol.label(clip)) is not None}
        return own | {clip.id: label for clip, label in self.macro}

    @cached_property
    def reacts(self) -> dict[str, tuple[int, ...]]:
        """In which regions each clip's emotion shows, by its id."""
        return {clip.id: reactions.reacts(self.protocol.felt(clip)) for clip in self.resident}

    @property
    def planted_leak(self) -> str:
        return str(getattr(self.method.params, "planted_leak", ""))

    def own(self, fold: Fold) -> tuple[str, ...]:
        """The protocol's clips that the fold may be fitted on, in their order: inner subjects change no byte of it."""
        inside = {*fold.train, *fold.inner}
        return tuple(clip.id for clip in self.clips if clip.id in inside)

    def fitted(self, fold: Fold) -> tuple[str, ...]:
        """All clips that the fold's training sees: with a planted leak those too that it must not."""
        return self.own(fold) + self.macro_ids + (fold.test if self.planted_leak else ())

    @property
    def macro_ids(self) -> tuple[str, ...]:
        return tuple(clip.id for clip, _ in self.macro)

    def sections(self) -> dict[str, Any]:
        """The params that mattered."""
        sections = {"train": self.params, f"methods.{self.name}": self.method.params, "synth": self.synth}
        said = {name: section.model_dump(mode="json") for name, section in sections.items()}
        said["train"].pop("checkpoint_minutes")
        return said | {"seed": self.seed}

    def attributes(self) -> dict[str, str]:
        """What a shard says of itself."""
        origin = "+".join(sorted({clip.origin for clip in self.clips}, reverse=True))
        names = {"method": self.name, "protocol": self.protocol.name, "classes": ", ".join(self.protocol.classes)}
        return names | {"origin": origin} | ({"planted_leak": self.planted_leak} if self.planted_leak else {})


def needed(job: Job, files: Iterable[str]) -> list[str]:
    """The files without those of other rows of a study: macro sets that this one does not learn from, and networks
    of the `pretrain` stage that guide others. All else counts as seen, whether or not it is read."""
    others, files = {*MACRO} - {clip.dataset for clip in job.resident}, single(files)
    kept = [path for path in files if Path(path).parent.name not in others]
    guides = {
        path: said
        for path in kept
        if Path(path).suffix == ".safetensors" and (said := store.read_metadata(path)).get("schema") == PRETRAINED
    }
    others_guides = {path for path, said in guides.items() if unlike(job, said)}
    if guide(job) and others_guides == {*guides}:
        return kept  # `teach` says what is wrong
    return [path for path in kept if path not in others_guides]


def run(
    job: Job,
    files: Iterable[str],
    outputs: Mapping[str, str],
    progress: Progress,
    place: Place | None = None,
    made: Sequence[str] = (),
    begun: Memory | None = None,
) -> None:
    """Trains the job's folds and writes outputs["train"], and outputs["synth"] where the method makes faces.

    `files` may be a study's: those of its other rows are passed over. `begun` is shared by jobs on the same clips in
    one process: what begins alike in them is trained once, and changes no byte.

    `made` are files of the generator on whose faces or clips it trains besides. The second training, which only chooses
    an epoch, goes without these: their generator has seen the inner subjects.

    Goes on from the checkpoints at `place`, and leaves its own there; who knows that the outputs are safe removes them.
    Raises LeakError, before it trains, for a file that was fitted on what one of the folds holds out."""
    files = needed(job, files)
    tests = {fold.name: [job.by_id[clip] for clip in fold.test] for fold in job.folds}
    upstream, own = (
        provenance.upstream(files, job.protocol.unit, tests),
        synthetic_clips.sources(made, job.protocol.unit, tests),
    )
    for name, test in tests.items():
        upstream[name] |= provenance.upstream(own[name], job.protocol.unit, {name: test})[name]
    known = resident(job.method, job.resident, files, job.labels, job.macro_ids, job.reacts)
    data, extra, sources = _with_made(job, known, own)
    teach(job, files)
    start = started(job)
    asked = engine.SynthesisRequest({f.name: ask(f, job) for f in job.folds}) if "synth" in outputs else None
    kept: engine.Kept | None = checkpoints(job, data, files, place, start, sources)
    if begun is not None and isinstance(job.method, NetworkMethod) and job.method.beginning() is not None:
        kept = Begun(kept, begun, job.method, len(job.clips))
    inner = _inner_epochs(job, data, progress, kept)
    folds = [replace(fold, train=job.fitted(fold)) for fold in job.folds]
    results = _trained(job, data, folds, partly(progress, 1, 2) if inner else progress, kept, asked, extra)
    with ExitStack() as stack:
        opened = {
            kind: stack.enter_context(store.create(path, kind, job.sections(), **job.attributes(), **start))
            for kind, path in outputs.items()
        }
        for fold, result in zip(job.folds, results, strict=True):
            fitted = sorted({*upstream[fold.name], *(job.by_id[clip].provenance for clip in job.fitted(fold))})
            opened["train"].describe(parameters=result.parameters)
            _write_fold(opened["train"], fold, result, fitted, job, inner.get(fold.name))
            if result.synthetic is not None:
                _write_synthetic(opened["synth"], fold, result.synthetic, fitted, job, data.inputs["onset"].numpy())


def _with_made(
    job: Job, data: Clips, made: Mapping[str, Sequence[str]]
) -> tuple[Clips, dict[str, np.ndarray], Sequence[str]]:
    """Resident clips with the made ones after them, positions of these by fold, and what each was made from."""
    generator = str(getattr(job.method.params, "synthetic", ""))
    if not generator:
        return data, {}, ()
    if not any(made.values()):
        raise StoreError(f"{generator} must have made something for {job.name} to learn from; it has no job here")
    about = {"method": generator, "protocol": job.protocol.name}
    labels = {job.by_id[name].provenance: label for name, label in job.labels.items()}
    found = synthetic_clips.read(made, about, labels, job.method.inputs)
    return *synthetic_clips.joined(data, [clip.provenance for clip in job.resident], found), found.sources


def started(job: Job) -> dict[str, str]:
    """Attribute `start` of what is trained: from which published weights, and on whose made faces besides, if any."""
    params, said = job.method.params, job.method.start() if isinstance(job.method, NetworkMethod) else ""
    if generator := getattr(params, "synthetic", ""):
        first = "at first alone " if getattr(params, "synthetic_use", "") == "pretrain" else ""
        said = f"{said}{'; ' * bool(said)}{first}on what {generator} made of its training clips, beside these"
    if guide(job):
        shown = {label for _, label in job.macro}
        count = sum(job.labels[clip.id] in shown for clip in job.clips)
        sets = " and ".join(sorted({clip.dataset for clip, _ in job.macro}))
        said = f"{said}{'; ' * bool(said)}{count} of {len(job.clips)} clips guided by {sets}"
    return {"start": said} if said else {}


def guide(job: Job) -> NetworkMethod | None:
    """The network, trained on strong expressions alone, that guides the job's method."""
    return job.method.pretraining() if isinstance(job.method, NetworkMethod) else None


def unlike(job: Job, said: Mapping[str, str]) -> list[str]:
    """What the metadata of a network say otherwise than those of the job's `guide`; without one, all of it."""
    params = json.dumps((teacher := guide(job)) and teacher.params.model_dump(mode="json"), sort_keys=True)
    wanted = {"schema": PRETRAINED, "params": params, "classes": ", ".join(job.protocol.classes)}
    return [key for key, value in wanted.items() if said.get(key) != value]


def teach(job: Job, files: Iterable[str]) -> None:
    """Gives the method the tensors of the network that guides it, if one does.

    Raises StoreError where its file is not among `files`, or is one of other params or classes."""
    if not guide(job):
        return
    found = [path for path in files if Path(path).suffix == ".safetensors"]
    if len(found) != 1:
        raise StoreError(f"results/pretrain must have one network that guides {job.name}, not {len(found)}")
    tensors, said = store.read_tensors(found[0])
    if wrong := unlike(job, said):
        raise StoreError(f"{found[0]}: {wrong[0]} must be those that {job.name} wants; rerun stage pretrain")
    job.method.taught = {name: torch.tensor(array) for name, array in tensors.items()}  # type: ignore[attr-defined]


def checkpoints(
    job: Job, data: Clips, files: Iterable[str], place: Place | None, start: Mapping[str, str], made: Sequence[str] = ()
) -> Checkpoints | None:
    """Those of a job, by all that its training follows from: bytes decide, not names or times of files."""
    if place is None or not job.params.checkpoint_minutes:
        return None
    arrays = {name: tensor.numpy() for name, tensor in (data.inputs | data.targets).items()}
    weights = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in files if path.endswith(".safetensors")]
    clips = [*(clip.provenance for clip in job.resident), *made]
    about = {
        "method": job.name,
        "protocol": job.protocol.name,
        "params": digest(job.sections()),
        "inputs": digest([weights, clips], arrays),
    } | dict(start)
    return Checkpoints(place, about, clips, job.params.checkpoint_minutes)


def seeds(job: Job) -> list[int]:
    """Of the trainings of every fold. Variants share those of their method: only what their params change differs."""
    owner = job.name.partition(".")[0]
    return [int(spawn(job.seed, "train", owner, number).generate_state(1)[0]) for number in range(job.params.seeds)]


def _trained(
    job: Job,
    data: Clips,
    folds: Sequence[Fold],
    progress: Progress,
    kept: engine.Kept | None,
    asked: engine.SynthesisRequest | None = None,
    extra: Mapping[str, np.ndarray] | None = None,
) -> Iterator[engine.FoldResult]:
    """Each fold trained by all seeds, or by the one that drew it; `extra` are positions of further training clips."""
    parts = [(draw, list(part)) for draw, part in groupby(folds, lambda fold: fold.draw)]
    for number, (draw, part) in enumerate(parts):
        own = seeds(job) if draw is None else seeds(job)[draw : draw + 1]
        shown = partly(progress, number, len(parts))
        places = folds_at(part, job.resident)
        if extra:
            places = [replace(one, train=np.concatenate([one.train, extra[one.name]])) for one in places]
        yield from engine.train(job.method, data, places, own, job.params.plan, job.params.stack, shown, asked, kept)


def partly(progress: Progress, number: int, count: int) -> Progress:
    """Progress of one of several trainings that take as long as each other."""
    return lambda done, total: progress(number * total + done, count * total)


def _inner_epochs(job: Job, data: Clips, progress: Progress, kept: engine.Kept | None) -> dict[str, np.ndarray]:
    """By fold, int64[S]: the first epoch of highest accuracy on the inner clips, of a training without them.

    Empty without inner clips. What counts as one epoch is not trained again."""
    held_apart = [replace(f, train=f.train + job.macro_ids, test=f.inner) for f in job.folds if f.inner]
    if not isinstance(job.method, NetworkMethod):
        return {f.name: np.zeros(job.params.seeds if f.draw is None else 1, np.int64) for f in held_apart}
    chosen = {}
    for fold, result in zip(held_apart, _trained(job, data, held_apart, partly(progress, 0, 2), kept), strict=True):
        truth = np.array([job.labels[clip] for clip in fold.inner])
        chosen[fold.name] = (result.scores.argmax(-1) == truth).mean(-1).argmax(-1)  # argmax takes the first of equals
    return chosen


def ask(fold: Fold, job: Job) -> engine.Asked:
    """Every class from each held-out clip, and `per_class` of each from training clips drawn by name."""
    at = {clip.id: number for number, clip in enumerate(job.clips)}
    pairs = [(at[clip], label) for clip in fold.test for label in range(job.method.classes)]
    rng, own = generator(job.seed, "synth", fold.name), job.own(fold)
    for label in range(job.method.classes):
        drawn = rng.choice(len(own), min(job.synth.per_class, len(own)), replace=False)
        pairs += [(at[own[number]], label) for number in sorted(drawn)]
    source, label_asked = np.array(pairs).T
    return engine.Asked(source, label_asked)


def _write_fold(
    file: store.Group,
    fold: Fold,
    result: engine.FoldResult,
    fitted: list[str],
    job: Job,
    inner_epoch: np.ndarray | None,
) -> None:
    """One fold as the group of its name, such as /<dataset>/<subject>, of a train shard."""
    group = file.group(fold.name)
    truth = [job.labels[clip] for clip in fold.test]
    group.put_all(clips=fold.test, truth=truth, scores=result.scores, loss=result.loss, fitted_on=fitted)
    if inner_epoch is not None:
        group.put("inner_epoch", inner_epoch)
    statistics = group.group("statistics")
    for name, value in sorted(result.statistics.items()):
        statistics.put(name, value, "statistic")


def _write_synthetic(
    file: store.Group, fold: Fold, made: Sequence[engine.Synthetic], fitted: list[str], job: Job, neutral: np.ndarray
) -> None:
    """One fold's faces as /<fold>/{train,held_out}/<clip>; `neutral` is uint8[N, C, H, W] by clip."""
    group = file.group(fold.name)
    group.put("fitted_on", fitted)
    for one in made:
        clip = job.clips[one.source]
        side = "held_out" if clip.id in fold.test else "train"
        name = f"{side}/{clip.id.replace('/', '_')}_{job.protocol.classes[one.label]}"
        image = np.clip(np.rint(one.image * 255), 0, 255).astype(np.uint8)
        pair = np.stack([neutral[one.source], image]).transpose(0, 2, 3, 1)  # [2, H, W, C]
        about = {"label": one.label, "source": clip.provenance, "onset": 0, "apex": 1, "offset": 1}
        group.group(name).put_all(frame=[0, 1], crop=pair, **about)
