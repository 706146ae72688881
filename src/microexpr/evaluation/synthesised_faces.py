"""Read synthesised faces of held-out clips and check them against the protocol and their own provenance.

There is one face for each clip, of the clip's own class, or one of every class, over all folds. What may not come in:
a figure, and faces synthesised from training clips.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip, Fold, join_origins
from microexpr.core.errors import StoreError
from microexpr.protocols import Protocol, provenance

HELD_OUT, DISPLAYS = "held_out", "displays"  # groups of a fold: a face for each clip and class, further ones


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A synthesised face of one held-out clip."""

    clip: Clip
    fold: Fold
    label: int  # the target class
    pair: np.ndarray  # uint8[2, H, W, C]: neutral, synthesised


@dataclass(frozen=True, slots=True, eq=False)
class SynthesisedFaces:
    """The faces of one generator under a protocol, free of leaks."""

    method: str
    protocol: Protocol
    origin: str  # licensed+generated where it was fitted on both
    faces: list[Face]  # sorted by draw, data set, subject and clip
    displays: Mapping[str, np.ndarray] = field(default_factory=dict)  # by clip, uint8[K, H, W, C]: others of its class

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Return height, width and channels of a face."""
        shape: tuple[int, ...] = self.faces[0].pair.shape[1:]
        return shape


def read(
    paths: Iterable[str],
    method: str,
    protocol: Protocol,
    clips: Sequence[Clip],
    folds: Sequence[Fold] | None = None,
    every_class: bool = False,
) -> SynthesisedFaces:
    """Read the faces in the shards at `paths` of all clips that `folds` test; `folds` None are all of the protocol's.

    Raises LeakError when a fold's generator was fitted on its held-out unit, or a shard is of another method or
    protocol; StoreError for a clip whose face is missing or repeated, or was made from another fold's clip.
    """
    clips_by_id = {clip.id: clip for clip in protocol.select(clips)}
    folds = protocol.folds(clips) if folds is None else folds
    tests = {fold.name: [clips_by_id[name] for name in fold.test] for fold in folds}
    faces: list[Face] = []
    displays: list[Face] = []
    training_origins: set[str] = set()
    for path in sorted(map(str, paths)):
        training_data = provenance.read_fitted_on(path, tests)
        with store.open_file(path, "synth") as file:
            identity = {"method": method, "protocol": protocol.name}
            provenance.check_identity(path, {key: file.attrs[key].decode() for key in identity}, identity)
            for fold in (fold for fold in folds if f"{fold.name}/{HELD_OUT}" in file):
                provenance.check(path, fold.name, protocol.unit, tests[fold.name], training_data[fold.name])
                training_origins |= {entry.split("/")[0] for entry in training_data[fold.name]}
                fold_faces = _read_fold(f"{path}, fold {fold.name}", file[fold.name][HELD_OUT], fold, clips_by_id)
                faces += [face for face in fold_faces if every_class or face.label == protocol.label(face.clip)]
                further = file[fold.name].get(DISPLAYS, {})
                displays += _read_fold(f"{path}, fold {fold.name}", further, fold, clips_by_id)
    _check_each_once(method, faces, folds, len(protocol.classes) if every_class else 1)
    faces.sort(key=lambda face: (face.fold.draw or 0, face.clip.dataset, face.clip.subject, face.clip.name, face.label))
    by_clip: dict[str, list[np.ndarray]] = {}
    for face in displays:
        by_clip.setdefault(face.clip.id, []).append(face.pair[1])
    others = {name: np.stack(pictures) for name, pictures in by_clip.items()}
    origin = join_origins([*training_origins, *(face.clip.origin for face in faces)])
    return SynthesisedFaces(method, protocol, origin, faces, others)


def _read_fold(location: str, group: Any, fold: Fold, clips_by_id: Mapping[str, Clip]) -> Iterator[Face]:
    """Yield the faces in one fold's group. Raises StoreError for a face of a clip that the fold does not hold out."""
    held_out = {clips_by_id[name].provenance: clips_by_id[name] for name in fold.test}
    for name, face in group.items():
        (source,) = store.strings(face["source"])
        if source not in held_out:
            raise StoreError(f"{name} must be made from a held-out clip of its fold, not from {source} ({location})")
        yield Face(held_out[source], fold, int(face["label"][()]), face["crop"][()])


def _check_each_once(method: str, faces: Sequence[Face], folds: Sequence[Fold], expected: int) -> None:
    """Raise StoreError unless each tested clip has `expected` faces."""
    counts = Counter((face.fold.name, face.clip.id) for face in faces)
    for fold in folds:
        for name in fold.test:
            if (count := counts[fold.name, name]) != expected:
                description = f"{expected} face{'s' * (expected > 1)} of clip {name} in fold {fold.name}"
                raise StoreError(f"{method} must have made {description}, not {count}")
