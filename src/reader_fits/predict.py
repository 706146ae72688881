"""Train the shipped recogniser on the clips of the population: rule `fit_predict`."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from microexpr.apps.predict import domain
from microexpr.apps.predict.domain import BINS, Calibration, calibration_error, fit_temperature
from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import LABELS, POPULATION, Clip
from microexpr.core.seeds import generator
from microexpr.evaluation import metrics
from microexpr.models.base import ClipTensors
from microexpr.models.recognisers.flow_cnn import FlowCnn
from microexpr.protocols import MEGC2019, PROTOCOLS
from microexpr.signals.flow import pictures
from microexpr.training import engine, pretrain, refit
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.job import Job, Params, SynthParams
from microexpr.training.steps import checkpoint_store, load_clips, load_inputs

logger = logging.getLogger(__name__)

SEED = 0
MIN_BLUR = 0.3  # pixels: a Gaussian that changes hardly anything
FOLDS = 4  # parts of the held-out subjects, each measured by what the others fit
METHOD = "flow_cnn"
PARAMS = {"members": 4, "width": 32, "epochs": 6}
VIEWS = 6  # of each training clip, next to its own picture
SHIFT, SCALE = 0.03, 0.06  # of a view's region: standard deviations, shares of the crop's and the region's sides
BLUR = 2.0  # of a view's flow: largest standard deviation of the Gaussian, pixels
NOISE, GRAINS = 1.5, (2.0, 6.0)  # of a view's flow: most, in deviations of its vectors; size of its grains in pixels
PICTURES = pictures.Params(region=pictures.USUAL)  # as recorded clips' flow is exchanged, to test on it
SUBJECT_FILES = Sequence[str | Path]


def make_job(clips: Sequence[Clip], params: Params) -> Job:
    """Return the training of small CNNs on these micro-expressions."""
    method = FlowCnn(FlowCnn.Params.model_validate(PARAMS))
    return Job(METHOD, method, PROTOCOLS[MEGC2019], clips, [], params, SynthParams(), SEED)


def run(
    training: tuple[Job, SUBJECT_FILES],
    held_out: tuple[Sequence[Clip], SUBJECT_FILES],
    path: str | Path,
    progress: engine.Progress,
    checkpoint_dir: CheckpointDir | None = None,
) -> None:
    """Train, measure on held-out subjects, write the network with its figures to `path`, and log them.

    Both sides have micro-expressions, and the files of the subjects of the population who show them."""
    job, files = training
    job = pretrain.on_population(job)
    inputs = load_inputs(job, {POPULATION: files})
    views = with_pictures(inputs.clips, job.all_clips, files, VIEWS)
    assert isinstance(job.method, FlowCnn)
    checkpoints = checkpoint_store(job, inputs, checkpoint_dir)
    fold = engine.FoldIndices("population", np.arange(len(views)), np.zeros(0, int))
    trained = engine.fit_network(job.method, views, engine.FoldRun(fold, job.seeds()[0]), progress, checkpoints)
    clips, held_out_files = held_out
    tensors = load_clips(job.method, clips, {POPULATION: held_out_files})
    scores = score(job, trained, with_pictures(tensors, clips, held_out_files))
    labels = tensors.targets["label"].numpy()
    calibration, calibration_figures = calibrate(scores, labels, measure_views(clips, held_out_files, tensors), clips)
    figures = measure(scores, labels)
    metadata = {"held_out": f"{len(held_out_files)} subjects", "errors": json.dumps(figures)}
    metadata["pictures"] = PICTURES.model_dump_json(include={"normalise", "region"})
    metadata |= {
        "classes": ", ".join(LABELS),
        "calibration": calibration.to_json(),
        "calibration_errors": json.dumps(calibration_figures),
    }
    fitted_on = frozenset(pretrain.subjects(job.clips))
    refit.export(path, refit.Recogniser(job.method, trained.modules, trained.statistics, fitted_on, metadata))
    logger.info(" ".join(f"{name}={value:.3f}" for name, value in (figures | calibration_figures).items()))


def with_pictures(tensors: ClipTensors, clips: Sequence[Clip], files: SUBJECT_FILES, views: int = 0) -> ClipTensors:
    """Return the tensors of clips of the population with their flow as pictures, each followed by other views of it."""
    paths, images = {Path(path).stem: path for path in files}, []
    for clip in clips:
        with store.open_file(paths[clip.subject], POPULATION) as file:
            flow = file["clips"][clip.name]["onset_apex"][()]
        images.append(as_picture(flow, pictures.USUAL))
        images += [vary(flow, generator(SEED, METHOD, clip.id, str(i))) for i in range(views)]
    targets = {name: values.repeat_interleave(1 + views, 0) for name, values in tensors.targets.items()}
    return ClipTensors({"flow": torch.from_numpy(np.stack(images))}, targets)


def as_picture(flow: np.ndarray, region: pictures.Region) -> np.ndarray:
    """Return flow float[3, H, W] of a crop as the network reads it, float32[3, 28, 28]."""
    return pictures.flow_as_picture(flow, region, PICTURES.normalise)


def vary(flow: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture of flow [3, H, W] as another camera and crop might give it: of a region nearby, blurred and with
    movement that is none."""
    left, right, top, bottom = pictures.USUAL
    (x, y), (wide, high) = rng.normal(0, SHIFT, 2), np.exp(rng.normal(0, SCALE, 2))
    x, y, half_width, half_height = (left + right) / 2 + x, (top + bottom) / 2 + y, wide / 2, high / 2
    reach = np.array([(right - left) * half_width] * 2 + [(bottom - top) * half_height] * 2)
    sides = np.clip(np.array([x, x, y, y]) + reach * [-1, 1, -1, 1], -pictures.FARTHEST, 1 + pictures.FARTHEST)
    region = float(sides[0]), float(sides[1]), float(sides[2]), float(sides[3])
    vectors, grain = smooth(flow.astype(np.float32), rng.uniform(0, BLUR)), rng.uniform(*GRAINS)
    noise = smooth(rng.normal(size=(2, *flow.shape[1:])).astype(np.float32), grain)
    vectors[:2] += noise * (rng.uniform(0, NOISE) * vectors[:2].std() / noise.std())
    return as_picture(vectors, region)


