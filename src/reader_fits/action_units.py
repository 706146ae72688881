"""Train the shipped reader of action units on portraits: rule `fit_action_units`."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from microexpr.core import onnx, store
from microexpr.core.clip import POPULATION, subject_provenance
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, LARGEST, agreement, coded
from microexpr.signals.aus.regressor import FACE_SIZE, MARGIN, Model, regress
from microexpr.signals.faces.alignment import CROP, alignment
from reader_fits import learning, portrait_images
from reader_fits.action_unit_networks import READ, UNIT, UNITS, Movement, Trunk, UnitNetwork, graphs
from reader_fits.learning import Execution, Schedule
from reader_fits.portrait_images import SCENE, Portraits

logger = logging.getLogger(__name__)

SEED = 0
STEPS, SCENES = 12000, 8  # updates, and scenes in each
RATE, DECAY = 1.5e-3, 1e-3
OCCASIONS = 1 / 3  # share of scenes with images of different occasions: other light, camera, alignment
FROM_REST, REVERSED = 0.75, 0.5  # share of pairs that begin with the image at rest; of the others, that end there
TURN, SCALE, SHIFT = 1.2, 0.015, 2.0  # errors of alignment: degrees, share, pixels of the crop
FLICKER = 0.01  # of brightness, from image to image of one recording
UNREAD = 0.3  # weight of units that are not read
CHANGES, CERTAINTY = 4.0, 0.1  # weights of the change's loss, and of the likelihood of errors
# From a crop to the face inside its margins; a pixel's centre lies half a pixel from its edge.
TO_FACE = FACE_SIZE / (CROP - 2 * MARGIN)


class Batch(NamedTuple):
    """F faces of some scenes and P pairs of them."""

    faces: np.ndarray  # uint8[F, 128, 128]
    intensity: np.ndarray  # float32[F, 2, 24]
    before: np.ndarray  # int64[P]
    after: np.ndarray  # int64[P]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One subject in one pose and light. T frames, the first of them at rest."""

    crops: np.ndarray  # uint8[T, 288, 288]
    intensity: np.ndarray  # float32[T, UNITS, 3], by unit, those first that are read, and by `SIDES`
    strength: np.ndarray  # int64[T]: 0 at rest, 1 micro, 2 macro


def run(
    training: Sequence[str | Path],
    held_out: Sequence[str | Path],
    paths: tuple[str | Path, str | Path],
    execution: Execution,
) -> None:
    """Train on portraits in files of training subjects, measure on sessions of held-out ones; write and log both.

    `paths` are of the graphs that read one face, and a change."""
    both = graphs(train(portrait_images.read(training), execution))
    fitted_on = [subject_provenance(Path(file).stem) for file in training]
    sessions = []
    for path in held_out:
        with store.open_file(path, POPULATION) as file:
            sessions += [
                Session(group["crop"][..., 0], group["intensity"][()], group["strength"][()])
                for group in file["sessions"].values()
            ]
    errors = measure_errors(sessions, Model(*map(onnx.run, both)))
    metadata = {"errors": json.dumps(errors, sort_keys=True), "held_out": f"{len(held_out)} subjects"}
    for path, graph in zip(paths, both, strict=True):
        onnx.write(path, graph, fitted_on, **metadata)
    for row in errors:
        line = (f"{value:7.3f}" if isinstance(value, float) else f"{value:>8}" for value in row.values())
        logger.info(" ".join(line))


def train(data: Portraits, execution: Execution) -> UnitNetwork:
    """Return a network trained to read single faces and pairs of one scene."""
    torch.manual_seed(SEED)
    network = UnitNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    movement = Movement()

    def losses(step: int) -> dict[str, Tensor]:
        return batch_losses(network, movement, sample_batch(data, generator(SEED, "action units", step)))

    learning.train(network, losses, Schedule(STEPS, RATE, DECAY), execution)
    return network.eval()


