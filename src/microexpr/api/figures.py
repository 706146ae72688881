"""Judge predicted classes: figures with intervals over subjects, and a paired comparison. Arrays in, tables out."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pandas as pd

from microexpr.api import checks
from microexpr.core.errors import DataError
from microexpr.core.facs import UNKNOWN
from microexpr.core.seeds import generator
from microexpr.core.subjects import folded, key_of
from microexpr.evaluation import Params, metrics
from microexpr.evaluation.metrics import UNTESTED, intervals
from microexpr.evaluation.pairs import COMPARED_METRICS, COMPARED_OF_SEVERAL

Labels = Sequence[Any] | np.ndarray  # class names, or indices into `classes`; also a column of a table
Names = Sequence[Any] | np.ndarray  # of subjects
RESAMPLES, MOST = Params().resamples, 100_000  # resamples; more would not fit into memory
LEAST_WIDTH = 1e-9  # of an interval; narrower is rounding


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """Figures of predicted classes. Intervals have 95 % and are over subjects: what others would have given.

    Their ends are nan where all subjects are alike, which says nothing of others."""

    figures: pd.DataFrame  # uf1, uar, accuracy, weighted_f1, macro_precision; columns value, low, high
    by_class: pd.DataFrame  # of each class clips; f1 and recall, each with _low and _high
    confusion: pd.DataFrame  # clips by true class (rows) and predicted class (columns), summed over seeds
    subjects: int

    def __repr__(self) -> str:
        row = "{} {:.3f} ({:.3f} to {:.3f})"
        names = [name for name in (*COMPARED_METRICS, *COMPARED_OF_SEVERAL) if name in self.figures.index]
        figures = ", ".join(row.format(name.upper(), *self.figures.loc[name]) for name in names)
        figures = figures.replace("(nan to nan)", "(no interval: subjects are alike)")
        clips = self.by_class.clips.max() if "positive" in self.by_class else self.by_class.clips.sum()
        return f"Evaluation({figures}; {clips} clips of {self.subjects} subjects)"

    def _repr_html_(self) -> str:
        return f"{self.figures.round(4).to_html()}{self.by_class.round(4).to_html()}{self.confusion.to_html()}"

    @property
    def uf1(self) -> float:
        """The mean over classes of 2 TP / (2 TP + FP + FN), over all clips together."""
        return self._figure("uf1")

    @property
    def uar(self) -> float:
        """The mean over classes of the share of its clips that are predicted so, over all clips together."""
        return self._figure("uar")

    @property
    def macro_f1(self) -> float:
        """The mean over several labels of 2 TP / (2 TP + FP + FN), over all clips together."""
        return self._figure("macro_f1")

    def _figure(self, name: str) -> float:
        if name not in self.figures.index:
            raise DataError(f"the figure must be one of {', '.join(self.figures.index)}, not {name}")
        return float(self.figures.loc[name, "value"])


def evaluate(
    truth: Labels,
    predicted: Labels,
    subjects: Names,
    classes: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Return UF1, UAR and other figures of N clips, with 95 % intervals by resampling whole subjects.

    `truth` [N] and `predicted` [N], or [S, N] of S seeds, are class names, or indices into `classes`. `classes` are the
    names in order, also those that no clip has; without them the classes are those of `truth`, sorted. `subjects` [N]
    are names or numbers; those that differ in case, blanks or zeros before a number are one. All clips are pooled
    before a figure is computed, as MEGC2019 does; over seeds, figures are averaged. `resamples` is the number of
    resamples of the subjects. A figure that is 0/0 counts as 0, with a warning.
    An interval is nan, with a warning, where all subjects are alike. Arrays are paired by position, pandas objects by
    their index, also seeds in a list.

    Where a clip may have several labels at once, such as action units, `truth` and `predicted` are [N, L] of 1, 0 and,
    in `truth`, -1 for an unknown label; `predicted` may be [S, N, L], and `classes` name the labels. Figures are then
    macro_f1, the mean of the labels' F1, and macro_f1_of_both, with the F1 of not having a label.

    Raises DataError for a value that is no class or another spelling of one, for arrays of another length, an index
    with other labels, and subjects of two names that could be one's.

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
    rows = _aligned(truth, subjects, predicted=predicted)
    units = rows.pop("subjects")
    names, (true, labels) = read_labels(classes, **rows)
    checks.whole(resamples, "resamples", 1, MOST)
    seed = checks.whole(seed, "seed", 0)
    _check_lengths(true, units, true.ndim == 2, predicted=labels)
    matrices = metrics.by_subject(true, labels, units, len(names))  # [U, S, K, K], of L labels [U, S, L, 2, 2]
    pooled = matrices.sum((0, 1))

    def row(metric: metrics.Metric) -> tuple[float, float, float]:
        value = np.mean([metric(matrix) for matrix in matrices.sum(0)])
        rng = generator(seed, "evaluate")  # the same resamples for each metric
        return float(value), *intervals.interval(matrices, metric, resamples, rng)

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
        _leave_out_empty(by_class, ends[1], ends[2])
    _leave_out_empty(figures, "low", "high", warns=True)
    return Evaluation(figures, by_class, confusion, len(np.unique(units)))


def compare(
    truth: Labels,
    first: Labels,
    second: Labels,
    subjects: Names,
    classes: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return UF1 and UAR of a method less those of another on the same clips: difference, low, high, p.

    `first` and `second` are the classes that either predicts; all arguments are as for `evaluate`. Both methods are
    resampled by the same subjects. Interval and two-sided p are Student's; no p is below 2^(1 - subjects), the least
    that swapping the two within subjects could give. p is not corrected for several comparisons. Where all subjects
    have the same difference, the interval is nan, with a warning.

    Raises DataError as `evaluate` does.

    >>> import microexpr
    >>> truth, subjects = ["neg", "pos", "neg", "pos", "neg", "pos"], ["s1", "s1", "s2", "s2", "s3", "s3"]
    >>> table = microexpr.compare(truth, truth, ["neg"] * 6, subjects)
    >>> table.loc["uar", ["difference", "p"]].round(4).to_list()
    [0.5, 0.25]
    """
    rows = _aligned(truth, subjects, first=first, second=second)
    units = rows.pop("subjects")
    names, (true, labels, others) = read_labels(classes, **rows)
    checks.whole(resamples, "resamples", 2, MOST)
    seed = checks.whole(seed, "seed", 0)
    _check_lengths(true, units, False, first=labels, second=others)
    matrices, differences = [metrics.by_subject(true, answers, units, len(names)) for answers in (labels, others)], {}
    for name in COMPARED_METRICS:
        rng = generator(seed, "evaluate")
        (difference,) = intervals.differences(matrices, metrics.METRICS[name], resamples, rng)
        differences[name] = astuple(difference)
    table = pd.DataFrame.from_dict(differences, orient="index", columns=["difference", "low", "high", "p"])
    _leave_out_empty(table, "low", "high", warns=True)
    return table


