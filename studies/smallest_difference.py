"""The smallest difference between two methods that the main table's paired test finds, by number of subjects.

    python studies/smallest_difference.py                          # from the results/ of this checkout
    python studies/smallest_difference.py --run FOLDER --write-docs  # from another finished run; into docs/measured.md

Pairs of methods with a true difference are simulated as in intervals.py, and tested as for
results/megc2019_paired.csv. A finished run says how often two methods err on the same clips, which clips a rendered
subject has, and which other methods the table holds. A difference is found if p < 0.05 and its sign is right; the
smallest one is found in 80 % of experiments.
"""

import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pages
from scipy.stats import norm
from scipy.stats import t as student

from microexpr.core import arithmetic, seeds
from microexpr.core.errors import MicroexprError, StoreError
from microexpr.evaluation import pairs
from microexpr.evaluation.metrics import METRICS, all_pairs, confusion, holm, min_attainable_p
from microexpr.protocols import MEGC2019, PROTOCOLS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/fixtures"))  # pytest finds these by itself
import simulated
from simulated import Population, composite

PAGE, MARK = "docs/measured.md", "study-smallest-difference"
SUBJECTS = (24, 36, 68)  # the last as published, the others as rendered
PRESETS = {36: "subjects36"}
LEVELS = (0.55, 0.75)  # mean of the two methods' true figures
ALPHA, POWER = 0.05, 0.8
RESAMPLES = 400
RECOGNISING = 0.5  # UF1 from which on a method's errors are compared with another's
SKILLS = np.linspace(-1.5, 9, 43)
SPREAD = (0.85, 0.95, 1.05, 1.15)  # differences of the main experiments, of a first guess at the smallest one


@dataclass(frozen=True, eq=False)
class Run:
    """What the simulation takes from a finished run."""

    sets: tuple[tuple[int, tuple[int, tuple[int, ...]]], ...]  # as in `Population`
    figures: dict[str, list[float]]  # of each method, by metric
    error_correlation: float  # median over pairs of recognising methods
    quartiles: tuple[float, float]  # of the same
    standard_error: float  # of a difference in UF1, median over these pairs
    level: float  # median UF1 of these methods


@dataclass(frozen=True)
class Smallest:
    """A smallest difference and its standard error."""

    value: float
    error: float


def main() -> int:
    arguments = parse()
    try:
        run = read(arguments.run / "results/evaluate/megc2019")
    except MicroexprError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    common, simulated_error = calibrate(run, arguments.experiments)
    cells: dict[tuple[int, bool], list[Smallest | None]] = {}
    for subjects in SUBJECTS:
        for corrected in (False, True):
            count = arguments.experiments // (4 if corrected else 1)
            cells[subjects, corrected] = list(row(run, subjects, corrected, common, count))
            figures = ", ".join(cell(difference) for difference in cells[subjects, corrected])
            print(f"{subjects} subjects{', corrected' * corrected}: {figures}", file=sys.stderr, flush=True)
    lines = [*basis(run, common, simulated_error), "", *table(cells, len(run.figures["uf1"])), "", *sentences(cells)]
    lines += ["", f"{pages.source()} {time.process_time() / 60:.0f} min of CPU time."]
    print("\n".join(lines))
    if arguments.write_docs:
        pages.write(PAGE, MARK, "\n".join(lines))
    return 0


def parse() -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path(), help="folder of a finished run, which has its results/")
    parser.add_argument(
        "--experiments", type=int, default=1000, help="at each difference, default 1000; a fourth with correction"
    )
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    return parser.parse_args()


def read(folder: Path) -> Run:
    """Read a run's predictions. Raises StoreError without two methods of UF1 >= `RECOGNISING`."""
    protocol = PROTOCOLS[MEGC2019]
    classes = len(protocol.classes)
    predictions = [pairs.read_predictions(path, protocol.classes) for path in sorted(folder.glob("*_predictions.csv"))]
    figures = {
        name: [float(METRICS[name](confusion(one.truth, one.predicted[0], classes))) for one in predictions]
        for name in pairs.COMPARED_METRICS
    }
    levels = [value for value in figures["uf1"] if value >= RECOGNISING]
    if len(levels) < 2:
        raise StoreError(f"{folder}: must hold the predictions of two methods of UF1 >= {RECOGNISING}; `make table`")
    labels = [one.predicted[0] for one, value in zip(predictions, figures["uf1"], strict=True) if value >= RECOGNISING]
    truth, clips = predictions[0].truth, predictions[0].clips
    subjects = np.array([clip.rsplit("/", 1)[0] for clip in clips])
    correlations = error_correlations(truth, labels)
    low, median, high = np.quantile(correlations, (0.25, 0.5, 0.75))
    rng = seeds.generator(0, "study", "smallest difference", "run")
    error = standard_error(truth, labels, subjects, rng)
    sets = corpora(truth, subjects, classes)
    return Run(sets, figures, float(median), (float(low), float(high)), error, float(np.median(levels)))


