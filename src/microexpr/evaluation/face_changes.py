"""Measure how far synthesised faces differ from their neutral ones: in grey levels, and as read in action units.

Shapes: N faces, pairs uint8[N, 2, H, W, C] of a neutral and another face. What may not come in: a target class.
"""

from collections.abc import Iterator, Mapping, Sequence

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
from microexpr.evaluation.synthesised_faces import Face, SynthesisedFaces
from microexpr.evaluation.true_faces import TrueFace
from microexpr.signals.aus import SIDES, regressor

GREY_CHANGE, AU_ERROR = "grey_change", "au_error"
SHARE = 0.1  # of a face's pixels: those that change most


def evaluate(
    synthesised: SynthesisedFaces,
    kinds: Mapping[str, FacePairs],
    true: Mapping[str, TrueFace],
    model: regressor.Model,
    resamples: int,
    seed: int,
) -> list[Row]:
    """Return rows of `results/evaluate/<protocol>/<method>_faces.csv` with the metrics `grey_change` and `au_error`.

    Each is a mean over faces with its 95 % interval over subjects. `kinds` are those of `face_kinds.gather` and `true`
    the true faces by clip id. `grey_change` is of the same faces as `class_uar`, `au_error` of those of their clip's
    own class; it is in FACS intensity (0 to 5), and that of neutral faces is the error of no change.
    """
    rows_of_own_class = np.array([is_own_class(synthesised, face) for face in synthesised.faces])
    own_class_faces = own_class(synthesised).faces
    pairs = {kind: kinds[kind].pairs[rows_of_own_class] for kind in (SYNTHESISED, MEAN_FLOW)}
    errors = au_errors(pairs, [true[face.clip.id] for face in own_class_faces], model)
    changes = {kind: grey_change(kinds[kind].pairs) for kind in (SYNTHESISED, TWICE, MEAN_FLOW, TRUE)}
    (height, width), crop_size = synthesised.faces[0].pair.shape[1:3], true[own_class_faces[0].clip.id].crop_size
    enlarged = f"{height} x {width} pixels enlarged to {crop_size} x {crop_size}"
    measured = [(GREY_CHANGE, kind, kinds[kind].faces, values, "") for kind, values in changes.items()]
    measured += [(AU_ERROR, kind, own_class_faces, values, enlarged) for kind, values in errors.items()]
    return [
        row
        for metric, kind, faces, values, note in measured
        for row in _rows(synthesised, kind, metric, faces, values, note, resamples, seed)
    ]


def grey_change(pairs: np.ndarray) -> np.ndarray:
    """Return the mean absolute change in grey levels over the tenth of a face's pixels that change most, float64[N]."""
    grey = luma(pairs).astype(np.float64)
    change = np.sort(np.abs(grey[:, 1] - grey[:, 0]).reshape(len(pairs), -1), axis=1)
    mean: np.ndarray = change[:, -max(round(SHARE * change.shape[1]), 1) :].mean(1)
    return mean


def au_errors(
    pairs: Mapping[str, np.ndarray], true: Sequence[TrueFace], model: regressor.Model
) -> dict[str, np.ndarray]:
    """Return errors of change in FACS intensity by kind, each a mean over action units, float64[N].

    A reading's change is from the neutral face, that of a true face from onset to apex. `pairs` are by kind and `true`
    the true faces, row by row. Those of `NEUTRAL` are of no change.
    """
    neutral, *_ = (images[:, 0] for images in pairs.values())
    errors = []
    for row, face in enumerate(true):
        images = np.stack([neutral[row], *(of_kind[row, 1] for of_kind in pairs.values()), face.apex])
        crops = luma(enlarge(images, face.crop_size))
        readings = regressor.regress(crops, 0, model)[:, :, SIDES.index("both")]
        changes = readings - readings[0]
        errors.append(np.abs(changes[:-1] - changes[-1]).mean(-1))
    return dict(zip((NEUTRAL, *pairs), np.transpose(errors).astype(np.float64), strict=True))


def _rows(
    synthesised: SynthesisedFaces,
    kind: str,
    metric: str,
    faces: Sequence[Face],
    values: np.ndarray,
    note: str,
    resamples: int,
    seed: int,
) -> Iterator[Row]:
    """Yield a row for each scope, of one metric and kind of face."""

    def figure(positions: np.ndarray, subjects: np.ndarray, rng: np.random.Generator) -> Figure:
        return float(values[positions].mean()), *metrics.mean_interval(values[positions], subjects, resamples, rng)

    columns = {"faces": kind, "metric": metric, "note": note}
    for row in scope_rows(synthesised, faces, columns, figure, seed):
        yield row | {"true": row["made"] if metric == AU_ERROR else 0}
