"""Fit the shipped action-unit model to the sessions of the population: rule `fit_action_units`."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from microexpr.core import store
from microexpr.core.clip import POPULATION, subject_provenance
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIZES
from microexpr.signals.aus.agreement import agreement
from microexpr.signals.aus.features import CHANGE, FaceFeatures, appearance, describe_face, difference, magnitudes
from microexpr.signals.aus.occasions import alter
from microexpr.signals.aus.regressor import RAMPS, RENDERED_UNITS, Model, Ramps, Reading, regress
from microexpr.signals.aus.sizes import resize

logger = logging.getLogger(__name__)

SEED = 0
# Strengths of ridge regression and length of the ramps' directions: chosen on held-out training subjects.
APPEARANCE_RIDGE, CHANGE_RIDGE, LAST_RIDGE = 10.0, 800.0, 150.0
STEEPNESS = 2.0
FOLDS = 5
MACRO = 2  # strength of a session's image
SIZES_EACH = 2  # image sizes at which each session is read


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One subject in one pose and light. T frames, the first of them at rest."""

    crops: np.ndarray  # uint8[T, 288, 288]
    landmarks_crop: np.ndarray  # float32[T, 68, 2]
    intensity: np.ndarray  # float32[T, RENDERED_UNITS, 3], by unit, those first that are read, and by `SIDES`
    strength: np.ndarray  # int64[T]: 0 at rest, 1 micro, 2 macro


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Features and intensities of half faces, left and right alike: n frames, m differences from a frame at rest."""

    appearance: np.ndarray  # float32[n, APPEARANCE]
    intensity: np.ndarray  # float32[n, RENDERED_UNITS]
    difference: np.ndarray  # float32[m, OCCASIONS]
    intensity_change: np.ndarray  # float32[m, RENDERED_UNITS], since the frame at rest
    one_recording: np.ndarray  # bool[m]: both frames are of one session, as it was recorded


def run(training: Sequence[str | Path], held_out: Sequence[str | Path], path: str | Path) -> None:
    """Fit to the sessions in files of training subjects, measure on those of held-out ones; write and log both."""
    model = fit_model([(Path(file).stem, read_examples(file)) for file in training])
    errors = measure_errors([session for file in held_out for session in read_sessions(file)], model)
    metadata = {"errors": json.dumps(errors, sort_keys=True), "held_out": f"{len(held_out)} subjects"}
    store.write_tensors(path, model.tensors(), model.fitted_on, **metadata)
    for row in errors:
        line = (f"{value:7.3f}" if isinstance(value, float) else f"{value:>8}" for value in row.values())
        logger.info(" ".join(line))


def read_sessions(path: str | Path) -> list[Session]:
    """Return the sessions in the file of a subject of the population."""
    with store.open_file(path, POPULATION) as file:
        return [
            Session(group["crop"][..., 0], *(group[key][()] for key in ("landmarks_crop", "intensity", "strength")))
            for group in file["sessions"].values()
        ]


def read_examples(path: str | Path) -> Examples:
    """Return a training subject's examples, each session read at some of the image sizes."""
    subject, sessions = Path(path).stem, read_sessions(path)
    rng = generator(SEED, "au-model", subject, "sizes")
    occasions = generator(SEED, "au-model", subject, "occasions")
    read = [
        resize_session(session, int(size))
        for session in sessions
        for size in rng.choice(SIZES, SIZES_EACH, replace=False)
    ]
    rests = [describe_face(session.crops[0], session.landmarks_crop[0]) for session in read]
    others = [(i + SIZES_EACH) % len(read) for i in range(len(read))]
    parts = [
        session_examples(session, rests[other], read[other], occasions)
        for session, other in zip(read, others, strict=True)
    ]
    return Examples(*(np.concatenate([getattr(part, field) for part in parts]) for field in Examples.__slots__))


def resize_session(session: Session, size: int) -> Session:
    """Return a session at one image size, in pixels more or less."""
    crops, landmarks = resize(session.crops, session.landmarks_crop, size)
    return replace(session, crops=crops, landmarks_crop=landmarks)


