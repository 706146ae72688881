"""Judge predicted classes: figures with intervals over subjects, and a paired comparison. Arrays in, tables out."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pandas as pd

from microexpr.api import checks
from microexpr.core.errors import DataError
from microexpr.core.facs import UNKNOWN
from microexpr.core.seeds import generator
from microexpr.evaluation import Params, metrics
from microexpr.evaluation.metrics import UNTESTED
from microexpr.evaluation.pairs import COMPARED_METRICS, COMPARED_OF_SEVERAL

Labels = Sequence[Any] | np.ndarray  # class names, or indices into `classes`; also a column of a table
Subjects = Sequence[Any] | np.ndarray
RESAMPLES = Params().resamples


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """Figures of predicted classes. Intervals have 95 % and are over subjects: what others would have given."""

    figures: pd.DataFrame  # uf1, uar, accuracy, weighted_f1, macro_precision; columns value, low, high
    by_class: pd.DataFrame  # of each class clips; f1 and recall, each with _low and _high
    confusion: pd.DataFrame  # clips by true class (rows) and predicted class (columns), summed over seeds
    subjects: int

    def __repr__(self) -> str:
        row = "{} {:.3f} ({:.3f} to {:.3f})"
        names = [name for name in (*COMPARED_METRICS, *COMPARED_OF_SEVERAL) if name in self.figures.index]
        figures = ", ".join(row.format(name.upper(), *self.figures.loc[name]) for name in names)
        clips = self.by_class.clips.max() if "positive" in self.by_class else self.by_class.clips.sum()
        return f"Evaluation({figures}; {clips} clips of {self.subjects} subjects)"

    def _repr_html_(self) -> str:
        return f"{self.figures.round(4).to_html()}{self.by_class.round(4).to_html()}{self.confusion.to_html()}"

    @property
    def uf1(self) -> float:
        """The mean over classes of 2 TP / (2 TP + FP + FN), over all clips together."""
        return float(self.figures.loc["uf1", "value"])

    @property
    def uar(self) -> float:
        """The mean over classes of the share of its clips that are predicted so, over all clips together."""
        return float(self.figures.loc["uar", "value"])

    @property
    def macro_f1(self) -> float:
        """The mean over several labels of 2 TP / (2 TP + FP + FN), over all clips together."""
        return float(self.figures.loc["macro_f1", "value"])


def evaluate(
    truth: Labels,
    predicted: Labels,
    subjects: Subjects,
    classes: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Return UF1, UAR and other figures of N clips, with 95 % intervals by resampling whole subjects.

    `truth` [N] and `predicted` [N], or [S, N] of S seeds, are class names, or indices into `classes`. `classes` are the
    names in order, also those that no clip has; without them the classes are those that occur, sorted. `subjects` [N]
    are any sortable values. All clips are pooled before a figure is computed, as MEGC2019 does; over seeds, figures are
    averaged. `resamples` is the number of resamples of the subjects. A figure that is 0/0 counts as 0, with a warning.

    Where a clip may have several labels at once, such as action units, `truth` and `predicted` are [N, L] of 1, 0 and,
    in `truth`, -1 for an unknown label; `predicted` may be [S, N, L], and `classes` name the labels. Figures are then
    macro_f1, the mean of the labels' F1, and macro_f1_of_both, with the F1 of not having a label.

    Raises DataError for a value that is no class and for arrays of another length.

    >>> import microexpr
    >>> truth, predicted = [[1, 0], [0, 1], [1, -1]], [[1, 0], [0, 1], [0, 1]]
    >>> units = microexpr.evaluate(truth, predicted, ["s1", "s2", "s3"], ["AU1", "AU4"])
    >>> round(units.macro_f1, 4), units.by_class.clips.to_dict()
    (0.8333, {'AU1': 3, 'AU4': 2})
    >>> truth, subjects = ["neg", "pos", "neg", "pos", "neg", "pos"], ["s1", "s1", "s2", "s2", "s3", "s3"]
    >>> result = microexpr.evaluate(truth, ["neg", "pos", "neg", "neg", "neg", "pos"], subjects)
    >>> round(result.uf1, 4), round(result.uar, 4)
    (0.8286, 0.8333)
    >>> result.confusion.values.tolist()
    [[3, 0], [1, 2]]
    """
    names, (true, labels) = read_labels(classes, truth=truth, predicted=predicted)
    checks.whole(resamples, "resamples", 1)
    units = _check_lengths(true, subjects, np.ndim(truth) == 2, predicted=labels)
    matrices = metrics.by_subject(true, labels, units, len(names))  # [U, S, K, K], of L labels [U, S, L, 2, 2]
    pooled = matrices.sum((0, 1))

    def row(metric: metrics.Metric) -> tuple[float, float, float]:
        value = np.mean([metric(matrix) for matrix in matrices.sum(0)])
        rng = generator(seed, "evaluate")  # the same resamples for each metric
        return float(value), *metrics.interval(matrices, metric, resamples, rng)

    if true.ndim == 1:
        overall, single, columns = metrics.METRICS, metrics.by_class(names), ["f1", "recall"]
        counts = {"clips": np.bincount(true, minlength=len(names))}
        confusion = pd.DataFrame(pooled, pd.Index(names, name="truth"), pd.Index(names, name="predicted"))
    else:
        overall, single, columns = metrics.LABEL_METRICS, metrics.by_label(names), ["f1"]
        counts = {"clips": (true >= 0).sum(0), "positive": (true == 1).sum(0)}
        cells = pd.Index(["not, not", "not, yes", "yes, not", "yes, yes"], name="truth, predicted")
        confusion = pd.DataFrame(pooled.reshape(len(names), 4), names, cells)
    figures = pd.DataFrame(map(row, overall.values()), [*overall], ["value", "low", "high"])
    by_class = pd.DataFrame(counts, names)
    for column in columns:
        ends = [column, f"{column}_low", f"{column}_high"]
        by_class[ends] = [row(single[f"{column}_{name}"]) for name in names]
    return Evaluation(figures, by_class, confusion, len(np.unique(units)))


