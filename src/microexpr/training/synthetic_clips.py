"""What a generator made, as further training clips: for each fold of one that never saw what the fold holds out.

Only `train/` of a file is read: what was made of held-out people is for figures. What may not come in: a generator.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import LeakError, ParamsError, StoreError
from microexpr.models.base import Clips, Shapes
from microexpr.protocols import GROUPINGS, provenance
from microexpr.protocols.splits import person
from microexpr.signals import inputs

Tests = Mapping[str, Sequence[Clip]]  # held-out clips by fold name


@dataclass(frozen=True, eq=False)
class Made:
    """P clips, set after set: a set is what one generator made that was trained without somebody."""

    inputs: dict[str, np.ndarray]  # as a method reads them, each [P, ...]
    label: np.ndarray  # int64[P], the class asked for
    sources: Sequence[str]  # P times origin/dataset/subject/clip of the neutral face
    trajectories: Sequence[str]  # P times the same of the clip whose action units are shown; "" where there is none
    sets: Sequence[str]  # P names
    of: Mapping[str, str]  # the set of each fold


def check(shapes: Shapes) -> None:
    """Raises ParamsError for an input that made pictures do not give."""
    for name in shapes:
        if {"aus", "flow"} & set(inputs.SOURCES[name]) or name in inputs.LANDMARKED:
            raise ParamsError(f"synthetic must be for a method that reads pictures alone, not the input {name}")


def sources(paths: Iterable[str], unit: provenance.Unit, tests: Tests) -> dict[str, list[str]]:
    """By fold the files in which its clips are: all shards of a generator that is trained fold by fold; of one trained
    for groups of subjects the first that saw nothing of what the fold holds out.

    Raises LeakError where each of those saw some of it."""
    paths = sorted(map(str, paths))
    grouped = [path for path in paths if _attribute(path, "protocol") in GROUPINGS]
    if not grouped:
        return dict.fromkeys(tests, paths)
    behind = {path: provenance.behind(path, tests) for path in grouped}
    found = {}
    for fold, test in tests.items():
        clean = [path for path in grouped if not provenance.seen(unit, test, behind[path][fold])]
        if not clean:
            raise LeakError(f"{grouped[0]} and others of its kind were each fitted on some of what {fold} holds out")
        found[fold] = clean[:1]
    return found


def _attribute(path: str, name: str) -> str:
    with store.opened(path, "synth") as file:
        return str(file.attrs[name].decode())


def read(
    files: Mapping[str, Sequence[str]], about: Mapping[str, str], labels: Mapping[str, int], shapes: Shapes
) -> Made:
    """What these folds may train on, `files` as `sources` has them. `about` is the generator's `method` and the
    `protocol`; `labels` the class, by `provenance`, of the clips that are trained on: others are left out.

    Raises LeakError for shards of another method or protocol, StoreError for a fold for which nothing was made."""
    values: dict[str, list[np.ndarray]] = {name: [] for name in shapes}
    label, faces, trajectories, sets = [], [], [], []
    of: dict[str, str] = {}
    for path in sorted({path for paths in files.values() for path in paths}):
        with store.opened(path, "synth") as file:
            kind = file.attrs["protocol"].decode()
            grouped = kind in GROUPINGS
            wanted = dict(about) | ({"protocol": kind} if grouped else {})
            provenance.identify(path, {key: file.attrs[key].decode() for key in wanted}, wanted)
            own = [fold for fold, paths in files.items() if path in paths]
            places = {path: file} if grouped else {fold: file[fold] for fold in own if f"{fold}/train" in file}
            for name, group in places.items():
                for one in _usable(group["train"], labels):
                    for wanted_input, value in _derived(one.group, shapes):
                        values[wanted_input].append(value)
                    label.append(one.label)
                    faces.append(one.face)
                    trajectories.append(one.trajectory)
                    sets.append(name)
            of |= dict.fromkeys(own, path) if grouped else {fold: fold for fold in places}
    if missing := sorted(fold for fold in files if of.get(fold) not in {*sets}):
        raise StoreError(f"{about['method']} must have made something to train fold {missing[0]} on; make it anew")
    return Made(
        {name: np.stack(found) for name, found in values.items()}, np.array(label), faces, trajectories, sets, of
    )


@dataclass(frozen=True, eq=False)
class _One:
    group: Any
    label: int
    face: str
    trajectory: str


def _usable(train: Any, labels: Mapping[str, int]) -> Iterator[_One]:
    """Of people and movements that are trained on, with the class that the protocol gives to these."""
    people = {person(clip) for clip in labels}
    for _, group in sorted(train.items()):
        (face,) = store.strings(group["source"])
        trajectory = store.strings(group["trajectory"])[0] if "trajectory" in group else ""
        if person(face) in people and (trajectory or face) in labels:
            yield _One(group, labels[trajectory] if trajectory else int(group["label"][()]), face, trajectory)


def _derived(group: Any, shapes: Shapes) -> Iterator[tuple[str, np.ndarray]]:
    """Each input, as of a recorded clip."""
    events = {event: group[event][()] for event in ("onset", "apex", "offset")}
    clip = inputs.Source({"faces": group, "apex": events})
    for name, shape in shapes.items():
        yield name, inputs.INPUTS[name][2](clip, shape)


def joined(data: Clips, clips: Sequence[str], made: Made) -> tuple[Clips, dict[str, np.ndarray]]:
    """Resident clips followed by made ones, and the positions of each fold's own made ones.

    `clips` are the `provenance` of the resident ones. A made clip has subject and data set of whose face it
    shows, and the action units of the one whose movement it shows; of a face of a class nobody knows these."""
    place = {name: number for number, name in enumerate(clips)}
    people = {person(name): number for name, number in place.items()}
    source = torch.tensor([people[person(name)] for name in made.sources])
    targets = {name: value[source] for name, value in data.targets.items()}
    targets |= {"label": torch.from_numpy(made.label), "synthetic": torch.ones(len(source), dtype=torch.int64)}
    moves = torch.tensor([place.get(name, -1) for name in made.trajectories])
    targets["aus"] = torch.where(moves[:, None] >= 0, data.targets["aus"][moves], -1)
    targets["reacts"] = torch.where(moves[:, None] >= 0, data.targets["reacts"][moves], 0)
    both = Clips(
        {name: torch.cat([value, torch.from_numpy(made.inputs[name])]) for name, value in data.inputs.items()},
        {name: torch.cat([value, targets[name]]) for name, value in data.targets.items()},
    )
    names = np.array(made.sets)
    places = {one: len(clips) + np.flatnonzero(names == one) for one in sorted({*made.sets})}
    return both, {fold: places[one] for fold, one in made.of.items()}
