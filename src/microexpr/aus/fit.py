"""Fits the shipped action-unit model: `python -m microexpr.aus.fit`. It sees rendered people that are in no corpus.

Only the command that makes `model.safetensors` comes here; no stage imports this file.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from microexpr import faces, store
from microexpr.aus import ACTION_UNITS, LARGEST
from microexpr.aus.agreement import agreement
from microexpr.aus.features import features
from microexpr.aus.regressor import MODEL
from microexpr.generated import display
from microexpr.generated.camera import expose
from microexpr.generated.corpus import with_both_sides
from microexpr.generated.face import Face
from microexpr.generated.performer import DRIFT, LIDS_AT_REST, Performer
from microexpr.luma import luma
from microexpr.seeds import generator, spawn

SEED = 0
TRAINING, TEST = 90, 20  # people
SESSIONS = 2  # of each person: another pose and light
FRAMES = 12  # of each session: one at rest, then micro and macro in turn
MICRO, MACRO = (0.15, 1.5), (1.5, 5.0)  # FACS intensity, log-uniform
UNILATERAL = 0.3  # of all displays
NOISE = 3.0  # of the camera, grey levels
RIDGE = 30.0
BETWEEN = 0.5  # weight of differences between people and lights beside those within a session, which `relative` needs
READ = [display.ACTION_UNITS.index(unit) for unit in ACTION_UNITS]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One person in one pose and light. T frames, the first of them at rest; F features."""

    features: np.ndarray  # float32[T, 3, F]
    intensity: np.ndarray  # float32[T, 17, 3]
    kind: np.ndarray  # int64[T]: 0 at rest, 1 micro, 2 macro


def main() -> None:
    """Renders, fits, measures on people it was not fitted on, and writes model and measurements."""
    cv2.setNumThreads(1)
    weights, bias = fitted([session for k in range(TRAINING) for session in sessions(f"au-model/person/{k}")])
    held_out = [session for k in range(TEST) for session in sessions(f"au-model/held-out/{k}")]
    errors = measured(held_out, weights, bias)
    store.write_tensors(
        MODEL,
        {"weights": weights, "bias": bias},
        [f"generated/au_model/{number}/*" for number in range(TRAINING)],
        errors=json.dumps(errors, sort_keys=True),
        held_out=f"{TEST} people",
    )
    for row in errors:
        print(" ".join(f"{value:7.3f}" if isinstance(value, float) else f"{value:>8}" for value in row.values()))


def fitted(training: Iterable[Session]) -> tuple[np.ndarray, np.ndarray]:
    """Weights float32[F, 17] and bias float32[17]: ridge regression on differences to the session's mean frame.

    The sessions' means, less theirs, join with the smaller weight `BETWEEN`: what makes one face unlike another at rest
    is larger than any micro-expression and would else use up the weights.
    """
    within, between = [], []
    for session in training:
        x, y = session.features, session.intensity.transpose(0, 2, 1)
        between.append((x.mean(axis=0), y.mean(axis=0)))
        within.append(((x - x.mean(axis=0)).reshape(-1, x.shape[-1]), (y - y.mean(axis=0)).reshape(-1, y.shape[-1])))
    x_means, y_means = (np.concatenate(means) for means in zip(*between, strict=True))
    x_mean, y_mean = x_means.mean(axis=0), y_means.mean(axis=0)
    x = np.concatenate([*(x for x, _ in within), BETWEEN * (x_means - x_mean)])
    y = np.concatenate([*(y for _, y in within), BETWEEN * (y_means - y_mean)])
    weights = ridge(x, y, RIDGE)
    return weights.astype(np.float32), (y_mean - x_mean @ weights).astype(np.float32)


def ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """float64[F, K]: argmin |x w - y|^2 + penalty |w|^2 for x [N, F], y [N, K], by its dual: N is less than F here."""
    kernel = (x @ x.T).astype(float)
    kernel[np.diag_indices(len(kernel))] += penalty
    return x.T @ np.linalg.solve(kernel, y.astype(float))


