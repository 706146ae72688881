"""Train a network or estimator of one's own with one fold per subject, through the project's engine. No file comes in.

Shapes: N clips, n of them in training, B in a batch, C classes."""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from microexpr.api import checks
from microexpr.api.figures import Labels, Names, read_labels
from microexpr.api.own_methods import SINGLE, OwnEstimator, OwnNetwork, one_line, seeded
from microexpr.core.errors import DataError, LeakError, MicroexprError, ParamsError
from microexpr.core.facs import UNKNOWN
from microexpr.core.subjects import Subjects
from microexpr.models.base import ClipTensors, Optimiser
from microexpr.models.labels import LABEL, LABELS, SeveralLabels
from microexpr.training import engine
from microexpr.training.engine import FoldIndices

ADAM = partial(torch.optim.Adam, lr=1e-3)
FITTED_ON = "fitted_on must be a list of subjects"
Arrays = np.ndarray | Tensor | Mapping[str, np.ndarray | Tensor]


def loso(
    method: Any,
    inputs: Arrays,
    labels: Labels,
    subjects: Names,
    *,
    classes: Sequence[str] | None = None,
    epochs: int = 30,
    batch: int = 32,
    optimiser: Optimiser = ADAM,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    seed: int = 0,
    folds: Iterable[tuple[np.ndarray, np.ndarray]] | None = None,
    fitted_on: Iterable[Any] = (),
    progress: engine.Progress | None = None,
) -> pd.DataFrame:
    """Return the class of each clip as predicted by a model that has not seen its subject: leave one subject out.

    `method` is a scikit-learn estimator, which each fold clones and fits, or a function without arguments that returns
    a new `torch.nn.Module`, which the project's engine trains. `inputs` has one row per clip, [N, ...]; a network may
    take several by name, `{"flow": ..., "crop": ...}`, and is called with these. It returns scores [B, C]. `labels` [N]
    are class names, or indices into `classes`, in the order of the scores (default: the labels that occur,
    sorted). `subjects` [N] are names or numbers; those that differ in case, blanks or zeros before a number are one.
    Arrays are paired by position; pandas objects by their index, which the result then has.

    A fold's network must be new: it may not begin with what the training of an earlier fold left in a part of it, its
    class or a copy, also a rounded one of a tensor of 16 values or more, or one mixed with a tenth of other weights.
    What no training changed may be shared. An estimator, which gets indices of classes, is cloned, or copied if it has
    no `get_params`. It may not be fitted already, unless `fitted_on` says on which subjects: no part may have an
    attribute like `classes_`, nor may it predict more clips rightly, before fit, than their nearest neighbours tell (a
    sign test, p < 0.001). Fitting may change nothing that copies share, as data in a class or closure. Unseen stay
    global variables, hooks, arrays of objects, what cannot be pickled, other fitted states, weights in another order or
    mixed with more others, and networks of an earlier call.

    `epochs`, `batch`, `optimiser` (a function of a list of parameters) and `loss` (of scores and class indices; by
    default cross-entropy with equal class weights) are a network's; an epoch is ceil(N / batch) full batches. Weights
    that are not trained are an error or warning. The last epoch is predicted, so that no test clip chooses one.
    Randomness depends on `seed` alone: that of torch, numpy and Python, and of a `random_state` of None.

    Where a clip may have several labels at once, such as action units, `labels` are [N, L] of 1, 0 and -1 (not known),
    and `classes` name them. A network then returns scores [B, L], above 0 for a label that is predicted; its loss is
    binary cross-entropy in which a label's positive clips weigh as much as its negative ones, or `loss` of scores and
    labels. An estimator predicts [n, L] and must know all labels.

    `folds` are pairs of positions (train, test) in place of one fold per subject, such as those of scikit-learn's
    `GroupKFold`; each clip is tested once. `fitted_on` are subjects that the inputs or the network's first weights were
    fitted on.

    The result has a row for each clip, in the order of the inputs: its position, subject, fold, truth, predicted, and a
    network's score of each class; of several labels, columns truth_<label> and predicted_<label>. Give it to
    `evaluate`.

    Raises LeakError for a fold that trains on a subject it tests, tests one of `fitted_on` or has a network that an
    earlier one trained; DataError for arrays that do not fit, ParamsError for another kind of method and for an error
    inside it, MicroexprError for a loss that is not finite.

    >>> import microexpr, numpy
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = numpy.random.default_rng(0)
    >>> labels, subjects = numpy.tile([0, 1, 2], 8), numpy.repeat(["s1", "s2", "s3", "s4"], 6)
    >>> inputs = rng.normal(labels[:, None], 0.3, (24, 5))
    >>> table = microexpr.loso(LogisticRegression(), inputs, labels, subjects)
    >>> microexpr.evaluate(table.truth, table.predicted, table.subject).uf1
    1.0

    >>> from functools import partial
    >>> from torch import nn, optim
    >>> network = lambda: nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    >>> fast = partial(optim.Adam, lr=0.02)
    >>> table = microexpr.loso(network, inputs, labels, subjects, epochs=40, batch=6, optimiser=fast)
    >>> microexpr.evaluate(table.truth, table.predicted, table.subject).uf1 > 0.9
    True
    """
    is_estimator = all(hasattr(method, name) or hasattr(type(method), name) for name in ("fit", "predict"))
    by_name: dict[str, Any] = dict(inputs) if isinstance(inputs, Mapping) else {SINGLE: inputs}
    if is_estimator and len(by_name) == 1:
        by_name = dict(zip([SINGLE], by_name.values(), strict=True))
    arguments = {"inputs" if name == SINGLE else f"input {name}": values for name, values in by_name.items()}
    rows, index = checks.aligned(arguments | {"labels": labels, "subjects": subjects})
    labels, subjects = rows.pop("labels"), rows.pop("subjects")
    if (axes := checks.rows(labels, "label must be a class of each clip").ndim) not in (1, 2):
        raise DataError(f"labels must have the shape [N] or [N, L], not {[*np.shape(labels)]}")
    several = SeveralLabels(loss="weighted_bce", threshold="zero") if axes == 2 else None
    for name, table in rows.items():
        are_tables = isinstance(table, pd.DataFrame) and isinstance(labels, checks.PANDAS)
        for column, values in pd.DataFrame(labels).items() if are_tables else ():
            if column in table and np.array_equal(table[column], values):
                raise LeakError(f"{name} must not hold the labels, which its column {column!r} is")
    names, (true,) = read_labels(classes, label=labels)
    by_name = dict(zip(by_name, rows.values(), strict=True))
    arrays = {name: checks.numbers(values, name, finite=not is_estimator) for name, values in by_name.items()}
    units = checks.subjects(subjects, index, [values for values in arrays.values() if values.ndim])
    fitted, seed = _fitted_subjects(fitted_on), checks.whole(seed, "seed", 0)
    for name, values in {"subjects": units, **arrays}.items():
        if np.shape(values)[:1] != (len(true),):
            count = len(values) if values.ndim else "one number"
            raise DataError(f"{name} must have {len(true)} rows, as labels has, not {count}")
        if not values.size:
            raise DataError(f"{name} must hold a number of each clip, not be {checks.describe(values)}")
    parts = _folds(folds, units)
    check_leaks(parts, units, fitted)
    positive = true == 1 if several else true[:, None] == np.arange(len(names))  # [N, C]
    for part in parts:
        if unknown := np.flatnonzero(positive[part.test].any(0) & ~positive[part.train].any(0)).tolist():
            listed = ", ".join(str(names[i]) for i in unknown)
            warnings.warn(f"fold {part.name} trains on no clip of {listed}, and tests some", UserWarning, stacklevel=2)
    if is_estimator and isinstance(method, type):
        raise ParamsError(f"method must be an estimator, such as {method.__name__}(), not its class")
    if is_estimator:
        if several and (true == UNKNOWN).any():
            raise DataError("an estimator must know all labels, not have some of -1")
        adapter: OwnEstimator | OwnNetwork = OwnEstimator(method, arrays, names, several)
    elif callable(method) and not isinstance(method, nn.Module):
        adapter = OwnNetwork(method, arrays, len(names), epochs, batch, optimiser, loss, several)
    else:
        expected = "a scikit-learn estimator or a function that returns a new torch.nn.Module"
        raise ParamsError(f"method must be {expected}, not {type(method).__name__}")
    targets = {LABEL: torch.from_numpy(np.zeros(len(true), np.int64) if several else true)}
    targets |= {LABELS: torch.from_numpy(true)} if several else {}
    arrays = {name: np.array(values, copy=None if min(values.strides) > 0 else True) for name, values in arrays.items()}
    tensors = {name: torch.as_tensor(np.require(values, requirements="W")) for name, values in arrays.items()}
    if isinstance(adapter, OwnNetwork):
        tensors = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
        for name, tensor in tensors.items():
            if not tensor.isfinite().all():
                raise DataError(f"{name} must hold numbers of a float32, up to 3.4e38 in size")
    data, tables = ClipTensors(tensors, targets), []
    with checks.single(), seeded(seed, "before fit"):
        if isinstance(adapter, OwnEstimator) and not fitted:
            adapter.check_new(tensors, true, parts)
        results = engine.train(adapter, data, parts, [seed], "sequential", 1, checks.reporter(progress, engine.silent))
        for part in parts:
            adapter.fold, problem = part.name, f"fold {part.name} cannot be trained"
            with seeded(seed, part.name), one_line(problem, kinds=(RuntimeError, TypeError)):
                scores = next(results).scores[0, -1]  # of the last epoch
            if not np.isfinite(scores).all():
                row, column = np.argwhere(~np.isfinite(scores))[0]
                where = f"fold {part.name}, clip {part.test[row]}"
                raise MicroexprError(f"scores must be finite, not {scores[row, column]} ({where})")
            tables.append(_table(part, scores, true, units, names))
    table = pd.concat(tables).sort_index()
    if index is not None:
        table.index = index if index.names != [None] else index.rename("clip")
    return table if isinstance(adapter, OwnNetwork) else table.filter(regex="^(?!score_)")


