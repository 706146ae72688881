"""Fit the shipped action-unit model on rendered subjects of the population: `python -m microexpr.signals.aus.fit`.

Only this command imports the module; no stage does.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from microexpr.core import arithmetic, store
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIZES
from microexpr.signals.aus.agreement import agreement
from microexpr.signals.aus.features import appearance, change, describe_face
from microexpr.signals.aus.people import LARGE_MOTION, SEED, Session, render_sessions
from microexpr.signals.aus.regressor import MODEL, RAMPS, RENDERED_UNITS, Model, Ramps, Reading, regress
from microexpr.signals.aus.sizes import resize

TRAINING_SUBJECTS, TEST_SUBJECTS = 400, 20  # subjects
# Strengths of ridge regression and length of the ramps' directions: chosen on held-out training subjects.
APPEARANCE_RIDGE, CHANGE_RIDGE, LAST_RIDGE = 10.0, 800.0, 150.0
STEEPNESS = 2.0
FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Features and intensities of half faces, left and right alike: n frames, m of them not the session's first."""

    appearance: np.ndarray  # float32[n, APPEARANCE]
    intensity: np.ndarray  # float32[n, SHOWN]
    change: np.ndarray  # float32[m, CHANGE]
    intensity_change: np.ndarray  # float32[m, RENDERED_UNITS], since the session's first frame, which is at rest


def main() -> None:
    """Render, fit, measure on held-out subjects, and write model and measurements."""
    model = fit_model([render_examples(f"au-model/person/{i}") for i in range(TRAINING_SUBJECTS)])
    errors = measure_errors(
        [session for i in range(TEST_SUBJECTS) for session in render_sessions(f"au-model/held-out/{i}")], model
    )
    store.write_tensors(
        MODEL,
        model.tensors(),
        model.fitted_on,
        errors=json.dumps(errors, sort_keys=True),
        held_out=f"{TEST_SUBJECTS} people",
    )
    for row in errors:
        print(" ".join(f"{value:7.3f}" if isinstance(value, float) else f"{value:>8}" for value in row.values()))


def render_examples(name: str) -> Examples:
    """Render one training subject's sessions with large head motion, each read at one of the image sizes."""
    rng = generator(SEED, name, "sizes")
    parts = [session_examples(session, int(rng.choice(SIZES))) for session in render_sessions(name, LARGE_MOTION)]
    return Examples(*(np.concatenate([getattr(part, field) for part in parts]) for field in Examples.__slots__))


def session_examples(session: Session, size: int) -> Examples:
    """Return the examples of one session, at one image size."""
    faces = [describe_face(*pair) for pair in zip(*resize(session.crops, session.landmarks_crop, size), strict=True)]
    intensity = session.intensity[..., :2].transpose(0, 2, 1)
    return Examples(
        appearance=np.concatenate([appearance(face) for face in faces]),
        intensity=intensity.reshape(-1, RENDERED_UNITS),
        change=np.concatenate([change(faces[0], face) for face in faces[1:]]),
        intensity_change=(intensity[1:] - intensity[0]).reshape(-1, RENDERED_UNITS),
    )


def fit_model(subjects: list[Examples]) -> Model:
    """Fit the model on these subjects, who are numbered in this order in its provenance."""
    rng = generator(SEED, "au-model", "ramps")
    ramps = Ramps(
        directions=(STEEPNESS / np.sqrt(RENDERED_UNITS) * rng.standard_normal((RENDERED_UNITS, RAMPS))).astype(
            np.float32
        ),
        starts=rng.uniform(-0.5, 0.5, RAMPS).astype(np.float32),
    )
    appearance_reading = fit_reading(
        [(subject.appearance, subject.intensity) for subject in subjects], APPEARANCE_RIDGE, ramps, centred=True
    )
    change_reading = fit_reading(
        [(subject.change, subject.intensity_change) for subject in subjects], CHANGE_RIDGE, ramps, centred=False
    )
    return Model(
        ramps, appearance_reading, change_reading, tuple(f"generated/au_model/{i}/*" for i in range(len(subjects)))
    )


def fit_reading(subjects: list[tuple[np.ndarray, np.ndarray]], penalty: float, ramps: Ramps, centred: bool) -> Reading:
    """Fit both steps by ridge regression, from each subject's features [n, F] and intensities [n, RENDERED_UNITS].

    The second step is fitted on predictions of the first for subjects left out of it, because its predictions for its
    own training subjects are too accurate. Unless `centred`, features of 0 are read as 0.
    """
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
    last = ridge(*normal_equations(ramps(predicted + y_mean), (y + y_mean)[:, : len(ACTION_UNITS)]), LAST_RIDGE)
    return Reading(weights, (y_mean - x_mean @ weights).astype(np.float32), last)


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
        true, of_kind = session.intensity[:, : len(ACTION_UNITS)], session.kind == kind
        if form == "relative":
            yield (true - true[0])[of_kind], (predicted - predicted[0])[of_kind]
        else:
            included = of_kind | (session.kind == 0)
            yield true[included], np.clip(predicted[included], 0, LARGEST)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
