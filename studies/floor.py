"""Whether the recognisers rise above guessing on generated faces, for every generator seed. No figure of a paper."""

import sys

from checkout import METHODS, Outcome, parser, runs

RECOGNISERS = tuple(method for method in METHODS if method != "majority")
BEST_ABOVE = 0.20  # UF1 of the best recogniser less that of majority
STSTNET_ABOVE = 0.15


def main() -> int:
    arguments = parser(__doc__ or "", first=1, seeds=2).parse_args()
    broken = []
    for run in runs(arguments, "standard"):
        for method in METHODS:
            figures = run.outcomes[method].figures
            uf1, uar = figures["uf1"]["value"], figures["uar"]["value"]
            print(f"seed {run.seed}  {method:<10} UF1 {uf1:.4f}  UAR {uar:.4f}", flush=True)
        broken += [f"seed {run.seed}: {line}" for line in shortfalls(run.outcomes)]
    print("\n".join(broken) or "every seed holds")
    return 1 if broken else 0


def shortfalls(outcomes: dict[str, Outcome]) -> list[str]:
    """What one seed's run breaks, a line each."""
    uf1 = {method: outcome.figures["uf1"]["value"] for method, outcome in outcomes.items()}
    best = max(RECOGNISERS, key=lambda method: uf1[method])
    wanted = ((f"the best ({best})", uf1[best], BEST_ABOVE), ("ststnet", uf1["ststnet"], STSTNET_ABOVE))
    return [
        f"UF1 of {name} must be at least {above} above majority's, not {value - uf1['majority']:.4f}"
        for name, value, above in wanted
        if value - uf1["majority"] < above
    ]


if __name__ == "__main__":
    sys.exit(main())
