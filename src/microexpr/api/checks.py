"""Refuse arrays and arguments that would give a wrong result, or an error from deep inside; compute on one thread.

torch is not loaded here: where it is, it may be asked for as many threads as there are cores."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import cv2
import numpy as np
import pandas as pd

from microexpr.core.errors import DataError, ParamsError
from microexpr.core.subjects import Subjects, stated

TENSOR = "; of a tensor on a GPU or with a gradient give .detach().cpu()"
T = TypeVar("T")
PANDAS = (pd.Series, pd.DataFrame)


def describe(value: Any) -> str:
    """Return type and shape of a value for an error: float64[4, 4], or str."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{str(value.dtype).removeprefix('torch.')}{[*value.shape]}"
    return type(value).__name__


def crop(value: Any, name: str) -> np.ndarray:
    """Return a square crop uint8[H, H, 3] or uint8[H, H]. Raises DataError for another type or shape.

    Grey levels of 0..1 are refused too: optical flow would be wrong and not say so."""
    array = np.asarray(value)
    is_image = array.dtype == np.uint8 and (array.ndim == 2 or array.shape[2:] in ((3,), (1,)))
    if is_image and array.shape[0] == array.shape[1] > 1:
        return array
    hint = "; (255 * image).round().astype('uint8') converts levels of 0..1" if array.dtype.kind == "f" else ""
    expected = "a square crop, uint8[H, H, 3] RGB or uint8[H, H] grey"
    raise DataError(f"{name} must be {expected}, not {describe(array)}{hint}")


def rows(value: Any, expected: str) -> np.ndarray:
    """Return an argument as an array; bytes are texts, as h5py reads them, and numbers next to texts stay numbers.

    Raises DataError, which begins with `expected`, for what has no order, such as a set, for rows of different lengths,
    masked values, and a list of pandas objects whose rows have other labels."""
    problem = f"{expected}, not {describe(value)}"
    if isinstance(value, Iterable) and not isinstance(value, Sequence) and not hasattr(value, "__array__"):
        raise DataError(problem)
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise DataError(f"{problem} with masked values")
    parts = [part.index for part in value if isinstance(part, PANDAS)] if isinstance(value, (list, tuple)) else []
    if not all(index.equals(parts[0]) for index in parts):
        raise DataError(f"{problem} of pandas objects with different indexes")
    try:
        array = np.asarray(value)
        if array.dtype.kind in "SU" and isinstance(value, (list, tuple)):  # numpy makes texts of numbers next to texts
            objects = np.asarray(value, object)
            array = array if all(isinstance(text, (str, bytes)) for text in objects.ravel().tolist()) else objects
        flat = array.ravel().tolist() if array.dtype.kind in "SO" else []
        if any(isinstance(text, bytes) for text in flat):
            texts = [text.decode() if isinstance(text, bytes) else text for text in flat]
            return np.array(texts).reshape(array.shape)
    except (TypeError, ValueError, RuntimeError):  # rows of different lengths, or a tensor on a GPU or with gradients
        raise DataError(problem + (TENSOR if hasattr(value, "detach") else "")) from None
    return array


def narrowed(array: np.ndarray) -> np.ndarray:
    """Return an array of objects as numbers if all are, None and pandas.NA as nan, such as of a nullable table."""
    if array.dtype != object:
        return array
    try:
        values = np.array([np.nan if v is None or v is pd.NA else v for v in array.ravel().tolist()])
    except ValueError:  # rows of different lengths
        return array
    return values.reshape(array.shape) if values.dtype.kind in "fiub" and values.ndim == 1 else array


def numbers(value: Any, name: str, finite: bool = True) -> np.ndarray:
    """Return an array of numbers. Raises DataError for other values, and unless they are finite."""
    array = narrowed(rows(value, f"{name} must be an array of numbers"))
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} must be an array of numbers, not {describe(array)}")
    if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        position = [*map(int, np.argwhere(~np.isfinite(array))[0])]
        raise DataError(f"{name} must hold finite numbers, not {array[tuple(position)]} at {position}")
    return array.astype(array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.float64, copy=False)


def whole(value: Any, name: str, least: int, most: float = np.inf) -> int:
    """Return a whole number. Raises DataError for another value, or one below `least` or above `most`."""
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    if not is_whole or not least <= value <= most:
        to = f" to {most}" if most < np.inf else ""
        raise DataError(f"{name} must be a whole number from {least}{to}, not {value!r}")
    return int(value)


def positive(value: Any, expected: str) -> float:
    """Return a finite number above 0. Raises DataError, which begins with `expected`, for another value."""
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not (is_number and 0 < value < np.inf):
        raise DataError(f"{expected}, not {value!r}")
    return float(value)