def session_examples(session: Session, other_rest: FaceFeatures, other: Session, rng: np.random.Generator) -> Examples:
    """Return the examples of one session: within it, with frames altered as on another occasion, and its macro images
    against the `other` session of the subject, whose first frame is `other_rest`."""
    frames = list(zip(session.crops, session.landmarks_crop, strict=True))
    faces = [describe_face(*frame) for frame in frames]
    halves, other_halves = (part.intensity[..., :2].transpose(0, 2, 1) for part in (session, other))
    pairs = [(faces[0], face, halves[i] - halves[0], True) for i, face in enumerate(faces[1:], 1)]
    for i, frame in enumerate(frames[1:], 1):
        rest = describe_face(*alter(*frames[0], rng)) if rng.random() < 0.5 else faces[0]
        pairs.append((rest, describe_face(*alter(*frame, rng)), halves[i] - halves[0], False))
    for k in np.flatnonzero(session.strength == MACRO):
        face = describe_face(*alter(*frames[k], rng)) if rng.random() < 0.5 else faces[k]
        pairs.append((other_rest, face, halves[k] - other_halves[0], False))
    # Nothing says which of two photographs is at rest.
    pairs += [(after, before, -changes, False) for before, after, changes, one_recording in pairs if not one_recording]
    before, after, changes, of_one_recording = zip(*pairs, strict=True)
    return Examples(
        appearance=np.concatenate([appearance(face) for face in faces]),
        intensity=halves.reshape(-1, RENDERED_UNITS),
        difference=np.concatenate([difference(*pair) for pair in zip(before, after, strict=True)]),
        intensity_change=np.concatenate(changes),
        one_recording=np.repeat(of_one_recording, 2),
    )


def fit_model(named: Sequence[tuple[str, Examples]]) -> Model:
    """Fit the model on subjects of the population, each with a name."""
    names, subjects = zip(*named, strict=True)
    rng = generator(SEED, "au-model", "ramps")
    ramps = Ramps(
        directions=(STEEPNESS / np.sqrt(RENDERED_UNITS) * rng.standard_normal((RENDERED_UNITS, RAMPS))).astype(
            np.float32
        ),
        starts=rng.uniform(-0.5, 0.5, RAMPS).astype(np.float32),
    )
    reading, _ = fit_reading(
        [(subject.appearance, subject.intensity) for subject in subjects], APPEARANCE_RIDGE, ramps, centred=True
    )
    change, change_errors = fit_reading(
        [
            (subject.difference[subject.one_recording, :CHANGE], subject.intensity_change[subject.one_recording])
            for subject in subjects
        ],
        CHANGE_RIDGE,
        ramps,
        centred=False,
    )
    occasions, occasions_errors = fit_reading(
        [(subject.difference, subject.intensity_change) for subject in subjects], CHANGE_RIDGE, ramps, centred=False
    )
    kind = fit_kind(
        np.concatenate([magnitudes(subject.difference) for subject in subjects]),
        np.concatenate([subject.one_recording for subject in subjects]),
    )
    fitted_on = tuple(map(subject_provenance, names))
    errors = np.stack([change_errors, occasions_errors])
    return Model(ramps, reading, change, occasions, kind, errors, fitted_on)


def fit_kind(magnitudes: np.ndarray, one_recording: np.ndarray) -> np.ndarray:
    """Fit by which magnitudes [m, 2] pictures are of one recording, bool[m]: two weights and a constant, float32[3]."""
    regression = LogisticRegression(C=1e3).fit(magnitudes, one_recording)
    return np.append(regression.coef_[0], regression.intercept_).astype(np.float32)


