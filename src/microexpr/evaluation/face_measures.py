"""Measure whether synthesised faces show the target class, and how far they differ from their neutral faces.

The recogniser of classes is fitted for each fold on the fold's own true training clips; its input is the flow from the
neutral face to the other, at the generator's size. Shapes: N faces, pairs uint8[N, 2, H, W, C] of a neutral and another
face, A action units. Out of scope: a recogniser that was trained on a synthesised face.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import comb

import numpy as np

from microexpr.core.arrays import luma
from microexpr.evaluation import metrics
from microexpr.evaluation.faces import (
    DISPLAYS,
    MEAN_FLOW,
    NEUTRAL,
    SYNTHESISED,
    TRUE,
    TWICE,
    Face,
    Faces,
    enlarge,
    scope_rows,
)
from microexpr.evaluation.metrics import intervals
from microexpr.evaluation.rows import Row
from microexpr.protocols.splits import subject_id
from microexpr.signals import flow
from microexpr.signals.aus import SIDES, regressor

CLASS_UAR, GREY_CHANGE, AU_ERROR = "class_uar", "grey_change", "au_error"
NEAREST, DISPLAY_DISTANCE = "au_error_nearest", "display_distance"
FLOW_SIZE = 28  # rows and columns of the flow that the recogniser reads
SHARE = 0.1  # of a face's pixels: those that change most


def class_uar(faces: Faces, resamples: int, seed: int) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with the metric `class_uar`.

    It is the mean over classes of the share of faces in which the recogniser sees the target class, with its 95 %
    interval over subjects. Neutral faces, left unchanged, give chance.
    """
    from microexpr.models.recognisers.flow_svm import FlowSvm  # torch comes with it

    synthesised, true = faces.synthesised, faces.true
    classes, (height, width) = len(synthesised.protocol.classes), synthesised.image_shape[:2]
    movement_by_id = dict(zip(true, movements(np.stack([face.pair for face in true.values()])), strict=True))
    labels = {name: synthesised.protocol.label(face.clip) for name, face in true.items()}
    recognisers = {}
    for fold in {face.fold.name: face.fold for face in synthesised.faces}.values():
        movement, label = (np.array([values[name] for name in fold.train]) for values in (movement_by_id, labels))
        svm = FlowSvm(FlowSvm.Params(penalty=1), classes)
        recognisers[fold.name] = svm.fit(movement, {"label": label}, np.random.default_rng(0))
    note = f"by flow_svm at {height} x {width} pixels, fitted on each fold's true training clips"
    rows: list[Row] = []
    for kind, pairs in faces.pairs.items():
        of_kind = faces.of_kind(kind)
        if kind == TRUE:
            movement = np.stack([movement_by_id[face.clip.id] for face in of_kind])
        elif kind == NEUTRAL:
            movement = np.zeros((len(of_kind), 3 * FLOW_SIZE**2), np.float32)
        else:
            movement = movements(pairs)
        folds, predicted = np.array([face.fold.name for face in of_kind]), np.empty(len(of_kind), np.int64)
        for name, recogniser in recognisers.items():
            predicted[folds == name] = recogniser(movement[folds == name]).argmax(-1)
        targets = np.array([face.label for face in of_kind])
        columns = {"faces": kind, "metric": CLASS_UAR, "note": note}
        for row, positions, subjects, rng in scope_rows(synthesised, of_kind, columns, seed):
            truth, seen = targets[positions], predicted[positions]
            value = float(metrics.uar(metrics.confusion(truth, seen, classes)))
            matrices = metrics.by_subject(truth, seen, subjects, classes)
            low, high = intervals.interval(matrices, metrics.uar, resamples, rng)
            rows.append(row | {"value": value, "low": low, "high": high})
    return rows


def movements(pairs: np.ndarray) -> np.ndarray:
    """Return flow and strain of each pair, float32[N, 3 * FLOW_SIZE * FLOW_SIZE], in pixels at that size.

    Settings are the default ones, not those of section `flow`, so that figures of two runs can be compared."""
    params = flow.Params(size=max(pairs.shape[2], 32), stored_size=FLOW_SIZE)
    grey = pairs.mean(-1, dtype=np.float32)
    return np.stack([flow.onset_apex(first, second, params) for first, second in grey]).reshape(len(pairs), -1)


