"""Adapt a network or estimator of the caller's to the engine, one new in each fold. No file comes in.

Shapes: N clips, n of them in training, B in a batch, C classes."""

import inspect
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from microexpr.api import checks, leaks
from microexpr.core.errors import DataError, LeakError, MicroexprError, ParamsError
from microexpr.core.seeds import spawn
from microexpr.models import base
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import LABEL, LABELS, SeveralLabels
from microexpr.training.engine import FoldIndices

SINGLE = "input"  # name of the input that is one array
Loss = Callable[[Tensor, Tensor], Tensor]


@contextmanager
def one_line(
    problem: str, advice: Callable[[str], str] = str, kinds: tuple[type[Exception], ...] = (Exception,)
) -> Iterator[None]:
    """Raise an error of the caller's code as ParamsError of one line, caused by it, with advice from its text."""
    try:
        yield
    except MicroexprError:
        raise
    except kinds as error:
        reason = next(iter(str(error).splitlines()), "")
        raise ParamsError(f"{problem}: {type(error).__name__}: {advice(reason)}") from error


@contextmanager
def seeded(seed: int, name: str) -> Iterator[None]:
    """Seed the global generators of torch, numpy and Python until the end, which then go on as before."""
    word = int(spawn(seed, name).generate_state(1)[0])
    with torch.random.fork_rng(range(torch.cuda.device_count())), ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        for start in (torch.manual_seed, np.random.seed, random.seed):
            start(word)
        yield


class OwnEstimator(base.ClassicalMethod):
    """A scikit-learn estimator, or an object with its fit and predict, on an array of features."""

    paper = "None: given by the caller"
    takes_several = True
    fold = ""  # that is being fitted

    def __init__(self, estimator: Any, arrays: Any, names: list[Any], several: SeveralLabels | None):
        super().__init__(base.Params(), len(names), several)
        if [*arrays] != [SINGLE]:
            raise DataError(f"an estimator must have one array of inputs, not {', '.join(arrays)}")
        self.estimator, self.shape = estimator, np.shape(arrays[SINGLE])[1:]
        with one_line("the estimator cannot tell its params"):
            kind = estimator.__sklearn_tags__().estimator_type if hasattr(estimator, "__sklearn_tags__") else None
            params = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
        if kind not in (None, "classifier"):
            raise ParamsError(f"method must be a classifier, not {type(estimator).__name__}, which has no classes")
        are_indices = several is not None or names == [*range(len(names))]
        for name, value in () if are_indices else params.items():
            word, is_mapping = name.rpartition("__")[2], isinstance(value, Mapping)
            if (word == "class_weight" and is_mapping) or (word == "constant" and value is not None):
                indices = f"indices 0..{len(names) - 1}, not on {', '.join(map(str, names))}"
                raise ParamsError(f"{name} must not name classes: an estimator is fitted on {indices}")

    @property
    def inputs(self) -> base.Shapes:
        return {SINGLE: self.shape}

    def features(self, inputs: dict[str, Tensor]) -> np.ndarray:
        """Return the array itself, [N, ...]."""
        return inputs[SINGLE].numpy()

    def fit(self, features: np.ndarray, targets: base.Targets, rng: np.random.Generator) -> base.Scorer:
        """Fit a copy, with a seed for each `random_state` that is None.

        Its score is 1 for the class that it predicts, 0 for others. Raises LeakError if fitting changes its class, or
        what else the copies of all folds share."""
        with one_line(f"the estimator cannot be fitted (fold {self.fold})"):
            estimator = self._copy(rng)
            with leaks.unchanged(self.estimator, estimator):
                estimator.fit(features, targets[LABELS if self.several else LABEL])

        def score(tested: np.ndarray) -> np.ndarray:
            with one_line(f"the estimator cannot predict (fold {self.fold})"):
                predicted = np.asarray(estimator.predict(tested))
            shape, choices = ((len(tested), self.classes), 2) if self.several else ((len(tested),), self.classes)
            if predicted.shape != shape or not np.isin(predicted, np.arange(choices)).all():
                expected = f"0 or 1, {[*shape]}" if self.several else f"classes 0..{self.classes - 1}"
                raise ParamsError(f"the estimator must predict {expected}, not {predicted.tolist()[:5]}")
            return 2.0 * predicted - 1 if self.several else np.eye(self.classes)[predicted.astype(int)]

        return score

    def check_new(self, inputs: dict[str, Tensor], truth: np.ndarray, folds: Sequence[FoldIndices]) -> None:
        """Raise LeakError for an estimator that is fitted already, as a part of it or what it predicts shows."""
        with one_line("the estimator cannot be copied"):
            estimator = self._copy(np.random.default_rng(0))
        advice = "give one that is not, or fitted_on, the subjects that it was fitted on"
        for part in leaks.held(estimator):
            names = [name for name in getattr(part, "__dict__", {}) if name.endswith("_") and not name.startswith("_")]
            if names and hasattr(part, "fit"):
                raise LeakError(f"{type(part).__name__} is fitted already (it has {names[0]}): {advice}")
        features, predicted = self.features(inputs), np.empty(0)
        with suppress(Exception):  # of one that must be fitted first
            predicted = np.asarray(estimator.predict(features))
        if predicted.shape == truth.shape and leaks.knows(predicted, truth, features, folds):
            sign = "before fit, it is right more often than the nearest clip and the commonest class"
            raise LeakError(f"{type(estimator).__name__} is fitted already ({sign}): {advice}")

    def _copy(self, rng: np.random.Generator) -> Any:
        if not hasattr(self.estimator, "get_params"):
            return deepcopy(self.estimator)
        from sklearn.base import clone

        estimator = clone(self.estimator)
        params = estimator.get_params(deep=True)  # other processes may fit, which have global generators of their own
        names = sorted(name for name in params if name.rpartition("__")[2] == "random_state" and params[name] is None)
        estimator.set_params(**{name: int(rng.integers(2**31)) for name in names})
        return estimator