def fit_reading(
    subjects: list[tuple[np.ndarray, np.ndarray]], penalty: float, ramps: Ramps, centred: bool
) -> tuple[Reading, np.ndarray]:
    """Fit both steps by ridge regression, from each subject's features [n, F] and intensities [n, RENDERED_UNITS].

    The second step is fitted on predictions of the first for subjects left out of it, because its predictions for its
    own training subjects are too accurate. Unless `centred`, features of 0 are read as 0.

    Also returns the mean absolute error as a constant and a growth with the size of what is read, float32[2, 17]."""
    x, y = (np.concatenate(parts) for parts in zip(*subjects, strict=True))
    subject_index = np.repeat(np.arange(len(subjects)), [len(part) for part, _ in subjects])
    x_mean, y_mean = (part.mean(axis=0) * np.float32(centred) for part in (x, y))
    x, y = x - x_mean, y - y_mean
    equations, predicted = normal_equations(x, y), np.empty_like(y)
    for fold in range(FOLDS):
        held_out = subject_index % FOLDS == fold
        xx, xy = normal_equations(x[held_out], y[held_out])
        predicted[held_out] = x[held_out] @ ridge(equations[0] - xx, equations[1] - xy, penalty)
    weights = ridge(*equations, penalty)
    bent, true = ramps(predicted + y_mean), (y + y_mean)[:, : len(ACTION_UNITS)]
    last = ridge(*normal_equations(bent, true), LAST_RIDGE)
    return Reading(weights, (y_mean - x_mean @ weights).astype(np.float32), last), fit_errors(bent @ last, true)


def fit_errors(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Fit the absolute error of each unit [n, 17] by the size of what is predicted: constant and growth, [2, 17]."""
    size, error = np.abs(predicted), np.abs(predicted - true)
    deviation = size - size.mean(axis=0)
    growth = (deviation * error).mean(axis=0) / np.maximum((deviation**2).mean(axis=0), 1e-9)
    return np.stack([error.mean(axis=0) - growth * size.mean(axis=0), growth]).astype(np.float32)


def normal_equations(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x'x, float64[F, F], and x'y, float64[F, K], of x [N, F] and y [N, K]."""
    return (x.T @ x).astype(float), (x.T @ y).astype(float)


def ridge(xx: np.ndarray, xy: np.ndarray, penalty: float) -> np.ndarray:
    """Return argmin |x w - y|^2 + penalty |w|^2, float32[F, K], from the `normal_equations`."""
    weights: np.ndarray = np.linalg.solve(xx + penalty * np.eye(len(xx)), xy)
    return weights.astype(np.float32)


def measure_errors(held_out: list[Session], model: Model) -> list[dict[str, str | float]]:
    """Return rows of error: by action unit ("mean" for all), micro or macro, absolute or relative to the frame at rest.

    `r` is Pearson's, `icc` ICC(3,1), `mae` in FACS intensities; over all frames of that kind (and those at rest where
    absolute) and the three sides.
    """
    predictions = [regress(session.crops, session.landmarks_crop, 0, model) for session in held_out]
    rows: list[dict[str, str | float]] = []
    for kind, size in ((1, "micro"), (2, "macro")):
        for form in ("absolute", "relative"):
            true, predicted = (
                np.concatenate(parts) for parts in zip(*intensity_pairs(held_out, predictions, kind, form), strict=True)
            )
            figures = [
                agreement(true[:, unit].ravel(), predicted[:, unit].ravel()) for unit in range(len(ACTION_UNITS))
            ]
            mean = {name: float(np.mean([figure[name] for figure in figures])) for name in figures[0]}
            for unit, figure in zip((*ACTION_UNITS, "mean"), (*figures, mean), strict=True):
                rows.append({"action_unit": unit, "size": size, "form": form} | figure)
    return rows


def intensity_pairs(
    held_out: Iterable[Session], predictions: Iterable[np.ndarray], kind: int, form: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield true and predicted intensities [n, 17, 3] of each session's frames of a kind."""
    for session, predicted in zip(held_out, predictions, strict=True):
        true, of_kind = session.intensity[:, : len(ACTION_UNITS)], session.strength == kind
        if form == "relative":
            yield (true - true[0])[of_kind], (predicted - predicted[0])[of_kind]
        else:
            included = of_kind | (session.strength == 0)
            yield true[included], np.clip(predicted[included], 0, LARGEST)
