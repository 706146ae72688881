"""A form for people: pairs of a true and a synthesised micro-expression, in which they say which is true.

Chooses the pairs, writes and reads key and answers, and counts. What may not come in: how a pair is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from microexpr.core import csv_file, seeds, store
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.evaluation.true_faces import TrueFace

SIDES = ("left", "right")
KEY = ("pair", "true", "clip", "class", "origin")
ANSWERS = ("pair", "answer")
PAIRS = 40
Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A face at rest and two micro-expressions of it, uint8[H, W, C] each; one is true."""

    clip: str
    label: str
    origin: str
    rest: np.ndarray
    left: np.ndarray
    right: np.ndarray
    true: str  # one of SIDES


class Score(NamedTuple):
    """How many of the answered pairs were answered rightly, with the 95 % interval of that share (Wilson 1927)."""

    right: int
    answered: int
    share: float
    low: float
    high: float


def choose(true: Mapping[str, TrueFace], synthesised: Mapping[str, np.ndarray], count: int, seed: int) -> list[Pair]:
    """Return up to `count` pairs in random order, of as many subjects as there are; the true one is at either side.

    `true` are the true faces by clip, `synthesised` faces uint8[H, W, C] of the same clips' classes."""
    rng = seeds.generator(seed, "form")
    by_subject: dict[tuple[str, str], list[str]] = {}
    for name in rng.permutation(sorted(synthesised)).tolist():
        clip = true[name].clip
        by_subject.setdefault((clip.dataset, clip.subject), []).append(name)
    turns = max(map(len, by_subject.values()), default=0)
    subjects = [by_subject[key] for key in sorted(by_subject)]
    names = [part[turn] for turn in range(turns) for part in subjects if turn < len(part)][:count]
    sides = rng.permutation(np.arange(len(names)) % 2)
    pairs = []
    for i in rng.permutation(len(names)).tolist():
        face, side = true[names[i]], int(sides[i])
        pictures = [synthesised[names[i]]] * 2
        pictures[side] = face.apex
        clip = face.clip
        assert clip.label is not None
        left, right = pictures
        pairs.append(Pair(clip.id, LABELS[clip.label], clip.origin, face.rest, left, right, SIDES[side]))
    return pairs


def write_key(path: Path, pairs: Sequence[Pair]) -> None:
    """Write which side of each pair is true, pairs numbered from 1."""
    rows = (
        {"pair": i, "true": pair.true, "clip": pair.clip, "class": pair.label, "origin": pair.origin}
        for i, pair in enumerate(pairs, 1)
    )
    store.write_csv(path, KEY, rows)


def score(answers: Path, key: Path) -> dict[str, Score]:
    """Return the score of a CSV of answers by class, first that of all pairs as "all".

    Raises StoreError for a file of other columns, DataError for a pair that the key lacks, for one that is answered
    twice, and for another answer than left, right or none."""
    kinds = {"true": csv_file.one_of(SIDES), "class": csv_file.one_of(LABELS)}
    true = {row["pair"]: row for row in store.read_csv(key, KEY, kinds)}
    rights_by_pair: dict[str, bool] = {}
    for line, row in enumerate(store.read_csv(answers, ANSWERS), 2):
        number, answer = row["pair"], row["answer"]
        if number not in true:
            raise DataError(f"{answers}, line {line}: pair must be 1 to {len(true)}, not {number}")
        if number in rights_by_pair:
            raise DataError(f"{answers}, line {line}: pair {number} must be answered once")
        if answer not in (*SIDES, ""):
            raise DataError(f"{answers}, line {line}: answer must be left, right or empty, not {answer}")
        if answer:
            rights_by_pair[number] = answer == true[number]["true"]
    groups = {"all": [*rights_by_pair.values()]}
    for label in LABELS:
        groups[label] = [right for number, right in rights_by_pair.items() if true[number]["class"] == label]
    return {name: _score(rights) for name, rights in groups.items()}


def _score(rights: Sequence[bool]) -> Score:
    """Return the score of some answers; of none the share is a guess's, and anything is possible."""
    count, right = len(rights), sum(rights)
    if not count:
        return Score(0, 0, 0.5, 0.0, 1.0)
    share = right / count
    centre = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z * (share * (1 - share) / count + Z**2 / (4 * count**2)) ** 0.5 / (1 + Z**2 / count)
    return Score(right, count, share, max(centre - half, 0.0), min(centre + half, 1.0))
