"""Write and read the rows of the evaluate stage as CSV. Computes no figure.

A row is a dict with a value for each column. `evaluation.evaluate`, `confusion_rows` and `prediction_rows` compute the
rows of a method's predicted classes, `evaluation.resemblance` those of synthesised faces; docs/metrics.md has formulas.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import csv_file, store
from microexpr.core.clip import Clip
from microexpr.core.facs import UNKNOWN

Row = dict[str, Any]  # value by column
UNSURE = "?"  # after the name of a label that is not known
FULL = "full"  # value of column `scope` for all data sets pooled; otherwise it is the name of one

# `selection`: rule that chose the epoch; `value`: mean over seeds; `low`, `high`: 95 % interval over subjects;
# `deviation`: over seeds; `pooling`: one matrix over all folds, or the mean over subjects; `origin`: licensed or
# generated clips; `subject_seen`: "yes" where the protocol trains on other clips of the tested subject.
# `learning`: losses of the last phase, from its first epoch to its last, and how far each module's weights moved.
# `training_subjects`, `training_clips`: of the protocol's, those that a fold trains on, mean over folds.
KEYS = ("method", "protocol", "selection", "scope", "metric")
FIGURES = ("value", "low", "high", "deviation")  # None, in files "", if undefined, as the deviation of one seed
DIGITS = dict.fromkeys((*FIGURES, "difference"), ".6f") | dict.fromkeys(("p", "p_holm"), ".4g")
COUNTS = ("seeds", "folds", "subjects", "clips", "training_subjects", "training_clips", "parameters")
COLUMNS = (*KEYS, "value", "low", "high", *COUNTS, "origin", "pooling", "deviation", "subject_seen", "initialisation",
           "differs_from_paper", "learning")  # fmt: skip

CONFUSION_COLUMNS = ("selection", "scope", "truth", "predicted", "clips")  # numbers of clips
PREDICTION_COLUMNS = ("selection", "origin", "seed", "clip", "truth", "predicted")  # one clip's classes
# `faces`: which images are measured, a kind of `faces`; `side`: "held_out", whether their clips were trained on;
# `made`, `true`: the numbers of synthesised and of true images.
FACE_COLUMNS = (
    *("method", "protocol", "origin", "side", "scope", "faces", "metric", "value"),
    *("low", "high", "made", "true"),
    *("folds", "subject_seen", "note"),
)


def scopes(clips: Sequence[Clip], datasets: Iterable[str]) -> list[tuple[str, np.ndarray]]:
    """Return the scope of all clips, then of each of these data sets that is present, with positions int64."""
    names = np.array([clip.dataset for clip in clips])
    of_datasets = [(dataset, np.flatnonzero(names == dataset)) for dataset in datasets if dataset in names]
    return [(FULL, np.arange(len(clips))), *of_datasets]


def write(path: str | Path, rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> None:
    """Write rows as CSV with these columns: figures with six decimals, p with four digits, "" for None."""
    formats = {key: DIGITS.get(key, "") for key in columns}
    cells = ({key: "" if row[key] is None else format(row[key], of) for key, of in formats.items()} for row in rows)
    store.write_csv(path, columns, cells)


def read(path: str | Path, columns: Sequence[str] = COLUMNS) -> list[Row]:
    """Read the rows that `write` wrote. Raises StoreError when the file is missing, has other columns or cells."""
    kinds = dict.fromkeys(DIGITS, csv_file.number) | dict.fromkeys(FIGURES, _figure)
    kinds |= dict.fromkeys((*COUNTS, "made", "true"), csv_file.whole)
    return store.read_csv(path, columns, {name: kind for name, kind in kinds.items() if name in columns})


def _figure(text: str) -> float | None:
    """Return the number, which may be undefined, or None for ""."""
    return math.nan if text == "nan" else csv_file.number(text) if text else None


def format_labels(names: Sequence[str], labels: np.ndarray) -> str:
    """Return labels of 1, 0 and -1 (unknown) as "AU4 AU7?": those present, and unknown ones with a question mark."""
    return " ".join(
        name if label == 1 else name + UNSURE for name, label in zip(names, labels, strict=True) if label != 0
    )


def parse_labels(names: Sequence[str], text: str) -> list[int]:
    """Return labels of 1, 0 and -1: the inverse of `format_labels`."""
    words = text.split()
    return [1 if name in words else UNKNOWN if name + UNSURE in words else 0 for name in names]