def check_leaks(folds: Sequence[FoldIndices], subjects: np.ndarray, fitted_on: Iterable[Any] = ()) -> None:
    """Raise LeakError, naming fold, subject and a clip, for a subject in training and test or in `fitted_on`.

    Names in `fitted_on` may be of another type and spelling: all that could be a subject's count as that subject's.
    ParamsError for one that holds a subject's name and more, as a clip's, or has no data set where subjects have."""
    names = subjects.tolist()
    each = Subjects(dict.fromkeys(names, ""))
    keys = {name: each.key(name) for name in set(names)}

    def split(name: Any) -> list[str]:  # casme2_sub01, s01.mp4; a name such as Anna-Lena is one part
        return re.split(r"[_/:\\]|(?<=\d)[\s-]|[\s-](?=[^\s/]*\d)|\.(?!\d)", str(name))

    parts_of, fitted = {name: split(name) for name in keys}, dict[str, Any]()
    ends = [parts[-1] for parts in parts_of.values() if len(parts) > 1]  # of subjects with their data set
    counts = {*map(len, parts_of.values())}
    of_count = {count: Subjects(name for name in keys if len(parts_of[name]) == count) for count in counts}
    for other in fitted_on:
        parts = split(other)
        runs = [(of, parts[i : i + count]) for count, of in of_count.items() for i in range(len(parts) - count + 1)]
        holds_one = any(of.find("/".join(run)) for of, run in runs)
        is_end = len(parts) == 1 and any(map(Subjects(parts).find, ends))
        is_other_form = any({*"/,;|"} & ({*str(name)} ^ {*str(other)}) for name in keys)
        if is_other_form or ((holds_one or is_end) and not each.find(other)):
            raise ParamsError(f"fitted_on must be subjects by the names that subjects has, not {other!r}")
        fitted |= dict.fromkeys(each.find(other), other)
    for fold in folds:
        trained = {keys[names[i]]: i for i in fold.train.tolist()}
        for i in fold.test.tolist():
            name, key = names[i], keys[names[i]]
            if key in trained:
                both = f"clip {i}, and trains on its clip {trained[key]}"
                raise LeakError(f"fold {fold.name} must not test a subject that it trains on: {name}, {both}")
            if key in fitted:
                spelling = "" if str(fitted[key]) == str(name) else f", as {fitted[key]!r}"
                raise LeakError(f"fold {fold.name} must not test a subject of fitted_on: {name}, clip {i}{spelling}")


