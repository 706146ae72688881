"""Figures of made faces: against true apex frames, and against the person they were made from. Reads through the store.

Shapes: N faces, images uint8[N, H, W, C] of the generator's size. What may not come in: who may be compared, which
`made_faces` has settled.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import StoreError
from microexpr.evaluation import duplicate_subjects
from microexpr.evaluation.metrics import synthesis
from microexpr.evaluation.metrics.synthesis import Figure
from microexpr.evaluation.rows import FULL, Row
from microexpr.evaluation.synthesised_faces import SIDE, Made
from microexpr.signals import inputs

MADE, NEUTRAL, TRUE = "made", "neutral", "true"  # a face as made; the one it was made from; the clip's apex frame
NO_WEIGHTS = "needs weights-inception-2015-12-05-6726825d.pth in $TORCH_HOME/hub/checkpoints (docs/metrics.md)"


@dataclass(frozen=True, slots=True, eq=False)
class TrueFace:
    """What a clip's own frames have of its made face."""

    apex: np.ndarray  # uint8[H, W, C], brought to the made face's size and colour as the generator's input was
    landmarks: dict[str, np.ndarray]  # float32[68, 2] at onset and apex, pixels of the crop
    side: int  # pixels of the crop


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """All that figures are computed from, by `MADE`, `NEUTRAL` and `TRUE`."""

    images: Mapping[str, np.ndarray]  # uint8[N, H, W, C]
    embedded: Mapping[str, np.ndarray]  # float64[N, 128] of people.embeddings
    features: Mapping[str, np.ndarray] | None  # float[N, 2048] of FID's Inception; None without its weights
    note: str  # on how they were embedded


def see(made: Made, files: Iterable[str | Path]) -> Seen:
    """`files` are results/{faces,apex}/<dataset>/<subject>.h5.

    For the embedding all are enlarged to the crop's size, where the clip's own landmarks are: those of the onset for a
    made face, which keeps the geometry of the face it was made from. Raises StoreError if one of a subject's files is
    not among them, or what has the name of FID's weights is another file.
    """
    height, width = made.faces[0].pair.shape[1:3]
    known = true_faces(made, files)
    true = [known[face.clip.id] for face in made.faces]
    pairs = np.stack([face.pair for face in made.faces])
    images = {MADE: pairs[:, 1], NEUTRAL: pairs[:, 0], TRUE: np.stack([one.apex for one in true])}
    points = {event: np.stack([one.landmarks[event] for one in true]) for event in ("onset", "apex")}
    side = true[0].side
    embedded = {
        kind: duplicate_subjects.embeddings(enlarged(shown, side), points["apex" if kind == TRUE else "onset"])
        for kind, shown in images.items()
    }
    return Seen(images, embedded, _features(images), f"{height} x {width} pixels enlarged to {side} x {side}")


def true_faces(made: Made, files: Iterable[str | Path]) -> dict[str, TrueFace]:
    """Of every clip that a face was made from, by its id. `files` and errors are those of `see`."""
    clips = [face.clip for face in made.faces]
    height, width, channels = made.faces[0].pair.shape[1:]
    found = {}
    for subject, own in by_subject(clips, files).items():
        names = sorted({clip.name for clip in clips if (clip.dataset, clip.subject) == subject})
        shown = inputs.load({"apex": (channels, height, width)}, own, names)["apex"].transpose(0, 2, 3, 1)
        with store.opened(own["faces"], "faces") as faces, store.opened(own["apex"], "apex") as events:
            for name, apex in zip(names, shown, strict=True):
                group = faces[name]
                at = {event: inputs.position(group, events[name], event) for event in ("onset", "apex")}
                points = {event: group["landmarks_crop"][place] for event, place in at.items()}
                found["/".join((*subject, name))] = TrueFace(apex, points, group["crop"].shape[1])
    return found


def by_subject(clips: Iterable[Clip], files: Iterable[str | Path]) -> dict[tuple[str, str], dict[str, Path]]:
    """Of each data set and subject of these clips the files by stage noun. `files` and errors are those of `see`."""
    found: dict[tuple[str, str], dict[str, Path]] = {(clip.dataset, clip.subject): {} for clip in clips}
    for path in map(Path, files):
        if (subject := (path.parts[-2], path.stem)) in found:
            found[subject][path.parts[-3]] = path
    for subject, own in sorted(found.items()):
        if missing := sorted({"faces", "apex"} - own.keys()):
            raise StoreError(f"results/{missing[0]}/{'/'.join(subject)}.h5 must be among the files of true faces")
    return dict(sorted(found.items()))


