"""The stage `synthesise`: trains a generator of clips without one group of subjects, and synthesises clips with it.

No protocol's fold comes in. Groups are few, and all protocols share the clips that are synthesised for them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, field_validator

from microexpr.core import store
from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import nearest
from microexpr.core.seeds import generator
from microexpr.datasets import MICRO
from microexpr.models.base import Batch, ClipTensors, Generator
from microexpr.protocols import GROUPINGS, synthesised_classes
from microexpr.protocols.splits import subject_id
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.inputs import Files
from microexpr.training import engine, generator_file
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.engine import Progress
from microexpr.training.job import Job, SynthParams
from microexpr.training.job import Params as TrainParams
from microexpr.training.steps import TrainingInputs, fit_network

BATCH = 2  # clips synthesised at once: bounds memory only
RESTING = 0, 1, 2, -3, -2  # frames of a clip in which its face is about at rest
COARSE = 4.0  # pixels, deviation of the Gaussian above which a clip's change is slow, as of light and head
TRAIN, HELD_OUT = "train", "held_out"  # groups of a file: by source faces that trained the generator, or did not


class Params(SynthParams):
    """Section `synthesise` of params.yaml."""

    groups: int = Field(5, ge=2, le=100, description="of subjects; a generator of clips is trained without each")
    stills: int = Field(
        2000, ge=0, le=1_000_000, description="images of macro-expressions that it also trains on, at most"
    )
    sources: tuple[str, ...] = Field((), description="clips whose movements are given to other faces; none: chosen")
    recorded_noise: bool = Field(
        True, description="whether each frame of a clip has other noise, and the slow change, of the source clip (ours)"
    )
    counts: dict[Literal[tuple(MICRO)], dict[str, Annotated[int, Field(ge=0, le=10_000)]]] = Field(  # type: ignore[valid-type]
        {}, description="clips to synthesise, by data set and emotion; `per_class` where there is no entry"
    )

    @field_validator("counts")
    @classmethod
    def _check_emotions(cls, counts: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        for dataset, by_emotion in counts.items():
            possible = synthesised_classes(dataset)
            if unknown := next((emotion for emotion in by_emotion if emotion not in possible), ""):
                raise ValueError(
                    f"{dataset} must have {', '.join(possible)}, not {unknown}{nearest(unknown, possible)}"
                )
        return counts

    def clips(self, dataset: str, emotion: str) -> int:
        """Return how many clips of an emotion of a data set are synthesised for each group."""
        return self.counts.get(dataset, {}).get(emotion, self.per_class)


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """One clip to synthesise."""

    name: str  # of its group in the file
    face: str  # id of the clip that gives the source face, its neutral face
    trajectory: str  # id of the driving clip, which gives the action units; it trained the generator
    label: int  # class of the driving clip


def sample_stills(macro: Sequence[tuple[Clip, int]], count: int, seed: int) -> list[tuple[Clip, int]]:
    """Return at most `count` macro-expressions, sampled by the seed, in their order."""
    positions = generator(seed, "synth", "stills").permutation(len(macro))[:count]
    return [macro[position] for position in sorted(positions)]


def make_job(
    name: str,
    kind: type[Generator],
    values: Mapping[str, Any],
    clips: tuple[Sequence[Clip], Sequence[Clip]],
    params: tuple[TrainParams, Params],
    seed: int,
    group: str = "",
) -> Job:
    """Return a generator's job: without one group, such as 1of5, or, where `group` is "", on all subjects.

    `values` are the generator's params, `clips` recorded clips and macro-expressions, `params` sections `train` and
    `synth`."""
    grouping, (recorded, macro), (train, synth) = GROUPINGS[kind.grouping], clips, params
    selected = grouping.select(recorded)
    count = int(group.partition("of")[2] or 0)
    folds = grouping.groups(selected, count, seed, synth.sources) if group else []
    return Job(
        name=name,
        method=kind(kind.Params(**values), len(grouping.classes)),
        protocol=grouping,
        clips=selected,
        folds=[fold for fold in folds if fold.name == group],
        params=train,
        synth=synth,
        seed=seed,
        macro=sample_stills(grouping.macro(macro), synth.stills, seed),
    )


def run(job: Job, files: Files, path: str, progress: Progress, checkpoint_dir: CheckpointDir | None = None) -> None:
    """Train the job's generator for its one group; write its clips, and next to them the generator as .safetensors.

    `path` is results/synthesise/<generator>/groups/<group>.h5, with /train/<clip> and /held_out/<clip> as
    `schemas.SYNTH` has them. Raises LeakError before it trains if a file was fitted on a subject of the group."""
    (fold,) = job.folds
    inputs, network = fit_network(job, files, progress, checkpoint_dir)
    write(path, job, inputs, network, inputs.fitted_on[fold.name])


def write(path: str, job: Job, inputs: TrainingInputs, network: engine.TrainedNetwork, fitted_on: list[str]) -> None:
    """Write the generator, then the clips that it synthesises."""
    (fold,), method, params = job.folds, job.method, job.synth
    assert isinstance(method, Generator) and isinstance(params, Params)
    generator_file.save(Path(path).with_suffix(".safetensors"), method, network.tensors, fitted_on, **job.attributes())
    held_out = ", ".join(sorted({subject_id(clip_id) for clip_id in fold.test}))
    with store.create(path, "synth", job.sections(), **job.attributes(), held_out=held_out) as file:
        file.put_all(fitted_on=fitted_on, action_unit=ACTION_UNITS)
        for side, requests in ((TRAIN, plan_training(job, fold, params)), (HELD_OUT, plan_held_out(job, fold))):
            for request, frames, target_aus in synthesise(method, network, inputs.clips, job, requests):
                group = file.group(f"{side}/{request.name}")
                apex = int(np.abs(target_aus - target_aus[0]).sum((1, 2)).argmax())  # they differ most from the first
                events = {"onset": 0, "apex": apex, "offset": len(frames) - 1}
                group.put_all(frame=range(len(frames)), crop=frames, label=request.label, au_asked=target_aus, **events)
                source, driving = job.by_id[request.face], job.by_id[request.trajectory]
                group.put_all(source=source.provenance, trajectory=driving.provenance)


def plan_training(job: Job, fold: Fold, params: Params) -> list[ClipRequest]:
    """Return clips to train on: `params.clips` of each data set and emotion, dealt out to all training subjects.

    An emotion that no training clip shows has none. Source faces and driving clips are sampled by name."""
    requests = []
    for dataset, emotion, driving_clips in _driving_clips(job, fold):
        rng = generator(job.seed, "synth", fold.name, dataset, emotion)
        subjects = sorted({subject_id(clip_id) for clip_id in fold.train if job.by_id[clip_id].dataset == dataset})
        order = rng.permutation(len(subjects))
        for i in range(params.clips(dataset, emotion)):
            subject = subjects[order[i % len(subjects)]]
            face = str(rng.choice([clip_id for clip_id in fold.train if subject_id(clip_id) == subject]))
            label = job.protocol.classes.index(emotion)
            name = f"{dataset}_{emotion}_{i:04d}"
            requests.append(ClipRequest(name, face, str(rng.choice(driving_clips)), label))
    return requests


def plan_held_out(job: Job, fold: Fold) -> list[ClipRequest]:
    """Return clips to look at and to measure: for each held-out subject one of each emotion of its data set."""
    requests = []
    for dataset, emotion, driving_clips in _driving_clips(job, fold):
        rng = generator(job.seed, "synth", fold.name, "held out", dataset, emotion)
        label = job.protocol.classes.index(emotion)
        for subject in sorted({subject_id(clip_id) for clip_id in fold.test if job.by_id[clip_id].dataset == dataset}):
            face = min(clip_id for clip_id in fold.test if subject_id(clip_id) == subject)
            name = f"{subject.replace('/', '_')}_{emotion}"
            requests.append(ClipRequest(name, face, str(rng.choice(driving_clips)), label))
    return requests


def _driving_clips(job: Job, fold: Fold) -> Iterator[tuple[str, str, list[str]]]:
    """Yield data set, emotion, and the ids of the training clips that show it."""
    train = [job.by_id[clip_id] for clip_id in fold.train]
    for dataset in sorted({clip.dataset for clip in train}):
        for label, emotion in enumerate(job.protocol.classes):
            if clips := [clip.id for clip in train if clip.dataset == dataset and job.labels[clip.id] == label]:
                yield dataset, emotion, clips


@torch.no_grad()
def synthesise(
    method: Generator, network: engine.TrainedNetwork, data: ClipTensors, job: Job, requests: Sequence[ClipRequest]
) -> Iterator[tuple[ClipRequest, np.ndarray, np.ndarray]]:
    """Yield each request with its frames uint8[K, H, W, 3] and target AUs float32[K, A, 2], FACS 0..5."""
    positions = {clip.id: i for i, clip in enumerate(job.all_clips)}

    def inputs_of(clip_ids: Sequence[str]) -> Batch:
        rows = [positions[clip_id] for clip_id in clip_ids]
        return {name: value[rows] for name, value in data.inputs.items()}

    for start in range(0, len(requests), BATCH):
        batch = requests[start : start + BATCH]
        faces = inputs_of([request.face for request in batch])
        target_aus = method.target_aus(faces, inputs_of([request.trajectory for request in batch]))
        neutral = faces["video"][:, :, 0].to(network.device)
        videos = method.synthesise_clips(network.modules, neutral, target_aus.to(network.device)).cpu()
        if isinstance(job.synth, Params) and job.synth.recorded_noise:
            rngs = [generator(job.seed, "synth", "noise", job.folds[0].name, request.name) for request in batch]
            source = faces["video"].movedim(1, 2).float().div(255)
            videos = videos + torch.from_numpy(recorded_noise(source.numpy(), rngs))
        levels = (videos * 255).round().clamp(0, 255).to(torch.uint8).movedim(2, -1).numpy()
        yield from zip(batch, levels, target_aus.numpy(), strict=True)


def recorded_noise(videos: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
    """Return the noise to add to each frame of a clip that moves the first frame of a source clip.

    `videos` are the source clips float32[B, K, 3, H, W], one generator for each. The first frame gets nothing. Fine
    detail of the others is random sums of `RESTING` frames, less the first frame; weights sum to 1, and so do their
    squares, so that noise keeps its size. Coarse detail changes evenly to that at the end."""
    from scipy.ndimage import gaussian_filter  # here, since a workflow's plan imports this module

    frames, count = videos.shape[1], len(RESTING)
    change = videos[:, [position % frames for position in RESTING]] - videos[:, :1]  # [B, R, 3, H, W]
    coarse = gaussian_filter(change, (0, 0, 0, COARSE, COARSE), mode="nearest", truncate=3)
    fine = change - coarse
    noise = np.linspace(0, 1, frames, dtype=np.float32)[:, None, None, None] * coarse[:, -1:]
    for i, rng in enumerate(rngs):
        direction = rng.standard_normal((frames, count))
        direction -= direction.mean(1, keepdims=True)
        direction *= np.sqrt(1 - 1 / count) / np.linalg.norm(direction, axis=1, keepdims=True)
        noise[i] += np.einsum("kr,rchw->kchw", (1 / count + direction).astype(np.float32), fine[i])
    noise[:, 0] = 0
    return np.asarray(noise)