def _fitted_subjects(fitted_on: Any) -> list[Any]:
    """Return names from a list, a set, an array or a column. Raises DataError for something else, also among them."""
    is_collection = isinstance(fitted_on, Iterable) and not isinstance(fitted_on, (str, Mapping))
    if is_collection and not hasattr(fitted_on, "__array__"):
        fitted_on = [*fitted_on]
    names = checks.present(checks.rows(fitted_on, FITTED_ON), "fitted_on", "name or number")
    are_names = all(isinstance(name, (str, int, float)) for name in names.ravel().tolist())
    if names.shape not in ((names.size,), (names.size, 1)) or not are_names:
        raise DataError(f"{FITTED_ON}, not {fitted_on!r}")
    return names.ravel().tolist()


def _folds(folds: Iterable[tuple[np.ndarray, np.ndarray]] | None, subjects: np.ndarray) -> list[FoldIndices]:
    """Return folds numbered from 1, without `folds` one per subject.

    Raises DataError for a position outside 0..count-1 or twice on a side, an empty side, a clip not tested once, and
    fewer than two subjects; LeakError for a clip on both sides."""
    if folds is None:
        names, parts = np.unique(subjects), []
        if len(names) < 2:
            raise DataError(f"subjects must be two or more, not {', '.join(map(str, names)) or 'none'}")
        for name in names:
            parts.append(FoldIndices(str(name), np.flatnonzero(subjects != name), np.flatnonzero(subjects == name)))
        return parts
    try:
        pairs = [[np.asarray(side) for side in sides] for sides in folds]
        if any(len(pair) != 2 or any(side.ndim != 1 for side in pair) for pair in pairs):
            raise TypeError
    except (TypeError, ValueError):
        example = "such as GroupKFold(5).split(...) gives"
        raise DataError(f"folds must be pairs of positions (train, test), {example}") from None
    last, testing = len(subjects) - 1, dict[int, int]()
    for number, pair in enumerate(pairs, 1):
        for word, side in zip(("train", "test"), pair, strict=True):
            if not len(side) or side.dtype.kind not in "iu" or side.min() < 0 or side.max() > last:
                raise DataError(f"fold {number} must {word} on positions in 0..{last}, not {side.tolist()[:5]}")
            clip, times = Counter(side.tolist()).most_common(1)[0]
            if times > 1:
                raise DataError(f"fold {number} must {word} on clip {clip} once, not {times} times")
        for clip in pair[1].tolist():
            if (other := testing.setdefault(clip, number)) != number:
                raise DataError(f"folds must test clip {clip} once, not in folds {other} and {number}")
        if both := {*pair[0].tolist()} & {*pair[1].tolist()}:
            raise LeakError(f"fold {number} must not test clip {min(both)}, which it trains on")
    if missing := {*range(last + 1)} - testing.keys():
        clip = f"clip {min(missing)} is tested in none of {len(pairs)} folds"
        raise DataError(f"folds must test each clip once, and {clip}")
    return [FoldIndices(str(number), *(side.astype(np.int64) for side in pair)) for number, pair in enumerate(pairs, 1)]


def _table(
    fold: FoldIndices, scores: np.ndarray, truth: np.ndarray, subjects: np.ndarray, names: Sequence[Any]
) -> pd.DataFrame:
    columns: dict[str, Any] = {"subject": subjects[fold.test], "fold": fold.name}
    parts = {"score": scores}
    if truth.ndim == 2:
        parts = {"truth": truth[fold.test], "predicted": (scores > 0).astype(int)} | parts
    else:
        labels = np.asarray(names)
        columns |= {"truth": labels[truth[fold.test]], "predicted": labels[scores.argmax(-1)]}
    columns |= {f"{part}_{name}": values[:, i] for part, values in parts.items() for i, name in enumerate(names)}
    return pd.DataFrame(columns, pd.Index(fold.test, name="clip"))
