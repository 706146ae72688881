"""Open a file of a run as labelled arrays or tables. Reads through the store, and writes nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from microexpr.core import csv_file, store
from microexpr.core.clip import Clip
from microexpr.core.errors import MicroexprError, StoreError, install

if TYPE_CHECKING:
    import xarray

NAMES = {field.name for field in fields(Clip) if field.type is str} | {  # columns, also where all cells are numbers
    "clip", "fold", "person", "video", "recording", "method", "protocol", "class", "predicted", "action_units_parsed",
}  # fmt: skip
NUMBER = re.compile(r"|nan|-?inf|-?(0|[1-9][0-9]*)(\.[0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)  # not 006

Variable = tuple[tuple[str, ...], np.ndarray, dict[str, str]]  # axes, values, attributes


@dataclass(frozen=True)
class Stage(Mapping[str, "xarray.Dataset"]):
    """A stage's HDF5 file: an `xarray.Dataset` of each clip by its name, read on access.

    In files of trainings, names are those of folds."""

    path: Path
    names: tuple[str, ...]
    attributes: dict[str, Any]  # schema, params (JSON), origin, data set, subject, ...

    def __repr__(self) -> str:
        names = ", ".join(self.names[:3]) + f" and {len(self.names) - 3} more" * (len(self.names) > 3)
        return f"Stage({str(self.path)!r}, {self.attributes.get('schema', 'no schema')}: {names})"

    def __getitem__(self, name: str) -> "xarray.Dataset":
        if name not in self.names:
            raise StoreError(f"{self.path}: must hold one of {', '.join(self.names)}, not {name}")
        xarray = _xarray()
        with store.open_file(self.path) as file:
            values = variables(file[name])
            labels = {axis: values.pop(axis) for axis in [*values] if values[axis][0] == (axis,)}
            return xarray.Dataset(values, labels, _attributes(file[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def open_stage(path: str | Path, clip: str | None = None) -> "Stage | xarray.Dataset | pd.DataFrame":
    """Return a file of a run: all clips of an HDF5 file, one `clip` of it, or the rows of a CSV file.

    An HDF5 file is a mapping from names of clips to `xarray.Dataset`; its variables have the axes, units and
    description that the file has: `open_stage("results/aus/casme2/sub01.h5")["EP02_01f"].smoothed`. Frames, action
    units, sides and coordinates of points are labels: `.sel(action_unit="AU12", side="left")`. It needs xarray, which
    the package does not install. A CSV file is a `pandas.DataFrame`.

    Raises StoreError if the file is missing, damaged, or has no such clip, MicroexprError without xarray.

    >>> import microexpr, pathlib
    >>> _ = pathlib.Path("scores.csv").write_text("method,uf1\\nststnet,0.85\\n")
    >>> microexpr.open_stage("scores.csv").loc[0, "method"]
    'ststnet'
    """
    path = Path(path)
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        if clip is not None:
            raise StoreError(f"{path}: must be an HDF5 file to hold a clip, {clip}")
        return _read_table(path)
    _xarray()
    with store.open_file(path) as file:
        stage = Stage(path, tuple(_clips(file)), _attributes(file))
    return stage if clip is None else stage[clip]


def _read_table(path: Path) -> pd.DataFrame:
    """Return the rows of a CSV file; names stay text, as do columns with one cell that is no plain number: 006."""
    with csv_file.opened(path, StoreError) as (header, cells):
        rows = [(number, {name: cell.strip() for name, cell in row.items()}) for number, row in cells]
    decimal, point = csv_file.decimal(header.separator), "," if header.separator == "," else "."

    def value(text: str) -> float:
        if not text or text.lower() in ("nan", "inf", "-inf"):
            return float(text or "nan")
        return int(text) if text.lstrip("-").isdecimal() else decimal(text)

    named = (name for name in header if name not in NAMES)
    kinds = {n: value for n in named if all(NUMBER.fullmatch(row[n].replace(",", point)) for _, row in rows)}
    values = [row | csv_file.cells(path, number, row, kinds, StoreError) for number, row in rows]
    table = pd.DataFrame(values, columns=header)
    return table.mask(table == "")


def variables(group: Any) -> dict[str, Variable]:
    """Return the datasets of a group by name, and the labels of their axes: axes, values and attributes.

    Labels of an axis that stand in a group above, as those of action units may, count too."""
    result = {name: _variable(item) for name, item in group.items() if _has_values(item)}
    axes = {axis for names, _, _ in result.values() for axis in names}
    while group.name != "/":
        group = group.parent
        result |= {axis: _variable(group[axis]) for axis in axes - {*result} if _has_values(group.get(axis))}
    return result


def _variable(item: Any) -> Variable:
    axes = tuple(store.attribute_text(item.attrs["axes"]).split(", ")) if item.ndim else ()
    is_text = item.dtype.kind == "S"
    values = np.array(store.strings(item)).reshape(item.shape) if is_text else np.asarray(item[()])
    return axes, values, _attributes(item, ("units", "description"))


def _has_values(item: Any) -> bool:
    """Return whether an object of a file is a dataset with values, not a group, and not a mere dimension."""
    return hasattr(item, "shape") and not store.is_dimension(item)


def _clips(group: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the outermost groups with datasets, and of groups without content, as of excluded clips."""
    for name, item in group.items():
        if hasattr(item, "shape"):
            continue
        if not len(item) or any(hasattr(member, "shape") for member in item.values()):
            yield path + name
        else:
            yield from _clips(item, f"{path}{name}/")


def _attributes(item: Any, names: tuple[str, ...] = ()) -> dict[str, Any]:
    values = {key: item.attrs[key] for key in names or item.attrs}
    return {key: store.attribute_text(value) if isinstance(value, bytes) else value for key, value in values.items()}


def _xarray() -> Any:
    """Return the module xarray. Raises MicroexprError if it is not installed."""
    try:
        return import_module("xarray")
    except ImportError:
        raise MicroexprError(f"labelled arrays need xarray: {install('xarray')}") from None
