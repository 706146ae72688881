"""Clips that a generator synthesised, as further training clips of each fold: by one that never saw its test clips.

Only `train/` of a file is read: clips synthesised from held-out subjects are for measuring. No generator comes in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import LeakError, ParamsError, StoreError
from microexpr.models.base import ClipTensors, Shapes
from microexpr.protocols import provenance
from microexpr.protocols.splits import subject_id
from microexpr.signals import inputs

TRAIN = "train"  # group of the clips to train on: of a whole file, or of each fold
CHANGES = ("au_change", "au_changes")  # inputs that hold the requested changes of a synthetic clip
Tests = Mapping[str, Sequence[Clip]]  # held-out clips by fold name


class SyntheticClip(NamedTuple):
    """One clip, and the folds that train on it: its generator saw nothing that they hold out."""

    inputs: dict[str, np.ndarray]  # as a method reads them
    label: int  # the requested class
    source: str  # origin/dataset/subject/clip of the source face
    trajectory: str  # the same of the driving clip; "" where there is none
    folds: Sequence[str]


def check_inputs(shapes: Shapes, clips: bool = True) -> None:
    """Raise ParamsError for an input that synthetic clips, or else synthetic faces, do not have."""
    for name in shapes:
        if clips and name in CHANGES:
            continue
        if {"aus", "flow"} & set(inputs.SOURCES[name]) or name in inputs.NEED_LANDMARKS:
            also = f" or {', '.join(CHANGES)}" if clips else ""
            raise ParamsError(f"synthetic must be for a method that reads pictures{also} alone, not the input {name}")


def select_files(files: inputs.Files, unit: provenance.Unit, tests: Tests) -> dict[str, list[str]]:
    """Return by fold the files that it trains on.

    Of a generator that is trained fold by fold, `synthetic`, these are all shards; of one that is trained for groups of
    subjects, `synthetic_groups`, the first file with a generator that saw nothing that the fold holds out. Raises
    LeakError where there is none."""
    if not (paths := sorted(map(str, files.get("synthetic_groups", ())))):
        return dict.fromkeys(tests, sorted(map(str, files.get("synthetic", ()))))
    fitted_on = {path: provenance.read_fitted_on(path, tests) for path in paths}
    clean = {
        fold: [path for path in paths if not provenance.has_seen(unit, test, fitted_on[path][fold])]
        for fold, test in tests.items()
    }
    for fold, clean_paths in clean.items():
        if not clean_paths:
            raise LeakError(f"{paths[0]} and others of its kind were each fitted on some of what {fold} holds out")
    return {fold: clean_paths[:1] for fold, clean_paths in clean.items()}


def load(
    files: Mapping[str, Sequence[str]], generator: str, protocol: str, labels: Mapping[str, int], shapes: Shapes
) -> list[SyntheticClip]:
    """Read the clips that these folds may train on; `files` are those of `select_files`.

    They must be of the generator, and shards of its folds of the protocol. `labels` are, by `Clip.provenance`, the
    classes of the clips that are trained on: synthetic clips of other source faces or driving clips are left out.
    Raises LeakError for files of another method or protocol, StoreError for a fold without synthetic clips."""
    clips: list[SyntheticClip] = []
    for path in sorted({path for paths in files.values() for path in paths}):
        folds = [fold for fold, paths in files.items() if path in paths]
        with store.open_file(path, "synth") as file:
            expected = {"method": generator} | ({} if TRAIN in file else {"protocol": protocol})
            provenance.check_identity(path, {key: file.attrs[key].decode() for key in expected}, expected)
            sets = [(folds, file)] if TRAIN in file else [([f], file[f]) for f in folds if f"{f}/{TRAIN}" in file]
            for set_folds, group in sets:
                clips += _read_set(set_folds, group[TRAIN], labels, shapes)
    if missing := sorted({*files} - {fold for clip in clips for fold in clip.folds}):
        raise StoreError(f"{generator} must have synthesised clips to train fold {missing[0]} on, found none")
    return clips


def _read_set(folds: list[str], train: Any, labels: Mapping[str, int], shapes: Shapes) -> Iterator[SyntheticClip]:
    """Yield clips of subjects and movements that are trained on, with the protocol's class of these."""
    subjects = {subject_id(clip) for clip in labels}
    for _, group in sorted(train.items()):
        (source,) = store.strings(group["source"])
        trajectory = store.strings(group["trajectory"])[0] if "trajectory" in group else ""
        if subject_id(source) not in subjects or (trajectory or source) not in labels:
            continue
        events = {event: group[event][()] for event in ("onset", "apex", "offset")}
        clip = inputs.Source({"faces": group, "apex": events, "aus": _target_changes(group)})  # as of a recorded clip
        values = {key: inputs.INPUTS[key].read(clip, shape) for key, shape in shapes.items()}
        label = labels[trajectory] if trajectory else int(group["label"][()])
        yield SyntheticClip(values, label, source, trajectory, folds)


def _target_changes(group: Any) -> dict[str, Any]:
    """Return datasets of an aus file for a clip that shows just its target action units; none for a pair of faces."""
    if "au_asked" not in group:
        return {}
    change = group["au_asked"][()] - group["au_asked"][:1]
    return {"frame": group["frame"], "relative": np.concatenate([change, change.mean(-1, keepdims=True)], -1)}


def append(
    data: ClipTensors, clips: Sequence[str], synthetic: Sequence[SyntheticClip]
) -> tuple[ClipTensors, dict[str, np.ndarray]]:
    """Return recorded clips followed by synthetic ones, and by fold the positions int64[...] of its synthetic ones.

    `clips` are the `provenance` of the recorded ones. A synthetic clip has the subject and data set of its source face
    and the action units of its driving clip; for a face of a class these are unknown."""
    positions = {name: i for i, name in enumerate(clips)}
    subjects = {subject_id(name): i for name, i in positions.items()}
    source = torch.tensor([subjects[subject_id(clip.source)] for clip in synthetic])
    targets = {name: value[source] for name, value in data.targets.items()}
    targets |= {"label": torch.tensor([clip.label for clip in synthetic]), "synthetic": torch.ones_like(source)}
    driving = torch.tensor([positions.get(clip.trajectory, -1) for clip in synthetic])
    targets["aus"] = torch.where(driving[:, None] >= 0, data.targets["aus"][driving], -1)
    targets["reacts"] = torch.where(driving[:, None] >= 0, data.targets["reacts"][driving], 0)
    additions = {name: np.stack([clip.inputs[name] for clip in synthetic]) for name in data.inputs}
    both = ClipTensors(
        {name: torch.cat([value, torch.from_numpy(additions[name])]) for name, value in data.inputs.items()},
        {name: torch.cat([value, targets[name]]) for name, value in data.targets.items()},
    )
    folds = {fold for clip in synthetic for fold in clip.folds}
    return both, {fold: len(clips) + np.flatnonzero([fold in clip.folds for clip in synthetic]) for fold in folds}