def measured(held_out: list[Session], weights: np.ndarray, bias: np.ndarray) -> list[dict[str, str | float]]:
    """Rows of error: by action unit ("mean" for all), micro or macro, absolute or relative to the frame at rest.

    `r` is Pearson's, `icc` ICC(3,1), `mae` in FACS intensities; over all frames of that kind (and those at rest where
    absolute) and the three sides.
    """
    rows: list[dict[str, str | float]] = []
    for kind, size in ((1, "micro"), (2, "macro")):
        for form in ("absolute", "relative"):
            truth, read = (
                np.concatenate(parts) for parts in zip(*pairs(held_out, weights, bias, kind, form), strict=True)
            )
            figures = [agreement(truth[:, unit].ravel(), read[:, unit].ravel()) for unit in range(len(ACTION_UNITS))]
            mean = {name: float(np.mean([figure[name] for figure in figures])) for name in figures[0]}
            for unit, figure in zip((*ACTION_UNITS, "mean"), (*figures, mean), strict=True):
                rows.append({"action_unit": unit, "size": size, "form": form} | figure)
    return rows


def pairs(
    held_out: list[Session], weights: np.ndarray, bias: np.ndarray, kind: int, form: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """True and read intensities [n, 17, 3] of each session's frames of a kind."""
    for session in held_out:
        read = (session.features @ weights + bias).transpose(0, 2, 1)
        shown = session.kind == kind
        if form == "relative":
            yield (session.intensity - session.intensity[0])[shown], (read - read[0])[shown]
        else:
            wanted = shown | (session.kind == 0)
            yield session.intensity[wanted], np.clip(read[wanted], 0, LARGEST)


def sessions(name: str) -> Iterator[Session]:
    """A person's sessions, as the pipeline would read them."""
    face = Face(spawn(SEED, name))
    rest = Performer.drawn(generator(SEED, name, "rest")).rest
    resting = display.array({unit + side: value for unit, value in rest.items() for side in display.SIDES})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    for number in range(SESSIONS):
        rng = generator(SEED, name, "session", number)
        scene = Performer.drawn(rng)
        kinds = np.array([0] + [1 + frame % 2 for frame in range(FRAMES - 1)])
        shown = np.stack([np.clip(resting + drawn(kind, rng), 0, LARGEST) for kind in kinds]).astype(np.float32)
        frames = [photographed(face, scene, units, rng) for units in shown]
        found = faces.track(frames.copy, faces.Params(), f"{name}, session {number}")
        crops = luma(found.crop)
        seen = np.stack([features(*pair) for pair in zip(crops, found.landmarks_crop, strict=True)])
        yield Session(seen, with_both_sides(shown[:, READ]), kinds)


def drawn(kind: int, rng: np.random.Generator) -> np.ndarray:
    """FACS intensities [units of the face, 2] of one to four units together; none for kind 0."""
    shown = np.zeros((len(display.ACTION_UNITS), 2))
    if kind == 0:
        return shown
    low, high = np.log((MICRO, MACRO)[kind - 1])
    likely = np.where(np.isin(np.arange(len(shown)), READ), 1.0, 0.3)  # those that are not read confuse, more rarely
    for unit in rng.choice(len(shown), rng.integers(1, 5), replace=False, p=likely / likely.sum()):
        lean = np.clip(rng.normal(0, 0.15), -0.6, 0.6)
        sides = np.array([1 + lean, 1 - lean])
        if rng.random() < UNILATERAL:
            sides[rng.integers(2)] = 0
        shown[unit] = np.exp(rng.uniform(low, high)) * sides
    return shown


def photographed(face: Face, scene: Performer, units: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8[H, W, 3]: one frame, the head a little off its place as it is from frame to frame."""
    drift = DRIFT * rng.standard_normal(len(DRIFT))
    picture = face.render(units, scene.pose + drift[:3], drift[3:], scene.light, zoom=scene.zoom).image
    return expose(picture, rng, NOISE, 1 + 0.01 * rng.standard_normal())


if __name__ == "__main__":
    main()
