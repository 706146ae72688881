"""The contents of an HDF5 file, or of weights, for the terminal: groups, datasets, attributes, and provenance.

Reads only through the store, and shows any HDF5 file, also one that no schema describes.
"""

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from rich import markup
from rich.tree import Tree

from microexpr.core import onnx, store
from microexpr.core.errors import MicroexprError, StoreError, nearest, printable
from microexpr.core.files import is_weights
from microexpr.core.onnx import read_metadata

LONGEST = 100  # characters of an attribute's value that are printed
DESCRIBED = ("units", "axes", "description")  # attributes of every dataset, printed on its line
COLUMNS = ("dataset", "dtype", "shape", "chunks", "compression", "bytes", *DESCRIBED)  # of `rows`
SLICE = re.compile(r"(-?\d+)|(-?\d*):(-?\d*)(?::(\d+))?|(\.\.\.)")  # of one axis: 3, 2:5, :, ::10, ...


def escape(text: str) -> str:
    """Return a text as rich and a terminal print it, without markup and control characters."""
    return markup.escape(printable(text))


def tree(path: str | Path) -> Tree:
    """Return groups and datasets of a file with shape, type, axes, units, meaning and storage.

    Of neighbouring groups with the same datasets only the first is expanded, the others are counted. Raises StoreError
    if the file cannot be read."""
    root = Tree(f"[bold]{escape(str(path))}[/]")
    if is_weights(path):
        for name, value in sorted(read_metadata(path).items()):
            root.add(f"[dim]{escape(name)} = {escape(_short(value))}[/]")
        if Path(path).suffix == ".safetensors":
            tensors = sorted(store.read_tensors(path)[0].items())
            parts = [(name, str(array.dtype), array.shape) for name, array in tensors]
        else:  # inputs and outputs of a graph
            parts = onnx.ends(path)
        for name, kind, shape in parts:
            root.add(f"[cyan]{escape(name)}[/] {escape(kind)} {escape(' x '.join(map(str, shape)) or 'scalar')}")
        return root
    with store.open_file(path) as file:
        _branch(root, file)
    return root


def rows(path: str | Path) -> list[dict[str, str | int]]:
    """Return path, type, shape, storage, axes, units and description of every dataset of a file, as plain values.
    Raises StoreError if the file cannot be read."""
    with store.open_file(path) as file:
        names: list[str] = []
        file.visit(names.append)
        return [
            {
                "dataset": name,
                "dtype": str(item.dtype),
                "shape": " x ".join(map(str, item.shape)),
                "chunks": " x ".join(map(str, item.chunks or ())),
                "compression": item.compression or "",
                "bytes": item.id.get_storage_size(),
                **{key: store.attribute_text(item.attrs.get(key, "")) for key in DESCRIBED},
            }
            for name in names
            if hasattr(item := file[name], "dtype") and not store.is_dimension(item)
        ]


def values(path: str | Path, selection: str, limit: int) -> list[str]:
    """Return the values of a dataset as lines, after one that describes it. `selection` may end in a slice: a/b[0,:5].

    Of more than `limit` values only the first and last of each axis are shown. Raises MicroexprError for a name or
    slice that the dataset does not have, StoreError if the file cannot be read."""
    name, bracket, inside = selection.removesuffix("]").partition("[")
    with store.open_file(path) as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if hasattr(item, "dtype") else None)
        if (name := name.strip("/")) not in names:
            raise MicroexprError(f"{path}: has no dataset {name or 'without a name'}{nearest(name, names)}")
        dataset = file[name]
        try:
            array = np.asarray(dataset[tuple(map(_slice, inside.split(","))) if bracket else ()])
        except (ValueError, IndexError, TypeError):
            shape = " x ".join(map(str, dataset.shape)) or "scalar"
            raise MicroexprError(f"{path}: {name} is {shape}, so [{inside}] must be a slice of it") from None
        if array.dtype.kind in "SO":  # text, references, or arrays of any length
            array = np.array([*map(store.attribute_text, array.flat)], object).reshape(array.shape)
        heading = markup.render(_describe(name, dataset)).plain
    with np.printoptions(threshold=limit, suppress=True, linewidth=120):
        return [heading, *str(array).splitlines()]


