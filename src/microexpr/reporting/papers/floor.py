"""The floor of a table: the number of subjects tested, and the figures of guessing. Reads labels alone.

Out of scope: a prediction of a trained method.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microexpr.core.clip import Clip, Fold
from microexpr.evaluation import FULL
from microexpr.evaluation.metrics import METRICS, confusion
from microexpr.protocols import Protocol
from microexpr.protocols.splits import subject_id

CHANCE, MAJORITY = "chance", "majority"


@dataclass(frozen=True, slots=True)
class Floor:
    """Tested subjects, and figures of two guesses, as means over drawn splits."""

    subjects: dict[str, int]  # by scope: all data sets pooled, or one of them
    figures: dict[tuple[str, str, str], float]  # by guess, scope and metric


def measure(protocol: Protocol, clips: Sequence[Clip], folds: Sequence[Fold]) -> Floor:
    """Return the floor of these folds of a protocol.

    `chance` guesses every class equally often and has the figures of the expected confusion matrix; `majority` predicts
    the most frequent class of a fold's training clips, as the method of that name does."""
    by_id = {clip.id: clip for clip in protocol.select(clips)}
    labels = {name: label for name, clip in by_id.items() if (label := protocol.label(clip)) is not None}
    tested: list[tuple[int, Clip, int]] = []  # draw, clip, the class that is most frequent in training
    for fold in folds:
        frequent = int(np.bincount([labels[name] for name in (*fold.train, *fold.inner)]).argmax())
        tested += [(fold.draw or 0, by_id[name], frequent) for name in fold.test]
    subjects, figures = {}, {}
    for scope in (FULL, *protocol.datasets):
        if chosen := [entry for entry in tested if scope in (FULL, entry[1].dataset)]:
            subjects[scope] = len({subject_id(clip.id) for _, clip, _ in chosen})
            matrices = []  # by guess, of each draw
            for draw in sorted({split for split, *_ in chosen}):
                pairs = [(labels[clip.id], guess) for split, clip, guess in chosen if split == draw]
                truth, majority = np.array(pairs, np.int64).T
                matrix = confusion(truth, majority, len(protocol.classes))
                expected = np.repeat(matrix.sum(1, keepdims=True) / len(matrix), len(matrix), 1)
                matrices.append({CHANCE: expected, MAJORITY: matrix})
            for guess in (CHANCE, MAJORITY):
                for name, metric in METRICS.items():
                    with warnings.catch_warnings(action="ignore"):  # of classes that nothing shows
                        values = [metric(matrix[guess]) for matrix in matrices]
                    figures[guess, scope, name] = float(np.mean(values))
    return Floor(subjects, figures)
