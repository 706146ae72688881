"""The train stage: stage files in, all folds of one method trained, one HDF5 shard out. Knows no method by name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from microexpr import inputs, store
from microexpr.clip import LABELS, Clip, Fold
from microexpr.errors import StoreError
from microexpr.method import Clips, Method
from microexpr.seeds import generator, spawn
from microexpr.training import engine


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    seeds: int = Field(1, ge=1, le=100, description="trainings of every fold, each from a seed of its own")
    plan: engine.Plan = Field("auto", description="folds in turn, stacked, or stacked where there is a GPU")
    stack: int = Field(32, ge=1, description="folds and seeds that the stacked plan trains at once")
    shards: int = Field(1, ge=1, description="jobs over which the folds of a method are spread")


class SynthParams(BaseModel):
    """Section `synth` of params.yaml: what a generator makes once a fold is trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    per_class: int = Field(4, ge=0, description="faces of each class made from a fold's training clips")


@dataclass(frozen=True)
class Job:
    """One shard of one method's training under one protocol."""

    name: str
    method: Method
    protocol: str
    clips: Sequence[Clip]  # all of the protocol's
    folds: Sequence[Fold]  # this shard's
    params: Params
    synth: SynthParams
    seed: int

    @cached_property
    def by_id(self) -> dict[str, Clip]:
        return {clip.id: clip for clip in self.clips}

    def sections(self) -> dict[str, Any]:
        """The params that mattered."""
        sections = {"train": self.params, f"methods.{self.name}": self.method.params, "synth": self.synth}
        return {name: section.model_dump(mode="json") for name, section in sections.items()} | {"seed": self.seed}

    def attributes(self) -> dict[str, str]:
        """What a shard says of itself."""
        origin = "+".join(sorted({clip.origin for clip in self.clips}, reverse=True))
        return {"method": self.name, "protocol": self.protocol, "origin": origin}


def resident(method: Method, clips: Sequence[Clip], files: Iterable[str]) -> tuple[Clips, list[str]]:
    """All inputs of a method in memory, in the order of `clips`, and what their stages were fitted on.

    `files` are results/<stage>/<dataset>/<subject>.h5, or the folder of a stage for all in it. Raises StoreError if one
    of a subject's is not among them."""
    by_subject: dict[tuple[str, str], dict[str, str]] = {}
    for given in map(Path, files):
        for path in sorted(given.glob("*/*.h5")) if given.is_dir() else [given]:
            stage, dataset = path.parts[-3:-1]
            by_subject.setdefault((dataset, path.stem), {})[stage] = str(path)
    parts, order = [], []
    subjects = sorted({(clip.dataset, clip.subject) for clip in clips})
    for key in subjects:
        own = [clip for clip in clips if (clip.dataset, clip.subject) == key]
        parts.append(_loaded(method, key, by_subject.get(key, {}), [clip.name for clip in own]))
        order += own
    position = {clip.id: number for number, clip in enumerate(order)}
    chosen = [position[clip.id] for clip in clips]
    arrays = {name: torch.from_numpy(np.concatenate([p[name] for p in parts])[chosen]) for name in method.inputs}
    datasets = sorted({clip.dataset for clip in clips})
    targets = {
        "label": [clip.label for clip in clips],
        "subject": [subjects.index((clip.dataset, clip.subject)) for clip in clips],
        "dataset": [datasets.index(clip.dataset) for clip in clips],
    }
    fitted = {entry for paths in by_subject.values() for path in paths.values() for entry in _fitted(path)}
    return Clips(arrays, {name: torch.tensor(value) for name, value in targets.items()}), sorted(fitted)


def _loaded(method: Method, subject: tuple[str, str], files: dict[str, str], names: list[str]) -> dict[str, np.ndarray]:
    for wanted in method.inputs:
        for stage in inputs.SOURCES[wanted]:
            if stage not in files:
                raise StoreError(f"results/{stage}/{'/'.join(subject)}.h5 must be among the inputs of {wanted!r}")
    return inputs.load(method.inputs, {stage: Path(path) for stage, path in files.items()}, names)


