"""Can a method tell the class of faces that show nothing? One that seems to may have found a leak.

    python studies/null.py                # five corpora without expression; minutes each

Each corpus seed is a run of params.yaml at difficulty `null`. Over the subjects of all corpora the 95 % interval of a
method's UAR must hold 1/3; near chance such intervals are a little too narrow (docs/measured.md).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import checkout
import numpy as np
import pages
from checkout import compute, folder, scratch

from microexpr.core.seeds import generator
from microexpr.evaluation import metrics, pairs
from microexpr.evaluation.metrics import intervals
from microexpr.protocols import PROTOCOLS

METHODS = ("flow_svm", "lbp_top", "ststnet")
SIZE = {"subjects": 10, "clips": 8}  # of each data set
CLASSES = PROTOCOLS["megc2019"].classes
CHANCE, RESAMPLES, ROUNDING = 1 / len(CLASSES), 10000, 1e-6


def main() -> int:
    arguments = pages.parser(__doc__, first=1, seeds=5, cores=2, keep=None).parse_args()
    values = checkout.params()
    render = values["render"] | {"difficulty": "null"} | dict.fromkeys(values["datasets"], SIZE)
    answers: dict[str, list[pairs.MethodPredictions]] = {method: [] for method in METHODS}
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"null-{seed}") as root:
            scratch.copy(root)
            params = values | {"seed": seed, "origin": "generated", "render": render}
            compute(root, params, arguments.cores, *(f"results/evaluate/megc2019/{name}.csv" for name in METHODS))
            for method in METHODS:
                answers[method].append(read(root / "results", method))
        print(f"seed {seed}: done", file=sys.stderr, flush=True)
    _, biased = chance_table(answers, "null")
    print(f"above or below chance: {', '.join(biased)}" if biased else "nothing tells the class")
    return 1 if biased else 0


def read(results: Path, method: str) -> pairs.MethodPredictions:
    return pairs.read_predictions(results / f"evaluate/megc2019/{method}_predictions.csv", CLASSES)


def chance_table(answers: dict[str, list[pairs.MethodPredictions]], study: str) -> tuple[pages.Table, list[str]]:
    """Return a line for each method, its UAR over the clips of all corpora and the 95 % interval over subjects, and the
    methods whose interval does not hold chance."""
    table, biased = pages.Table("row", "clips", "UAR", f"holds 1/{len(CLASSES)}"), []
    for method, corpora in answers.items():
        value, low, high = pooled_uar(corpora, study, method)
        holds = low - ROUNDING <= CHANCE <= high + ROUNDING
        biased += [] if holds else [method]
        clips, interval = sum(len(corpus.clips) for corpus in corpora), f"{value:.3f} ({low:.3f} to {high:.3f})"
        table.add(f"`{method}`", clips, interval, "yes" if holds else "no")
    return table, biased


def pooled_uar(answers: Sequence[pairs.MethodPredictions], study: str, method: str) -> tuple[float, float, float]:
    """Return a method's UAR over the clips of all corpora, and its 95 % interval over subjects."""
    truth = np.concatenate([answer.truth for answer in answers])
    predicted = np.concatenate([answer.predicted for answer in answers], axis=1)  # [S, N]
    subjects = np.array([f"{i}/{clip.rpartition('/')[0]}" for i, a in enumerate(answers) for clip in a.clips])
    rng = generator(0, "study", study, method)
    matrices = metrics.by_subject(truth, predicted, subjects, len(CLASSES))
    interval = intervals.interval(matrices, metrics.uar, RESAMPLES, rng)
    value = np.mean([metrics.uar(metrics.confusion(truth, labels, len(CLASSES))) for labels in predicted])
    return float(value), *interval


if __name__ == "__main__":
    pages.start(main)
