"""Find what one fold leaves to the next in a network or estimator of the caller's. No file comes in."""

import gc
import pickle
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from io import BytesIO
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.spatial.distance import cdist
from scipy.special import bdtrc
from torch import Tensor, nn

from microexpr.core.errors import LeakError, ParamsError
from microexpr.training.engine import FoldIndices

LIBRARIES = {*sys.stdlib_module_names, "sklearn", "numpy", "scipy", "pandas", "torch"}  # keep nothing in their classes
USUAL = {*vars(nn.Module())}  # attributes of all modules
SAMPLED = 1024  # values of a tensor by which a near copy is found
ROUNDING = 1e-5  # of weights, relative; half precision has 5e-4
CHANCE = 1e-3  # probability from which what is predicted before training is knowledge
MIXED, ROUNDED = 0.3, 0.9  # least correlation with weights of the same name, and of another


def held(value: Any, ends: Container[int] = ()) -> Iterator[Any]:
    """Yield an object and all that it holds, however deep: in attributes, lists, bound methods, closures, defaults.

    Classes, modules, global variables, arrays of objects and objects whose id is among `ends` are not looked into."""
    rest, seen = [value], dict[int, Any]()
    while rest:
        value = rest.pop()
        if id(value) in seen or isinstance(value, (type, ModuleType)):
            continue
        seen[id(value)] = value
        yield value
        rest += () if id(value) in ends else _parts(value)


def _parts(value: Any) -> list[Any]:
    """Return what an object refers to: a function to what it keeps, without the global variables that it names."""
    if isinstance(value, FunctionType):
        cells = [content for cell in value.__closure__ or () for content in gc.get_referents(cell)]
        return [*cells, value.__defaults__, value.__kwdefaults__, vars(value)]
    return gc.get_referents(value)


def of_classes(values: Iterable[Any]) -> dict[str, Any]:
    """Return what the classes of these objects hold for all of their objects: data and methods, by class and name."""
    owners = {owner for value in values for owner in type(value).__mro__}
    owners = {owner for owner in owners if owner.__module__.partition(".")[0] not in LIBRARIES}
    members = [(owner.__name__, *member) for owner in owners for member in vars(owner).items()]
    return {f"{owner}.{name}": value for owner, name, value in members if not name.startswith(("__", "_abc_"))}


def trained(value: Any, exceptions: Iterable[Tensor] = ()) -> list[Tensor]:
    """Return the tensors to train that an object holds, but for `exceptions`, also if no module has registered them."""
    tensors, ids = [part for part in held(value) if isinstance(part, Tensor)], {*map(id, exceptions)}
    return [tensor for tensor in tensors if tensor.is_leaf and tensor.requires_grad and id(tensor) not in ids]


@contextmanager
def unchanged(estimator: Any, copied: Any) -> Iterator[None]:
    """Raise LeakError if the block changes data in the classes of an estimator and of its parts, or an object that its
    copy has not copied, such as a list in a closure."""
    originals = {id(value): value for value in held(estimator)}
    parts = [*held(copied, originals)]
    shared = {f"{getattr(v, '__qualname__', type(v).__name__)} at {id(v):#x}": v for v in parts if id(v) in originals}

    def written() -> dict[str, bytes]:
        each = of_classes([*originals.values(), *parts]) | {f"its {name}": value for name, value in shared.items()}
        return {name: _written(value) for name, value in each.items()}

    before = written()
    yield
    if changed := sorted(name for name, data in written().items() if before.get(name) != data):
        raise LeakError(f"fit must not change {changed[0]}, which the estimators of all folds share")


def knows(predicted: np.ndarray, truth: np.ndarray, inputs: np.ndarray, folds: Sequence[FoldIndices]) -> bool:
    """Return whether labels [N, ...] predicted without training are right more often than by chance, in a sign test.

    Chance is the label of the nearest training clip and the commonest one, which random boundaries do not surpass."""
    flat, nearest, commonest = np.nan_to_num(inputs.reshape(len(inputs), -1)), truth.copy(), truth.copy()
    for fold in folds:
        nearest[fold.test] = truth[fold.train][cdist(flat[fold.test], flat[fold.train]).argmin(1)]
        commonest[fold.test] = np.apply_along_axis(lambda labels: np.bincount(labels).argmax(), 0, truth[fold.train])
    right = [(labels == truth).reshape(len(truth), -1).sum(1) for labels in (predicted, nearest, commonest)]
    signs = [np.sign(right[0] - others) for others in right[1:]]
    return all(bdtrc((sign > 0).sum() - 1, np.count_nonzero(sign), 0.5) < CHANCE for sign in signs)


