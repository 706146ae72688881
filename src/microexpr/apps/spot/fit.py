"""Train the shipped network of `au_curves` on the long takes of the population: rule `fit_spotter`."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import KINDS, LongVideo
from microexpr.evaluation import spotting
from microexpr.models.spotters.au_curves import AuCurves
from microexpr.training import engine, pretrain, weights
from microexpr.training.spot import SHIPPED_SCHEMA, frames_of, read_curves, score

logger = logging.getLogger(__name__)

SEED = 0
PARAMS = {"epochs": 12}
Takes = Mapping[str, LongVideo]  # by the file of its measurements


def run(training: Takes, held_out: Takes, path: str | Path, progress: engine.Progress) -> None:
    """Train, measure on held-out subjects, write the network with its figures to `path`, and log them."""
    spotter = AuCurves(AuCurves.Params.model_validate(PARAMS), 0)
    (network,) = spotter.networks().values()
    videos = list(training.values())
    curves = {video.clip.id: read_curves(path) for path, video in training.items()}
    data, _ = frames_of(network, videos, curves)
    fold = engine.FoldIndices("population", np.arange(len(data)), np.zeros(0, int))
    trained = engine.fit_network(network, data, engine.Run(fold, SEED), progress)
    figures = measure(spotter, trained, held_out)
    fitted_on = {*pretrain.subjects(video.clip for video in videos)}
    for file in training:
        with store.open_file(file, "spot") as content:
            fitted_on |= {*store.fitted_on(content)}
    metadata = {"held_out": f"{len(held_out)} subjects", "errors": json.dumps(figures)}
    weights.write(path, SHIPPED_SCHEMA, network, trained.state(), fitted_on, metadata)
    logger.info(" ".join(f"{name}={value:.3f}" for name, value in figures.items()))


def measure(spotter: AuCurves, trained: engine.TrainedNetwork, takes: Takes) -> dict[str, float]:
    """Return F1 of both kinds in takes of subjects that did not train."""
    (network,) = spotter.networks().values()
    videos, intervals = list(takes.values()), {}
    for path, video in takes.items():
        measured = read_curves(path)
        scores = {"network": score(network, trained.modules, trained.statistics, measured)}
        intervals[video.clip.id] = spotting.numbered(spotter.find(measured, scores), measured.arrays["frame"])
    by_kind = spotting.counts(videos, intervals).sum(0)
    return {f"{kind}_f1": float(spotting.f1(by_kind[i])) for i, kind in enumerate(KINDS)}
