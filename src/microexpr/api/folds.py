"""Train a network or estimator of one's own with one fold per subject, through the project's engine. No file comes in.

Shapes: N clips, n of them in training, B in a batch, C classes.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from microexpr.api import checks
from microexpr.api.figures import Labels, Subjects, read_labels
from microexpr.core.errors import DataError, LeakError, ParamsError
from microexpr.core.facs import UNKNOWN
from microexpr.models.base import (
    Batch,
    ClassicalMethod,
    ClipTensors,
    Modules,
    NetworkMethod,
    Optimiser,
    Params,
    Phase,
    Scorer,
    Shapes,
    Statistics,
    Targets,
    Update,
)
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import LABEL, LABELS, SeveralLabels
from microexpr.training import engine
from microexpr.training.engine import FoldIndices

ADAM = partial(torch.optim.Adam, lr=1e-3)
SINGLE = "input"  # name of the input that is one array
Arrays = np.ndarray | Tensor | Mapping[str, np.ndarray | Tensor]


def loso(
    method: Any,
    inputs: Arrays,
    labels: Labels,
    subjects: Subjects,
    *,
    classes: Sequence[str] | None = None,
    epochs: int = 30,
    batch: int = 32,
    optimiser: Optimiser = ADAM,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    seed: int = 0,
    folds: Iterable[tuple[np.ndarray, np.ndarray]] | None = None,
    fitted_on: Iterable[Any] = (),
    progress: engine.Progress = engine.silent,
) -> pd.DataFrame:
    """Return the class of each clip as predicted by a model that has not seen its subject: leave one subject out.

    `method` is a scikit-learn estimator, which each fold clones and fits, or a function without arguments that returns
    a new `torch.nn.Module`, which the project's engine trains. `inputs` has one row per clip, [N, ...]; a network may
    take several by name, `{"flow": ..., "crop": ...}`, and is called with these. It returns scores [B, C]. `labels` [N]
    are class names, or indices into `classes`, in the order of the scores (default: the labels that occur,
    sorted). `subjects` [N] are any sortable values.

    `epochs`, `batch`, `optimiser` (a function of a list of parameters) and `loss` (of scores and class indices; by
    default cross-entropy with equal class weights) are a network's; an epoch is ceil(N / batch) full batches.
    The last epoch is predicted, so that no test clip chooses one. Randomness depends on `seed` alone, also that
    of layers that sample, as dropout, and of estimators with a `random_state` of None.

    Where a clip may have several labels at once, such as action units, `labels` are [N, L] of 1, 0 and -1 (not known),
    and `classes` name them. A network then returns scores [B, L], above 0 for a label that is predicted; its loss is
    binary cross-entropy in which a label's positive clips weigh as much as its negative ones, or `loss` of scores and
    labels. An estimator predicts [n, L] and must know all labels.

    `folds` are pairs of positions (train, test) in place of one fold per subject, such as those of scikit-learn's
    `GroupKFold`. `fitted_on` are subjects that the inputs or the network's first weights were fitted on.

    The result has a row for each tested clip: its position, subject, fold, truth, predicted, and a network's score of
    each class; of several labels, columns truth_<label> and predicted_<label>. Give it to `evaluate`.

    Raises LeakError for a fold that trains on a subject it tests, or tests one of `fitted_on`; DataError for arrays
    that do not fit, ParamsError for another kind of method, MicroexprError for a loss that is not finite.

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
    several = SeveralLabels(loss="weighted_bce", threshold="zero") if np.ndim(labels) == 2 else None
    names, (true,) = read_labels(classes, label=labels)
    units = checks.present(subjects, "subject", "name or number")
    by_name = dict(inputs) if isinstance(inputs, Mapping) else {SINGLE: inputs}
    is_estimator = hasattr(method, "fit") and hasattr(method, "predict")
    arrays = {name: checks.numbers(values, name, finite=not is_estimator) for name, values in by_name.items()}
    if isinstance(fitted_on, str):
        raise ParamsError(f"fitted_on must be a list of subjects, not {fitted_on!r}")
    for name, values in {"subjects": units, **arrays}.items():
        if len(values) != len(true):
            raise DataError(f"{name} must have {len(true)} rows, as labels has, not {len(values)}")
    parts = _folds(folds, units)
    check_leaks(parts, units, fitted_on)
    if is_estimator and isinstance(method, type):
        raise ParamsError(f"method must be an estimator, such as {method.__name__}(), not its class")
    if is_estimator:
        if several and (true == UNKNOWN).any():
            raise DataError("an estimator must know all labels, not have some of -1")
        adapter: engine.Method = OwnEstimator(method, arrays, len(names), several)
    elif callable(method) and not isinstance(method, nn.Module):
        adapter = OwnNetwork(method, arrays, len(names), epochs, batch, optimiser, loss, several)
    else:
        raise ParamsError(
            "method must be a scikit-learn estimator or a function that returns a new torch.nn.Module, "
            f"not {type(method).__name__}"
        )
    targets = {LABEL: torch.from_numpy(np.zeros(len(true), np.int64) if several else true)}
    targets |= {LABELS: torch.from_numpy(true)} if several else {}
    tensors = {name: torch.as_tensor(np.asarray(values)) for name, values in arrays.items()}
    if isinstance(adapter, OwnNetwork):
        tensors = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    data = ClipTensors(tensors, targets)
    with checks.single():
        results = list(engine.train(adapter, data, parts, [seed], "sequential", 1, progress))
    scores = [result.scores[0, -1] for result in results]  # of the last epoch
    table = pd.concat(_table(part, values, true, units, names) for part, values in zip(parts, scores, strict=True))
    return table if isinstance(adapter, OwnNetwork) else table.filter(regex="^(?!score_)")


