"""Gather the kinds of faces that are measured: synthesised ones, and those to compare their figures with.

Shapes: N faces, pairs uint8[N, 2, H, W, C] of a neutral and another face, of the generator's size. What may not come
in: a figure.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from microexpr.core import seeds
from microexpr.evaluation.rows import Row, scopes
from microexpr.evaluation.synthesised_faces import HELD_OUT, Face, SynthesisedFaces
from microexpr.evaluation.true_faces import TrueFace
from microexpr.protocols.splits import subject_id
from microexpr.signals import flow

# Kinds of faces: the generator's; those, exaggerated; the one that they start from; that one, moved by the mean flow of
# the target class in training; the clip's apex frame.
SYNTHESISED, TWICE, NEUTRAL, MEAN_FLOW, TRUE = "made", "made_twice", "neutral", "mean_flow", "true"
STRENGTH = 2  # factor of the change from the neutral face in exaggerated faces
Figure = tuple[float, float | None, float | None]  # value, and its 95 % interval if there is one


@dataclass(frozen=True, slots=True, eq=False)
class FacePairs:
    """Faces of one kind, next to the neutral faces that they start from."""

    faces: Sequence[Face]
    pairs: np.ndarray  # uint8[N, 2, H, W, C]


def gather(synthesised: SynthesisedFaces, true: Mapping[str, TrueFace]) -> dict[str, FacePairs]:
    """Return the faces by kind: true ones of their own class, all others of every class in `synthesised`.

    `true` are the true faces of all clips of the protocol, by id."""
    faces = synthesised.faces
    pairs = np.stack([face.pair for face in faces])
    neutral = pairs[:, 0]
    changed = {
        SYNTHESISED: pairs[:, 1],
        TWICE: exaggerate(neutral, pairs[:, 1]),
        NEUTRAL: neutral,
        MEAN_FLOW: warp_by_mean_flow(synthesised, true),
    }
    own_class_faces = own_class(synthesised).faces
    return {kind: FacePairs(faces, np.stack([neutral, images], 1)) for kind, images in changed.items()} | {
        TRUE: FacePairs(own_class_faces, np.stack([true[face.clip.id].pair for face in own_class_faces]))
    }


def own_class(synthesised: SynthesisedFaces) -> SynthesisedFaces:
    """Return the faces that were made for the class of their own clip."""
    return replace(synthesised, faces=[face for face in synthesised.faces if is_own_class(synthesised, face)])


def is_own_class(synthesised: SynthesisedFaces, face: Face) -> bool:
    """Return whether the face was made for the class of its own clip."""
    return face.label == synthesised.protocol.label(face.clip)


def exaggerate(neutral: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return faces with `STRENGTH` times the change from their neutral faces, clipped to 0..255; all uint8."""
    change = faces.astype(np.int16) - neutral
    return np.clip(neutral + STRENGTH * change, 0, 255).astype(np.uint8)


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
    synthesised: SynthesisedFaces,
    faces: Sequence[Face],
    columns: Row,
    figure: Callable[[np.ndarray, np.ndarray, np.random.Generator], Figure],
    seed: int,
) -> Iterator[Row]:
    """Yield a row of `results/evaluate/<protocol>/<method>_faces.csv` for each scope; `faces` are of one kind.

    `figure` gets the positions of a scope's faces, the subject of each, and a random generator, the same for each kind
    of faces. `columns` are those that it does not determine: `faces`, `metric` and `note`.
    """
    protocol = synthesised.protocol
    subjects = np.array([subject_id(face.clip.id) for face in faces])
    for scope, positions in scopes([face.clip for face in faces], protocol.datasets):
        rng = seeds.generator(seed, "evaluate", columns["metric"], protocol.name, scope)
        value, low, high = figure(positions, subjects[positions], rng)
        figures = {"value": value, "low": low, "high": high, "made": len(positions), "true": 0}
        yield columns | row_keys(synthesised, scope, [faces[position] for position in positions]) | figures


def row_keys(synthesised: SynthesisedFaces, scope: str, faces: Iterable[Face]) -> Row:
    """Return the columns that neither metric nor kind of face determines, of a scope and its faces."""
    return {
        "method": synthesised.method,
        "protocol": synthesised.protocol.name,
        "origin": synthesised.origin,
        "side": HELD_OUT,
        "scope": scope,
        "folds": len({face.fold.name for face in faces}),
        "subject_seen": "no" if synthesised.protocol.ranked else "yes",
    }