def _aligned(truth: Labels, subjects: Names, **predicted: Labels) -> dict[str, Any]:
    """Return the arguments by name with the rows of `truth`, if they have an index, each seed and subject once."""
    is_one_class = checks.rows(truth, "truth must be a class of each clip").ndim == 1
    seeds = dict[str, list[Any]]()
    for word, values in predicted.items():
        if isinstance(values, pd.DataFrame) and is_one_class:
            seeds[word] = [seed for _, seed in values.iterrows()]
        elif isinstance(values, (list, tuple)) and any(isinstance(seed, checks.PANDAS) for seed in values):
            seeds[word] = [*values]
    each = {f"{word} {i}": seed for word, rows in seeds.items() for i, seed in enumerate(rows)}
    each |= {word: values for word, values in predicted.items() if word not in seeds}
    aligned, index = checks.aligned({"truth": truth, **each, "subjects": subjects})
    aligned["subjects"] = checks.subjects(aligned["subjects"], index)
    aligned |= {word: [aligned[f"{word} {i}"] for i in range(len(rows))] for word, rows in seeds.items()}
    return {word: aligned[word] for word in ("truth", *predicted, "subjects")}


def _leave_out_empty(table: pd.DataFrame, low: str, high: str, warns: bool = False) -> None:
    """Replace the ends of intervals without width by nan; `warns`: name their rows to the caller of the API."""
    empty = table[high] - table[low] < LEAST_WIDTH
    table.loc[empty, [low, high]] = np.nan
    if warns and empty.any():
        names = ", ".join(map(str, table.index[empty]))
        warnings.warn(f"no interval of {names}: all subjects are alike", RuntimeWarning, stacklevel=3)


