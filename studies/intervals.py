"""Whether 95 % intervals hold the truth in 95 % of simulated experiments, and whether equal methods differ in 5 %.

Predictions are simulated (tests/fixtures/simulated.py), so what a figure tends to is known. First the project's
interval, then others that were tried, then the paired test between two methods that are equally good, then what no
resampling of test subjects can see: folds that share training clips.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from microexpr.core import arithmetic, seeds
from microexpr.evaluation.metrics import METRICS, bootstrap, by_class, confusion, paired, uar, uf1

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/fixtures"))  # pytest finds these by itself
import simulated
from simulated import LEVELS, Population, composite

RESAMPLES = 400
WANTED, ALLOWED = (0.93, 0.97), (0.035, 0.065)  # of intervals that hold the truth; of equal methods called different
SIZES = (12, 30, 68)
OTHERS = {
    "smic, 4 people": ((4, simulated.THREE["smic"]),),
    "samm, 28 people": ((28, simulated.THREE["samm"]),),
    "casme2, 5 classes, 25 people": ((25, (25, (99, 63, 32, 27, 25))),),
}
FIGURES = {"uf1": uf1, "uar": uar}
Interval = tuple[float, float]


def main() -> int:
    made = ArgumentParser(description=__doc__)
    made.add_argument("--simulations", type=int, default=2000, help="experiments behind each share, default 2000")
    count = made.parse_args().simulations
    sets = {f"composite, {people} people": composite(people) for people in SIZES}
    broken, judged = [], dict[str, list[float]]()
    print(f"95 % intervals that hold the truth, of {count}: true value, share, mean width")
    for name, own in (sets | OTHERS).items():
        for level, nature in LEVELS.items():
            for line, share in coverage(name, level, Population(own, **nature), count):
                print(line, flush=True)
                if share is not None and name in sets and level != "near 1":
                    judged.setdefault(name, []).append(share)
                    broken += outside(line, share, WANTED, count)
    for name, shares in judged.items():
        print(f"{name}, UF1 and UAR, chance to high: {min(shares):.1%} to {max(shares):.1%}")
    print(f"\nother intervals, of {count // 4}: shares of UF1, UAR")
    for name, own in sets.items():
        for level, nature in LEVELS.items():
            print(rivalled(name, level, Population(own, **nature), count // 4), flush=True)
    print(f"\nequally good methods called different at 5 %, of {count}")
    for name, own in sets.items():
        for line, share in calibration(name, own, count):
            print(line, flush=True)
            broken += outside(line, share, ALLOWED, count)
    print(f"\nfolds that share training clips: UAR of a nearest class mean, intervals that hold its mean, of {count}")
    for people in SIZES:
        for signal in (0.0, 1.0, 2.0):
            print(trained(people, signal, count), flush=True)
    print("\n".join(["", *broken]) if broken else "\nintervals cover and the paired test is calibrated")
    return 1 if broken else 0


def outside(line: str, share: float, bounds: Interval, count: int) -> list[str]:
    """The line, if its share is out of bounds by more than two standard errors of a share of so many."""
    slack = 2 * (bounds[0] * (1 - bounds[0]) / count) ** 0.5
    return [] if bounds[0] - slack <= share <= bounds[1] + slack else [f"out of bounds: {line}"]


def coverage(name: str, level: str, population: Population, count: int) -> Iterator[tuple[str, float | None]]:
    """A line for UF1, UAR and the recall of the rarest class, with the share for the first two."""
    rng = seeds.generator(0, "campaign", "intervals", name, level)
    names = [str(number) for number in range(population.classes)]
    figures = FIGURES | {"recall of the rarest class": by_class(names)[f"recall_{names[-1]}"]}
    tends = simulated.expected(population)
    true = {figure: float(metric(tends)) for figure, metric in figures.items()}
    held, width = dict.fromkeys(figures, 0.0), dict.fromkeys(figures, 0.0)
    for _ in range(count):
        truth, (predicted,), people = simulated.clips(simulated.matrices(rng, [population]))
        for figure, metric in figures.items():
            low, high = bootstrap(truth, predicted, people, metric, RESAMPLES, rng, population.classes)
            held[figure] += (low <= true[figure] <= high) / count
            width[figure] += (high - low) / count
    for figure in figures:
        said = f"{true[figure]:.3f}  {held[figure]:6.1%}  {width[figure]:.2f}"
        yield f"{name:<28}  {level:<7} {figure:<26}  {said}", held[figure] if figure in FIGURES else None


def rivalled(name: str, level: str, population: Population, count: int) -> str:
    """How often each of the other intervals holds the truth."""
    rng = seeds.generator(0, "campaign", "intervals", "rivals", name, level)
    held: dict[str, list[float]] = {}
    strata = np.repeat(np.arange(len(population.sets)), [number for number, _ in population.sets])
    tends = simulated.expected(population)
    true = {figure: float(metric(tends)) for figure, metric in FIGURES.items()}
    for _ in range(count):
        (matrices,) = simulated.matrices(rng, [population])
        for column, (figure, metric) in enumerate(FIGURES.items()):
            for rival, (low, high) in rivals(matrices.astype(float), strata, metric, rng).items():
                held.setdefault(rival, [0.0, 0.0])[column] += (low <= true[figure] <= high) / count
    return f"{name:<20}  {level:<7} " + "  ".join(f"{k} {one:.1%} {two:.1%}" for k, (one, two) in held.items())


def rivals(matrices: np.ndarray, strata: np.ndarray, metric: Callable, rng: np.random.Generator) -> dict[str, Interval]:
    """Intervals [low, high] of the literature (Efron and Tibshirani 1993; Hesterberg 2015), from the same resamples."""
    people, (value,) = len(matrices), metric(matrices.sum(0)[None])
    times = rng.multinomial(people, np.full(people, 1 / people), size=RESAMPLES).astype(float)
    drawn = metric(np.tensordot(times, matrices, axes=1))
    low, high = np.quantile(drawn, (0.025, 0.975))
    wider = student.ppf(0.975, people - 1) * (people / (people - 1)) ** 0.5
    within = np.concatenate([_drawn(rng, int((strata == one).sum())) for one in np.unique(strata)], axis=1)
    apart = metric(np.tensordot(within, matrices, axes=1))
    return {
        "percentile": (low, high),
        "widened": tuple(np.quantile(drawn, norm.cdf([-wider, wider]))),
        "stratified, widened": tuple(np.quantile(apart, norm.cdf([-wider, wider]))),
        "basic": (2 * value - high, 2 * value - low),
        "BCa": _accelerated(matrices, metric, drawn, value, norm.ppf(0.975)),
        "BCa, widened": _accelerated(matrices, metric, drawn, value, wider),
        "studentised": _studentised(matrices, metric, times, drawn, value),
    }


def _drawn(rng: np.random.Generator, people: int) -> np.ndarray:
    return rng.multinomial(people, np.full(people, 1 / people), size=RESAMPLES).astype(float)


def _accelerated(matrices: np.ndarray, metric: Callable, drawn: np.ndarray, value: float, reach: float) -> Interval:
    without = metric(matrices.sum(0) - matrices)
    away = without.mean() - without
    skew = (away**3).sum() / (6 * max((away**2).sum(), 1e-12) ** 1.5)
    below = ((drawn < value).sum() + (drawn == value).sum() / 2) / len(drawn)
    bias = norm.ppf(np.clip(below, 1 / len(drawn), 1 - 1 / len(drawn)))
    ends = [norm.cdf(bias + (bias + z) / (1 - skew * (bias + z))) for z in (-reach, reach)]
    low, high = np.quantile(drawn, ends)
    return low, high


def _studentised(
    matrices: np.ndarray, metric: Callable, times: np.ndarray, drawn: np.ndarray, value: float
) -> Interval:
    own = _linear(matrices, metric, np.ones((1, len(matrices))))[0]
    each = _linear(matrices, metric, times)
    if not (each > 0).any():
        return value, value
    low, high = np.quantile((drawn[each > 0] - value) / each[each > 0], (0.025, 0.975))
    return value - high * own, value - low * own


def _linear(matrices: np.ndarray, metric: Callable, times: np.ndarray) -> np.ndarray:
    """Standard errors [B] by the delta method: from the metric's derivatives, by central differences."""
    flat, classes, step = matrices.reshape(len(matrices), -1), matrices.shape[-1], 1e-3
    pooled = (times @ flat).reshape(-1, 1, classes, classes)
    shift = step * np.eye(classes**2).reshape(-1, classes, classes)
    slope = (metric(pooled + shift) - metric(pooled - shift)) / (2 * step)  # [B, K * K]
    people = len(matrices)
    return np.sqrt((times * (slope @ flat.T) ** 2).sum(1) * people / (people - 1))


