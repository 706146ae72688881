"""Check whether synthesised faces show the target class, by a recogniser that is trained on true clips alone.

It is fitted for each fold on the fold's own training clips, never on a synthesised face. Its input is the flow from
the neutral face to the other, at the generator's size. Shapes: N pairs uint8[N, 2, H, W, C] of a neutral and another
face. What may not come in: a recogniser that was trained on a synthesised face.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import seeds
from microexpr.core.clip import Clip
from microexpr.evaluation import metrics
from microexpr.evaluation.resemblance import NEUTRAL, SYNTHESISED, TRUE, by_subject
from microexpr.evaluation.rows import FULL, Row
from microexpr.evaluation.synthesised_faces import HELD_OUT, Face, SynthesisedFaces
from microexpr.signals import flow, inputs

METRIC = "class_uar"
MEAN_FLOW = "mean_flow"  # kind of faces: neutral ones, moved by the mean flow of the target class in training
FLOW_SIZE = 28  # rows and columns of the flow that the recogniser reads
Recogniser = Callable[[np.ndarray], np.ndarray]  # movements float32[N, D] -> scores float32[N, classes]


def true_pairs(clips: Sequence[Clip], files: Iterable[str | Path], shape: tuple[int, int, int]) -> np.ndarray:
    """Return onset and apex of each clip, uint8[N, 2, H, W, C] of `shape` [H, W, C]; `files` as in `embed_faces`."""
    height, width, channels = shape
    shapes = dict.fromkeys(("onset", "apex"), (channels, height, width))
    pairs_by_id = {}
    for subject, paths in by_subject(clips, files).items():
        names = [clip.name for clip in clips if (clip.dataset, clip.subject) == subject]
        loaded = inputs.load(shapes, paths, names)
        for name, onset, apex in zip(names, loaded["onset"], loaded["apex"], strict=True):
            pairs_by_id["/".join((*subject, name))] = np.stack([onset, apex]).transpose(0, 2, 3, 1)
    return np.stack([pairs_by_id[clip.id] for clip in clips])


def movements(pairs: np.ndarray) -> np.ndarray:
    """Return flow and strain of each pair, float32[N, 3 * FLOW_SIZE * FLOW_SIZE], in pixels of its own size."""
    params = flow.Params(size=max(pairs.shape[2], 32), stored_size=FLOW_SIZE)
    grey = pairs.mean(-1, dtype=np.float32)
    return np.stack([flow.onset_apex(first, second, params) for first, second in grey]).reshape(len(pairs), -1)


def moved_by_mean_flow(
    faces: Sequence[Face], clips: Sequence[Clip], pairs: np.ndarray, labels: Mapping[str, int | None]
) -> np.ndarray:
    """Return the neutral face of each face and the same under its class's mean flow, uint8[N, 2, H, W, C].

    The mean is over the true clips, whose onset and apex are `pairs`, that train the face's fold; no network."""
    size = pairs.shape[2]
    params, grey = flow.Params(size=size, stored_size=size), pairs.mean(-1, dtype=np.float32)
    flow_by_id = {
        clip.id: flow.onset_apex(first, second, params)[:2] for clip, (first, second) in zip(clips, grey, strict=True)
    }
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    means: dict[tuple[str, int], np.ndarray] = {}
    moved = []
    for face in faces:
        if (key := (face.fold.name, face.label)) not in means:
            means[key] = np.mean([flow_by_id[name] for name in face.fold.train if labels[name] == face.label], axis=0)
        right, down = means[key]
        warped = cv2.remap(
            face.pair[0], columns - right, rows - down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        moved.append(np.stack([face.pair[0], warped.reshape(face.pair[0].shape)]))
    return np.stack(moved)


def evaluate(
    synthesised: SynthesisedFaces, clips: Sequence[Clip], pairs: np.ndarray, resamples: int, seed: int
) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with the metric `class_uar`.

    It is the mean over classes of the share of faces in which the recogniser sees the target class, with its 95 %
    interval over subjects. `synthesised` are faces of every class; `clips` those of the protocol, `pairs` their onset
    and apex faces at the same size. Neutral faces left unchanged, which give chance, neutral faces under the mean flow
    of the target class, and true apex frames are evaluated too.
    """
    movement_by_id = dict(zip((clip.id for clip in clips), movements(pairs), strict=True))
    labels = {clip.id: synthesised.protocol.label(clip) for clip in clips}
    own_class_faces = [face for face in synthesised.faces if face.label == labels[face.clip.id]]
    synthesised_movement = movements(np.stack([face.pair for face in synthesised.faces]))
    movement_by_kind = {
        SYNTHESISED: (synthesised.faces, synthesised_movement),
        NEUTRAL: (synthesised.faces, np.zeros_like(synthesised_movement)),
        MEAN_FLOW: (synthesised.faces, movements(moved_by_mean_flow(synthesised.faces, clips, pairs, labels))),
        TRUE: (own_class_faces, np.stack([movement_by_id[face.clip.id] for face in own_class_faces])),
    }
    recognisers = {}
    for fold in {face.fold.name: face.fold for face in synthesised.faces}.values():
        train_labels = np.array([labels[name] for name in fold.train])
        recognisers[fold.name] = _fit_recogniser(
            np.stack([movement_by_id[name] for name in fold.train]), train_labels, len(synthesised.protocol.classes)
        )
    return [
        row
        for kind, (faces, movement) in movement_by_kind.items()
        for row in _rows(synthesised, kind, faces, _recognise(faces, movement, recognisers), resamples, seed)
    ]


def _fit_recogniser(movement: np.ndarray, labels: np.ndarray, classes: int) -> Recogniser:
    """Fit flow_svm to these movements."""
    from microexpr.models.recognisers.flow_svm import FlowSvm  # torch comes with it

    return FlowSvm(FlowSvm.Params(penalty=1), classes).fit(movement, {"label": labels}, np.random.default_rng(0))


def _recognise(faces: Sequence[Face], movement: np.ndarray, recognisers: Mapping[str, Recogniser]) -> np.ndarray:
    """Return the class that the recogniser of each face's fold predicts, int64[N]."""
    names, predicted = np.array([face.fold.name for face in faces]), np.empty(len(faces), np.int64)
    for name, recogniser in recognisers.items():
        predicted[names == name] = recogniser(movement[names == name]).argmax(-1)
    return predicted


def _rows(
    synthesised: SynthesisedFaces, kind: str, faces: Sequence[Face], predicted: np.ndarray, resamples: int, seed: int
) -> Iterator[Row]:
    """Yield a row for each scope, of one kind of face."""
    targets, classes = np.array([face.label for face in faces]), len(synthesised.protocol.classes)
    datasets = np.array([face.clip.dataset for face in faces])
    subjects = np.array([f"{face.clip.dataset}/{face.clip.subject}" for face in faces])
    height, width = faces[0].pair.shape[1:3]
    note = f"by flow_svm at {height} x {width} pixels, fitted on each fold's true training clips"
    for scope in (FULL, *(name for name in synthesised.protocol.datasets if name in datasets)):
        in_scope = (datasets == scope) | (scope == FULL)
        matrix = metrics.confusion(targets[in_scope], predicted[in_scope], classes)
        rng = seeds.generator(seed, "evaluate", METRIC, synthesised.protocol.name, scope)
        arguments = (targets[in_scope], predicted[in_scope], subjects[in_scope], metrics.uar, resamples, rng, classes)
        low, high = metrics.bootstrap(*arguments)
        yield {
            "method": synthesised.method, "protocol": synthesised.protocol.name, "origin": synthesised.origin,
            "side": HELD_OUT, "scope": scope,
            "faces": kind, "metric": METRIC, "value": float(metrics.uar(matrix)), "low": low, "high": high,
            "made": int(in_scope.sum()), "true": 0,
            "folds": len({face.fold.name for face, is_in_scope in zip(faces, in_scope, strict=True) if is_in_scope}),
            "subject_seen": "no" if synthesised.protocol.ranked else "yes", "note": note,
        }  # fmt: skip
