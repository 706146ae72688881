"""Faces of held-out clips: those that a generator synthesised, true ones, and other kinds to compare figures with.

Shapes: N faces, M of them for their clip's own class, pairs uint8[N, 2, H, W, C] of a neutral and another face, of the
generator's size. Out of scope: a figure, and faces synthesised from training clips.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip, Fold, join_origins
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator
from microexpr.evaluation.rows import Row, scopes
from microexpr.protocols import Protocol, provenance
from microexpr.protocols.splits import subject_id
from microexpr.signals import flow, inputs

HELD_OUT, DISPLAYS = "held_out", "displays"  # groups of a fold: a face for each clip and class, further ones
EVENTS = ("onset", "apex")
REST = "offset"  # another picture of the subject at rest
# Kinds of faces: the generator's; those, exaggerated; the one that they start from; that one, moved by the mean flow of
# the target class in training; the clip's apex frame.
SYNTHESISED, TWICE, NEUTRAL, MEAN_FLOW, TRUE = "made", "made_twice", "neutral", "mean_flow", "true"
STRENGTH = 2  # factor of the change from the neutral face in exaggerated faces


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A synthesised face of one held-out clip."""

    clip: Clip
    fold: Fold
    label: int  # the target class
    pair: np.ndarray  # uint8[2, H, W, C]: neutral, synthesised


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """The frames of a synthesised clip, with the held-out clip that it starts from, or of a held-out clip itself."""

    clip: Clip
    fold: Fold
    frames: np.ndarray  # uint8[K, H, W, C]


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
        return tuple(self.faces[0].pair.shape[1:])

    @property
    def is_own_class(self) -> np.ndarray:
        """bool[N]: faces that were synthesised for the class of their clip."""
        return np.array([face.label == self.protocol.label(face.clip) for face in self.faces])

    def own_class(self) -> "SynthesisedFaces":
        """Return the faces that were synthesised for the class of their clip."""
        return replace(self, faces=[self.faces[i] for i in np.flatnonzero(self.is_own_class)])


