"""Find what one fold leaves to the next in a network or estimator of the caller's. No file comes in."""

import gc
import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from io import BytesIO
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from microexpr.core.errors import LeakError

LIBRARIES = {*sys.stdlib_module_names, "sklearn", "numpy", "scipy", "pandas", "torch"}  # keep nothing in their classes
USUAL = {*vars(nn.Module())}  # attributes of all modules
SAMPLED = 1024  # values of a tensor by which a near copy is found
ROUNDING = 1e-5  # of weights, relative; half precision has 5e-4
MIXED, ROUNDED = 0.3, 0.9  # least correlation with weights of the same name, and of another


def held(value: Any) -> Iterator[Any]:
    """Yield an object and all that it holds, however deep: in attributes, lists, bound methods, closures, defaults.

    Classes, modules, global variables and arrays of objects are not looked into."""
    rest, seen = [value], dict[int, Any]()
    while rest:
        value = rest.pop()
        if id(value) in seen or isinstance(value, (type, ModuleType)):
            continue
        seen[id(value)] = value
        yield value
        is_function = isinstance(value, FunctionType)  # which refers to its global variables, too
        parts = (value.__closure__, value.__defaults__, value.__kwdefaults__) if is_function else (value,)
        rest += gc.get_referents(*parts)


class Shared:
    """Data in the classes of an estimator and its copy, and objects that copying does not copy: both have them."""

    def __init__(self, estimator: Any, copied: Any) -> None:
        parts, originals = [*held(copied)], {id(value): value for value in held(estimator)}
        classes = {owner for value in parts for owner in type(value).__mro__}
        self.classes = [owner for owner in classes if owner.__module__.partition(".")[0] not in LIBRARIES]
        self.objects = [value for value in parts if id(value) in originals and hasattr(value, "__dict__")]

    def written(self) -> dict[str, bytes]:
        """Return the bytes of each, by name. Raises LeakError for one that cannot be written, and so not compared."""
        members = [(owner.__name__, *member) for owner in self.classes for member in vars(owner).items()]
        data = {f"{owner}.{name}": value for owner, name, value in members if not name.startswith(("__", "_abc_"))}
        data |= {f"its {type(value).__name__} at {id(value):#x}": value for value in self.objects}
        for name, value in data.items():
            try:
                data[name] = _written(value)
            except Exception as error:
                shared = f"which the estimators of all folds share and which cannot be compared: {error}"
                raise LeakError(f"an estimator must not have {name}, {shared}") from error
        return data


class Writer(pickle.Pickler):
    """Writes objects for a comparison alone: a tensor's values, what a function keeps, which class it is."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return repr, ((str(value.dtype), *value.shape, _bytes(value)),)
        if not isinstance(value, (type, ModuleType)) and not hasattr(type(value), "__get__"):
            return NotImplemented
        contents = [getattr(value, name, None) for name in ("__func__", "__self__", "__defaults__", "__kwdefaults__")]
        return repr, ((id(value), *contents, value.cache_info() if hasattr(value, "cache_info") else None),)


def _written(value: Any) -> bytes:
    Writer(file := BytesIO()).dump(value)
    return file.getvalue()


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


class WeightsLeft:
    """Weights that training has left in the networks of earlier folds, to find them in the network of a later one.

    Values are compared, not objects: a copy is found too, and what no training changed may be shared. The same goes for
    attributes that are no tensors. A copy that was rounded, or under the same name mixed with a few other weights, is
    found by its correlation with those left, given those at the fold's start: independent weights, and equal starts,
    have none. The fewer values a tensor has, the nearer must they be."""

    def __init__(self) -> None:
        self.start: dict[str, bytes] = {}  # digests of the newest network, before training
        self.left: dict[bytes, str] = {}  # folds by digests of what their training changed
        self.start_values: dict[str, np.ndarray] = {}  # of the newest network
        self.changes: list[tuple[str, str, np.ndarray, np.ndarray]] = []  # fold, tensor, values before and after

    def record(self, network: nn.Module, fold: str) -> None:
        """Take down what training a fold has changed."""
        values = _values(network)
        for name, digest in _digests(network).items():
            if digest != self.start.get(name):
                self.left.setdefault(digest, fold)
                if name in values and name in self.start_values:
                    self.changes.append((fold, name, self.start_values[name], values[name]))

    def check(self, network: nn.Module, fold: str) -> None:
        """Raise LeakError, naming tensor and fold, for a new network that begins with what training left."""
        self.start, self.start_values = _digests(network), _values(network)
        for name, digest in self.start.items():
            if digest in self.left:
                trained = f"its {name} was trained in fold {self.left[digest]} already"
                raise LeakError(f"the network of fold {fold} must be new: {trained}")
        for trained, trained_name, before, after in self.changes:
            for name, new in self.start_values.items():
                least = MIXED if name == trained_name else ROUNDED
                if new.shape == before.shape and _correlation(new, before, after) > least:
                    near = f"its {name} is near what training left in fold {trained}"
                    raise LeakError(f"the network of fold {fold} must be new: {near}")


def _values(network: nn.Module) -> dict[str, np.ndarray]:
    """Return up to about SAMPLED values of each tensor of numbers that has enough of them, evenly spaced."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    flat = {name: t.detach().reshape(-1) for name, t in tensors.items() if t.is_floating_point() and t.numel() >= 16}
    return {name: t[:: -(-len(t) // SAMPLED)].cpu().double().numpy().copy() for name, t in flat.items()}


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


def _digests(network: nn.Module) -> dict[str, bytes]:
    """Return a digest of each parameter, buffer and other attribute that can be written.

    That of a tensor with several values is of these alone; chance makes others equal, so theirs is also of the name."""
    data = {}
    for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
        data[name] = _bytes(tensor), bool((tensor == tensor.reshape(-1)[:1]).all())
    for path, module in network.named_modules():
        for name in vars(module).keys() - USUAL:
            with suppress(Exception):
                data[f"{path}.{name}".lstrip(".")] = _written(vars(module)[name]), True
    return {name: blake2b(part, key=name.encode()[-64:] * by_name).digest() for name, (part, by_name) in data.items()}