def enlarged(images: np.ndarray, side: int) -> np.ndarray:
    """uint8[N, side, side, C], by cubic interpolation between pixels: the network's input says where a face's eyes are
    in whole pixels, which in 32 of them would be far off."""
    shown = [cv2.resize(np.ascontiguousarray(one), (side, side), interpolation=cv2.INTER_CUBIC) for one in images]
    return np.stack(shown).reshape(len(images), side, side, -1)


def _features(images: Mapping[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    from microexpr.evaluation.metrics import inception
    from microexpr.models import pretrained_weights  # torch comes with it

    path = pretrained_weights.INCEPTION.path()
    if path is None:
        return None
    network = inception.network(path)
    return {kind: inception.features(network, shown) for kind, shown in images.items()}


def evaluate(made: Made, seen: Seen) -> list[Row]:
    """Rows of `results/evaluate/<protocol>/<method>_faces.csv`: each scope, kind of face and metric.

    Beside the figures of made faces stand those of the neutral ones, which is what a generator that changes nothing
    would get, and how like themselves true faces are. Drawn splits are measured draw by draw: `value` is their mean,
    `made` and `true` are sums. `value` None: FID's weights are not here, and `note` says where they belong.
    """
    datasets = np.array([face.clip.dataset for face in made.faces])
    scopes = {FULL: np.arange(len(datasets))}
    scopes |= {name: np.flatnonzero(datasets == name) for name in made.protocol.datasets if name in datasets}
    return [row for scope, inside in scopes.items() for row in _rows(made, seen, scope, inside)]


def _rows(made: Made, seen: Seen, scope: str, inside: np.ndarray) -> Iterator[Row]:
    faces = [made.faces[number] for number in inside]
    about = {
        "method": made.method,
        "protocol": made.protocol.name,
        "origin": made.origin,
        "side": SIDE,
        "scope": scope,
        "folds": len({face.fold.name for face in faces}),
        "subject_seen": "no" if made.protocol.ranked else "yes",
        "low": None,
        "high": None,
    }
    draws = np.array([face.fold.draw or 0 for face in faces])
    found: dict[tuple[str, str], list[Figure]] = {}
    for draw in np.unique(draws):
        for kind, figure in _figures(made, seen, inside[draws == draw]):
            found.setdefault((kind, figure.metric), []).append(figure)
    for (kind, metric), figures in found.items():
        value = float(np.mean([figure.value for figure in figures]))
        counts = {"made": sum(figure.made for figure in figures), "true": sum(figure.true for figure in figures)}
        note = seen.note if metric.startswith(("face_", "identity_")) else ""
        yield about | counts | {"faces": kind, "metric": metric, "value": value, "note": note}
    if seen.features is None:
        nothing = {"faces": MADE, "value": None, "made": len(inside), "true": len(inside), "note": NO_WEIGHTS}
        yield from (about | nothing | {"metric": metric} for metric in ("fid", "kid"))


def _figures(made: Made, seen: Seen, inside: np.ndarray) -> Iterator[tuple[str, Figure]]:
    """Kind of face and figure, of the faces at `inside`, all of one draw."""
    images = {kind: shown[inside] for kind, shown in seen.images.items()}
    embedded = {kind: vectors[inside] for kind, vectors in seen.embedded.items()}
    clips = [made.faces[number].clip for number in inside]
    subjects, datasets = [clip.subject for clip in clips], [clip.dataset for clip in clips]
    spaces = {"face": embedded}
    if seen.features is not None:
        spaces["inception"] = {kind: vectors[inside] for kind, vectors in seen.features.items()}
    for kind in (MADE, NEUTRAL):
        if len(inside) > 1:
            for name, space in spaces.items():
                yield from ((kind, figure) for figure in synthesis.distances(space[kind], space[TRUE], name))
        yield from ((kind, figure) for figure in synthesis.similarity(images[kind], images[TRUE]))
    for kind in (MADE, TRUE):
        yield from ((kind, figure) for figure in synthesis.identity(embedded[kind], embedded[NEUTRAL]))
        others = synthesis.identity_of_others(embedded[kind], embedded[NEUTRAL], subjects, datasets)
        yield from ((kind, figure) for figure in others)
