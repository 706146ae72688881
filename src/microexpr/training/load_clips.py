"""What a method reads of all clips, in memory: one copy for all folds. Reads through `inputs`; trains nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import StoreError
from microexpr.core.facs import reactions
from microexpr.core.facs.occurrence import occurrence
from microexpr.models.base import Clips, Method
from microexpr.signals import inputs
from microexpr.training import engine


def resident(
    method: Method,
    clips: Sequence[Clip],
    files: Iterable[str],
    labels: Mapping[str, int] | None = None,
    macro: Collection[str] = (),
    reacts: Mapping[str, Sequence[int]] | None = None,
) -> Clips:
    """All inputs of a method in memory, in the order of `clips`; `labels` by clip id, or None for MEGC2019's; `reacts`
    likewise, or None for nowhere.

    `files` are results/<stage>/<dataset>/<subject>.h5, or the folder of a stage for all in it; `macro` the ids of
    macro-expressions. Raises StoreError if a file of a subject is not among them."""
    by_subject: dict[tuple[str, str], dict[str, str]] = {}
    for path in map(Path, single(files)):
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
        "label": [clip.label if labels is None else labels[clip.id] for clip in clips],
        "subject": [subjects.index((clip.dataset, clip.subject)) for clip in clips],
        "dataset": [datasets.index(clip.dataset) for clip in clips],
        "macro": [int(clip.id in macro) for clip in clips],
        "synthetic": [0] * len(clips),
        "aus": [occurrence(clip.action_units) for clip in clips],
        "reacts": [tuple((reacts or {}).get(clip.id, reactions.NOWHERE)) for clip in clips],
    }
    return Clips(arrays, {name: torch.tensor(value) for name, value in targets.items()})


def single(files: Iterable[str]) -> list[str]:
    """The files themselves, and those of each subject in a folder of a stage."""
    return [
        str(path)
        for given in map(Path, files)
        for path in (sorted(given.glob("*/*.h5")) if given.is_dir() else [given])
    ]


def _loaded(method: Method, subject: tuple[str, str], files: dict[str, str], names: list[str]) -> dict[str, np.ndarray]:
    for wanted in method.inputs:
        for stage in inputs.SOURCES[wanted]:
            if stage not in files:
                raise StoreError(f"results/{stage}/{'/'.join(subject)}.h5 must be among the inputs of {wanted!r}")
    return inputs.load(method.inputs, {stage: Path(path) for stage, path in files.items()}, names)


def folds_at(folds: Sequence[Fold], clips: Sequence[Clip]) -> list[engine.Fold]:
    """The folds as positions in `clips`: what they train on, less the inner clips, and what they test."""
    at = {clip.id: number for number, clip in enumerate(clips)}
    return [
        engine.Fold(fold.name, *(np.array([at[name] for name in side], int) for side in (fold.train, fold.test)))
        for fold in folds
    ]
