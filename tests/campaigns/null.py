"""The control: on faces that show nothing no method may tell the class. One that seems to may have found a leak.

Three questions, each about another way in. Is what a clip shows the same whatever its class? Do the planned timings
differ between classes? Does any method, trained and tested as always, leave chance? Only the last one costs minutes.

The last is asked twice. For the seed of params.yaml each method's interval of UAR, as the evaluate stage writes it,
must hold 1/3. Such an interval is too narrow to be a test (docs/measured.md), so on further seeds each method is held
to the UARs that it gets from permuted labels: no p below 5 % shared among the methods.
"""

import sys
from argparse import Namespace
from collections.abc import Iterator

import numpy as np
import permutation
import shown
from checkout import METHODS, Outcome, Run, parser, runs
from scratch import ROOT

from microexpr import params
from microexpr.clip import LABELS
from microexpr.metrics import confusion, uar

CHANCE = 1 / len(LABELS)
ROUNDING = 1e-6  # figures of the evaluate stage have six decimals
LEVEL = 0.05 / len(permutation.TRAINED)


def main() -> int:
    arguments = parser(__doc__ or "", first=10, seeds=3).parse_args()
    sections = params.load(ROOT / "params.yaml")
    generate, datasets = sections["generate"] | {"difficulty": "null"}, sections["datasets"]
    broken = [*shown.course_by_class(generate, datasets), *shown.timing_by_class(generate, datasets)]
    committed = Namespace(**vars(arguments) | {"first": sections["seed"], "seeds": 1})
    for run in runs(committed, "null"):
        broken += intervals(run)
    outcomes: list[dict[str, Outcome]] = []
    trials: dict[str, list[permutation.Trial]] = {method: [] for method in permutation.TRAINED}
    for run in runs(arguments, "null"):
        _say(run)
        outcomes.append(run.outcomes)
        for method, own in trials.items():
            own.append(permutation.trial(run, method))
    for method in METHODS:
        value = float(uar(confusion(*_pooled([run[method] for run in outcomes]), len(LABELS))))
        broken += judged(method, value, trials.get(method), arguments.cores)
    print("\n".join(broken) or "nothing tells the class")
    return 1 if broken else 0


def judged(method: str, value: float, trials: list[permutation.Trial] | None, cores: int) -> Iterator[str]:
    """Says where the UAR of all seeds' clips is among those of permuted labels; names it if too far out."""
    if trials is None:
        print(f"pooled  {method:<10} UAR {value:.4f}")
        if value != CHANCE:
            yield f"{method}: UAR must be 1/3, not {value}"
        return
    low, high, p = permutation.judged(value, permutation.distribution(trials, permutation.TRAINED[method], cores))
    print(f"pooled  {method:<10} UAR {value:.4f}, of permuted labels {low:.4f} to {high:.4f}, p {p:.3f}", flush=True)
    if p < LEVEL:
        yield f"{method}: UAR {value:.4f} must not be as far out as p = {p:.3f}"


def intervals(run: Run) -> Iterator[str]:
    """Says each method's UAR with its interval; names those without 1/3."""
    for method, outcome in run.outcomes.items():
        row = outcome.figures["uar"]
        print(
            f"seed {run.seed}  {method:<10} UAR {row['value']:.4f}, 95 % {row['low']:.4f} to {row['high']:.4f}",
            flush=True,
        )
        if not row["low"] - ROUNDING <= CHANCE <= row["high"] + ROUNDING:
            yield f"{method}: the interval of UAR must hold 1/3, not be {row['low']:.4f} to {row['high']:.4f}"


def _pooled(outcomes: list[Outcome]) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted class of all seeds' clips, int64[N] each."""
    lines = [line for made in outcomes for line in made.lines]
    return np.array([line.truth for line in lines]), np.array([line.predicted for line in lines])


def _say(run: Run) -> None:
    for method, outcome in run.outcomes.items():
        print(f"seed {run.seed}  {method:<10} UAR {outcome.figures['uar']['value']:.4f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
