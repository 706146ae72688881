"""Whether the difficulties are what they are called: each recogniser is worse on the next. No figure of a paper."""

import sys
from itertools import pairwise

from checkout import METHODS, parser, pooled, runs

from microexpr.core import arithmetic
from microexpr.core.clip import LABELS
from microexpr.evaluation.metrics import confusion, uf1

PEOPLE = 12  # a data set: 288 clips, 264 of them labelled
ORDER = ("easy", "standard", "hard")
RECOGNISERS = tuple(method for method in METHODS if method != "majority")


def main() -> int:
    arguments = parser(__doc__ or "", first=1, seeds=2).parse_args()
    figures: dict[str, dict[str, float]] = {}
    for difficulty in ORDER:
        made = [run.outcomes for run in runs(arguments, difficulty, PEOPLE)]
        figures[difficulty] = {
            method: float(uf1(confusion(*pooled([one[method] for one in made])[:2], len(LABELS)))) for method in METHODS
        }
        for method, value in figures[difficulty].items():
            print(f"{difficulty:<9} {method:<10} UF1 {value:.4f}, {len(made)} seeds pooled", flush=True)
    broken = [
        f"{method}: UF1 must be higher on {easier} than on {harder}, not "
        f"{figures[easier][method]:.4f} and {figures[harder][method]:.4f}"
        for method in RECOGNISERS
        for easier, harder in pairwise(ORDER)
        if figures[easier][method] <= figures[harder][method]
    ]
    print("\n".join(broken) or "every recogniser finds easy easier than standard, and standard easier than hard")
    return 1 if broken else 0


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