def check_leaks(folds: Sequence[FoldIndices], subjects: np.ndarray, fitted_on: Iterable[Any] = ()) -> None:
    """Raise LeakError, naming fold, subject and a clip, for a subject in training and test or in `fitted_on`.

    Names in `fitted_on` may be of another type and spelling: 2, 2.0 and "02" are one subject, "S2 " and "s2", too."""

    def spelt(subject: Any) -> str:
        is_whole = isinstance(subject, float) and subject.is_integer()
        text = str(int(subject) if is_whole else subject).strip().casefold()
        return str(int(text)) if text.isdecimal() else text

    seen = {spelt(subject) for name in fitted_on for subject in np.asarray(name).ravel().tolist()}
    for fold in folds:
        trained = {subject: i for i, subject in zip(fold.train.tolist(), subjects[fold.train].tolist(), strict=True)}
        for i, subject in zip(fold.test.tolist(), subjects[fold.test].tolist(), strict=True):
            if subject in trained:
                both = f"clip {i}, and trains on its clip {trained[subject]}"
                raise LeakError(f"fold {fold.name} must not test a subject that it trains on: {subject}, {both}")
            if spelt(subject) in seen:
                raise LeakError(f"fold {fold.name} must not test a subject of fitted_on: {subject}, clip {i}")


def _folds(folds: Iterable[tuple[np.ndarray, np.ndarray]] | None, subjects: np.ndarray) -> list[FoldIndices]:
    """Return folds numbered from 1, without `folds` one per subject.

    Raises DataError for a position outside 0..count-1, an empty side, and fewer than two subjects."""
    if folds is None:
        names, parts = np.unique(subjects), []
        if len(names) < 2:
            raise DataError(f"subjects must be two or more, not {', '.join(map(str, names)) or 'none'}")
        for name in names:
            parts.append(FoldIndices(str(name), np.flatnonzero(subjects != name), np.flatnonzero(subjects == name)))
        return parts
    try:
        pairs = [[np.asarray(side, np.int64) for side in sides] for sides in folds]
        if any(len(pair) != 2 for pair in pairs):
            raise TypeError
    except TypeError:
        raise DataError(
            "folds must be pairs of positions (train, test), such as GroupKFold(5).split(...) gives"
        ) from None
    for number, pair in enumerate(pairs, 1):
        for word, side in zip(("train", "test"), pair, strict=True):
            if not len(side) or side.min() < 0 or side.max() >= len(subjects):
                last = len(subjects) - 1
                raise DataError(f"fold {number} must {word} on positions in 0..{last}, not {side.tolist()[:5]}")
    return [FoldIndices(str(number), *pair) for number, pair in enumerate(pairs, 1)]


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