def corpora(truth: np.ndarray, subjects: np.ndarray, classes: int) -> tuple:
    """Return `Population.sets` of clips: the subjects and the clips by class of each data set."""
    datasets = np.array([subject.split("/")[0] for subject in subjects])
    sets = []
    for name in dict.fromkeys(datasets):
        number = len(set(subjects[datasets == name]))
        counts = np.bincount(truth[datasets == name], minlength=classes)
        sets.append((number, (number, tuple(int(count) for count in counts))))
    return tuple(sets)


def error_correlations(truth: np.ndarray, predicted: Sequence[np.ndarray]) -> np.ndarray:
    """Return the correlation over clips of being right, of each pair of methods; without those that never vary."""
    right = [(labels == truth).astype(float) for labels in predicted]
    varied = [one for one in right if one.std() > 0]
    return np.array([np.corrcoef(one, other)[0, 1] for one, other in combinations(varied, 2)])


def corpus(run: Run, subjects: int) -> Population:
    """Return so many subjects with clips as rendered in the run, a third in each data set; the last as published."""
    if subjects == SUBJECTS[-1]:
        return Population(composite(subjects))
    return Population(tuple((subjects // len(run.sets), like) for _, like in run.sets), even=True)


@dataclass(frozen=True, eq=False)
class Skills:
    """The true figure of a population by its skill, interpolated."""

    population: Population
    values: np.ndarray

    @classmethod
    def of(cls, population: Population, name: str) -> "Skills":
        values = [
            METRICS[name](simulated.expected(replace(population, skill=float(skill)), 20_000)) for skill in SKILLS
        ]
        return cls(population, np.maximum.accumulate(np.array(values)))

    def method(self, value: float) -> Population:
        """Return the population of this true figure, or of the nearest one that there is."""
        return replace(self.population, skill=float(np.interp(value, self.values, SKILLS)))

    def widest(self, level: float) -> float:
        """Return the largest difference of two figures with this mean."""
        return float(2 * min(level - self.values[0], self.values[-1] - level))


def calibrate(run: Run, count: int) -> tuple[float, float]:
    """Return the share of common clips that gives the run's correlation of errors, and a difference's standard error.

    The latter is the median for two methods of the run's level on corpora of its size, to compare with the run's."""
    method = Skills.of(Population(run.sets, even=True), "uf1").method(run.level)
    rng = seeds.generator(0, "study", "smallest difference", "calibration")
    shares, means = np.linspace(0, 1, 6), []
    for share in shares:
        simulations = [simulated.predictions(rng, [method, method], common=share) for _ in range(count // 2)]
        means.append(np.mean([value for truth, both, _ in simulations for value in error_correlations(truth, both)]))
    common = float(np.interp(run.error_correlation, means, shares))
    errors = []
    for _ in range(count // 2):
        truth, both, subjects = simulated.predictions(rng, [method, method], common=common)
        errors.append(standard_error(truth, both, subjects, rng))
    return common, float(np.median(errors))


def standard_error(
    truth: np.ndarray, predicted: Sequence[np.ndarray], subjects: np.ndarray, rng: np.random.Generator
) -> float:
    """Return the paired test's standard error of a difference in UF1, the median over pairs of methods."""
    differences = all_pairs(truth, predicted, subjects, METRICS["uf1"], RESAMPLES, rng)
    widths = [(difference.high - difference.low) / 2 for difference in differences]
    return float(np.median(widths) / student.ppf(0.975, len(set(subjects)) - 1))


def row(run: Run, subjects: int, corrected: bool, common: float, count: int) -> Iterator[Smallest | None]:
    """Yield the smallest difference of each metric and level, or None where none is large enough."""
    population = corpus(run, subjects)
    for name in pairs.COMPARED_METRICS:
        skills = Skills.of(population, name)
        for level in LEVELS:
            others = neighbours_left_out(run.figures[name], level) if corrected else []
            test_count = len(run.figures[name]) * (len(run.figures[name]) - 1) // 2 if corrected else 1
            if test_count * min_attainable_p(subjects) >= ALPHA:
                yield None
                continue
            rng = seeds.generator(0, "study", "smallest difference", subjects, name, str(level), str(corrected))
            yield smallest(experiment(skills, name, level, others, common, rng), skills.widest(level), count)


def neighbours_left_out(figures: Sequence[float], level: float) -> list[float]:
    """Return the figures of a table without the two nearest to a level, which the simulated pair replaces."""
    return sorted(figures, key=lambda value: abs(value - level))[2:]


def experiment(
    skills: Skills, name: str, level: float, others: Sequence[float], common: float, rng: np.random.Generator
) -> Callable[[float], bool]:
    """Return a function that simulates one experiment and says whether the test finds a true difference.

    The two methods have figures of mean `level`; `others` are the figures of the other methods of the table. Every
    pair of the table is tested, and p corrected as in `pairs.compare_methods`."""
    table = [skills.method(value) for value in others]

    def test(difference: float) -> bool:
        both = [skills.method(level + difference / 2), skills.method(level - difference / 2)]
        truth, predicted, subjects = simulated.predictions(rng, [*both, *table], common=common)
        tests = all_pairs(truth, predicted, subjects, METRICS[name], RESAMPLES, rng)
        return bool(tests[0].value > 0 and holm([one.p for one in tests])[0] < ALPHA)

    return test


def smallest(test: Callable[[float], bool], widest: float, count: int) -> Smallest | None:
    """Return the difference that is found with probability `POWER`; None if the widest one is found more seldom.

    A bisection guesses it; then `count` experiments are done at each of four differences near the guess."""
    low, high = 0.0, widest
    if sum(test(widest) for _ in range(count // 8)) < POWER * (count // 8):
        return None
    for _ in range(6):
        middle = (low + high) / 2
        share = np.mean([test(middle) for _ in range(max(count // 8, 1))])
        low, high = (middle, high) if share < POWER else (low, middle)
    differences = np.minimum((low + high) / 2 * np.array(SPREAD), widest)
    return crossing(differences, np.array([sum(test(one) for _ in range(count)) for one in differences]), count)


def crossing(differences: np.ndarray, successes: np.ndarray, count: int, power: float = POWER) -> Smallest:
    """Return where a probit regression of successes among `count` experiments on differences [D] reaches a power.

    The standard error is by the delta method."""
    design = np.stack([np.ones(len(differences)), differences], axis=1)
    weights = np.zeros(2)
    for step in range(50):
        if step == 0:  # from the shares, kept away from 0 and 1
            target, precision = norm.ppf((successes + 0.5) / (count + 1)), np.ones(len(differences))
        else:
            scores = np.clip(design @ weights, -6, 6)
            chance, slope = norm.cdf(scores), norm.pdf(scores)
            target = scores + (successes / count - chance) / slope
            precision = count * slope**2 / (chance * (1 - chance))
        weights = np.linalg.solve(design.T * precision @ design, design.T @ (precision * target))
    value = (norm.ppf(power) - weights[0]) / weights[1]
    gradient = -np.array([1, value]) / weights[1]
    covariance = np.linalg.inv(design.T * precision @ design)
    return Smallest(float(value), float(np.sqrt(gradient @ covariance @ gradient)))


def cell(difference: Smallest | None) -> str:
    return "none" if difference is None else f"{difference.value:.3f} ± {difference.error:.3f}"


def basis(run: Run, common: float, simulated_error: float) -> list[str]:
    """Return sentences on what the simulation takes from the run."""
    subjects, low, high = sum(number for number, _ in run.sets), *run.quartiles
    return [
        f"The run has {subjects} subjects and {len(run.figures['uf1'])} methods. Of those with a UF1 of at least "
        f"{RECOGNISING}, two methods' errors",
        f"correlate over clips by {run.error_correlation:.2f} in the median (quartiles {low:.2f} and {high:.2f}), "
        f"which {common:.0%} of common clips give in the simulation.",
        f"The standard error of a difference in UF1 is {run.standard_error:.3f} in the run, median over these pairs, "
        f"and {simulated_error:.3f} in the simulation.",
    ]


def table(cells: dict[tuple[int, bool], list[Smallest | None]], methods: int) -> list[str]:
    """Return the table's lines: a row for each number of subjects, with and without correction."""
    columns = [f"{name.upper()} about {level}" for name in pairs.COMPARED_METRICS for level in LEVELS]
    lines = [f"| subjects | p < {ALPHA} | {' | '.join(columns)} |", "| --- " * (2 + len(columns)) + "|"]
    count = methods * (methods - 1) // 2
    for corrected, what in ((False, "of one pair, `p`"), (True, f"corrected for {count} pairs, `p_holm`")):
        for subjects in SUBJECTS:
            figures = " | ".join(cell(one) for one in cells[subjects, corrected])
            lines.append(f"| {subjects} | {what} | {figures} |")
    return lines


def sentences(cells: dict[tuple[int, bool], list[Smallest | None]]) -> list[str]:
    """Return a sentence for the committed number of subjects and one for each preset, on UF1 about the last level."""
    column = len(LEVELS) - 1
    figures = {key: "none" if row[column] is None else f"{row[column].value:.2f}" for key, row in cells.items()}
    first, every = SUBJECTS[0], "every difference"
    corrected = every if figures[first, True] == "none" else f"one below {figures[first, True]}"
    lines = [
        f"With {first} subjects, as committed, a difference in UF1 below {figures[first, False]} between methods of "
        f"about {LEVELS[column]} is easily missed,",
        f"and after correction {corrected}.",
    ]
    lines += [
        f"`make preset PRESET={preset}` brings it to {figures[count, False]}, after correction {figures[count, True]}."
        for count, preset in PRESETS.items()
    ]
    return lines


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
