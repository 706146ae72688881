"""Whether made faces show the class asked for: a recogniser says so that learned from true clips alone.

It is fitted for each fold on the fold's own training clips, never on a made face; what it sees of a clip is how the
skin moved from the neutral face to the other, at the generator's size. Shapes: N pairs uint8[N, 2, H, W, C] of a
neutral and another face. What may not come in: a recogniser that has seen a made face.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from microexpr.core import seeds
from microexpr.core.clip import Clip
from microexpr.evaluation import metrics
from microexpr.evaluation.resemblance import MADE, NEUTRAL, TRUE, by_subject
from microexpr.evaluation.rows import FULL, Row
from microexpr.evaluation.synthesised_faces import SIDE, Face, Made
from microexpr.signals import flow, inputs

METRIC = "class_uar"
KEPT = 28  # rows and columns of the flow that the recogniser reads
Recogniser = Callable[[np.ndarray], np.ndarray]  # movements float32[N, D] -> scores float32[N, classes]


def true_pairs(clips: Sequence[Clip], files: Iterable[str | Path], shape: tuple[int, int, int]) -> np.ndarray:
    """uint8[N, 2, H, W, C]: onset and apex of each clip, of `shape` [H, W, C]; `files` as in `resemblance.see`."""
    height, width, channels = shape
    wanted = dict.fromkeys(("onset", "apex"), (channels, height, width))
    found = {}
    for subject, own in by_subject(clips, files).items():
        names = [clip.name for clip in clips if (clip.dataset, clip.subject) == subject]
        loaded = inputs.load(wanted, own, names)
        for name, onset, apex in zip(names, loaded["onset"], loaded["apex"], strict=True):
            found["/".join((*subject, name))] = np.stack([onset, apex]).transpose(0, 2, 3, 1)
    return np.stack([found[clip.id] for clip in clips])


def movements(pairs: np.ndarray) -> np.ndarray:
    """float32[N, 3 * KEPT * KEPT]: flow and strain of each pair, in pixels of its own size."""
    params = flow.Params(size=max(pairs.shape[2], 32), kept=KEPT)
    grey = pairs.mean(-1, dtype=np.float32)
    return np.stack([flow.onset_apex(first, second, params) for first, second in grey]).reshape(len(pairs), -1)


def evaluate(made: Made, clips: Sequence[Clip], pairs: np.ndarray, resamples: int, seed: int) -> list[Row]:
    """Rows of `results/evaluate/<protocol>/<method>_faces.csv` with the metric `class_uar`: the mean over classes of
    the share of faces in which the recogniser sees the class asked for, with its 95 % interval over people.

    `made` are faces of every class; `clips` those of the protocol, `pairs` their onset and apex faces at the same
    size. Beside made faces stand neutral ones left unchanged, which is chance, and true apex frames.
    """
    moved = dict(zip((clip.id for clip in clips), movements(pairs), strict=True))
    labels = {clip.id: made.protocol.label(clip) for clip in clips}
    own = [face for face in made.faces if face.label == labels[face.clip.id]]
    seen = movements(np.stack([face.pair for face in made.faces]))
    shown = {
        MADE: (made.faces, seen),
        NEUTRAL: (made.faces, np.zeros_like(seen)),
        TRUE: (own, np.stack([moved[face.clip.id] for face in own])),
    }
    machines = {}
    for fold in {face.fold.name: face.fold for face in made.faces}.values():
        there = np.array([labels[name] for name in fold.train])
        machines[fold.name] = _fitted(np.stack([moved[name] for name in fold.train]), there, len(made.protocol.classes))
    return [
        row
        for kind, (faces, movement) in shown.items()
        for row in _rows(made, kind, faces, _told(faces, movement, machines), resamples, seed)
    ]


def _fitted(movement: np.ndarray, label: np.ndarray, classes: int) -> Recogniser:
    """flow_svm on these clips."""
    from microexpr.models.recognisers.flow_svm import FlowSvm  # torch comes with it

    return FlowSvm(FlowSvm.Params(penalty=1), classes).fit(movement, {"label": label}, np.random.default_rng(0))


def _told(faces: Sequence[Face], movement: np.ndarray, machines: Mapping[str, Recogniser]) -> np.ndarray:
    """int64[N]: the class that the recogniser of each face's fold sees in it."""
    names, said = np.array([face.fold.name for face in faces]), np.empty(len(faces), np.int64)
    for name, machine in machines.items():
        said[names == name] = machine(movement[names == name]).argmax(-1)
    return said


def _rows(made: Made, kind: str, faces: Sequence[Face], said: np.ndarray, resamples: int, seed: int) -> Iterator[Row]:
    asked, classes = np.array([face.label for face in faces]), len(made.protocol.classes)
    datasets = np.array([face.clip.dataset for face in faces])
    people = np.array([f"{face.clip.dataset}/{face.clip.subject}" for face in faces])
    height, width = faces[0].pair.shape[1:3]
    note = f"by flow_svm at {height} x {width} pixels, fitted on each fold's true training clips"
    for scope in (FULL, *(name for name in made.protocol.datasets if name in datasets)):
        inside = (datasets == scope) | (scope == FULL)
        matrix = metrics.confusion(asked[inside], said[inside], classes)
        rng = seeds.generator(seed, "evaluate", METRIC, made.protocol.name, scope)
        given = (asked[inside], said[inside], people[inside], metrics.uar, resamples, rng, classes)
        low, high = metrics.bootstrap(*given)
        yield {
            "method": made.method, "protocol": made.protocol.name, "origin": made.origin, "side": SIDE, "scope": scope,
            "faces": kind, "metric": METRIC, "value": float(metrics.uar(matrix)), "low": low, "high": high,
            "made": int(inside.sum()), "true": 0,
            "folds": len({face.fold.name for face, there in zip(faces, inside, strict=True) if there}),
            "subject_seen": "no" if made.protocol.ranked else "yes", "note": note,
        }  # fmt: skip