class OwnEstimator(ClassicalMethod):
    """A scikit-learn estimator, or an object with its fit and predict, on an array of features."""

    paper = "None: given by the caller"
    takes_several = True

    def __init__(self, estimator: Any, arrays: Mapping[str, Any], classes: int, several: SeveralLabels | None = None):
        super().__init__(Params(), classes, several)
        if [*arrays] != [SINGLE]:
            raise DataError(f"an estimator must have one array of inputs, not {', '.join(arrays)}")
        self.estimator, self.shape = estimator, np.shape(arrays[SINGLE])[1:]

    @property
    def inputs(self) -> Shapes:
        return {SINGLE: self.shape}

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        """Return the array itself, [N, ...]."""
        return inputs[SINGLE].numpy()

    def fit(self, features: np.ndarray, targets: Targets, rng: np.random.Generator) -> Scorer:
        """Fit a copy, with a seed for each `random_state` that is None.

        Its score is 1 for the class that it predicts, 0 for others."""
        if hasattr(self.estimator, "get_params"):
            from sklearn.base import clone

            estimator = clone(self.estimator)
            params = estimator.get_params(deep=True)
            seeded = sorted(
                name for name in params if name.rpartition("__")[2] == "random_state" and params[name] is None
            )
            estimator.set_params(**{name: int(rng.integers(2**31)) for name in seeded})
        else:
            estimator = deepcopy(self.estimator)
        estimator.fit(features, targets[LABELS if self.several else LABEL])

        def score(tested: np.ndarray) -> np.ndarray:
            predicted = np.asarray(estimator.predict(tested))
            if self.several:
                shape = (len(tested), self.classes)
                if predicted.shape != shape or not np.isin(predicted, (0, 1)).all():
                    raise ParamsError(f"the estimator must predict 0 or 1, {[*shape]}, not {predicted.tolist()[:5]}")
                return 2.0 * predicted - 1
            if predicted.shape != (len(tested),) or not np.isin(predicted, np.arange(self.classes)).all():
                raise ParamsError(
                    f"the estimator must predict classes 0..{self.classes - 1}, not {predicted.tolist()[:5]}"
                )
            return np.eye(self.classes)[predicted.astype(int)]

        return score


class OwnNetwork(NetworkMethod):
    """A network of the caller's: any module that returns scores [B, C]. Its layers may sample by torch's generator."""

    paper = "None: given by the caller"
    seeds_torch = True
    takes_several = True

    def __init__(
        self,
        factory: Callable[[], nn.Module],
        arrays: Mapping[str, Any],
        classes: int,
        epochs: int,
        batch: int,
        optimiser: Optimiser,
        loss: Callable[[Tensor, Tensor], Tensor] | None,
        several: SeveralLabels | None = None,
    ):
        super().__init__(Params(), classes, several)
        for name, value in (("epochs", epochs), ("batch", batch)):
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise ParamsError(f"{name} must be a whole number, 1 or more, not {value!r}")
        if not callable(optimiser):
            example = "functools.partial(torch.optim.Adam, lr=0.001)"
            raise ParamsError(f"optimiser must be a function of a list of parameters, as {example}, not {optimiser!r}")
        if loss is not None and not callable(loss):
            raise ParamsError(f"loss must be a function of scores and class indices, not {loss!r}")
        try:
            inspect.signature(factory).bind()
        except TypeError as error:
            name = getattr(factory, "__name__", type(factory).__name__)
            example = f"functools.partial({name}, ...)"
            raise ParamsError(
                f"method must be a function without arguments, such as {example}: {name} alone is {error}"
            ) from None
        except ValueError:
            pass  # a function without a readable signature
        self.factory, self.epochs, self.batch, self.make, self.criterion = factory, epochs, batch, optimiser, loss
        self.shapes = {name: np.shape(values)[1:] for name, values in arrays.items()}

    @property
    def inputs(self) -> Shapes:
        return self.shapes

    def statistics(self, train: ClipTensors) -> Statistics:
        return {"class_weights": self.label_weights(train.targets)}

    def build(self, statistics: Statistics) -> dict[str, nn.Module]:
        network = self.factory()
        if not isinstance(network, nn.Module):
            raise ParamsError(f"method must return a torch.nn.Module, not {type(network).__name__}")
        return {"network": network}

    def phases(self) -> list[Phase]:
        return [Phase([Update(self.loss, {"network": self.optimiser})], self.epochs, self.batch)]

    def optimiser(self, parameters: list[Tensor]) -> torch.optim.Optimizer:
        """Return the caller's optimiser. Raises ParamsError if it is none."""
        result = self.make(parameters)
        if not isinstance(result, torch.optim.Optimizer):
            raise ParamsError(f"optimiser must return a torch.optim.Optimizer, not {checks.describe(result)}")
        return result

    def loss(self, modules: Modules, batch: Batch, statistics: Statistics, rng: Stream) -> Tensor:
        devices = [rng.key.device] if rng.key.is_cuda else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(int(rng.key))
            scores = self.scores(modules, batch, statistics)
        if self.criterion is not None:
            return self.criterion(scores, batch[LABELS if self.several else LABEL])
        return self.label_loss(scores, batch, statistics)

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> Tensor:
        arrays = {name: batch[name] for name in self.shapes}
        scores: Tensor = modules.network(arrays[SINGLE]) if [*arrays] == [SINGLE] else modules.network(**arrays)
        count = len(next(iter(arrays.values())))
        if not isinstance(scores, Tensor) or scores.shape != (count, self.classes):
            shape = [*scores.shape] if isinstance(scores, Tensor) else type(scores).__name__
            raise ParamsError(f"the network must return scores [{count}, {self.classes}], not {shape}")
        return scores
