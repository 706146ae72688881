"""What UAR a classical method gets from labels that mean nothing: permuted within people, all folds fitted anew.

Within people, so that every person and every fold keeps its classes. No network comes in: each permutation is a
whole training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from checkout import Run

from microexpr import index, inputs, method, official, params, protocols, seeds, train
from microexpr.clip import LABELS
from microexpr.method import ClassicalMethod, Targets
from microexpr.metrics import COVERAGE, confusion, uar
from microexpr.training import engine

METHODS = ("flow_svm", "lbp_top")


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One run's clips, as a classical method has them. N clips, D features."""

    seed: int
    method: ClassicalMethod
    features: np.ndarray  # float32[N, D]
    targets: Targets  # "label", "subject", "dataset": int64[N]
    folds: list[engine.Fold]


def trial(run: Run, name: str) -> Trial:
    """The trial of method `name` on what a run's stages made.

    Raises AssertionError unless, on the true labels, it predicts every clip as the run itself did."""
    values = params.load(run.root / "params.yaml")
    kind = method.find(name)
    machine = kind(kind.Params(**values["methods"][name]))
    assert isinstance(machine, ClassicalMethod), f"{name} must be a classical method"
    protocol = protocols.PROTOCOLS["megc2019"]
    results = run.root / "results"
    clips = protocol.select(
        [clip for dataset in values["datasets"] for clip in index.read(results / f"index/{dataset}.csv")]
    )
    stages = sorted({stage for wanted in machine.inputs for stage in inputs.SOURCES[wanted]})
    data, _ = train.resident(
        machine, clips, [str(path) for stage in stages for path in results.glob(f"{stage}/*/*.h5")]
    )
    made = Trial(
        run.seed,
        machine,
        machine.features(data.inputs),
        {target: value.numpy() for target, value in data.targets.items()},
        train.folds_at(protocol.folds(clips), clips),
    )
    label = made.targets["label"]
    pairs = zip(clips, label, predicted(made, label), strict=True)
    own = [official.Line(clip.dataset, clip.subject, clip.name, int(true), int(said)) for clip, true, said in pairs]
    assert own == run.outcomes[name].lines, f"{name} must predict every clip as the pipeline did (seed {run.seed})"
    return made


def predicted(trial: Trial, label: np.ndarray) -> np.ndarray:
    """Class of each clip, int64[N], from the fold that holds it out; `label` int64[N] is what the folds learn."""
    targets = trial.targets | {"label": label}
    said = np.empty_like(label)
    for fold in trial.folds:
        own = {name: value[fold.train] for name, value in targets.items()}
        rng = seeds.generator(trial.seed, "campaign", fold.name)
        scorer = trial.method.fit(trial.features[fold.train], own, rng)
        said[fold.test] = scorer(trial.features[fold.test]).argmax(-1)
    return said


def permuted(trial: Trial, number: int) -> np.ndarray:
    """The trial's labels, int64[N], permuted within each person: the same permutation for every method."""
    rng = seeds.generator(trial.seed, "campaign", "permutation", number)
    label, person = trial.targets["label"].copy(), trial.targets["subject"]
    for one in np.unique(person):
        label[person == one] = rng.permutation(label[person == one])
    return label


def distribution(trials: Sequence[Trial], count: int) -> np.ndarray:
    """UAR pooled over all trials, float64[count], for each of `count` permutations."""
    matrices = np.zeros((count, len(LABELS), len(LABELS)), np.int64)
    for number in range(count):
        for one in trials:
            label = permuted(one, number)
            matrices[number] += confusion(label, predicted(one, label), len(LABELS))
    return uar(matrices)


def judged(value: float, drawn: np.ndarray) -> tuple[float, float, float]:
    """The central 95 % of a permutation distribution [P], and the two-sided p of a value: twice the lesser tail's.

    The value itself counts as one more permutation, so p is never 0."""
    low, high = np.quantile(drawn, COVERAGE)
    tail = int(min((drawn <= value).sum(), (drawn >= value).sum()))
    return float(low), float(high), min(1.0, 2 * (1 + tail) / (1 + len(drawn)))
