"""Fit the shipped action-unit model, on rendered subjects that are in no corpus: `python -m microexpr.signals.aus.fit`.

Only the command that makes `model.safetensors` comes here; no stage imports this file.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from microexpr.core import store
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIZES
from microexpr.signals.aus.agreement import agreement
from microexpr.signals.aus.features import appearance, change, look
from microexpr.signals.aus.people import RESTLESS, SEED, Session, sessions
from microexpr.signals.aus.regressor import MODEL, RAMPS, SHOWN, Model, Ramps, Reading, regress
from microexpr.signals.aus.sizes import resized

TRAINING, TEST = 400, 20  # people
# Strengths of ridge regression and length of the ramps' directions: chosen on people left out of the training ones.
APPEARANCE_RIDGE, CHANGE_RIDGE, LAST_RIDGE = 10.0, 800.0, 150.0
STEEP = 2.0
FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Half faces, left and right alike. n frames, m of them not the session's first."""

    appearance: np.ndarray  # float32[n, APPEARANCE]
    intensity: np.ndarray  # float32[n, SHOWN]
    change: np.ndarray  # float32[m, CHANGE]
    changed: np.ndarray  # float32[m, SHOWN], since the session's first frame, which is at rest


def main() -> None:
    """Renders, fits, measures on people it was not fitted on, and writes model and measurements."""
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        model = fitted([person(f"au-model/person/{number}") for number in range(TRAINING)])
        errors = measured([one for number in range(TEST) for one in sessions(f"au-model/held-out/{number}")], model)
    store.write_tensors(
        MODEL, model.tensors(), model.fitted_on, errors=json.dumps(errors, sort_keys=True), held_out=f"{TEST} people"
    )
    for row in errors:
        print(" ".join(f"{value:7.3f}" if isinstance(value, float) else f"{value:>8}" for value in row.values()))


def person(name: str) -> Examples:
    """One training person's sessions, each at one of the image sizes: heads that move more than most do."""
    rng = generator(SEED, name, "sizes")
    seen = [examples(session, int(rng.choice(SIZES))) for session in sessions(name, RESTLESS)]
    return Examples(*(np.concatenate([getattr(one, field) for one in seen]) for field in Examples.__slots__))


def examples(session: Session, size: int) -> Examples:
    looks = [look(*pair) for pair in zip(*resized(session.crops, session.landmarks_crop, size), strict=True)]
    intensity = session.intensity[..., :2].transpose(0, 2, 1)
    return Examples(
        appearance=np.concatenate([appearance(one) for one in looks]),
        intensity=intensity.reshape(-1, SHOWN),
        change=np.concatenate([change(looks[0], one) for one in looks[1:]]),
        changed=(intensity[1:] - intensity[0]).reshape(-1, SHOWN),
    )


def fitted(people: list[Examples]) -> Model:
    """The model of these people, who are numbered in this order."""
    rng = generator(SEED, "au-model", "ramps")
    ramps = Ramps(
        directions=(STEEP / np.sqrt(SHOWN) * rng.standard_normal((SHOWN, RAMPS))).astype(np.float32),
        starts=rng.uniform(-0.5, 0.5, RAMPS).astype(np.float32),
    )
    alone = reading([(one.appearance, one.intensity) for one in people], APPEARANCE_RIDGE, ramps, centred=True)
    since = reading([(one.change, one.changed) for one in people], CHANGE_RIDGE, ramps, centred=False)
    return Model(ramps, alone, since, tuple(f"generated/au_model/{number}/*" for number in range(len(people))))


def reading(people: list[tuple[np.ndarray, np.ndarray]], penalty: float, ramps: Ramps, centred: bool) -> Reading:
    """Both steps by ridge regression, from each person's features [n, F] and intensities [n, SHOWN].

    The second is fitted on what the first says of people it has not seen: on others it would read too well. Unless
    `centred`, features of 0 are read as 0.
    """
    x, y = (np.concatenate(parts) for parts in zip(*people, strict=True))
    number = np.repeat(np.arange(len(people)), [len(part) for part, _ in people])
    x_mean, y_mean = (part.mean(axis=0) * np.float32(centred) for part in (x, y))
    x, y = x - x_mean, y - y_mean
    whole, read = products(x, y), np.empty_like(y)
    for fold in range(FOLDS):
        away = number % FOLDS == fold
        xx, xy = products(x[away], y[away])
        read[away] = x[away] @ ridge(whole[0] - xx, whole[1] - xy, penalty)
    weights = ridge(*whole, penalty)
    last = ridge(*products(ramps(read + y_mean), (y + y_mean)[:, : len(ACTION_UNITS)]), LAST_RIDGE)
    return Reading(weights, (y_mean - x_mean @ weights).astype(np.float32), last)


def products(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64[F, F] and [F, K], all that ridge regression needs of x [N, F] and y [N, K]."""
    return (x.T @ x).astype(float), (x.T @ y).astype(float)


def ridge(xx: np.ndarray, xy: np.ndarray, penalty: float) -> np.ndarray:
    """float32[F, K]: argmin |x w - y|^2 + penalty |w|^2, from `products`."""
    weights: np.ndarray = np.linalg.solve(xx + penalty * np.eye(len(xx)), xy)
    return weights.astype(np.float32)


def measured(held_out: list[Session], model: Model) -> list[dict[str, str | float]]:
    """Rows of error: by action unit ("mean" for all), micro or macro, absolute or relative to the frame at rest.

    `r` is Pearson's, `icc` ICC(3,1), `mae` in FACS intensities; over all frames of that kind (and those at rest where
    absolute) and the three sides.
    """
    read = [regress(session.crops, session.landmarks_crop, 0, model) for session in held_out]
    rows: list[dict[str, str | float]] = []
    for kind, size in ((1, "micro"), (2, "macro")):
        for form in ("absolute", "relative"):
            true, said = (np.concatenate(parts) for parts in zip(*pairs(held_out, read, kind, form), strict=True))
            figures = [agreement(true[:, unit].ravel(), said[:, unit].ravel()) for unit in range(len(ACTION_UNITS))]
            mean = {name: float(np.mean([figure[name] for figure in figures])) for name in figures[0]}
            for unit, figure in zip((*ACTION_UNITS, "mean"), (*figures, mean), strict=True):
                rows.append({"action_unit": unit, "size": size, "form": form} | figure)
    return rows


def pairs(
    held_out: Iterable[Session], read: Iterable[np.ndarray], kind: int, form: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """True and read intensities [n, 17, 3] of each session's frames of a kind."""
    for session, said in zip(held_out, read, strict=True):
        true, shown = session.intensity[:, : len(ACTION_UNITS)], session.kind == kind
        if form == "relative":
            yield (true - true[0])[shown], (said - said[0])[shown]
        else:
            wanted = shown | (session.kind == 0)
            yield true[wanted], np.clip(said[wanted], 0, LARGEST)


if __name__ == "__main__":
    main()
