"""The leak check: refuses scores of a held-out unit that was seen in training. Reads `fitted_on` through the store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import LeakError
from microexpr.core.files import is_weights
from microexpr.core.onnx import read_metadata

Unit = Literal["dataset", "subject", "clip"]
# How many leading parts of origin/dataset/subject/clip name the unit. The origin is one of them: a generated
# casme2/sub01 and a licensed casme2/sub01 are two subjects.
PARTS: dict[Unit, int] = {"dataset": 2, "subject": 3, "clip": 4}
Tests = Mapping[str, Sequence[Clip]]  # held-out clips by fold name
# Leaks that a method may declare, and the part of the held-out unit in `fitted_on`: that, all of it, nothing else.
PLANTED: dict[str, Callable[[Iterable[Clip]], set[str]]] = {
    "": lambda test: set(),
    "held_out_clips": lambda test: {clip.provenance for clip in test},
}


def check(
    artifact: str, fold: str, unit: Unit, test: Sequence[Clip], fitted_on: Iterable[str], planted: str = ""
) -> None:
    """Refuse a fold that was fitted on its held-out unit.

    `artifact` is the file at fault, `fitted_on` its entries `origin/dataset/subject/clip`,
    `origin/dataset/subject/*` for all clips of a subject, or `origin/dataset/*/*` for a whole data set. `planted` is
    the name of a declared leak, which then must be there.
    Raises LeakError, naming artifact, fold and entry: for a leak, for an entry of another form, for no entries
    at all, since every training has seen something, and for a declared leak that is missing.
    """
    parts = PARTS[unit]
    held_out = {tuple(clip.provenance.split("/"))[:parts] for clip in test}
    entries, declared = sorted(fitted_on), PLANTED[planted](test)
    if not entries:
        raise LeakError(f"{artifact} fold {fold} must say what it was fitted on, not nothing")
    for entry in entries:
        entry_parts = tuple(entry.split("/"))
        if len(entry_parts) != 4:
            raise LeakError(f"{artifact} fold {fold} must be fitted on origin/dataset/subject/clip, not {entry!r}")
        if _overlaps(entry_parts, held_out) and entry not in declared:
            what = "all clips" if entry_parts[-1] == "*" else "a clip"
            raise LeakError(f"{artifact} fold {fold} was fitted on {entry}, {what} of its held-out {unit}")
    if absent := sorted(declared.difference(entries)):
        raise LeakError(f"{artifact} fold {fold} must have the declared leak {planted}, but lacks {absent[0]}")


def has_seen(unit: Unit, test: Sequence[Clip], fitted_on: Iterable[str]) -> bool:
    """Return whether `fitted_on` has some of the unit that `test` holds out."""
    held_out = {tuple(clip.provenance.split("/"))[: PARTS[unit]] for clip in test}
    return any(_overlaps(tuple(entry.split("/")), held_out) for entry in fitted_on)


def _overlaps(entry: tuple[str, ...], held_out: set[tuple[str, ...]]) -> bool:
    """Return whether an entry agrees with a held-out unit in all parts that name it; `*` agrees with all."""
    return any(all(part in ("*", name) for part, name in zip(entry, unit, strict=False)) for unit in held_out)


def check_files(paths: Iterable[str | Path], unit: Unit, tests: Tests) -> dict[str, set[str]]:
    """Return, by fold, all that these files were fitted on: signals, pretrained weights, synthetic clips.

    Raises LeakError naming the file through which a fold would see its held-out unit: before hours of training.
    """
    seen: dict[str, set[str]] = {fold: set() for fold in tests}
    checked: set[tuple[str, frozenset[str]]] = set()  # all files of one regressor have the same entries
    for path in paths:
        for fold, entries in read_fitted_on(path, tests).items():
            if entries and (fold, entries) not in checked:
                check(str(path), fold, unit, tests[fold], entries)
                checked.add((fold, entries))
                seen[fold] |= entries
    return seen


def read_fitted_on(path: str | Path, folds: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return, for each fold, the training data of a file; empty where nothing was fitted.

    A fold's own group comes before the whole file. The source face and the driving clip of each clip in `train/` count
    too. Raises StoreError for a file that cannot be read."""
    if is_weights(path):
        lines = read_metadata(path).get("fitted_on", "").split("\n")
        return dict.fromkeys(folds, frozenset(filter(None, lines)))
    with store.open_file(path) as file:
        whole = _group_entries(file)
        return {fold: _group_entries(file[fold]) if fold in file else whole for fold in folds}


def _group_entries(group: Any) -> frozenset[str]:
    entries = set(store.fitted_on(group))
    for clip in group["train"].values() if "train" in group else ():
        for name in ("source", "trajectory"):
            if name in clip:
                entries.update(store.strings(clip[name]))
    return frozenset(entries)


def check_identity(artifact: str, actual: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Refuse a shard or checkpoint of another method, params, protocol or fold.

    Raises LeakError naming the artifact: weights of another fold have been fitted on this one's held-out unit.
    """
    for key, value in expected.items():
        if actual.get(key) != value:
            raise LeakError(f"{artifact} must be of {key} {value}, not {actual.get(key, 'nothing')}")
