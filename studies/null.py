"""Can a method tell the class of faces that show nothing? One that seems to may have found a leak.

    python studies/null.py                # five corpora without expression; minutes each

Each corpus seed is a run of params.yaml at difficulty `null`. Over the subjects of all corpora the 95 % interval of a
method's UAR must hold 1/3; near chance such intervals are a little too narrow (docs/measured.md).
"""

import sys
from collections.abc import Sequence

import numpy as np
from checkout import compute, folder, parser, scratch

from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.seeds import generator
from microexpr.evaluation import metrics, pairs
from microexpr.protocols import PROTOCOLS

METHODS = ("flow_svm", "lbp_top", "ststnet")
SIZE = {"subjects": 10, "clips": 8}  # of each data set
CLASSES = PROTOCOLS["megc2019"].classes
CHANCE, RESAMPLES, ROUNDING = 1 / len(CLASSES), 10000, 1e-6


def main() -> int:
    arguments = parser(__doc__ or "", first=1, seeds=5).parse_args()
    values = config.load(scratch.ROOT / "params.yaml")
    render = values["render"] | {"difficulty": "null"} | dict.fromkeys(values["datasets"], SIZE)
    answers: dict[str, list[pairs.MethodPredictions]] = {method: [] for method in METHODS}
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"null-{seed}") as root:
            scratch.copy(root)
            params = values | {"seed": seed, "origin": "generated", "render": render}
            compute(root, params, arguments.cores, *(f"results/evaluate/megc2019/{name}.csv" for name in METHODS))
            for method in METHODS:
                path = root / f"results/evaluate/megc2019/{method}_predictions.csv"
                answers[method].append(pairs.read_predictions(path, CLASSES))
        print(f"seed {seed}: done", file=sys.stderr, flush=True)
    biased = []
    for method in METHODS:
        value, low, high = pooled_uar(answers[method], "null", method)
        print(f"{method:<10} UAR {value:.3f} ({low:.3f} to {high:.3f})", flush=True)
        biased += [] if low - ROUNDING <= CHANCE <= high + ROUNDING else [method]
    print(f"above or below chance: {', '.join(biased)}" if biased else "nothing tells the class")
    return 1 if biased else 0


def pooled_uar(answers: Sequence[pairs.MethodPredictions], study: str, method: str) -> tuple[float, float, float]:
    """Return a method's UAR over the clips of all corpora, and its 95 % interval over subjects."""
    truth = np.concatenate([answer.truth for answer in answers])
    predicted = np.concatenate([answer.predicted for answer in answers], axis=1)  # [S, N]
    subjects = np.array([f"{i}/{clip.rpartition('/')[0]}" for i, a in enumerate(answers) for clip in a.clips])
    rng = generator(0, "study", study, method)
    interval = metrics.bootstrap(truth, predicted, subjects, metrics.uar, RESAMPLES, rng, len(CLASSES))
    value = np.mean([metrics.uar(metrics.confusion(truth, labels, len(CLASSES))) for labels in predicted])
    return float(value), *interval


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
