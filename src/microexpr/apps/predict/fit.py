"""Trains the shipped recogniser: `python -m microexpr.apps.predict.fit`. It sees rendered people of no corpus.

Only the command that makes `model.safetensors` comes here; nothing else imports this file.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from microexpr.apps.predict.recognition import SHIPPED
from microexpr.core.clip import LABELS
from microexpr.core.grayscale import luma
from microexpr.core.seeds import generator, spawn
from microexpr.evaluation import metrics
from microexpr.models.base import ClipTensors
from microexpr.models.recognisers.ststnet import Ststnet
from microexpr.rendering import display, take, walls
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DIALS, Performer, perform
from microexpr.rendering.shot import shot
from microexpr.signals import faces, flow, inputs
from microexpr.training import engine, refit

SEED = 0
TRAINING, TEST = 40, 12  # people
EMOTIONS = ("happiness", "surprise") * 4 + tuple(sorted({*take.MICRO} - {"happiness", "surprise"}))  # of each of them
CLASS = {"happiness": "positive", "surprise": "surprise"}  # all others are negative
FPS, DIFFICULTY, SIZE = 100, "standard", (640, 480)
LATE, AWAY = 0.3, 0.15  # share of the rise by which a spotted onset is late at most, and an apex away
STSTNET = {"epochs": 200, "batch": 32, "lr": 0.003, "cosine": True, "mirror": 0.5, "dropout": 0.3}


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """n micro-expressions."""

    flow: np.ndarray  # float32[n, 3, 28, 28]
    label: np.ndarray  # int64[n], index into LABELS


def main() -> None:
    """Renders, trains, measures on people it was not trained on, and writes the model with the figures."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with threadpool_limits(1):
        known, others = (
            joined([person(f"predict-model/{role}/{number}") for number in range(count)])
            for role, count in (("person", TRAINING), ("held-out", TEST))
        )
        method = Ststnet(Ststnet.Params.model_validate(STSTNET))
        found = fitted(method, known)
        figures = measured(method, found, others)
    people = [f"generated/predict_model/{number}/*" for number in range(TRAINING)]
    said = {"held_out": f"{TEST} people", "errors": json.dumps(figures)}
    refit.save(SHIPPED, method, found, people, classes=", ".join(LABELS), **said)
    print(" ".join(f"{name}={value:.3f}" for name, value in figures.items()))


def person(name: str) -> Examples:
    """Their micro-expressions as the command would see them, onset and apex about where they would be spotted."""
    performer = Performer.drawn(generator(SEED, name, "performer"))
    face, behind = Face(performer.face_seed), walls.wall(SIZE, generator(SEED, name, "wall"))
    made = [shown(f"{name}/{place}", emotion, performer, face, behind) for place, emotion in enumerate(EMOTIONS)]
    return Examples(np.stack(made), np.array([LABELS.index(CLASS.get(emotion, "negative")) for emotion in EMOTIONS]))


def shown(name: str, emotion: str, performer: Performer, face: Face, behind: np.ndarray) -> np.ndarray:
    """float32[3, 28, 28]: the flow of one micro-expression. Only the frames next to onset and apex are rendered."""
    rng, dial = generator(SEED, name), DIALS[DIFFICULTY]
    length = round(rng.uniform(*take.SECONDS["micro"]) * FPS)
    rise = max(2, round(length * rng.uniform(*take.RISE)))
    onset, apex = 1, 1 + rise
    played = perform(
        performer, display.draw(emotion, rng), onset, apex, onset + length, length + 3, FPS, dial, rng
    )  # fmt: skip
    first = onset + round(rng.uniform(0, LATE) * rise)
    top = max(first + 3, apex + round(rng.uniform(-AWAY, AWAY) * rise))
    frames = []
    moments = (*range(first - 1, first + 2), *range(top - 1, top + 2))
    for taken, _ in shot(face, performer, played, moments, behind, dial.noise, rng):
        coded = cv2.imencode(".jpg", taken[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, dial.quality])[1]
        frames.append(np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1]))
    crops = luma(faces.track(frames.copy, faces.Params(), name).crop)
    groups = {"flow": {"onset_apex": flow.clip_flow(crops, 1, 4, flow.Params())}}
    return inputs.derive({"flow": (3, 28, 28)}, groups)["flow"][0]


def joined(people: Iterable[Examples]) -> Examples:
    parts = list(people)
    return Examples(*(np.concatenate([getattr(one, field) for one in parts]) for field in Examples.__slots__))


def fitted(method: Ststnet, known: Examples) -> engine.TrainedNetwork:
    data = ClipTensors({"flow": torch.from_numpy(known.flow)}, {"label": torch.from_numpy(known.label)})
    everyone = engine.FoldIndices("shipped", np.arange(len(known.label)), np.arange(0))
    seed = int(spawn(SEED, "predict-model", "training").generate_state(1)[0])
    return engine.fit_network(method, data, engine.Run(everyone, seed))


@torch.no_grad()
def measured(method: Ststnet, found: engine.TrainedNetwork, others: Examples) -> dict[str, float]:
    """UF1 and UAR on people it has not seen."""
    statistics = {name: torch.from_numpy(value) for name, value in found.statistics.items()}
    said = method.scores(found.modules, {"flow": torch.from_numpy(others.flow)}, statistics).argmax(1).numpy()
    matrix = metrics.confusion(others.label, said, len(LABELS))
    return {"uf1": float(metrics.uf1(matrix)), "uar": float(metrics.uar(matrix)), "clips": float(len(said))}


if __name__ == "__main__":
    main()
