"""Fit the shipped recogniser to rendered subjects of the population: `python -m microexpr.apps.predict.fit`.

Only the command that makes `model.safetensors` uses this module; nothing else imports it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from microexpr.apps.predict.recognition import SHIPPED
from microexpr.core import arithmetic
from microexpr.core.clip import LABELS
from microexpr.core.grayscale import luma
from microexpr.core.seeds import generator, spawn
from microexpr.evaluation import metrics
from microexpr.models.base import ClipTensors
from microexpr.models.recognisers.ststnet import Ststnet
from microexpr.rendering import display, take, walls
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DIFFICULTIES, Performer, perform
from microexpr.rendering.shot import render_frames
from microexpr.signals import faces, flow, inputs
from microexpr.training import engine, refit

SEED = 0
TRAINING, TEST = 40, 12  # subjects
EMOTIONS = ("happiness", "surprise") * 4 + tuple(sorted({*take.MICRO} - {"happiness", "surprise"}))  # of each subject
CLASS = {"happiness": "positive", "surprise": "surprise"}  # all others are negative
FPS, DIFFICULTY, SIZE = 100, "standard", (640, 480)
LATE, AWAY = 0.3, 0.15  # largest errors of a spotted onset and apex, as shares of the rise
STSTNET = {"epochs": 200, "batch": 32, "lr": 0.003, "cosine": True, "mirror": 0.5, "dropout": 0.3}


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Training or test data: n micro-expressions."""

    flow: np.ndarray  # float32[n, 3, 28, 28]
    label: np.ndarray  # int64[n], index into LABELS


def main() -> None:
    """Render, train, measure on held-out subjects, and write the model with the figures."""
    training, held_out = (
        concatenate([render_subject(f"predict-model/{role}/{i}") for i in range(count)])
        for role, count in (("person", TRAINING), ("held-out", TEST))
    )
    method = Ststnet(Ststnet.Params.model_validate(STSTNET))
    trained = train(method, training)
    figures = measure(method, trained, held_out)
    fitted_on = [f"generated/predict_model/{i}/*" for i in range(TRAINING)]
    metadata = {"held_out": f"{TEST} people", "errors": json.dumps(figures)}
    refit.save(SHIPPED, method, trained, fitted_on, classes=", ".join(LABELS), **metadata)
    print(" ".join(f"{name}={value:.3f}" for name, value in figures.items()))


def render_subject(name: str) -> Examples:
    """Return a subject's micro-expressions as the command sees them, with onset and apex about where it spots them."""
    performer = Performer.sample(generator(SEED, name, "performer"))
    face, wall = Face(performer.face_seed), walls.wall(SIZE, generator(SEED, name, "wall"))
    flows = [render_flow(f"{name}/{i}", emotion, performer, face, wall) for i, emotion in enumerate(EMOTIONS)]
    return Examples(np.stack(flows), np.array([LABELS.index(CLASS.get(emotion, "negative")) for emotion in EMOTIONS]))


def render_flow(name: str, emotion: str, performer: Performer, face: Face, wall: np.ndarray) -> np.ndarray:
    """Return float32[3, 28, 28]: the flow of one micro-expression.

    Only the frames next to onset and apex are rendered.
    """
    rng, difficulty = generator(SEED, name), DIFFICULTIES[DIFFICULTY]
    length = round(rng.uniform(*take.SECONDS["micro"]) * FPS)
    rise = max(2, round(length * rng.uniform(*take.RISE)))
    onset, apex = 1, 1 + rise
    performance = perform(
        performer, display.sample_display(emotion, rng), onset, apex, onset + length, length + 3, FPS, difficulty, rng
    )  # fmt: skip
    spotted_onset = onset + round(rng.uniform(0, LATE) * rise)
    spotted_apex = max(spotted_onset + 3, apex + round(rng.uniform(-AWAY, AWAY) * rise))
    frames = []
    rendered = (*range(spotted_onset - 1, spotted_onset + 2), *range(spotted_apex - 1, spotted_apex + 2))
    for image, _ in render_frames(face, performer, performance, rendered, wall, difficulty.noise, rng):
        encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, difficulty.quality])[1]
        frames.append(np.ascontiguousarray(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))[..., ::-1]))
    crops = luma(faces.track(frames.copy, faces.Params(), name).crop)
    groups = {"flow": {"onset_apex": flow.clip_flow(crops, 1, 4, flow.Params())}}
    return inputs.derive({"flow": (3, 28, 28)}, groups)["flow"][0]


def concatenate(examples: Iterable[Examples]) -> Examples:
    """Return all examples as one set."""
    parts = list(examples)
    return Examples(*(np.concatenate([getattr(part, field) for part in parts]) for field in Examples.__slots__))


def train(method: Ststnet, examples: Examples) -> engine.TrainedNetwork:
    """Return the method fitted to all examples."""
    tensors = ClipTensors({"flow": torch.from_numpy(examples.flow)}, {"label": torch.from_numpy(examples.label)})
    fold = engine.FoldIndices("shipped", np.arange(len(examples.label)), np.arange(0))
    seed = int(spawn(SEED, "predict-model", "training").generate_state(1)[0])
    return engine.fit_network(method, tensors, engine.Run(fold, seed))


@torch.no_grad()
def measure(method: Ststnet, trained: engine.TrainedNetwork, examples: Examples) -> dict[str, float]:
    """Return UF1 and UAR on examples of held-out subjects."""
    statistics = {name: torch.from_numpy(value) for name, value in trained.statistics.items()}
    predicted = method.scores(trained.modules, {"flow": torch.from_numpy(examples.flow)}, statistics).argmax(1).numpy()
    matrix = metrics.confusion(examples.label, predicted, len(LABELS))
    return {"uf1": float(metrics.uf1(matrix)), "uar": float(metrics.uar(matrix)), "clips": float(len(predicted))}


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
