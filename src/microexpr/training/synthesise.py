"""The synth stage: a generator of clips, trained without one group of subjects, and the clips that it makes.

What may not come in: a protocol's fold. Groups are few, and all protocols share what is made for them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field

from microexpr.core import store
from microexpr.core.clip import Clip, Fold
from microexpr.core.seeds import generator
from microexpr.models.base import Clips, Generator
from microexpr.protocols import GROUPINGS, provenance
from microexpr.protocols.splits import person
from microexpr.signals.aus import ACTION_UNITS
from microexpr.training import engine, generator_file, train
from microexpr.training.checkpoint import Place
from microexpr.training.train import Job, Progress, SynthParams, checkpoints, folds_at, resident, seeds, single

AT_ONCE = 16  # clips made together: bounds memory only
TRAIN, HELD_OUT = "train", "held_out"  # sides of a file: made of those who trained it, and of those who did not


class Params(SynthParams):
    """Section `synth` of params.yaml."""

    groups: int = Field(5, ge=2, le=100, description="of subjects; a generator of clips is trained without each")
    stills: int = Field(2000, ge=0, description="pictures of strong expressions it learns from besides, at most")
    sources: tuple[str, ...] = Field((), description="clips whose movements are given to other faces; none: chosen")
    counts: dict[str, dict[str, int]] = Field(
        {}, description="clips to make, by data set and emotion; `per_class` where nothing is said"
    )

    def clips(self, dataset: str, emotion: str) -> int:
        """How many to make of an emotion of a data set for each group."""
        return self.counts.get(dataset, {}).get(emotion, self.per_class)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One clip to make."""

    name: str  # of its group in the file
    face: str  # id of the clip whose neutral face it begins from
    trajectory: str  # id of the clip whose action units it goes through: one that trained the generator
    label: int


def stills(macro: Sequence[tuple[Clip, int]], count: int, seed: int) -> list[tuple[Clip, int]]:
    """At most so many pictures, drawn by the seed, in their order."""
    places = generator(seed, "synth", "stills").permutation(len(macro))[:count]
    return [macro[place] for place in sorted(places)]


def job(
    name: str,
    kind: type[Generator],
    values: Mapping[str, Any],
    clips: tuple[Sequence[Clip], Sequence[Clip]],
    params: tuple[train.Params, Params],
    seed: int,
    group: str = "",
) -> Job:
    """A generator's training without one group, such as 1of5, or without anybody for whom it is not: of recorded clips
    and of macro sets, by what its method, stage `train` and this one are told."""
    grouping, (recorded, strong), (training, own) = GROUPINGS[kind.grouping], clips, params
    chosen = grouping.select(recorded)
    count = int(group.partition("of")[2] or 0)
    groups = grouping.groups(chosen, count, seed, own.sources) if group else []
    return Job(
        name=name,
        method=kind(kind.Params(**values), len(grouping.classes)),
        protocol=grouping,
        clips=chosen,
        folds=[fold for fold in groups if fold.name == group],
        params=training,
        synth=own,
        seed=seed,
        macro=stills(grouping.macro(strong), own.stills, seed),
    )


def run(job: Job, files: Iterable[str], path: str, progress: Progress, place: Place | None = None) -> None:
    """Trains the job's generator for its one group and writes results/synth/<generator>/groups/<group>.h5, and the
    generator beside it as .safetensors.

    /train/<clip> and /held_out/<clip>, in what `schemas.SYNTH` says. Raises LeakError, before it trains, for a file
    that was fitted on someone of the group."""
    (fold,), method, params = job.folds, job.method, job.synth
    assert isinstance(method, Generator) and isinstance(params, Params)
    files = single(files)
    tests = {fold.name: [job.by_id[clip] for clip in fold.test]}
    upstream = provenance.upstream(files, job.protocol.unit, tests)[fold.name]
    data = resident(method, job.resident, files, job.labels, job.macro_ids, job.reacts)
    (group,) = folds_at([Fold(fold.name, fold.train + job.macro_ids, ())], job.resident)
    kept = checkpoints(job, data, files, place, {})
    found = engine.fitted(method, data, engine.Run(group, seeds(job)[0]), progress, kept)
    fitted = sorted({*upstream, *(job.by_id[clip].provenance for clip in fold.train + job.macro_ids)})
    generator_file.save(Path(path).with_suffix(".safetensors"), method, found.tensors, fitted, **job.attributes())
    about = job.attributes() | {"held_out": ", ".join(sorted({person(clip) for clip in fold.test}))}
    with store.create(path, "synth", job.sections(), **about) as file:
        file.put_all(fitted_on=fitted, au_names=ACTION_UNITS)
        for side, wanted in ((TRAIN, planned(job, fold, params)), (HELD_OUT, shown(job, fold))):
            for one, film, asked in made(method, found, data, job, wanted):
                _write(file.group(f"{side}/{one.name}"), job, one, film, asked)


