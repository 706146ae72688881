"""Compare each two methods on the same clips, from the predictions that evaluation wrote.

Out of scope: scores, and a selection that reads test clips.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import join_origins
from microexpr.core.errors import StoreError, remedy
from microexpr.core.seeds import generator, spawn
from microexpr.evaluation import metrics
from microexpr.evaluation.metrics import intervals
from microexpr.evaluation.rows import FULL, PREDICTION_COLUMNS, Row, parse_labels
from microexpr.protocols import Protocol
from microexpr.protocols.splits import subject_id

COLUMNS = (
    *("first", "second", "metric", "difference", "low", "high", "p", "p_holm"),
    *("clips", "subjects", "origin", "selection", "seeds"),
)
FIGURES = ("difference", "low", "high", "p", "p_holm")
COMPARED_METRICS = ("uf1", "uar")
COMPARED_OF_SEVERAL = ("macro_f1",)  # where a clip may have several labels
SELECTION = "last"


@dataclass(frozen=True, slots=True, eq=False)
class MethodPredictions:
    """Classes that one method predicted of N clips under S seeds."""

    clips: tuple[str, ...]
    truth: np.ndarray  # int64[N], or of several labels [N, L]
    predicted: np.ndarray  # like it, int64[S, N...], UNTESTED where the seed's draw does not test a clip
    origin: str


def read_predictions(path: str | Path, classes: Sequence[str], several: bool = False) -> MethodPredictions:
    """Read the last epoch's predictions of a method's `_predictions.csv`; `several`: of several labels at once.

    Raises StoreError if the file is missing or has another form.
    """
    rows = [row for row in store.read_csv(path, PREDICTION_COLUMNS) if row["selection"] == SELECTION]
    if not rows:
        raise StoreError(f"{path}: must hold predictions of selection {SELECTION}{remedy(path)}")

    def code(text: str) -> int | list[int]:
        return parse_labels(classes, text) if several else [*classes].index(text)

    truth = {row["clip"]: code(row["truth"]) for row in rows}
    positions = {clip: i for i, clip in enumerate(sorted(truth))}
    shape = 1 + max(int(row["seed"]) for row in rows), len(positions), *[len(classes)] * several
    predicted = np.full(shape, metrics.UNTESTED)
    for row in rows:
        predicted[int(row["seed"]), positions[row["clip"]]] = code(row["predicted"])
    return MethodPredictions(
        tuple(positions), np.array([truth[clip] for clip in positions]), predicted, rows[0]["origin"]
    )


def compare_methods(paths: Mapping[str, str | Path], protocol: Protocol, resamples: int, seed: int) -> list[Row]:
    """Return rows of `COLUMNS` for each pair of methods, in their order, and each of `COMPARED_METRICS`.

    `paths` are `_predictions.csv` by method; all clips are pooled. `difference` is the first's figure less the
    second's, of the last epoch, averaged over seeds; `p` is of one pair, `p_holm` corrected for all pairs of the
    metric. Subjects are resampled as for the intervals of `evaluate`. Raises StoreError when methods were not tested on
    the same clips.
    """
    predictions = {method: read_predictions(path, protocol.classes, protocol.several) for method, path in paths.items()}
    if len(predictions) < 2:
        return []
    first, reference = next(iter(predictions.items()))
    for other, answers in predictions.items():
        parts = [(p.clips, p.truth.tolist(), (p.predicted != metrics.UNTESTED).tolist()) for p in (reference, answers)]
        if parts[0] != parts[1]:
            expected = f"must hold the clips, true classes and seeds of {paths[first]}"
            raise StoreError(f"{paths[other]}: {expected}{remedy(paths[other])}")
    classes = len(protocol.classes)
    subjects = np.array([subject_id(clip) for clip in reference.clips])
    matrices = {
        name: metrics.by_subject(answers.truth, answers.predicted, subjects, classes)
        for name, answers in predictions.items()
    }
    counts = {"clips": len(reference.clips), "subjects": len(set(subjects)), "seeds": len(reference.predicted)}
    seed_sequence = spawn(seed, "evaluate", protocol.name, FULL)
    rows: list[Row] = []
    for name in COMPARED_OF_SEVERAL if protocol.several else COMPARED_METRICS:
        metric = (metrics.METRICS | metrics.LABEL_METRICS)[name]
        for row in compare(matrices, metric, resamples, generator(seed_sequence)):
            origin = join_origins(predictions[row[side]].origin for side in ("first", "second"))
            rows.append(row | counts | {"metric": name, "origin": origin, "selection": SELECTION})
    return rows


def compare(
    matrices: Mapping[str, np.ndarray], metric: metrics.Metric, resamples: int, rng: np.random.Generator
) -> list[Row]:
    """Return a row with both names and `FIGURES` for each two methods, in their order; p is corrected for all of these.

    `matrices` are the clips of each method counted by subject and seed, [U, S, ...]."""
    differences = intervals.differences([*matrices.values()], metric, resamples, rng)
    corrected = intervals.holm([d.p for d in differences])
    return [
        dict(zip(("first", "second", *FIGURES), (*pair, d.value, d.low, d.high, d.p, float(p_holm)), strict=True))
        for pair, d, p_holm in zip(combinations(matrices, 2), differences, corrected, strict=True)
    ]