@dataclass(frozen=True, slots=True, eq=False)
class TrueFace:
    """Frames of a clip, and their landmarks."""

    clip: Clip
    pair: np.ndarray  # uint8[2, H, W, C]: onset and apex, of the synthesised faces' size and colour
    rest: np.ndarray  # uint8[H, W, C]: the offset, of the same size
    landmarks: dict[str, np.ndarray]  # float32[68, 2] by event, pixels of the crop
    crop_size: int  # pixels of the crop

    @property
    def apex(self) -> np.ndarray:
        """Return the frame at the apex, uint8[H, W, C]."""
        return np.asarray(self.pair[1])


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Faces of every kind, next to the neutral faces that they start from."""

    synthesised: SynthesisedFaces  # of every class
    true: Mapping[str, TrueFace]  # of all clips of the protocol, by id
    pairs: dict[str, np.ndarray]  # by kind: `TRUE` has M rows, those of `own_class`, others N

    def of_kind(self, kind: str) -> list[Face]:
        """Return the synthesised face of each row of a kind."""
        return (self.synthesised.own_class() if kind == TRUE else self.synthesised).faces


def read(
    paths: Iterable[str], method: str, protocol: Protocol, clips: Sequence[Clip], folds: Sequence[Fold] | None = None
) -> SynthesisedFaces:
    """Read the faces in the shards at `paths` of all clips that `folds` test; `folds` None are all of the protocol's.

    There is one face of every class for each clip, over all folds. Raises LeakError when a fold's generator was fitted
    on its held-out unit, or a shard is of another method or protocol; StoreError for a clip with a missing or repeated
    face, or with one made from another fold's clip.
    """
    clips_by_id = {clip.id: clip for clip in protocol.select(clips)}
    folds = protocol.folds(clips) if folds is None else folds
    tests = {fold.name: [clips_by_id[name] for name in fold.test] for fold in folds}
    faces: list[Face] = []
    by_clip: dict[str, list[np.ndarray]] = {}
    training_origins: set[str] = set()
    for path in sorted(map(str, paths)):
        training_data = provenance.read_fitted_on(path, tests)
        with store.open_file(path, "synth") as file:
            identity = {"method": method, "protocol": protocol.name}
            provenance.check_identity(path, {key: file.attrs[key].decode() for key in identity}, identity)
            for fold in (fold for fold in folds if f"{fold.name}/{HELD_OUT}" in file):
                provenance.check(path, fold.name, protocol.unit, tests[fold.name], training_data[fold.name])
                training_origins |= {entry.split("/")[0] for entry in training_data[fold.name]}
                groups, location = file[fold.name], f"{path}, fold {fold.name}"
                faces += _read_fold(location, groups[HELD_OUT], fold, tests[fold.name])
                for face in _read_fold(location, groups.get(DISPLAYS, {}), fold, tests[fold.name]):
                    by_clip.setdefault(face.clip.id, []).append(face.pair[1])
    counts, expected = Counter((face.fold.name, face.clip.id) for face in faces), len(protocol.classes)
    for fold_name, name in ((fold.name, name) for fold in folds for name in fold.test):
        if (count := counts[fold_name, name]) != expected:
            description = f"{expected} faces of clip {name} in fold {fold_name}"
            raise StoreError(f"{method} must have made {description}, not {count}")
    faces.sort(key=lambda face: (face.fold.draw or 0, face.clip.dataset, face.clip.subject, face.clip.name, face.label))
    origin = join_origins([*training_origins, *(face.clip.origin for face in faces)])
    displays = {name: np.stack(pictures) for name, pictures in by_clip.items()}
    return SynthesisedFaces(method, protocol, origin, faces, displays)


def _read_fold(location: str, group: Any, fold: Fold, test: Sequence[Clip]) -> Iterator[Face]:
    """Yield the faces in one fold's group. Raises StoreError for a face of a clip that the fold does not hold out."""
    held_out = {clip.provenance: clip for clip in test}
    for name, face in group.items():
        (source,) = store.strings(face["source"])
        if source not in held_out:
            raise StoreError(f"{name} must be made from a held-out clip of its fold, not from {source} ({location})")
        yield Face(held_out[source], fold, int(face["label"][()]), face["crop"][()])


def read_true(clips: Iterable[Clip], files: inputs.Files, shape: tuple[int, ...]) -> dict[str, TrueFace]:
    """Return the true face of each clip by id, with images of `shape` [H, W, C].

    `files` have stages faces and apex. Raises StoreError if one of a subject's files is not among them.
    """
    height, width, channels = shape
    shapes = dict.fromkeys((*EVENTS, REST), (channels, height, width))
    clips_by_subject: dict[tuple[str, str], dict[str, Clip]] = {}
    for clip in clips:
        clips_by_subject.setdefault((clip.dataset, clip.subject), {})[clip.name] = clip
    true = {}
    for subject, paths in inputs.subject_files(files, inputs.stages(shapes), clips_by_subject).items():
        names = sorted(clips_by_subject[subject])
        frames = inputs.load(shapes, paths, names)
        pairs = np.stack([frames[event] for event in EVENTS], 1).transpose(0, 1, 3, 4, 2)
        with store.open_file(paths["faces"], "faces") as faces, store.open_file(paths["apex"], "apex") as events:
            for name, pair, rest in zip(names, pairs, frames[REST].transpose(0, 2, 3, 1), strict=True):
                group, clip = faces[name], clips_by_subject[subject][name]
                positions = {event: inputs.position(group, events[name], event) for event in EVENTS}
                points = {event: group["landmarks_crop"][position] for event, position in positions.items()}
                true[clip.id] = TrueFace(clip, pair, rest, points, group["crop"].shape[1])
    return true