def compare(
    truth: Labels,
    first: Labels,
    second: Labels,
    subjects: Subjects,
    classes: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return UF1 and UAR of a method less those of another on the same clips: difference, low, high, p.

    `first` and `second` are the classes that either predicts; all arguments are as for `evaluate`. Both methods are
    resampled by the same subjects. Interval and two-sided p are Student's; no p is below 2^(1 - subjects), the least
    that swapping the two within subjects could give. p is not corrected for several comparisons.

    Raises DataError as `evaluate` does.

    >>> import microexpr
    >>> truth, subjects = ["neg", "pos", "neg", "pos", "neg", "pos"], ["s1", "s1", "s2", "s2", "s3", "s3"]
    >>> table = microexpr.compare(truth, truth, ["neg"] * 6, subjects)
    >>> table.loc["uar", ["difference", "p"]].round(4).to_list()
    [0.5, 0.25]
    """
    names, (true, labels, others) = read_labels(classes, truth=truth, first=first, second=second)
    checks.whole(resamples, "resamples", 2)
    units = _check_lengths(true, subjects, False, first=labels, second=others)
    rows = {
        name: astuple(
            metrics.paired(
                true, labels, others, units, metrics.METRICS[name], resamples, generator(seed, "evaluate"), len(names)
            )
        )
        for name in COMPARED_METRICS
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["difference", "low", "high", "p"])


def read_labels(classes: Sequence[str] | None, **labels: Labels) -> tuple[list[Any], list[np.ndarray]]:
    """Return the classes, named or else those that occur, sorted, and arrays of labels; the first is the truth.

    Arrays are indices of classes, int64[..., N]. Where the truth is of several labels [N, L], names are those of labels
    or else their numbers, and arrays int64[..., N, L] of 1, 0 and, in the truth, -1. Raises DataError for a missing
    label, one that is none of the classes, and another number of names."""
    if isinstance(classes, str):
        raise DataError(f"classes must be a list of names, not {classes!r}")
    truth = next(iter(labels.values()))
    if np.ndim(truth) == 2:
        count = np.shape(truth)[1]
        names = [*map(str, range(count))] if classes is None else list(classes)
        if len(names) != count:
            raise DataError(f"classes must name the {count} labels, not {len(names)}")
        return names, [_several_labels(values, word, values is truth) for word, values in labels.items()]
    present = [np.ravel(checks.present(values, word, "class")) for word, values in labels.items()]
    names = np.unique(np.concatenate(present)).tolist() if classes is None else list(classes)
    return names, [_encode(values, names, word) for word, values in labels.items()]


def _several_labels(labels: Labels, word: str, has_unknown: bool) -> np.ndarray:
    """Return labels [..., N, L] of 1, 0 and, if `has_unknown`, -1 as int64. Raises DataError for any other value."""
    choices = (0, 1, UNKNOWN) if has_unknown else (0, 1)
    array = checks.numbers(labels, word, finite=False)
    if not np.isin(array, choices).all():
        value = np.ravel(array)[~np.isin(np.ravel(array), choices)][0]
        raise DataError(f"{word} must be {' or '.join(map(str, choices))}, not {value}")
    return array.astype(np.int64)


def _encode(labels: Labels, names: Sequence[Any], word: str) -> np.ndarray:
    """Return labels, names or indices of classes, as indices int64 of the same shape.

    `word` names the labels in the error. Raises DataError naming the first that is no class."""
    values = np.asarray(labels)
    indices = {name: i for i, name in enumerate(names)}
    if not indices.keys() & set(np.ravel(values).tolist()) and np.issubdtype(values.dtype, np.integer):
        indices = {i: i for i in range(len(names))}
    codes = [indices.get(value, UNTESTED) for value in np.ravel(values).tolist()]
    if UNTESTED in codes:
        position = codes.index(UNTESTED)
        expected = ", ".join(map(str, names))
        raise DataError(f"{word} {position} must be one of {expected}, not {np.ravel(values)[position]}")
    return np.array(codes, np.int64).reshape(values.shape)


def _check_lengths(truth: np.ndarray, subjects: Subjects, several: bool, **labels: np.ndarray) -> np.ndarray:
    """Return the subjects as an array. Raises DataError unless all are of as many clips and labels as `truth`."""
    units = checks.present(subjects, "subject", "name or number")
    if truth.ndim != 1 + several or not len(truth):
        raise DataError(f"truth must have the shape [N{', L' * several}], N > 0, not {[*truth.shape]}")
    shapes = {word: np.atleast_1d(values).shape[-truth.ndim :] for word, values in labels.items()}
    for word, shape in (shapes | {"subjects": (len(units), *truth.shape[1:])}).items():
        if shape == truth.shape:
            continue
        if several:
            clips, count = truth.shape
            raise DataError(f"{word} must be of {clips} clips and {count} labels, as truth is, not {[*shape]}")
        raise DataError(f"{word} must have {len(truth)} values, as truth has, not {shape[0]}")
    return units
