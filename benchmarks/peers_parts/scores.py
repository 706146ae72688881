"""The predictions that programs print after each fold, and the UF1 over all of them. No program is started here.

The authors' lines: `Predicted    : [0, 2]` at the last epoch, `Best Predicted    : [0, 1]` at the epoch of highest
accuracy on the test clips, `Ground Truth : [0, 1]`. Our engine and the drivers print the same.
"""

import json
import re
from collections.abc import Sequence

import numpy as np

from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.evaluation.metrics import confusion, uf1

LINE = re.compile(r"^(?P<kind>Best Predicted|Predicted|Ground Truth)\s*: (?P<values>\[[\d, ]*\])\s*$", re.M)
NOTE = re.compile(r"^Stand-in: (.+)$", re.M)


def read(output: str) -> dict[str, list[int]]:
    """Return what was printed of all folds, by kind: "Predicted", "Best Predicted", "Ground Truth".

    Raises DataError for predictions that are not as many as the true classes.
    """
    lists: dict[str, list[int]] = {}
    for line in LINE.finditer(output):
        lists.setdefault(line["kind"], []).extend(json.loads(line["values"]))
    counts = {kind: len(values) for kind, values in lists.items()}
    if "Ground Truth" not in counts or len(counts) == 1 or len(set(counts.values())) > 1:
        raise DataError(f"output must have as many predictions as true classes, not {counts}")
    return lists


def pooled_uf1(outputs: Sequence[str]) -> tuple[float | None, float | None]:
    """Return the UF1 at the last epoch and at each fold's best test epoch, pooled over folds; None where not printed.

    `outputs` are of processes that had folds of their own.
    """
    parts = [read(output) for output in outputs]
    values = []
    for kind in ("Predicted", "Best Predicted"):
        if not all(kind in part for part in parts):
            values.append(None)
            continue
        truth, predicted = (np.concatenate([part[name] for part in parts]) for name in ("Ground Truth", kind))
        values.append(float(uf1(confusion(truth, predicted, len(LABELS)))))
    return values[0], values[1]


def stand_ins(output: str) -> list[str]:
    """Return what a driver says it replaced."""
    return list(dict.fromkeys(NOTE.findall(output)))
