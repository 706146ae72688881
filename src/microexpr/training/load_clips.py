"""Load a method's inputs and targets of all clips into memory, once for all folds. Trains nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from microexpr.core import facs
from microexpr.core.clip import POPULATION, Clip
from microexpr.core.errors import StoreError
from microexpr.core.facs import occurrence
from microexpr.core.files import visible
from microexpr.models.base import ClipTensors, Method
from microexpr.models.labels import LABELS
from microexpr.signals import inputs

STAGES = {stage for stages in inputs.SOURCES.values() for stage in stages}  # inputs are derived from their files


def load_clips(
    method: Method,
    clips: Sequence[Clip],
    files: Iterable[str],
    labels: Mapping[str, int] | None = None,
    macro: Collection[str] = (),
    reacts: Mapping[str, Sequence[int]] | None = None,
    several_labels: Mapping[str, Sequence[int]] | None = None,
) -> ClipTensors:
    """Return all inputs of a method and all targets as tensors, in the order of `clips`.

    `files` are results/<stage>/<dataset>/<subject>.h5, or the folder of a stage for all of its files, and
    results/population/<subject>.h5. `macro` has the ids of macro-expressions. By clip id are `labels`, None for
    MEGC2019's; `reacts`, a mask of the face regions in which the emotion shows, None for no region of any clip; and
    `several_labels`, None if each clip has one class. Raises StoreError if a file of a subject is missing."""
    files_of: dict[tuple[str, str], dict[str, str]] = {}  # by data set and subject, then by stage
    for path in map(Path, expand_directories(files)):
        stage, dataset = path.parts[-3:-1]
        if dataset == POPULATION and stage not in STAGES:  # its one file of a subject has all stages
            stage = dataset
        files_of.setdefault((dataset, path.stem), {})[stage] = str(path)
    clips_of: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        clips_of.setdefault((clip.dataset, clip.subject), []).append(clip)
    subjects = {subject: number for number, subject in enumerate(sorted(clips_of))}
    parts = [
        _load_subject(method, subject, files_of.get(subject, {}), [clip.name for clip in clips_of[subject]])
        for subject in subjects
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
        "aus": [occurrence(clip.action_units) for clip in clips],
        "reacts": [tuple((reacts or {}).get(clip.id, facs.NOWHERE)) for clip in clips],
    }
    if several_labels:
        targets[LABELS] = [several_labels[clip.id] for clip in clips]
    return ClipTensors(arrays, {name: torch.tensor(value) for name, value in targets.items()})


def expand_directories(files: Iterable[str]) -> list[str]:
    """Return the files, with each stage's folder replaced by the files of all subjects in it."""
    paths: list[Path] = []
    for path in map(Path, files):
        paths += visible(path, "*/*.h5") if path.is_dir() else [path]
    return [str(path) for path in paths]


def _load_subject(
    method: Method, subject: tuple[str, str], files: dict[str, str], names: list[str]
) -> dict[str, np.ndarray]:
    """Return by name the inputs of a subject's clips, in the order of `names`; `files` are by stage."""
    for name in method.inputs:
        for stage in inputs.SOURCES[name]:
            if stage not in files and POPULATION not in files:
                raise StoreError(f"results/{stage}/{'/'.join(subject)}.h5 must be among the inputs of {name!r}")
    return inputs.load(method.inputs, {stage: Path(path) for stage, path in files.items()}, names)