def read_labels(classes: Sequence[str] | None, **labels: Labels) -> tuple[list[Any], list[np.ndarray]]:
    """Return the classes, named or else those of the truth, sorted, and arrays of labels; the first is the truth.

    Arrays are indices of classes, int64[..., N]. Where the truth is of several labels [N, L], names are those of labels
    or else their numbers, and arrays int64[..., N, L] of 1, 0 and, in the truth, -1; a warning says so where each row
    has one 1. Raises DataError for a missing label, one that is none of the classes or another spelling of one,
    another number or order of names, classes that are no list of different names, and a single class."""
    truth, named = next(iter(labels.values())), None
    if classes is not None:
        listed = checks.rows(classes, "classes must be a list of different names")
        if listed.ndim != 1 or len({folded(name) for name in listed.tolist()}) < len(listed):
            raise DataError(f"classes must be a list of different names, not {classes!r}")
        words = [name for name in listed.tolist() if str(name).strip()]
        named = checks.present(listed, "classes", "class", words).tolist()
    if np.ndim(truth) == 2:
        names = _label_names(labels, named)
        if len(names) != (count := np.shape(truth)[1]):
            raise DataError(f"classes must name the {count} labels, not {len(names)}")
        arrays = [_several_labels(values, word, values is truth) for word, values in labels.items()]
        if (arrays[0] == UNKNOWN).any() and not (arrays[0] == 0).any():
            without = f"{next(iter(labels))} has no 0, and -1 is read as not known"
            warnings.warn(f"{without}: give 0 for a label that a clip does not have", UserWarning, stacklevel=3)
        is_one_hot = len(arrays[0]) > 1 and ((arrays[0] == 1).sum(1) == 1).all() and (arrays[0] >= 0).all()
        if count == 1 or is_one_hot:
            word = next(iter(labels))
            what, column = f"each row of {word} has one 1", "argmax(1)"
            if count == 1:
                what, column = f"{word} has one column", "[:, 0]"
            several = f"{what}, and is read as several labels at once"
            warnings.warn(f"{several}; for one class of each clip give {column} of it", UserWarning, stacklevel=3)
        return names, arrays
    present = {word: np.ravel(checks.present(values, word, "class", named or ())) for word, values in labels.items()}
    if named is None:
        _check_spellings(present)
    names = np.unique(next(iter(present.values()))).tolist() if named is None else named
    if len(names) == 1:
        raise DataError(f"there must be two classes or more, not {names[0]} alone: classes names those without a clip")
    others = "" if named else f", as {next(iter(labels))} has, or another of classes"
    return names, [_encode(values, names, word, others) for word, values in labels.items()]


def _check_spellings(labels: Mapping[str, np.ndarray]) -> None:
    """Raise DataError for two classes that differ in case, blanks or zeros alone, texts among numbers, -1 by 0."""
    first = dict[Any, str]()  # where each class first occurs
    for word, values in labels.items():
        for i, value in enumerate(values.tolist()):
            first.setdefault(value, f"{word} {i}")
    spelt = dict[str, Any]()
    for name, where in first.items():
        if (other := spelt.setdefault(key_of(name), name)) != name:
            raise DataError(f"{first[other]}, {other!r}, and {where}, {name!r}, must be spelt the same")
    texts = [name for name in first if isinstance(name, str)]
    if texts and (numbers := [name for name in first if not isinstance(name, str)]):
        a, b = texts[0], numbers[0]
        raise DataError(f"{first[a]}, {a!r}, and {first[b]}, {b!r}, must be both names or both numbers")
    if {0, -1} <= first.keys():
        advice = "leave the clip out, or name -1 among classes if it is one"
        raise DataError(f"{first[-1]} must be a class, not -1: {advice}")