def planned(job: Job, fold: Fold, params: Params) -> list[Wanted]:
    """Clips to train on: of each data set and emotion so many, dealt out to all of its people who train.

    An emotion that none of them shows is not made. Whose clips lend face and action units is drawn by name."""
    wanted = []
    for dataset, emotion, trajectories in _shown_by(job, fold):
        rng = generator(job.seed, "synth", fold.name, dataset, emotion)
        people = sorted({person(clip) for clip in fold.train if job.by_id[clip].dataset == dataset})
        order = rng.permutation(len(people))
        for number in range(params.clips(dataset, emotion)):
            who = people[order[number % len(people)]]
            face = str(rng.choice([clip for clip in fold.train if person(clip) == who]))
            label = job.protocol.classes.index(emotion)
            name = f"{dataset}_{emotion}_{number:04d}"
            wanted.append(Wanted(name, face, str(rng.choice(trajectories)), label))
    return wanted


def shown(job: Job, fold: Fold) -> list[Wanted]:
    """Clips to look at and to measure: one of each emotion of its data set for everyone held out."""
    wanted = []
    for dataset, emotion, trajectories in _shown_by(job, fold):
        rng = generator(job.seed, "synth", fold.name, "held out", dataset, emotion)
        for who in sorted({person(clip) for clip in fold.test if job.by_id[clip].dataset == dataset}):
            face = min(clip for clip in fold.test if person(clip) == who)
            name = f"{who.replace('/', '_')}_{emotion}"
            wanted.append(Wanted(name, face, str(rng.choice(trajectories)), job.protocol.classes.index(emotion)))
    return wanted


def _shown_by(job: Job, fold: Fold) -> Iterator[tuple[str, str, list[str]]]:
    """Data set, emotion, and the training clips that show it."""
    train = [job.by_id[clip] for clip in fold.train]
    for dataset in sorted({clip.dataset for clip in train}):
        for label, emotion in enumerate(job.protocol.classes):
            if clips := [clip.id for clip in train if clip.dataset == dataset and job.labels[clip.id] == label]:
                yield dataset, emotion, clips


@torch.no_grad()
def made(
    method: Generator, found: engine.Trained, data: Clips, job: Job, wanted: Sequence[Wanted]
) -> Iterator[tuple[Wanted, np.ndarray, np.ndarray]]:
    """Each with its film uint8[K, H, W, 3] and the intensities asked, float32[K, A, 2], FACS 0..5."""
    at = {clip.id: number for number, clip in enumerate(job.resident)}
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        face, moves = (
            {name: value[[at[clip] for clip in clips]] for name, value in data.inputs.items()}
            for clips in ([one.face for one in part], [one.trajectory for one in part])
        )
        asked = method.asked(face, moves)
        films = method.sequence(found.modules, face["video"][:, :, 0].to(found.device), asked.to(found.device)).cpu()
        levels = (films * 255).round().clamp(0, 255).to(torch.uint8).movedim(2, -1).numpy()
        yield from zip(part, levels, asked.numpy(), strict=True)


def _write(group: store.Group, job: Job, one: Wanted, film: np.ndarray, asked: np.ndarray) -> None:
    """One clip; its apex is where most is asked of the face."""
    places = {"onset": 0, "apex": int(np.abs(asked - asked[0]).sum((1, 2)).argmax()), "offset": len(film) - 1}
    group.put_all(frame=range(len(film)), crop=film, label=one.label, au_asked=asked, **places)
    group.put_all(source=job.by_id[one.face].provenance, trajectory=job.by_id[one.trajectory].provenance)