def params(value: T | None, kind: type[T]) -> T:
    """Return params, without them the defaults. Raises ParamsError for an object of another kind."""
    if value is not None and not isinstance(value, kind):
        raise ParamsError(f"params must be {kind.__module__}.{kind.__name__}(...), not {describe(value)}")
    return kind() if value is None else value


def reporter(progress: Any, silent: Callable[..., None]) -> Callable[..., None]:
    """Return a function that is called with progress, without one `silent`. Raises ParamsError for something else."""
    if progress is not None and not callable(progress):
        raise ParamsError(f"progress must be a function, not {progress!r}")
    return progress or silent


def present(values: Any, name: str, noun: str, classes: Sequence[Any] = ()) -> np.ndarray:
    """Return values one by one as an array.

    Raises DataError for a missing one, also as a text that stands for it unless `classes` has it, for a class that is a
    fraction, and for a name that is true or false."""
    array = rows(values, f"{name} must be a {noun} of each clip")
    flat = array.ravel()
    for i, (value, is_missing) in enumerate(zip(flat.tolist(), pd.isna(flat), strict=True)):
        is_part = isinstance(value, (tuple, list)) or (isinstance(value, float) and value % 1)
        is_other_kind = is_part if noun == "class" else isinstance(value, bool)
        is_word = isinstance(value, str) and not stated(value) and value not in classes
        if is_missing or is_other_kind or is_word:
            hint = "; name it among classes if it is one" if is_word and noun == "class" else ""
            raise DataError(f"{name} {i} must be a {noun}, not {value or repr(value)}{hint}")
    return array


def subjects(values: Any, index: pd.Index | None = None, inputs: Iterable[np.ndarray] = ()) -> np.ndarray:
    """Return the subject of each clip, [N], with one spelling of each: the first. Numbers next to texts are texts.

    Raises DataError for a missing name, for two that could be one subject's, and for a clip that is there twice: one
    label of an index with one subject, or with equal inputs, rows [N, ...]."""
    array = present(values, "subject", "name or number")
    if array.ndim != 1:
        raise DataError(f"subjects must have the shape [N], not {[*array.shape]}")
    names, first = array.tolist(), dict[Any, str]()
    for i, name in enumerate(names):
        first.setdefault(name, f"clip {i}")
    each = Subjects(first)
    spelling = {name: each.name(each.key(name)) for name in first}
    if any(name != spelling[name] for name in first):
        array = np.array([spelling[name] for name in names], array.dtype)
    labels, before = [] if index is None or len(index) != len(array) else index.tolist(), dict[Any, list[int]]()
    for i, label in enumerate(labels if {*map(str, labels)} != {*map(str, names)} else ()):  # else they are its labels
        for j in before.setdefault(label, []):
            is_input = [np.array_equal(rows[i], rows[j]) for rows in inputs if len(rows) == len(array)]
            if array[i] == array[j] or (is_input and all(is_input)):
                raise DataError(f"a clip must be there once, not at {j} and {i}, {label!r} of the index")
        before[label].append(i)
    return array.astype(str) if len({isinstance(name, str) for name in first}) > 1 else array


def aligned(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], pd.Index | None]:
    """Return arguments with the rows of the first that has an index, and this index; None where none has one.

    Levels of an index are paired by name. An argument of another length stays as it is, and one without an index is
    paired by position. Raises DataError for indexes with other labels, and for indexes in another order where an
    argument has none, so that nobody can tell which order its rows have."""
    indexes = {name: value.index for name, value in arguments.items() if isinstance(value, PANDAS)}
    if not indexes:
        return dict(arguments), None
    first, index = next(iter(indexes.items()))
    rows, plain = dict(arguments), next((name for name in arguments if name not in indexes), None)
    for name, other in indexes.items():
        levels = [*map(str, other.names)]
        if is_swapped := other.names != index.names and sorted(levels) == sorted(map(str, index.names)):
            other = other.reorder_levels([levels.index(str(level)) for level in index.names])
        if len(other) != len(index) or (other.equals(index) and not is_swapped):
            continue
        if not (index.is_unique and other.is_unique and (order := other.get_indexer(index)).min() >= 0):
            raise DataError(f"{name} must have the index of {first}: give both with one index, or as .to_numpy()")
        if plain and not other.equals(index):
            both = f"give both with their index, or both as arrays, which are paired by position: {first}.to_numpy()"
            raise DataError(f"{name} has the index of {first} in another order, and {plain} has none: {both}")
        rows[name] = arguments[name].iloc[order].set_axis(index)
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