def batch_losses(network: UnitNetwork, movement: Movement, batch: Batch) -> dict[str, Tensor]:
    """Return the squared errors of changes and of faces alone, and minus the log likelihood of both's errors."""
    weight = torch.ones(UNITS)
    weight[READ:] = UNREAD
    faces = torch.from_numpy(batch.faces).float()
    trunk = network.trunk(faces)
    before, after = (  # features [2 P, ...] of both halves
        Trunk(*(part.reshape(-1, 2, *part.shape[1:])[chosen].flatten(0, 1) for part in trunk))
        for chosen in (batch.before, batch.after)
    )
    cells = movement(faces[batch.before], faces[batch.after])
    intensity = torch.from_numpy(batch.intensity)
    changes = (intensity[batch.after] - intensity[batch.before]).flatten(0, 1)
    losses = []
    certainty = torch.zeros(())
    for (values, variance), true in (
        (network.change(before, after, *cells), changes),
        (network.alone(trunk.middle), intensity.flatten(0, 1)),
    ):
        squares = (torch.asinh(true / UNIT) - values) ** 2
        losses.append((weight * squares).mean())
        certainty = certainty + (squares.detach() * torch.exp(-variance) + variance).mean()
    return {"change": CHANGES * losses[0], "alone": losses[1], "certainty": CERTAINTY * certainty}


def sample_batch(data: Portraits, rng: np.random.Generator) -> Batch:
    """Sample scenes, record and align their images, and pair these."""
    faces, before, after = [], [], []
    scenes = rng.integers(data.scenes, size=SCENES)
    for k, scene in enumerate(scenes):
        faces += record_scene(data, int(scene), rng)
        for i in range(1, SCENE):
            first, second = 0, i
            if rng.random() >= FROM_REST:
                first, second = (i, 0) if rng.random() < REVERSED else (1 + i % (SCENE - 1), i)
            before.append(k * SCENE + first)
            after.append(k * SCENE + second)
    images = (scenes[:, None] * SCENE + np.arange(SCENE)).ravel()
    return Batch(np.stack(faces), data.intensity[images].transpose(0, 2, 1), np.array(before), np.array(after))


def record_scene(data: Portraits, scene: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the faces uint8[128, 128] of a scene as a camera records them, aligned a little off."""
    first, is_one_recording = scene * SCENE, rng.random() >= OCCASIONS
    camera, matrix = portrait_images.sample(rng, is_close=True), sample_alignment(data.points[first], rng)
    faces = []
    for i in range(first, first + SCENE):
        if i > first and not is_one_recording:
            camera, matrix = portrait_images.sample(rng, is_close=True), sample_alignment(data.points[i], rng)
        flickering = replace(camera, gain=camera.gain * (1 + FLICKER * rng.standard_normal()))
        to_face = np.column_stack([TO_FACE * matrix[:, :2], TO_FACE * (matrix[:, 2] - MARGIN + 0.5) - 0.5])
        image, scale = data.image[i], float(np.sqrt(np.linalg.det(to_face[:, :2])))
        if scale < 0.8:
            image = cv2.GaussianBlur(image, (0, 0), 0.4 / scale)
        face = cv2.warpAffine(
            image, to_face, (FACE_SIZE, FACE_SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        faces.append(portrait_images.record(face, flickering, rng))
    return faces


def sample_alignment(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sample the similarity float64[2, 3] from a portrait with these points to its crop, as detection errs."""
    angle, scale = np.deg2rad(rng.normal(0, TURN)), 1 + rng.normal(0, SCALE)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (CROP - 1) / 2)
    shift = middle + rng.normal(0, SHIFT, 2) - linear @ middle
    exact = alignment(points[None, :68].astype(float))
    return np.column_stack([linear @ exact[:, :2], linear @ exact[:, 2] + shift])


def measure_errors(held_out: list[Session], model: Model) -> list[dict[str, str | float]]:
    """Return rows of error: by action unit ("mean" for all), micro or macro, absolute or relative to the frame at rest.

    `r` is Pearson's, `icc` ICC(3,1), `mae` in FACS intensities; over all frames of that kind (and those at rest where
    absolute) and the three sides."""
    predictions = [regress(session.crops, 0, model) for session in held_out]
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
        true, of_kind = coded(session.intensity), session.strength == kind
        if form == "relative":
            yield (true - true[0])[of_kind], (predicted - predicted[0])[of_kind]
        else:
            included = of_kind | (session.strength == 0)
            yield true[included], np.clip(predicted[included], 0, LARGEST)
