"""The control: on faces that show nothing no method may tell the class. One that seems to may have found a leak.

Three questions, each about another way in. Is what a clip shows the same whatever its class? Do the planned timings
differ between classes? Does any method, trained and tested as always, leave chance? For the last, which alone costs
more than seconds, corpora of several seeds are pooled, and each method's interval of UAR must hold 1/3.
`--permutations` asks it in another way too: p among the UARs that a method gets from permuted labels, which takes
hours. Such intervals are somewhat too narrow (docs/measured.md).
"""

import sys
from collections.abc import Iterator

import permutation
import shown
from checkout import METHODS, Outcome, parser, pooled, runs
from scratch import ROOT

from microexpr.cli import config
from microexpr.core import arithmetic, seeds
from microexpr.core.clip import LABELS
from microexpr.evaluation.metrics import bootstrap, confusion, uar

PEOPLE = 10  # a data set: 240 clips, 220 of them labelled
CHANCE = 1 / len(LABELS)
ROUNDING = 1e-6
RESAMPLES = 10000
LEVEL = 0.05 / len(permutation.TRAINED)


def main() -> int:
    made = parser(__doc__ or "", first=1, seeds=5)
    made.add_argument("--permutations", action="store_true", help="train on permuted labels as well")
    arguments = made.parse_args()
    sections = config.load(ROOT / "params.yaml")
    generate, datasets = sections["render"] | {"difficulty": "null"}, sections["datasets"]
    broken = [*shown.course_by_class(generate, datasets), *shown.timing_by_class(generate, datasets)]
    outcomes: list[dict[str, Outcome]] = []
    trials: dict[str, list[permutation.Trial]] = {method: [] for method in permutation.TRAINED}
    for run in runs(arguments, "null", PEOPLE):
        outcomes.append(run.outcomes)
        for method, outcome in run.outcomes.items():
            print(said(f"seed {run.seed}", method, [outcome])[0], flush=True)
        for method, own in trials.items() if arguments.permutations else ():
            own.append(permutation.trial(run, method))
    for method in METHODS:
        line, low, high = said("pooled", method, [one[method] for one in outcomes])
        print(line, flush=True)
        if not low - ROUNDING <= CHANCE <= high + ROUNDING:
            broken.append(f"{method}: the pooled interval of UAR must hold 1/3, not be {low:.4f} to {high:.4f}")
        if trials.get(method):
            broken += permuted(method, [one[method] for one in outcomes], trials[method], arguments.cores)
    print("\n".join(broken) or "nothing tells the class")
    return 1 if broken else 0


def said(who: str, method: str, outcomes: list[Outcome]) -> tuple[str, float, float]:
    """A line about a method's UAR over all these outcomes, and its 95 % interval over resamples of the people."""
    truth, predicted, person = pooled(outcomes)
    rng = seeds.generator(0, "campaign", "null", method)
    low, high = bootstrap(truth, predicted, person, uar, RESAMPLES, rng)
    value = float(uar(confusion(truth, predicted, len(LABELS))))
    return f"{who}  {method:<10} UAR {value:.4f}, 95 % {low:.4f} to {high:.4f}, {len(truth)} clips", low, high


def permuted(method: str, outcomes: list[Outcome], trials: list[permutation.Trial], cores: int) -> Iterator[str]:
    """Says where the UAR is among those of permuted labels; names it if too far out."""
    value = float(uar(confusion(*pooled(outcomes)[:2], len(LABELS))))
    low, high, p = permutation.judged(value, permutation.distribution(trials, permutation.TRAINED[method], cores))
    print(f"pooled  {method:<10} of permuted labels {low:.4f} to {high:.4f}, p {p:.3f}", flush=True)
    if p < LEVEL:
        yield f"{method}: UAR {value:.4f} must not be as far out as p = {p:.3f}"


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
