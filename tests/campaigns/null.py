"""The control: on faces that show nothing no method may tell the class. One that seems to may have found a leak.

Three questions, each about another way in. Is what a clip shows the same whatever its class? Do the planned timings
differ between classes? Does any method, trained and tested as always, leave chance? Only the last one costs minutes.

A method is held to the UARs that it gets from permuted labels; an interval over resamples of the people would be too
narrow for that (docs/measured.md). Seeds begin at 10 since 1 to 9 were looked at before this was settled.
"""

import sys
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


def main() -> int:
    arguments = parser(__doc__ or "", first=10, seeds=3).parse_args()
    sections = params.load(ROOT / "params.yaml")
    generate, datasets = sections["generate"] | {"difficulty": "null"}, sections["datasets"]
    broken = [*shown.course_by_class(generate, datasets), *shown.timing_by_class(generate, datasets)]
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
    """Says where the UAR of all seeds' clips is among those of permuted labels; names it if outside of their 95 %."""
    if trials is None:
        print(f"pooled  {method:<10} UAR {value:.4f}")
        if value != CHANCE:
            yield f"{method}: UAR must be 1/3, not {value}"
        return
    low, high, p = permutation.judged(value, permutation.distribution(trials, permutation.TRAINED[method], cores))
    print(f"pooled  {method:<10} UAR {value:.4f}, of permuted labels {low:.4f} to {high:.4f}, p {p:.3f}", flush=True)
    if not low <= value <= high:
        yield f"{method}: UAR must be between {low:.4f} and {high:.4f}, not {value:.4f}"


def _pooled(outcomes: list[Outcome]) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted class of all seeds' clips, int64[N] each."""
    lines = [line for made in outcomes for line in made.lines]
    return np.array([line.truth for line in lines]), np.array([line.predicted for line in lines])


def _say(run: Run) -> None:
    for method, outcome in run.outcomes.items():
        print(f"seed {run.seed}  {method:<10} UAR {outcome.figures['uar']:.4f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