def _fitted(path: str) -> list[str]:
    with store.opened(path) as file:
        return store.fitted_on(file)


def folds_at(folds: Sequence[Fold], clips: Sequence[Clip]) -> list[engine.Fold]:
    """The folds as positions in `clips`."""
    at = {clip.id: number for number, clip in enumerate(clips)}
    return [
        engine.Fold(fold.name, *(np.array([at[name] for name in side]) for side in (fold.train, fold.test)))
        for fold in folds
    ]


def run(job: Job, files: Iterable[str], outputs: Mapping[str, str], progress: Callable[[int, int], None]) -> None:
    """Trains the job's folds and writes outputs["train"], and outputs["synth"] where the method makes faces."""
    data, upstream = resident(job.method, job.clips, files)
    seeds = [int(spawn(job.seed, "train", job.name, number).generate_state(1)[0]) for number in range(job.params.seeds)]
    asked = engine.SynthesisRequest({f.name: ask(f, job) for f in job.folds}) if "synth" in outputs else None
    results = engine.train(
        job.method, data, folds_at(job.folds, job.clips), seeds, job.params.plan, job.params.stack, progress, asked
    )
    with ExitStack() as stack:
        opened = {
            kind: stack.enter_context(store.create(path, kind, job.sections(), **job.attributes()))
            for kind, path in outputs.items()
        }
        for fold, result in zip(job.folds, results, strict=True):
            fitted = sorted({*upstream, *(job.by_id[clip].provenance for clip in fold.train)})
            opened["train"].describe(parameters=result.parameters)
            _write_fold(opened["train"], fold, result, fitted, job)
            if result.synthetic is not None:
                _write_synthetic(opened["synth"], fold, result.synthetic, fitted, job, data.inputs["onset"].numpy())


def ask(fold: Fold, job: Job) -> engine.Asked:
    """Every class from each held-out clip, and `per_class` of each from training clips drawn by name."""
    at = {clip.id: number for number, clip in enumerate(job.clips)}
    pairs = [(at[clip], label) for clip in fold.test for label in range(len(LABELS))]
    rng = generator(job.seed, "synth", fold.name)
    for label in range(len(LABELS)):
        drawn = rng.choice(len(fold.train), min(job.synth.per_class, len(fold.train)), replace=False)
        pairs += [(at[fold.train[number]], label) for number in sorted(drawn)]
    source, label_asked = np.array(pairs).T
    return engine.Asked(source, label_asked)


def _write_fold(file: store.Group, fold: Fold, result: engine.FoldResult, fitted: list[str], job: Job) -> None:
    """One fold as group /<dataset>/<subject> of a train shard."""
    group = file.group(fold.name)
    truth = [job.by_id[clip].label for clip in fold.test]
    group.put_all(clips=fold.test, truth=truth, scores=result.scores, loss=result.loss, fitted_on=fitted)
    statistics = group.group("statistics")
    for name, value in sorted(result.statistics.items()):
        statistics.put(name, value, "statistic")


def _write_synthetic(
    file: store.Group, fold: Fold, made: Sequence[engine.Synthetic], fitted: list[str], job: Job, neutral: np.ndarray
) -> None:
    """One fold's faces as /<dataset>/<subject>/{train,held_out}/<clip>; `neutral` is uint8[N, C, H, W] by clip."""
    group = file.group(fold.name)
    group.put("fitted_on", fitted)
    for one in made:
        clip = job.clips[one.source]
        side = "held_out" if clip.id in fold.test else "train"
        name = f"{side}/{clip.id.replace('/', '_')}_{LABELS[one.label]}"
        image = np.clip(np.rint(one.image * 255), 0, 255).astype(np.uint8)
        pair = np.stack([neutral[one.source], image]).transpose(0, 2, 3, 1)  # [2, H, W, C]
        group.group(name).put_all(frame=[0, 1], crop=pair, label=one.label, source=clip.provenance)
