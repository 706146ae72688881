"""Simulated leave-one-subject-out predictions of people who differ, with the figures that they tend to. No assertions.

A person has clips of some classes more than of others, is easier or harder than the next one, and has a leaning
towards some answer. Numbers of clips and classes are like those of the published data sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from microexpr.metrics import Metric

THREE = {"smic": (16, (70, 51, 43)), "casme2": (24, (88, 32, 25)), "samm": (28, (92, 26, 15))}  # people, clips
CLIPS = 1.5  # shape of the gamma distribution of a person's number of clips beyond the first
CLASSES = 3.0  # concentration of a person's shares of the classes around the data set's
MANY = 50_000  # people behind a true figure


@dataclass(frozen=True)
class Population:
    """Whom people are drawn from: for each data set how many, like those of which published size and classes."""

    sets: tuple[tuple[int, tuple[int, tuple[int, ...]]], ...]
    skill: float = 2.0  # log-odds of the right answer over each other one
    spread: float = 0.9  # its standard deviation between people
    leaning: float = 0.6  # standard deviation between people of the log-odds of each answer
    prior: float = 0.4  # how much answers lean to the frequent classes

    @property
    def classes(self) -> int:
        return len(self.sets[0][1][1])


def composite(people: int) -> tuple[tuple[int, tuple[int, tuple[int, ...]]], ...]:
    """MEGC2019's three data sets with so many people altogether: 68 as published, else a third in each."""
    return tuple((own[0] if people == 68 else people // 3, own) for own in THREE.values())


LEVELS = {  # true UF1 of about 0.34, 0.55, 0.72, 0.88 and 0.96 with three classes
    "chance": {"skill": 0.0, "spread": 0.5, "leaning": 0.5},
    "low": {"skill": 1.0, "spread": 0.7, "leaning": 0.5},
    "middle": {"skill": 2.0, "spread": 0.9, "leaning": 0.6},
    "high": {"skill": 3.3, "spread": 1.0, "leaning": 0.6},
    "near 1": {"skill": 4.8, "spread": 1.0, "leaning": 0.6},
}


def matrices(rng: np.random.Generator, methods: Sequence[Population], alike: float = 0.7) -> list[np.ndarray]:
    """Confusion matrices [U, K, K] of each method on the same people's clips.

    `alike` is the correlation between methods of whom they find hard and which answer they lean to. The methods'
    populations differ in their last four fields alone."""
    parts = []
    for number, own in methods[0].sets:
        clips, chances = _people(rng, number, own, methods, alike)
        parts.append([rng.multinomial(clips, chance) for chance in chances])
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def expected(population: Population, people: int = MANY) -> np.ndarray:
    """What confusion matrices [K, K] tend to with ever more people, times a large number: of it, figures are true."""
    rng, total = np.random.default_rng(0), np.zeros((population.classes, population.classes))
    for number, own in population.sets:
        clips, (chance,) = _people(rng, people, own, [population], 0)
        total += number * (clips[..., None] * chance).mean(0)
    return total * people


def evened(first: Population, second: Population, metric: Metric) -> Population:
    """The second population with the skill that gives it the first one's true metric, by bisection."""
    wanted, low, high = metric(expected(first)), 0.0, 8.0
    for _ in range(14):
        second = replace(second, skill=(low + high) / 2)
        low, high = (second.skill, high) if metric(expected(second)) < wanted else (low, second.skill)
    return second


def clips(matrices: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """truth [N], each method's predicted [N] and subjects [N] that have these matrices, which share their row sums."""
    people, classes = matrices[0].shape[:2]
    rows = matrices[0].sum(-1)
    subjects = np.repeat(np.arange(people), rows.sum(-1))
    truth = np.repeat(np.tile(np.arange(classes), people), rows.ravel())
    answers = np.tile(np.arange(classes), people * classes)
    return truth, [np.repeat(answers, one.ravel()) for one in matrices], subjects


def _people(
    rng: np.random.Generator,
    number: int,
    own: tuple[int, tuple[int, ...]],
    methods: Sequence[Population],
    alike: float,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Clips by class [U, K] of so many people, and each method's chances of each answer [U, K, K]."""
    counts = np.array(own[1], float)
    share, each = counts / counts.sum(), counts.sum() / own[0] - 1
    clips = rng.multinomial(
        1 + rng.poisson(rng.gamma(CLIPS, each / CLIPS, size=number)), rng.dirichlet(CLASSES * share, size=number)
    )
    common = rng.normal(size=(number, 1 + len(counts)))
    chances = []
    for method in methods:
        nature = alike * common + np.sqrt(1 - alike**2) * rng.normal(size=common.shape)
        skill = method.skill + method.spread * nature[:, 0]
        odds = np.exp(
            skill[:, None, None] * np.eye(len(counts))
            + method.prior * np.log(share)
            + method.leaning * nature[:, None, 1:]
        )
        chances.append(odds / odds.sum(-1, keepdims=True))
    return clips, chances


def shared_training(rng: np.random.Generator, people: int, signal: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """truth, predicted, subjects of a real leave-one-subject-out: nearest class mean in ten dimensions.

    Each fold's means are over all clips of the other people, so folds share training clips."""
    parts = [_people(rng, number, own, [], 0)[0] for number, own in composite(people)]
    counts = np.concatenate(parts)
    truth, _, subjects = clips([np.stack([np.diag(row) for row in counts])])
    noise = rng.normal(size=(len(truth), 10)) + 0.5 * rng.normal(size=(people, 10))[subjects]
    features = noise + signal * np.eye(3, 10)[truth]
    own = np.zeros((people, 3, 10))
    np.add.at(own, (subjects, truth), features)
    means = (own.sum(0) - own) / np.maximum(counts.sum(0) - counts, 1)[..., None]  # [U, 3, 10]
    away = ((features[:, None] - means[subjects]) ** 2).sum(-1)
    return truth, away.argmin(-1), subjects
