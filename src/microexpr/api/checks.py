"""Refuse arrays and arguments that would give a wrong result, or an error from deep inside; compute on one thread.

torch is not loaded here: where it is, it may be asked for as many threads as there are cores.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import pandas as pd

from microexpr.core.errors import DataError
from microexpr.core.subjects import Subjects

TENSOR = "; of a tensor on a GPU or with a gradient give .detach().cpu()"


def describe(value: Any) -> str:
    """Return type and shape of a value for an error: float64[4, 4], or str."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{str(value.dtype).removeprefix('torch.')}{[*value.shape]}"
    return type(value).__name__


def crop(value: Any, name: str) -> np.ndarray:
    """Return a square crop uint8[H, H, 3] or uint8[H, H]. Raises DataError for another type or shape.

    Grey levels of 0..1 are refused too: optical flow would be wrong and not say so."""
    array = np.asarray(value)
    if (
        array.dtype == np.uint8
        and (array.ndim == 2 or array.shape[2:] in ((3,), (1,)))
        and array.shape[0] == array.shape[1] > 1
    ):
        return array
    hint = "; (255 * image).round().astype('uint8') converts levels of 0..1" if array.dtype.kind == "f" else ""
    raise DataError(
        f"{name} must be a square crop, uint8[H, H, 3] RGB or uint8[H, H] grey, not {describe(array)}{hint}"
    )


def numbers(value: Any, name: str, finite: bool = True) -> np.ndarray:
    """Return an array of numbers. Raises DataError for other values, and unless they are finite."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # rows of different lengths, or a tensor on a GPU or with gradients
        hint = TENSOR if hasattr(value, "detach") else ""
        raise DataError(f"{name} must be an array of numbers, not {describe(value)}{hint}") from None
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} must be an array of numbers, not {describe(array)}")
    if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        position = [*map(int, np.argwhere(~np.isfinite(array))[0])]
        raise DataError(f"{name} must hold finite numbers, not {array[tuple(position)]} at {position}")
    return array


def whole(value: Any, name: str, least: int) -> int:
    """Return a whole number. Raises DataError for another value, or one below `least`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise DataError(f"{name} must be a whole number from {least}, not {value!r}")
    return int(value)


def present(values: Sequence[Any] | np.ndarray, name: str, noun: str) -> np.ndarray:
    """Return values one by one as an array. Raises DataError for a missing one: None or NaN, in place of a `noun`."""
    try:
        array = np.asarray(values, object) if not isinstance(values, np.ndarray) else values
    except (TypeError, ValueError, RuntimeError):
        hint = TENSOR if hasattr(values, "detach") else ""
        raise DataError(f"{name} must be a {noun} of each clip, not {describe(values)}{hint}") from None
    missing = np.flatnonzero(pd.isna(np.ravel(array)))
    if missing.size:
        raise DataError(f"{name} {missing[0]} must be a {noun}, not {np.ravel(array)[missing[0]]}")
    return np.asarray(values)


def subjects(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Return the subject of each clip, [N], with one spelling of each: the first. Numbers next to texts are texts.

    Raises DataError for a missing name, and for two that could be one subject's."""
    array = present(values, "subject", "name or number")
    if array.ndim != 1:
        raise DataError(f"subjects must have the shape [N], not {[*array.shape]}")
    if any(isinstance(name, bytes) for name in array.tolist()):  # as h5py reads texts
        array = np.array([name.decode() if isinstance(name, bytes) else name for name in array.tolist()])
    names, first = array.tolist(), dict[Any, str]()
    for i, name in enumerate(names):
        first.setdefault(name, f"clip {i}")
    each = Subjects(first)
    spelling = {name: each.name(each.key(name)) for name in first}
    if any(name != spelling[name] for name in first):
        array = np.array([spelling[name] for name in names], array.dtype)
    return array.astype(str) if len({isinstance(name, str) for name in first}) > 1 else array


def aligned(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], pd.Index | None]:
    """Return arguments with the rows of the first that has an index, and this index; None where none has one.

    An argument of another length stays as it is. Raises DataError for indexes with other labels, and where another
    argument has no index, so that nobody can tell which order its rows have."""
    indexes = {name: value.index for name, value in arguments.items() if isinstance(value, (pd.Series, pd.DataFrame))}
    if not indexes:
        return dict(arguments), None
    first, index = next(iter(indexes.items()))
    rows, plain = dict(arguments), next((name for name in arguments if name not in indexes), None)
    both = f"give both with their index, or both as arrays, which are paired by position: {first}.to_numpy()"
    for name, other in indexes.items():
        if len(other) != len(index) or other.equals(index):
            continue
        if not (index.is_unique and other.is_unique and (order := other.get_indexer(index)).min() >= 0):
            raise DataError(f"{name} must have the index of {first}: give both with one index, or as .to_numpy()")
        if plain:
            raise DataError(f"{name} has the index of {first} in another order, and {plain} has none: {both}")
        rows[name] = arguments[name].iloc[order]
    positions = np.arange(len(index))
    is_shuffled = index.dtype.kind in "iu" and np.array_equal(np.sort(index), positions)
    if plain and is_shuffled and not np.array_equal(index, positions):
        raise DataError(f"{first} has the index 0..{len(index) - 1} in another order, and {plain} has none: {both}")
    return rows, index


@contextmanager
def single() -> Iterator[None]:
    """Let OpenCV, and torch if it is loaded, use one thread until the end; also a decorator, `@single()`."""
    torch, threads = sys.modules.get("torch"), cv2.getNumThreads()
    torch_threads = torch.get_num_threads() if torch else 1
    cv2.setNumThreads(1)
    if torch:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        if torch:
            torch.set_num_threads(torch_threads)
