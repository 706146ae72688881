"""Faces that a generator made of held-out people, read and held to the protocol and to their own provenance.

Of each clip one face, asked for the clip's own class, or one of every class; those of all folds. What may not come in:
a figure, and faces that were made from training clips.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import StoreError
from microexpr.protocols import Protocol, provenance

SIDE = "held_out"


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One held-out clip's face."""

    clip: Clip
    fold: Fold
    label: int  # the class asked for
    pair: np.ndarray  # uint8[2, H, W, C]: neutral, made


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a generator made under a protocol, free of leaks."""

    method: str
    protocol: Protocol
    origin: str  # licensed+generated where it was fitted on both
    faces: list[Face]  # sorted by draw, data set, subject and clip


def read(
    paths: Iterable[str],
    method: str,
    protocol: Protocol,
    clips: Sequence[Clip],
    folds: Sequence[Fold] | None = None,
    every_class: bool = False,
) -> Made:
    """The faces in the shards at `paths` of all clips that `folds` test; `folds` None are all of the protocol's.

    Raises LeakError when a fold's generator was fitted on its held-out unit, or a shard is of another method or
    protocol; StoreError for a clip of which a face is not there once, or was made from another fold's clip.
    """
    known = {clip.id: clip for clip in protocol.select(clips)}
    folds = protocol.folds(clips) if folds is None else folds
    tests = {fold.name: [known[name] for name in fold.test] for fold in folds}
    found: list[Face] = []
    fitted: set[str] = set()
    for path in sorted(map(str, paths)):
        behind = provenance.read_fitted_on(path, tests)
        with store.opened(path, "synth") as file:
            wanted = {"method": method, "protocol": protocol.name}
            provenance.check_identity(path, {key: file.attrs[key].decode() for key in wanted}, wanted)
            for fold in (fold for fold in folds if f"{fold.name}/{SIDE}" in file):
                provenance.check(path, fold.name, protocol.unit, tests[fold.name], behind[fold.name])
                fitted |= {entry.split("/")[0] for entry in behind[fold.name]}
                faces = _of_fold(f"{path}, fold {fold.name}", file[fold.name][SIDE], fold, known)
                found += [face for face in faces if every_class or face.label == protocol.label(face.clip)]
    _check_each_once(method, found, folds, len(protocol.classes) if every_class else 1)
    found.sort(key=lambda face: (face.fold.draw or 0, face.clip.dataset, face.clip.subject, face.clip.name, face.label))
    origins = fitted | {face.clip.origin for face in found}
    return Made(method, protocol, "+".join(sorted(origins, reverse=True)), found)


def _of_fold(place: str, group: Any, fold: Fold, known: Mapping[str, Clip]) -> Iterator[Face]:
    own = {known[name].provenance: known[name] for name in fold.test}
    for name, one in group.items():
        (source,) = store.strings(one["source"])
        if source not in own:
            raise StoreError(f"{name} must be made from a held-out clip of its fold, not from {source} ({place})")
        yield Face(own[source], fold, int(one["label"][()]), one["crop"][()])


def _check_each_once(method: str, found: Sequence[Face], folds: Sequence[Fold], wanted: int) -> None:
    times = Counter((face.fold.name, face.clip.id) for face in found)
    for fold in folds:
        for name in fold.test:
            if (count := times[fold.name, name]) != wanted:
                what = f"{wanted} face{'s' * (wanted > 1)} of clip {name} in fold {fold.name}"
                raise StoreError(f"{method} must have made {what}, not {count}")
