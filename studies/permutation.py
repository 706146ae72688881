"""What UAR a method gets from labels that mean nothing: permuted within people, all folds trained anew.

Within people, so that every person and every fold keeps its classes. A permutation of a network is a whole training.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from checkout import Run

from microexpr import protocols
from microexpr.cli import config
from microexpr.core import seeds
from microexpr.core.clip import LABELS
from microexpr.datasets import index
from microexpr.evaluation import megc_log
from microexpr.evaluation.metrics import COVERAGE, confusion, uar
from microexpr.models import recognisers
from microexpr.models.base import ClipTensors, Method
from microexpr.signals import inputs
from microexpr.training import engine
from microexpr.training.job import fold_indices
from microexpr.training.load_clips import load_clips

TRAINED = {"flow_svm": 200, "lbp_top": 200, "ststnet": 39}  # how many permutations; 39 can show p = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One run's clips, as a method has them. N clips."""

    seeds: list[int]  # of the training, as the pipeline draws them
    method: Method
    data: ClipTensors
    folds: list[engine.FoldIndices]

    @property
    def label(self) -> np.ndarray:
        return self.data.targets["label"].numpy()


def trial(run: Run, name: str) -> Trial:
    """The trial of method `name` on what a run's stages made.

    Raises AssertionError unless, on the true labels, it predicts every clip as the run itself did."""
    values = config.load(run.root / "params.yaml")
    kind = recognisers.find(name)
    machine = kind(kind.Params(**config.on_corpus(config.check_cached(values)["methods"][name])))
    protocol = protocols.PROTOCOLS["megc2019"]
    results = run.root / "results"
    clips = protocol.select(
        [clip for dataset in values["datasets"] for clip in index.read(results / f"index/{dataset}.csv")]
    )
    stages = sorted({stage for wanted in machine.inputs for stage in inputs.SOURCES[wanted]})
    data = load_clips(machine, clips, [str(path) for stage in stages for path in results.glob(f"{stage}/*/*.h5")])
    drawn = [int(seeds.spawn(run.seed, "train", name, 0).generate_state(1)[0])]
    made = Trial(drawn, machine, data, fold_indices(protocol.folds(clips), clips))
    label = made.label
    pairs = zip(clips, label, predicted(made, label), strict=True)
    own = [megc_log.Line(clip.dataset, clip.subject, clip.name, int(true), int(said)) for clip, true, said in pairs]
    assert own == run.outcomes[name].lines, f"{name} must predict every clip as the pipeline did (seed {run.seed})"
    return made


def predicted(trial: Trial, label: np.ndarray) -> np.ndarray:
    """Class of each clip, int64[N], from the fold that holds it out; `label` int64[N] is what the folds learn."""
    data = ClipTensors(trial.data.inputs, trial.data.targets | {"label": torch.from_numpy(label)})
    said = np.empty_like(label)
    results = engine.train(trial.method, data, trial.folds, trial.seeds, "sequential", 1)
    for fold, result in zip(trial.folds, results, strict=True):
        said[fold.test] = result.scores[0, -1].argmax(-1)
    return said


def permuted(trial: Trial, number: int) -> np.ndarray:
    """The trial's labels, int64[N], permuted within each person: the same permutation for every method."""
    rng = seeds.generator(number, "campaign", "permutation")
    label, person = trial.label.copy(), trial.data.targets["subject"].numpy()
    for one in np.unique(person):
        label[person == one] = rng.permutation(label[person == one])
    return label


def one_permutation(trials: Sequence[Trial], number: int) -> np.ndarray:
    """Confusion matrix int64[K, K] pooled over all trials."""
    labels = [permuted(trial, number) for trial in trials]
    said = [predicted(trial, label) for trial, label in zip(trials, labels, strict=True)]
    return confusion(np.concatenate(labels), np.concatenate(said), len(LABELS))


def distribution(trials: Sequence[Trial], count: int, cores: int) -> np.ndarray:
    """UAR pooled over all trials, float64[count], for each of `count` permutations."""
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        matrices = list(pool.map(partial(one_permutation, trials), range(count)))
    return uar(np.stack(matrices))


def judged(value: float, drawn: np.ndarray) -> tuple[float, float, float]:
    """The central 95 % of a permutation distribution [P], and the two-sided p of a value: twice the lesser tail's.

    The value itself counts as one more permutation, so p is never 0."""
    low, high = np.quantile(drawn, COVERAGE)
    tail = int(min((drawn <= value).sum(), (drawn >= value).sum()))
    return float(low), float(high), min(1.0, 2 * (1 + tail) / (1 + len(drawn)))