class Writer(pickle.Pickler):
    """Writes objects to compare them: a tensor's values, what a function keeps, the class of what has no pickle."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            flat = value.detach().cpu().contiguous().reshape(-1)
            return repr, ((str(value.dtype), *value.shape, flat.view(torch.uint8).numpy().tobytes()),)
        if isinstance(value, (type, ModuleType)):
            return repr, (id(value),)
        if hasattr(type(value), "__get__"):  # a function, method or property; copies of a function have one code
            return repr, (id(getattr(value, "__code__", value)),), _parts(value)
        try:
            return value.__reduce_ex__(4) and NotImplemented
        except Exception:
            return repr, (id(type(value)),)


def _written(value: Any) -> bytes:
    file = BytesIO()
    with suppress(Exception):  # what is nested too deep is not compared
        Writer(file).dump(value)
    return file.getvalue()


class WeightsLeft:
    """Weights that training has left in the networks of earlier folds, to find them in the network of a later one.

    Values are compared, not objects: a copy is found too, and what no training changed may be shared. The same goes for
    attributes that are no tensors. A copy that was rounded, or under the same name mixed with a few other weights, is
    found by its correlation with those left, given those at the fold's start: independent weights, and equal starts,
    have none. The fewer values a tensor has, the nearer must they be."""

    def __init__(self) -> None:
        self.start: dict[str, tuple[bytes, np.ndarray]] = {}  # of the newest network, before training
        self.left: dict[bytes, str] = {}  # folds by digests of what their training changed
        self.changes: list[tuple[str, str, np.ndarray, np.ndarray]] = []  # fold, tensor, values before and after

    def record(self, network: nn.Module, fold: str) -> None:
        """Take down what training a fold has changed. Raises ParamsError if that is no weight."""
        for name, (digest, values) in _snapshot(network).items():
            before, values_before = self.start.get(name, (b"", values[:0]))
            if digest != before:
                self.left.setdefault(digest, fold)
                self.changes.append((fold, name, values_before, values))
        if not {name for of, name, *_ in self.changes if of == fold} & {*dict(network.named_parameters())}:
            raise ParamsError(f"optimiser and loss must change weights of the network, not none (fold {fold})")

    def check(self, network: nn.Module, fold: str) -> None:
        """Raise LeakError, naming tensor and fold, for a new network that begins with what training left."""
        self.start, new = _snapshot(network), f"the network of fold {fold} must be new"
        for name, (digest, _) in self.start.items():
            if digest in self.left:
                raise LeakError(f"{new}: its {name} was trained in fold {self.left[digest]} already")
        for name, (_, values) in self.start.items():
            for trained, trained_name, before, after in self.changes:
                least = MIXED if name == trained_name else ROUNDED
                if 0 < len(values) == len(before) == len(after) and _correlation(values, before, after) > least:
                    raise LeakError(f"{new}: its {name} is near what training left in fold {trained}")


def _snapshot(network: nn.Module) -> dict[str, tuple[bytes, np.ndarray]]:
    """Return of each tensor and other attribute a digest, and up to about SAMPLED values, evenly spaced.

    The digest of a tensor of one value, which chance makes equal, is by name, as is that of what is no tensor. There
    are no values of fewer than 16 numbers."""
    tensors, snapshot = {**dict(network.named_parameters()), **dict(network.named_buffers())}, {}
    plain = [(path, *item) for path, module in network.named_modules() for item in vars(module).items()]
    others = {f"{path}.{name}".lstrip("."): value for path, name, value in plain if name not in USUAL}
    others |= of_classes(network.modules())
    for name, value in (tensors | others).items():
        flat = value.detach().cpu().reshape(-1) if name in tensors else torch.empty(0)
        key = name if bool((flat == flat[:1]).all()) else ""
        is_sampled = flat.is_floating_point() and len(flat) >= 16
        values = flat[:: -(-len(flat) // SAMPLED)].double().numpy().copy() if is_sampled else np.empty(0)
        snapshot[name] = blake2b(_written(value), key=key.encode()[-64:]).digest(), values
    return snapshot


def _correlation(new: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """Return the rank correlation of new weights with trained ones, without what those before training explain.

    By Fisher's transform it is a normal deviate for independent weights; 8 is out of the reach of chance, others count
    as 0, as do the same start, no training, and too little linear correlation."""
    start = before - before.mean()
    left, right = (v - v.mean() - (start @ v) / (start @ start or 1) * start for v in (new, after))
    norms = [np.linalg.norm(rest) for rest in (left, right)]
    is_start = any(norm <= ROUNDING * np.linalg.norm(v) for norm, v in zip(norms, (new, after), strict=True))
    if is_start or left @ right < 0.1 * np.prod(norms):
        return 0.0
    r = float(np.corrcoef(pd.Series(left).rank(), pd.Series(right).rank())[0, 1])
    return r if np.arctanh(min(r, 1 - 1e-12)) * np.sqrt(len(new) - 4) > 8 else 0.0
