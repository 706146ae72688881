"""Measure how far synthesised faces differ from their neutral ones: in grey levels, and as read in action units.

Shapes: N faces, pairs uint8[N, 2, H, W, C] of a neutral and another face. What may not come in: a target class.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import comb

import numpy as np

from microexpr.core.grayscale import luma
from microexpr.evaluation import metrics
from microexpr.evaluation.face_kinds import (
    MEAN_FLOW,
    NEUTRAL,
    SYNTHESISED,
    TRUE,
    TWICE,
    FacePairs,
    Figure,
    is_own_class,
    own_class,
    scope_rows,
)
from microexpr.evaluation.resemblance import enlarge
from microexpr.evaluation.rows import Row
from microexpr.evaluation.synthesised_faces import DISPLAYS, Face, SynthesisedFaces
from microexpr.evaluation.true_faces import TrueFace
from microexpr.protocols.splits import subject_id
from microexpr.signals.aus import SIDES, regressor

GREY_CHANGE, AU_ERROR = "grey_change", "au_error"
NEAREST, DISPLAY_DISTANCE = "au_error_nearest", "display_distance"
SHARE = 0.1  # of a face's pixels: those that change most


def evaluate(
    synthesised: SynthesisedFaces,
    kinds: Mapping[str, FacePairs],
    true: Mapping[str, TrueFace],
    model: regressor.Model,
    resamples: int,
    seed: int,
) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with the metrics `grey_change`, `au_error`,
    `au_error_nearest` and `display_distance`.

    Each is a mean over faces with its 95 % interval over subjects. `kinds` are those of `face_kinds.gather` and `true`
    the true faces by clip id. `grey_change` is of the same faces as `class_uar`, `au_error` of those of their clip's
    own class; it is in FACS intensity (0 to 5), and that of neutral faces is the error of no change. The other two are
    those of `spread`.
    """
    rows_of_own_class = np.array([is_own_class(synthesised, face) for face in synthesised.faces])
    own_class_faces = own_class(synthesised).faces
    pairs = {kind: kinds[kind].pairs[rows_of_own_class] for kind in (SYNTHESISED, MEAN_FLOW)}
    displays = [synthesised.displays.get(face.clip.id, face.pair[:0]) for face in own_class_faces]
    changes = read_changes(pairs, displays, [true[face.clip.id] for face in own_class_faces], model)
    greys = {kind: grey_change(kinds[kind].pairs) for kind in (SYNTHESISED, TWICE, MEAN_FLOW, TRUE) if kind in kinds}
    (height, width), crop_size = synthesised.faces[0].pair.shape[1:3], true[own_class_faces[0].clip.id].crop_size
    enlarged = f"{height} x {width} pixels enlarged to {crop_size} x {crop_size}"
    measured = [(GREY_CHANGE, kind, kinds[kind].faces, values, "") for kind, values in greys.items()]
    errors = {kind: distance(values, changes[TRUE]) for kind, values in changes.items() if kind not in (TRUE, DISPLAYS)}
    measured += [(AU_ERROR, kind, own_class_faces, values, enlarged) for kind, values in errors.items()]
    measured += [(*row[:2], own_class_faces, row[2], enlarged) for row in spread(own_class_faces, changes)]
    rows: list[Row] = []
    for metric, kind, faces, values, note in measured:
        columns = {"faces": kind, "metric": metric, "note": note}
        for row in scope_rows(synthesised, faces, columns, partial(_mean, values, resamples), seed):
            rows.append(row | {"true": 0 if metric == GREY_CHANGE else row["made"]})
    return rows


def grey_change(pairs: np.ndarray) -> np.ndarray:
    """Return the mean absolute change in grey levels over the tenth of a face's pixels that change most, float64[N]."""
    grey = luma(pairs).astype(np.float64)
    change = np.sort(np.abs(grey[:, 1] - grey[:, 0]).reshape(len(pairs), -1), axis=1)
    mean: np.ndarray = change[:, -max(round(SHARE * change.shape[1]), 1) :].mean(1)
    return mean


def read_changes(
    pairs: Mapping[str, np.ndarray],
    displays: Sequence[np.ndarray],
    true: Sequence[TrueFace],
    model: regressor.Model,
) -> dict[str, np.ndarray]:
    """Return changes in FACS intensity since the neutral face by kind, float32[N, A], and of true faces since onset.

    `pairs` are by kind, `true` the true faces and `displays` further faces uint8[K, H, W, C], row by row; their changes
    are float32[N, K, A]. Neutral faces have no change."""
    neutral, *_ = (images[:, 0] for images in pairs.values())
    changes = []
    for row, face in enumerate(true):
        of_kinds = [of_kind[row, 1] for of_kind in pairs.values()]
        images = np.stack([neutral[row], *of_kinds, face.apex, *displays[row]])
        readings = regressor.regress(luma(enlarge(images, face.crop_size)), 0, model)[:, :, SIDES.index("both")]
        changes.append(readings - readings[0])
    read, count = np.stack(changes), len(pairs)
    kinds = dict(zip((NEUTRAL, *pairs, TRUE), read.swapaxes(0, 1), strict=False))
    return kinds | {DISPLAYS: read[:, count + 2 :]}


def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the mean absolute difference over action units, float64[...], of changes [..., A]."""
    mean: np.ndarray = np.abs(first - second).mean(-1, dtype=np.float64)
    return mean


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
    to_others, nearest = np.empty(len(faces)), np.empty(len(faces))
    for row in range(len(faces)):
        others = np.flatnonzero((labels == labels[row]) & (subjects != subjects[row]))
        distances = distance(true[others], true[row])
        to_others[row] = distances.mean() if len(others) else 0.0
        nearest[row] = _expected_least(distances, count) if len(others) else 0.0
    yield NEAREST, SYNTHESISED, distance(displays, true[:, None]).min(1)
    yield NEAREST, TRUE, nearest
    first, second = np.triu_indices(count, 1)
    yield DISPLAY_DISTANCE, SYNTHESISED, distance(displays[:, first], displays[:, second]).mean(1)
    yield DISPLAY_DISTANCE, TRUE, to_others


def _expected_least(values: np.ndarray, count: int) -> float:
    """Return the least of `count` of the values, in the mean over all such choices; of all if there are fewer."""
    ordered, size = np.sort(values), min(count, len(values))
    chances = [comb(len(ordered) - 1 - i, size - 1) / comb(len(ordered), size) for i in range(len(ordered) - size + 1)]
    return float(np.dot(chances, ordered[: len(chances)]))


def _mean(
    values: np.ndarray, resamples: int, positions: np.ndarray, subjects: np.ndarray, rng: np.random.Generator
) -> Figure:
    """Return the mean of the values at these positions, with its interval."""
    return float(values[positions].mean()), *metrics.mean_interval(values[positions], subjects, resamples, rng)
