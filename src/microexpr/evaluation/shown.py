"""Check whether synthesised faces show the target class, by a recogniser that is trained on true clips alone.

It is fitted for each fold on the fold's own training clips, never on a synthesised face. Its input is the flow from
the neutral face to the other, at the generator's size. Shapes: N pairs uint8[N, 2, H, W, C] of a neutral and another
face. What may not come in: a recogniser that was trained on a synthesised face.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from microexpr.evaluation import metrics
from microexpr.evaluation.face_kinds import NEUTRAL, TRUE, FacePairs, Figure, scope_rows
from microexpr.evaluation.rows import Row
from microexpr.evaluation.synthesised_faces import Face, SynthesisedFaces
from microexpr.evaluation.true_faces import TrueFace
from microexpr.signals import flow

METRIC = "class_uar"
FLOW_SIZE = 28  # rows and columns of the flow that the recogniser reads
Recogniser = Callable[[np.ndarray], np.ndarray]  # movements float32[N, D] -> scores float32[N, classes]


def movements(pairs: np.ndarray) -> np.ndarray:
    """Return flow and strain of each pair, float32[N, 3 * FLOW_SIZE * FLOW_SIZE], in pixels of its own size.

    Settings are the default ones, not those of section `flow`, so that figures of two runs can be compared."""
    params = flow.Params(size=max(pairs.shape[2], 32), stored_size=FLOW_SIZE)
    grey = pairs.mean(-1, dtype=np.float32)
    return np.stack([flow.onset_apex(first, second, params) for first, second in grey]).reshape(len(pairs), -1)


def evaluate(
    synthesised: SynthesisedFaces,
    kinds: Mapping[str, FacePairs],
    true: Mapping[str, TrueFace],
    resamples: int,
    seed: int,
) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with the metric `class_uar`.

    It is the mean over classes of the share of faces in which the recogniser sees the target class, with its 95 %
    interval over subjects. `synthesised` are faces of every class, `kinds` those of `face_kinds.gather`; `true` are the
    true faces of all clips of the protocol, by id. Neutral faces, left unchanged, give chance.
    """
    movement_by_id = dict(zip(true, movements(np.stack([face.pair for face in true.values()])), strict=True))
    labels = {name: synthesised.protocol.label(face.clip) for name, face in true.items()}
    recognisers = {}
    for fold in {face.fold.name: face.fold for face in synthesised.faces}.values():
        train_labels = np.array([labels[name] for name in fold.train])
        recognisers[fold.name] = _fit_recogniser(
            np.stack([movement_by_id[name] for name in fold.train]), train_labels, len(synthesised.protocol.classes)
        )
    rows: list[Row] = []
    for kind, of_kind in kinds.items():
        if kind == TRUE:
            movement = np.stack([movement_by_id[face.clip.id] for face in of_kind.faces])
        elif kind == NEUTRAL:
            movement = np.zeros((len(of_kind.faces), 3 * FLOW_SIZE**2), np.float32)
        else:
            movement = movements(of_kind.pairs)
        rows += _rows(
            synthesised, kind, of_kind.faces, _recognise(of_kind.faces, movement, recognisers), resamples, seed
        )
    return rows


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
    height, width = faces[0].pair.shape[1:3]
    note = f"by flow_svm at {height} x {width} pixels, fitted on each fold's true training clips"

    def figure(positions: np.ndarray, subjects: np.ndarray, rng: np.random.Generator) -> Figure:
        truth, seen = targets[positions], predicted[positions]
        interval = metrics.bootstrap(truth, seen, subjects, metrics.uar, resamples, rng, classes)
        return float(metrics.uar(metrics.confusion(truth, seen, classes))), *interval

    yield from scope_rows(synthesised, faces, {"faces": kind, "metric": METRIC, "note": note}, figure, seed)