def calibration(name: str, own: tuple, count: int) -> Iterator[tuple[str, float]]:
    """A line and a share for each pair of equally good methods and each metric."""
    middle = Population(own)
    others = {
        "one leans to frequent classes": Population(own, prior=1.2),
        "one is uneven": Population(own, spread=1.6, leaning=0.9),
    }
    alike = {level: (Population(own, **LEVELS[level]),) * 2 for level in ("chance", "low", "middle", "high")}
    for figure, metric in FIGURES.items():
        unlike = {what: (middle, simulated.evened(middle, other, metric)) for what, other in others.items()}
        for what, methods in (alike | unlike).items():
            rng = seeds.generator(0, "campaign", "intervals", "paired", name, what)
            different = 0
            for _ in range(count):
                truth, predicted, people = simulated.clips(simulated.matrices(rng, methods))
                different += paired(truth, *predicted, people, metric, RESAMPLES, rng).p < 0.05
            yield f"{name:<20}  {what:<30} {figure:<4} {different / count:6.1%}", different / count


def trained(people: int, signal: float, count: int) -> str:
    """A line about a real leave-one-subject-out, judged by the mean over all its simulations."""
    rng = seeds.generator(0, "campaign", "intervals", "trained", people, str(signal))
    metric, values, intervals = METRICS["uar"], [], []
    for _ in range(count):
        truth, predicted, subjects = simulated.shared_training(rng, people, signal)
        values.append(float(metric(confusion(truth, predicted, 3))))
        intervals.append(bootstrap(truth, predicted, subjects, metric, RESAMPLES, rng))
    low, high = np.array(intervals).T
    held = ((low <= np.mean(values)) & (np.mean(values) <= high)).mean()
    return f"{people} people, signal {signal}: mean UAR {np.mean(values):.3f}, held by {held:.1%}"


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
