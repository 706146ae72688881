"""Load a method's inputs and targets of all clips into memory, once for all folds. Trains nothing."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch

from microexpr.core import facs
from microexpr.core.clip import Clip
from microexpr.core.facs import occurrence
from microexpr.models.base import ClipTensors, Method
from microexpr.models.labels import LABELS
from microexpr.signals import inputs


def load_clips(
    method: Method,
    clips: Sequence[Clip],
    files: inputs.Files,
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
    files_of = inputs.subject_files(files, inputs.stages(method.inputs), clips_of)
    subjects = {subject: number for number, subject in enumerate(files_of)}
    parts = [
        inputs.load(method.inputs, paths, [clip.name for clip in clips_of[subject]])
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
        "aus": [occurrence(clip.action_units) for clip in clips],
        "reacts": [tuple((reacts or {}).get(clip.id, facs.NOWHERE)) for clip in clips],
    }
    if several_labels:
        targets[LABELS] = [several_labels[clip.id] for clip in clips]
    return ClipTensors(arrays, {name: torch.tensor(value) for name, value in targets.items()})
