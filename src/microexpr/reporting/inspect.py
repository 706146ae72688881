"""What a file of ours holds, for the terminal: groups, datasets, attributes, and what each was fitted on.

Reads only through the store, and shows any HDF5 file, also one that no schema describes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from microexpr.core import store

LONGEST = 100  # characters of an attribute's value that are shown
DESCRIBED = ("units", "axes", "description")  # attributes of every dataset, shown on its line


def tree(path: str | Path) -> Tree:
    """Groups and datasets of a file with shape, type, axes, units and meaning.

    Of neighbouring groups with the same datasets in them only the first is opened up, the others are counted.
    Raises StoreError when the file cannot be read.
    """
    with store.opened(path) as file:
        shown = Tree(f"[bold]{escape(str(path))}[/]")
        _branch(shown, file)
        return shown


def _branch(shown: Tree, group: Any) -> None:
    for name, value in sorted(group.attrs.items()):
        shown.add(f"[dim]{escape(name)} = {escape(_short(value))}[/]")
    alike: Counter[tuple[Any, ...]] = Counter()
    for name in group:
        item = group[name]
        if hasattr(item, "dtype"):
            shown.add(_described(name, item))
            continue
        form = _form(item)
        alike[form] += 1
        if alike[form] == 1:
            _branch(shown.add(f"[bold]{escape(name)}/[/]"), item)
    more = sum(alike.values()) - len(alike)
    if more:
        shown.add(f"[italic]and {more} more like {'it' if len(alike) == 1 else 'these'}[/]")


def _form(item: Any) -> tuple[Any, ...]:
    """What two groups share whose contents differ in sizes and values only; nested groups by their first form."""
    if hasattr(item, "dtype"):
        return (item.ndim, item.dtype.kind)
    forms: dict[tuple[Any, ...], str] = {}
    for name in item:
        form = _form(item[name])
        forms.setdefault((name, form) if hasattr(item[name], "dtype") else form, name)
    return tuple(forms)


def _described(name: str, dataset: Any) -> str:
    facts = {key: store.word(dataset.attrs[key]) for key in DESCRIBED if key in dataset.attrs}
    shape = " x ".join(map(str, dataset.shape)) or "scalar"
    kind = "text" if dataset.dtype.kind in "SO" else str(dataset.dtype)
    axes = f" ({facts['axes']})" if facts.get("axes", "scalar") != "scalar" else ""
    units = f" in {facts['units']}" if facts.get("units", "-") != "-" else ""
    meaning = f": {facts['description']}" if facts.get("description") else ""
    return f"[cyan]{escape(name)}[/] {kind} {shape}{escape(axes + units + meaning)}"


def _short(value: Any) -> str:
    text = store.word(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def chain(path: str | Path) -> Tree:
    """What the file, or each group of it, was fitted on: clips by origin, data set and subject.

    Raises StoreError when the file cannot be read.
    """
    with store.opened(path) as file:
        shown = Tree(f"[bold]{escape(str(path))}[/]")
        for name, entries in _fitted(file):
            _summary(shown.add(f"{escape(name)} was fitted on {len(entries)} entries"), entries)
        if not shown.children:
            shown.add("was fitted on nothing")
        return shown


def _fitted(file: Any) -> Iterator[tuple[str, list[str]]]:
    names: list[str] = []
    file.visit(names.append)
    for name in names:
        if name.split("/")[-1] == "fitted_on":
            yield name.rpartition("/")[0] or "the whole file", store.strings(file[name])


def _summary(shown: Tree, entries: Iterable[str]) -> None:
    people: defaultdict[str, Counter[str]] = defaultdict(Counter)
    whole = set()
    for entry in entries:
        group, subject, clip = entry.rsplit("/", 2)
        people[group][subject] += 1
        whole |= {(group, subject)} if clip == "*" else set()
    for group, clips in sorted(people.items()):
        if "*" in clips:
            shown.add(f"[bold]{escape(group)}[/] all people, all clips")
            continue
        counts = (f"{name} {'all' if (group, name) in whole else number}" for name, number in sorted(clips.items()))
        shown.add(f"[bold]{escape(group)}[/] {len(clips)} people, clips of each: {escape(', '.join(counts))}")