def smooth(flow: np.ndarray, deviation: float) -> np.ndarray:
    """Return channels float32[C, H, W] after a Gaussian."""
    return np.stack([cv2.GaussianBlur(channel, (0, 0), max(deviation, MIN_BLUR)) for channel in flow])


@torch.no_grad()
def score(job: Job, trained: engine.TrainedNetwork, clips: ClipTensors) -> np.ndarray:
    """Return the scores float32[N, C] of clips of held-out subjects."""
    assert isinstance(job.method, FlowCnn)
    inputs = clips.to(trained.device).inputs
    return np.asarray(job.method.scores(trained.modules, inputs, trained.statistics).cpu())


def measure(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return UF1 and UAR of scores [N, C] against labels [N]."""
    matrix = metrics.confusion(labels, scores.argmax(axis=1), len(LABELS))
    return {"uf1": float(metrics.uf1(matrix)), "uar": float(metrics.uar(matrix)), "clips": float(len(labels))}


def calibrate(
    scores: np.ndarray, labels: np.ndarray, measured: Sequence[Mapping[str, float]], clips: Sequence[Clip]
) -> tuple[Calibration, dict[str, float]]:
    """Fit temperature and limits on N clips of held-out subjects; return them, and figures on subjects left out.

    For the figures, `FOLDS` parts of the subjects are left out in turn, and the others fit temperature and limits. A
    single subject has no figures."""
    calibration = Calibration(fit_temperature(scores, labels), domain.fit_limits(measured))
    position = {subject: i for i, subject in enumerate(sorted({clip.subject for clip in clips}))}
    if len(position) < 2:
        return calibration, {}
    fold = np.array([position[clip.subject] % FOLDS for clip in clips])
    probabilities, unknown = np.zeros(scores.shape), np.zeros(len(clips), bool)
    for left_out in (fold == i for i in np.unique(fold)):
        others = [m for m, out in zip(measured, left_out, strict=True) if not out]
        part = Calibration(fit_temperature(scores[~left_out], labels[~left_out]), domain.fit_limits(others))
        distance = [domain.distance(m, part.limits) for m, out in zip(measured, left_out, strict=True) if out]
        probabilities[left_out] = part.probabilities(scores[left_out], np.array(distance))
        unknown[left_out] = np.array(distance) > 0
    figures = {
        "calibration_error": calibration_error(probabilities, labels),
        "uncalibrated_error": calibration_error(Calibration().probabilities(scores), labels),
        "bins": float(BINS),
        "unknown": float(unknown.mean()),
    }
    return calibration, figures


def measure_views(clips: Sequence[Clip], files: SUBJECT_FILES, tensors: ClipTensors) -> list[dict[str, float]]:
    """Return the measures of micro-expressions of the population, which have the flow in `tensors`."""
    paths = {Path(path).stem: path for path in files}
    measured = []
    for clip, flow in zip(clips, tensors.inputs["flow"].numpy(), strict=True):
        with store.open_file(paths[clip.subject], POPULATION) as file:
            group = file["clips"][clip.name]
            frame = group["frame"][()].tolist()
            onset, apex = (frame.index(group[event][()]) for event in ("onset", "apex"))
            view = domain.View(
                luma(group["crop"][()]), group["landmarks_crop"][()], group["pose"][()], flow, onset, apex,
            )  # fmt: skip
        measured.append(domain.measure(view))
    return measured