class OwnNetwork(base.NetworkMethod):
    """A network of the caller's: any module that returns scores [B, C]. Its layers may sample by torch's generator."""

    paper = "None: given by the caller"
    seeds_torch = True
    takes_several = True
    fold = ""  # that is being trained

    def __init__(
        self, factory: Callable[[], nn.Module], arrays: Mapping[str, Any], classes: int, epochs: int, batch: int,
        optimiser: base.Optimiser, loss: Loss | None, several: SeveralLabels | None = None,
    ):  # fmt: skip
        super().__init__(base.Params(), classes, several)
        if taken := sorted({LABEL, LABELS} & {*arrays}):
            raise DataError(f"an input must have another name than {taken[0]}, by which labels go")
        epochs, batch = checks.whole(epochs, "epochs", 1), checks.whole(batch, "batch", 1)
        if not callable(optimiser):
            example = "functools.partial(torch.optim.Adam, lr=0.001)"
            value = optimiser if isinstance(optimiser, str) else type(optimiser).__name__
            raise ParamsError(f"optimiser must be a function of a list of parameters, as {example}, not {value!r}")
        if loss is not None and (isinstance(loss, type) or not callable(loss)):
            example = "a function of scores and class indices, as torch.nn.NLLLoss()"
            raise ParamsError(f"loss must be {example}, not {loss!r}")
        for tensor in leaks.trained(_named(loss)):
            instead = "put it into the network, or freeze it by requires_grad_(False)"
            raise ParamsError(f"loss must have no parameter to train, not {checks.describe(tensor)}: {instead}")
        if problem := _misfit(factory):
            name = getattr(factory, "__name__", type(factory).__name__)
            example = f"functools.partial({name}, ...): {name} alone is {problem}"
            raise ParamsError(f"method must be a function without arguments, such as {example}")
        self.factory, self.epochs, self.batch, self.make, self.criterion = factory, epochs, batch, optimiser, loss
        self.whole_loss, self.is_loss_tried, self.loss_modules = loss, False, list[tuple[nn.Module, Any]]()
        self.shapes = {name: np.shape(values)[1:] for name, values in arrays.items()}
        self.weights_left, self.network, self.network_fold = leaks.WeightsLeft(), nn.Module(), ""

    @property
    def inputs(self) -> base.Shapes:
        return self.shapes

    def statistics(self, train: base.ClipTensors) -> base.Statistics:
        self.example = train[torch.arange(1)].map(torch.zeros_like).inputs
        return {"class_weights": self.label_weights(train.targets)}

    def build(self, statistics: base.Statistics) -> dict[str, nn.Module]:
        """Return the fold's new network. The engine asks again after training, to see how far the weights moved.

        Raises LeakError for one that an earlier fold trained, ParamsError for one that cannot be trained."""
        if self.network_fold == self.fold:
            for module, state in self.loss_modules:
                module.load_state_dict(state)
            self.weights_left.record(self.network, self.fold)
            return {"network": self.network}
        with one_line(f"method cannot make a network (fold {self.fold})"):
            network = self.factory()
        if not isinstance(network, nn.Module):
            raise ParamsError(f"method must return a torch.nn.Module, not {type(network).__name__}")
        is_single = [*self.shapes] == [SINGLE]
        if problem := _misfit(network.forward, int(is_single), () if is_single else [*self.shapes]):
            expected = "one array" if is_single else f"{', '.join(map(str, self.shapes))}, as the inputs are named"
            listed = ", ".join(inspect.signature(network.forward).parameters) or "nothing"
            raise ParamsError(f"forward of the network must take {expected}, not {listed}: {problem}")
        if any(is_lazy(tensor) for tensor in [*network.parameters(), *network.buffers()]):
            with torch.no_grad():
                self._scores(network.cpu().eval(), {name: value.cpu() for name, value in self.example.items()})
        self.weights_left.check(network, self.fold)
        with one_line("loss cannot be copied"):
            self.criterion = deepcopy(self.whole_loss)  # it may hold a state, as may a module that a function keeps
        modules = [part for part in leaks.held(_named(self.criterion)) if isinstance(part, nn.Module)]
        self.loss_modules = [(module, deepcopy(module.state_dict())) for module in modules]
        for tensor in leaks.trained([network, leaks.of_classes(network.modules())], network.parameters())[:1]:
            untrained = f"a weight {checks.describe(tensor)} that is not in parameters(), and stays untrained"
            warnings.warn(f"the network holds {untrained}: a list of layers must be an nn.ModuleList", stacklevel=2)
        self.network, self.network_fold = network, self.fold
        return {"network": network}

    def phases(self) -> list[base.Phase]:
        return [base.Phase([base.Update(self.loss, {"network": self.optimiser})], self.epochs, self.batch)]

    def optimiser(self, parameters: list[Tensor]) -> torch.optim.Optimizer:
        """Return the caller's optimiser. Raises ParamsError if it is none, or of other parameters."""
        with one_line(f"optimiser cannot be made (fold {self.fold})"):
            result = self.make(parameters)
        if not isinstance(result, torch.optim.Optimizer):
            raise ParamsError(f"optimiser must return a torch.optim.Optimizer, not {checks.describe(result)}")
        trained = {id(p) for group in result.param_groups for p in group["params"]}
        if not trained <= {*map(id, parameters)}:
            raise ParamsError(f"optimiser must return a new one, of the parameters that it gets (fold {self.fold})")
        if left := {id(p) for p in parameters if p.requires_grad} - trained:
            warnings.warn(f"optimiser leaves {len(left)} of {len(parameters)} tensors untrained", stacklevel=2)
        return result

    def loss(self, modules: base.Modules, batch: base.Batch, statistics: base.Statistics, rng: Stream) -> Tensor:
        """Return the caller's loss, or the mean of that of each clip."""
        scores = self.scores(modules, batch, statistics)
        if not scores.requires_grad:
            lost = "which argmax, round, detach, no_grad and requires_grad_(False) take away"
            raise ParamsError(f"the network's scores must have a gradient, {lost} (fold {self.fold})")
        if self.criterion is None:
            return self.label_loss(scores, batch, statistics)
        target = batch[LABELS if self.several else LABEL]
        arguments = f"scores {checks.describe(scores)} and labels {checks.describe(target)}"
        with one_line(f"loss must take {arguments} (fold {self.fold})", _loss_advice):
            for module, _ in self.loss_modules:
                module.to(scores.device)
            value = self.criterion(scores, target)
            if len(scores) in (1, self.classes) and not self.several and not self.is_loss_tried:
                rows = torch.arange(self.classes + 1, device=scores.device) % len(scores)
                deepcopy(self.criterion)(scores[rows].detach().requires_grad_(), target[rows])  # raises if it spreads
                self.is_loss_tried = True
        if isinstance(value, Tensor) and value.shape == scores.shape[:1]:
            value = value.mean()  # as of reduction="none"
        is_number = isinstance(value, Tensor) and value.numel() == 1
        gradient = partial(torch.autograd.grad, value, scores, retain_graph=True, allow_unused=True)
        if not is_number or not value.requires_grad or gradient()[0] is None:
            which = "with a gradient of the scores" if is_number else "as by reduction='mean'"
            raise ParamsError(f"loss must return one number, {which}, not {checks.describe(value)} (fold {self.fold})")
        return value

    def scores(self, modules: base.Modules, batch: base.Batch, statistics: base.Statistics) -> Tensor:
        return self._scores(modules.network, {name: batch[name] for name in self.shapes})

    def _scores(self, network: nn.Module, arrays: base.Batch) -> Tensor:
        listed = ", ".join(f"{name} {checks.describe(value)}" for name, value in arrays.items())
        with one_line(f"the network cannot take {listed} (fold {self.fold})", lambda text: _input_advice(text, arrays)):
            scores: Tensor = network(arrays[SINGLE]) if [*arrays] == [SINGLE] else network(**arrays)
        expected = [len(next(iter(arrays.values()))), self.classes]
        if not isinstance(scores, Tensor) or [*scores.shape] != expected or not scores.is_floating_point():
            kind = checks.describe(scores)
            raise ParamsError(f"the network must return scores float32{expected}, not {kind} (fold {self.fold})")
        return scores if torch.is_grad_enabled() else scores.detach()  # of a network that enables gradients itself