def changes(faces: Faces, model: regressor.Model, resamples: int, seed: int) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with the metrics `grey_change`, `au_error`,
    `au_error_nearest` and `display_distance`.

    Each is a mean over faces with its 95 % interval over subjects. `grey_change` is of the same faces as `class_uar`,
    `au_error` of those of their clip's own class; it is in FACS intensity (0 to 5), and that of neutral faces is the
    error of no change. The other two are those of `spread`.
    """
    synthesised, own_faces = faces.synthesised, faces.of_kind(TRUE)
    readings = read_changes(faces, model)
    (height, width), side = synthesised.image_shape[:2], faces.true[own_faces[0].clip.id].crop_size
    enlarged = f"{height} x {width} pixels enlarged to {side} x {side}"
    measured = [
        (GREY_CHANGE, kind, faces.of_kind(kind), grey_change(faces.pairs[kind]), "")
        for kind in (SYNTHESISED, TWICE, MEAN_FLOW, TRUE)
        if kind in faces.pairs
    ]
    for kind, values in readings.items():
        if kind not in (TRUE, DISPLAYS):
            measured.append((AU_ERROR, kind, own_faces, distance(values, readings[TRUE]), enlarged))
    measured += [(metric, kind, own_faces, values, enlarged) for metric, kind, values in spread(own_faces, readings)]
    rows: list[Row] = []
    for metric, kind, of_kind, values, note in measured:
        columns = {"faces": kind, "metric": metric, "note": note}
        for row, positions, subjects, rng in scope_rows(synthesised, of_kind, columns, seed):
            low, high = intervals.mean_interval(values[positions], subjects, resamples, rng)
            figures = {"value": float(values[positions].mean()), "low": low, "high": high}
            rows.append(row | figures | {"true": 0 if metric == GREY_CHANGE else row["made"]})
    return rows


def grey_change(pairs: np.ndarray) -> np.ndarray:
    """Return the mean absolute change in grey levels over the tenth of a face's pixels that change most, float64[N]."""
    grey = luma(pairs).astype(np.float64)
    change = np.sort(np.abs(grey[:, 1] - grey[:, 0]).reshape(len(pairs), -1), axis=1)
    return np.asarray(change[:, -max(round(SHARE * change.shape[1]), 1) :].mean(1))


def read_changes(faces: Faces, model: regressor.Model) -> dict[str, np.ndarray]:
    """Return by kind changes in FACS intensity since the neutral face, of true faces since the onset, float32[M, A].

    They are of the M faces of their clip's own class. Those of `DISPLAYS`, K further faces of each clip, are
    float32[M, K, A]. Neutral faces have no change."""
    moved, changes = faces.pairs[MEAN_FLOW][faces.synthesised.is_own_class, 1], []
    for face, by_mean_flow in zip(faces.of_kind(TRUE), moved, strict=True):
        true, displays = faces.true[face.clip.id], faces.synthesised.displays.get(face.clip.id, face.pair[:0])
        images = enlarge(np.stack([*face.pair, by_mean_flow, true.apex, *displays]), true.crop_size)
        readings = regressor.regress(luma(images), 0, model)[:, :, SIDES.index("both")]
        changes.append(readings - readings[0])
    kinds, read = (NEUTRAL, SYNTHESISED, MEAN_FLOW, TRUE), np.stack(changes, 1)
    return dict(zip(kinds, read, strict=False)) | {DISPLAYS: read[len(kinds) :].swapaxes(0, 1)}


def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the mean absolute difference over action units, float64[...], of changes [..., A]."""
    return np.asarray(np.abs(first - second).mean(-1, dtype=np.float64))


def spread(faces: Sequence[Face], changes: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield metric, kind and values float64[N] of how displays differ; nothing where each clip has one face.

    `au_error_nearest` is the error of the nearest of a clip's K faces, and of kind `TRUE` that of the nearest of K true
    displays of its class by other subjects, in the mean over all choices of these. `display_distance` is the mean
    distance between two of the clip's faces, and of kind `TRUE` that from its true display to those of others."""
    displays = np.concatenate([changes[SYNTHESISED][:, None], changes[DISPLAYS]], 1)
    count = displays.shape[1]
    if count < 2:
        return
    true, labels = changes[TRUE], np.array([face.label for face in faces])
    subjects = np.array([subject_id(face.clip.id) for face in faces])
    to_others, nearest = np.zeros(len(faces)), np.zeros(len(faces))
    for row in range(len(faces)):
        others = np.flatnonzero((labels == labels[row]) & (subjects != subjects[row]))
        if len(others):
            distances = distance(true[others], true[row])
            to_others[row], nearest[row] = distances.mean(), expected_least(distances, count)
    yield NEAREST, SYNTHESISED, distance(displays, true[:, None]).min(1)
    yield NEAREST, TRUE, nearest
    first, second = np.triu_indices(count, 1)
    yield DISPLAY_DISTANCE, SYNTHESISED, distance(displays[:, first], displays[:, second]).mean(1)
    yield DISPLAY_DISTANCE, TRUE, to_others


def expected_least(values: np.ndarray, count: int) -> float:
    """Return the least of `count` of the values, in the mean over all such choices; of all if there are fewer."""
    ordered, size = np.sort(values), min(count, len(values))
    chances = [comb(len(ordered) - 1 - i, size - 1) / comb(len(ordered), size) for i in range(len(ordered) - size + 1)]
    return float(np.dot(chances, ordered[: len(chances)]))