def gather(synthesised: SynthesisedFaces, true: Mapping[str, TrueFace]) -> Faces:
    """Return the faces of every kind; `true` are the true faces of all clips of the protocol, by id."""
    pairs = np.stack([face.pair for face in synthesised.faces])
    neutral = pairs[:, 0]
    changed = {
        SYNTHESISED: pairs[:, 1],
        TWICE: exaggerate(neutral, pairs[:, 1]),
        NEUTRAL: neutral,
        MEAN_FLOW: warp_by_mean_flow(synthesised, true),
    }
    by_kind = {kind: np.stack([neutral, images], 1) for kind, images in changed.items()}
    by_kind[TRUE] = np.stack([true[face.clip.id].pair for face in synthesised.own_class().faces])
    return Faces(synthesised, true, by_kind)


def exaggerate(neutral: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return faces with `STRENGTH` times the change from their neutral faces, clipped to 0..255; all uint8."""
    change = faces.astype(np.int16) - neutral
    return np.clip(neutral + STRENGTH * change, 0, 255).astype(np.uint8)


def enlarge(images: np.ndarray, side: int) -> np.ndarray:
    """Enlarge images to uint8[N, side, side, C] by cubic interpolation.

    The embedding network takes the positions of eyes in whole pixels, which would be too coarse in 32 of them.
    """
    contiguous = map(np.ascontiguousarray, images)
    enlarged = [cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC) for image in contiguous]
    return np.stack(enlarged).reshape(len(images), side, side, -1)


def warp_by_mean_flow(synthesised: SynthesisedFaces, true: Mapping[str, TrueFace]) -> np.ndarray:
    """Return the neutral face of each synthesised face under its class's mean flow, uint8[N, H, W, C].

    The mean is over the true clips that train the face's fold; no network."""
    size = synthesised.faces[0].pair.shape[1]
    params = flow.Params(size=size, stored_size=size)
    grey = {name: face.pair.mean(-1, dtype=np.float32) for name, face in true.items()}
    flow_by_id = {name: flow.onset_apex(onset, apex, params)[:2] for name, (onset, apex) in grey.items()}
    labels = {name: synthesised.protocol.label(face.clip) for name, face in true.items()}
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    means: dict[tuple[str, int], np.ndarray] = {}
    warped = []
    for face in synthesised.faces:
        if (key := (face.fold.name, face.label)) not in means:
            means[key] = np.mean([flow_by_id[name] for name in face.fold.train if labels[name] == face.label], axis=0)
        right, down = means[key]
        neutral = face.pair[0]
        image = cv2.remap(neutral, columns - right, rows - down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        warped.append(image.reshape(neutral.shape))
    return np.stack(warped)


def scope_rows(
    synthesised: SynthesisedFaces, faces: Sequence[Face | Film], columns: Row, seed: int
) -> Iterator[tuple[Row, np.ndarray, np.ndarray, np.random.Generator]]:
    """Yield a row of `results/evaluate/<protocol>/<method>_faces.csv` without its figure for each scope.

    With it come the positions of the scope's `faces`, which are of one kind, the subject of each, and a random
    generator, the same for each kind. `columns` are `faces`, `metric` and `note`.
    """
    protocol = synthesised.protocol
    subjects = np.array([subject_id(face.clip.id) for face in faces])
    for scope, positions in scopes([face.clip for face in faces], protocol.datasets):
        keys = row_keys(synthesised, scope, [faces[position] for position in positions])
        rng = generator(seed, "evaluate", columns["metric"], protocol.name, scope)
        yield columns | keys | {"made": len(positions), "true": 0}, positions, subjects[positions], rng


def row_keys(synthesised: SynthesisedFaces, scope: str, faces: Iterable[Face | Film]) -> Row:
    """Return the columns that neither metric nor kind of face determines, of a scope and its faces."""
    return {
        "method": synthesised.method,
        "protocol": synthesised.protocol.name,
        "origin": synthesised.origin,
        "side": HELD_OUT,
        "scope": scope,
        "folds": len({face.fold.name for face in faces}),
        "subject_seen": "yes" if synthesised.protocol.unit == "clip" else "no",
    }