def _named(loss: Any) -> list[Any]:
    """Return a loss and the global variables that it names."""
    is_function = inspect.isfunction(loss) or inspect.ismethod(loss)
    return [loss, *(inspect.getclosurevars(loss).globals.values() if is_function else ())]


def _misfit(function: Callable[..., Any], count: int = 0, names: Sequence[str] = ()) -> str:
    """Return why a function cannot take `count` arguments and others of these names; "" if it can, or cannot tell."""
    try:
        inspect.signature(function).bind(*[None] * count, **dict.fromkeys(names))
    except TypeError as error:
        return str(error)
    except ValueError:
        pass
    return ""


def _loss_advice(text: str) -> str:
    """Return torch's error of a loss with what to give it, if that is labels of another type or shape."""
    if "size of tensor" in text:  # as of a mean squared error, which would spread class indices over scores
        return f"{text}; labels are class indices: give the loss one_hot(labels, classes).float()"
    return f"{text}; labels are whole numbers: give the loss labels.float()" if "Long" in text else text


def _input_advice(text: str, arrays: base.Batch) -> str:
    """Return torch's error with what to give in place of these inputs."""
    if "more than 1 value per channel" in text:
        return f"{text}; batch norm must have a batch of 2 or more"
    for name, value in arrays.items():
        if not value.is_floating_point():
            scaled = " / 255" if value.dtype == torch.uint8 else ""
            return f"{text}; {name} must be float32 for layers with weights: x.astype('float32'){scaled}"
        if value.ndim >= 4 and value.shape[-1] in (1, 3) and value.shape[1] > 3:
            return f"{text}; torch's layers expect channels first: np.moveaxis(x, -1, 1)"
    return text