def _slice(text: str) -> Any:
    """Return the index of an axis that a text such as `2:5` or `...` stands for. Raise ValueError for other text."""
    if not (match := SLICE.fullmatch(text.strip())):
        raise ValueError(text)
    number, start, stop, step, rest = match.groups()
    bounds = (int(bound) if bound else None for bound in (start, stop, step))
    return ... if rest else int(number) if number else slice(*bounds)


def _branch(branch: Tree, group: Any) -> None:
    """Add a group's attributes and datasets, and one group of each form."""
    for name, value in sorted(group.attrs.items()):
        branch.add(f"[dim]{escape(name)} = {escape(_short(value))}[/]")
    counts: Counter[tuple[Any, ...]] = Counter()
    for name in group:
        item = group[name]
        if store.is_dimension(item):
            continue
        if hasattr(item, "dtype"):
            branch.add(_describe(name, item))
            continue
        form = _form(item)
        counts[form] += 1
        if counts[form] == 1:
            _branch(branch.add(f"[bold]{escape(name)}/[/]"), item)
    if more := sum(counts.values()) - len(counts):
        branch.add(f"[italic]and {more} more like {'it' if len(counts) == 1 else 'these'}[/]")


def _form(item: Any) -> tuple[Any, ...]:
    """Return the part of two groups' structure that does not depend on sizes and values. Nested groups count by their
    first form."""
    if hasattr(item, "dtype"):
        return (item.ndim, item.dtype.kind)
    forms: dict[tuple[Any, ...], str] = {}
    for name in item:
        form = _form(item[name])
        forms.setdefault((name, form) if hasattr(item[name], "dtype") else form, name)
    return tuple(forms)


def _describe(name: str, dataset: Any) -> str:
    facts = {key: store.attribute_text(dataset.attrs[key]) for key in DESCRIBED if key in dataset.attrs}
    shape = " x ".join(map(str, dataset.shape)) or "scalar"
    kind = "text" if dataset.dtype.kind in "SO" else str(dataset.dtype)
    axes = f" ({facts['axes']})" if facts.get("axes", "scalar") != "scalar" else ""
    units = f" in {facts['units']}" if facts.get("units", "-") != "-" else ""
    meaning = f": {facts['description']}" if facts.get("description") else ""
    chunks = f"chunks {' x '.join(map(str, dataset.chunks))}" if dataset.chunks else "contiguous"
    stored = f"; {chunks}, {dataset.compression or 'uncompressed'}, {dataset.id.get_storage_size()} B"
    return f"[cyan]{escape(name)}[/] {escape(f'{kind} {shape}{axes}{units}{meaning}')}[dim]{stored}[/]"


def _short(value: Any) -> str:
    text = store.attribute_text(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def chain(path: str | Path) -> Tree:
    """Return the provenance of the file, or of each group of it: clips by origin, data set and subject. Raises
    StoreError if the file cannot be read."""
    root = Tree(f"[bold]{escape(str(path))}[/]")
    fitted: dict[str, list[str]] = {}
    if is_weights(path):
        if text := read_metadata(path).get("fitted_on", ""):
            fitted["the file"] = text.splitlines()
    else:
        with store.open_file(path) as file:
            names: list[str] = []
            file.visit(names.append)
            for name in (name for name in names if name.split("/")[-1] == "fitted_on"):
                fitted[name.rpartition("/")[0] or "the whole file"] = store.strings(file[name])
    for name, entries in fitted.items():
        if wrong := [entry for entry in entries if entry.count("/") < 2]:
            raise StoreError(f"{path}: {name} must be fitted on origin/dataset/subject/clip, not {wrong[0]!r}")
        branch = root.add(f"{escape(name)} was fitted on {len(entries)} entries")
        by_group: defaultdict[str, Counter[str]] = defaultdict(Counter)  # clips of each subject
        complete = {*entries}
        for group, subject, _ in (entry.rsplit("/", 2) for entry in entries):
            by_group[group][subject] += 1
        for group, clips in sorted(by_group.items()):
            if "*" in clips:
                branch.add(f"[bold]{escape(group)}[/] all subjects, all clips")
                continue
            counts = (f"{name} {'all' if f'{group}/{name}/*' in complete else n}" for name, n in sorted(clips.items()))
            branch.add(f"[bold]{escape(group)}[/] {len(clips)} subjects, clips of each: {escape(', '.join(counts))}")
    if not root.children:
        root.add("was fitted on nothing")
    return root
