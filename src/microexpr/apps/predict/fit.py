"""Train the shipped recogniser on the clips of the population: rule `fit_predict`."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from microexpr.core.clip import LABELS, Clip
from microexpr.evaluation import metrics
from microexpr.models.base import ClipTensors
from microexpr.models.recognisers.ststnet import Ststnet
from microexpr.protocols import MEGC2019, PROTOCOLS
from microexpr.training import engine, initial, pretrain, refit
from microexpr.training.checkpoint import CheckpointDir
from microexpr.training.job import Job, Params, SynthParams
from microexpr.training.load_clips import load_clips

logger = logging.getLogger(__name__)

SEED = 0
STSTNET = {"epochs": 200, "batch": 32, "lr": 0.003, "cosine": True, "mirror": 0.5, "dropout": 0.3}
SUBJECT_FILES = Sequence[str | Path]


def make_job(clips: Sequence[Clip], params: Params) -> Job:
    """Return the training of STSTNet on these micro-expressions."""
    method = Ststnet(Ststnet.Params.model_validate(STSTNET))
    return Job("ststnet", method, PROTOCOLS[MEGC2019], clips, [], params, SynthParams(), SEED)


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
    _, trained = pretrain.train_on_population(job, map(str, files), progress, checkpoint_dir)
    clips, held_out_files = held_out
    figures = measure(job, trained, load_clips(job.method, clips, map(str, held_out_files)))
    metadata = {"held_out": f"{len(held_out_files)} subjects", "errors": json.dumps(figures)}
    assert isinstance(job.method, Ststnet)
    refit.save(path, job.method, trained, initial.subjects(job.clips), classes=", ".join(LABELS), **metadata)
    logger.info(" ".join(f"{name}={value:.3f}" for name, value in figures.items()))


@torch.no_grad()
def measure(job: Job, trained: engine.TrainedNetwork, clips: ClipTensors) -> dict[str, float]:
    """Return UF1 and UAR on clips of held-out subjects."""
    assert isinstance(job.method, Ststnet)
    statistics = {name: torch.from_numpy(value) for name, value in trained.statistics.items()}
    scores = job.method.scores(trained.modules, clips.to(trained.device).inputs, statistics)
    predicted = np.asarray(scores.argmax(1).cpu())
    matrix = metrics.confusion(clips.targets["label"].numpy(), predicted, len(LABELS))
    return {"uf1": float(metrics.uf1(matrix)), "uar": float(metrics.uar(matrix)), "clips": float(len(predicted))}