def _label_names(labels: Mapping[str, Any], classes: list[Any] | None) -> list[Any]:
    """Return the names of several labels: `classes`, or else the columns of a table, or else their numbers.

    Raises DataError for tables, and `classes`, of other labels or another order; numbers 0..L-1 stand for any."""
    numbers = [*map(str, range(np.shape(next(iter(labels.values())))[1]))]
    names = [("classes", [*map(str, classes)])] if classes else []
    for word, values in labels.items():
        tables = [seed for seed in (values if isinstance(values, list) else [values]) if isinstance(seed, pd.DataFrame)]
        names += [(word, [str(name).removeprefix(f"{word}_") for name in table.columns]) for table in tables]
    for are_numbers in (True, False):
        group = [(word, columns) for word, columns in names if ({*columns} == {*numbers}) == are_numbers]
        others = [word for word in (*labels, *["classes"] * bool(classes)) if word not in dict(group)]
        if are_numbers and others and "classes" not in dict(group):  # which name the columns of arrays
            group.insert(0, (others[0], numbers))
        for word, columns in group[1:]:
            first, expected = group[0]
            if [*map(folded, columns)] != [*map(folded, expected)]:
                order = f"{', '.join(expected)} as {first} has, not {', '.join(columns)}"
                raise DataError(f"{word} must have its labels in the order {order}")
    return classes or next((columns for _, columns in names if columns != numbers), numbers)


def _several_labels(labels: Labels, word: str, has_unknown: bool) -> np.ndarray:
    """Return labels [..., N, L] of 1, 0 and, if `has_unknown`, -1 as int64. Raises DataError for any other value."""
    choices = (0, 1, UNKNOWN) if has_unknown else (0, 1)
    array = checks.numbers(labels, word, finite=False)
    if not np.isin(array, choices).all():
        value = np.ravel(array)[~np.isin(np.ravel(array), choices)][0]
        hint = f"; one class of each clip has the shape [N], not {[*array.shape]}" if array.shape[-1] == 1 else ""
        raise DataError(f"{word} must be {' or '.join(map(str, choices))}, not {value}{hint}")
    return array.astype(np.int64)


def _encode(labels: Labels, names: Sequence[Any], word: str, others: str) -> np.ndarray:
    """Return labels, names or indices of classes, as indices int64 of the same shape.

    `word` names the labels in the DataError for the first that is no class, and `others` ends its list of names."""
    values = checks.narrowed(checks.rows(labels, f"{word} must be a class of each clip"))
    indices = {name: i for i, name in enumerate(names)}
    if values.dtype.kind in "iu" and all(isinstance(name, str) for name in names):
        if any(name.strip().isdecimal() and int(name) != i for i, name in enumerate(names)):
            reason = f"since {', '.join(names)} are not numbered from 0 in order"
            raise DataError(f"{word} must be names, not numbers, {reason}")
        indices = {i: i for i in range(len(names))}
    codes = [indices.get(value, UNTESTED) for value in np.ravel(values).tolist()]
    if UNTESTED in codes:
        position = codes.index(UNTESTED)
        expected = ", ".join(map(str, names))
        raise DataError(f"{word} {position} must be one of {expected}{others}, not {np.ravel(values)[position]}")
    return np.array(codes, np.int64).reshape(values.shape)


def _check_lengths(truth: np.ndarray, subjects: np.ndarray, several: bool, **labels: np.ndarray) -> None:
    """Raise DataError unless all are of as many clips and labels as `truth`."""
    if truth.ndim != 1 + several or not len(truth):
        raise DataError(f"truth must have the shape [N{', L' * several}], N > 0, not {[*truth.shape]}")
    shapes = {word: values.shape[values.ndim == truth.ndim + 1 :] for word, values in labels.items()}
    for word, shape in (shapes | {"subjects": (len(subjects), *truth.shape[1:])}).items():
        if shape == truth.shape:
            continue
        if several:
            clips, count = truth.shape
            raise DataError(f"{word} must be of {clips} clips and {count} labels, as truth is, not {[*shape]}")
        raise DataError(f"{word} must have {len(truth)} values, as truth has, not {shape[0]}")
