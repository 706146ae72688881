"""The leak check: no prediction counts whose held-out unit was seen upstream. Reads `fitted_on` through the store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import LeakError

Unit = Literal["dataset", "subject", "clip"]
# How many leading parts of origin/dataset/subject/clip name the unit. The origin is one of them: a generated
# casme2/sub01 and a licensed casme2/sub01 are two people.
PARTS: dict[Unit, int] = {"dataset": 2, "subject": 3, "clip": 4}
Tests = Mapping[str, Sequence[Clip]]  # held-out clips by fold name
# Leaks that a method may declare, and what `fitted_on` then holds of the held-out unit: that, all of it, nothing else.
PLANTED: dict[str, Callable[[Iterable[Clip]], set[str]]] = {
    "": lambda test: set(),
    "held_out_clips": lambda test: {clip.provenance for clip in test},
    "held_out_in_networks": lambda test: {clip.provenance for clip in test},
}


def check(
    artifact: str, fold: str, unit: Unit, test: Sequence[Clip], fitted_on: Iterable[str], planted: str = ""
) -> None:
    """Refuse a fold whose held-out unit is in what it was fitted on.

    `artifact` is the file at fault, `fitted_on` its entries `origin/dataset/subject/clip`,
    `origin/dataset/subject/*` for all clips of a subject, or `origin/dataset/*/*` for a whole data set. `planted` is
    the name of a declared leak: then just this must be found.
    Raises LeakError, naming artifact, fold and entry: for a leak, for an entry of another form, for no entries
    at all, since whatever was trained was fitted on something, and for a declared leak that is not there.
    """
    parts = PARTS[unit]
    held_out = {tuple(clip.provenance.split("/"))[:parts] for clip in test}
    entries, declared = sorted(fitted_on), PLANTED[planted](test)
    if not entries:
        raise LeakError(f"{artifact} fold {fold} must say what it was fitted on, not nothing")
    for entry in entries:
        seen = tuple(entry.split("/"))
        if len(seen) != 4:
            raise LeakError(f"{artifact} fold {fold} must be fitted on origin/dataset/subject/clip, not {entry!r}")
        if _overlaps(seen, held_out) and entry not in declared:
            what = "all clips" if seen[-1] == "*" else "a clip"
            raise LeakError(f"{artifact} fold {fold} was fitted on {entry}, {what} of its held-out {unit}")
    if absent := sorted(declared.difference(entries)):
        raise LeakError(f"{artifact} fold {fold} must have the declared leak {planted}, but lacks {absent[0]}")


def seen(unit: Unit, test: Sequence[Clip], fitted_on: Iterable[str]) -> bool:
    """Whether some of a fold's held-out unit is in what something was fitted on."""
    held_out = {tuple(clip.provenance.split("/"))[: PARTS[unit]] for clip in test}
    return any(_overlaps(tuple(entry.split("/")), held_out) for entry in fitted_on)


def _overlaps(seen: tuple[str, ...], held_out: set[tuple[str, ...]]) -> bool:
    """Whether they agree in all parts that name the unit; `*` is any subject, or any clip."""
    return any(all(part in ("*", own) for part, own in zip(seen, unit, strict=False)) for unit in held_out)


def upstream(paths: Iterable[str | Path], unit: Unit, tests: Tests) -> dict[str, set[str]]:
    """By fold, all that these files were fitted on: signals, pretrained weights, synthetic clips.

    Raises LeakError naming the file through which a fold would have seen its held-out unit: before hours of training.
    """
    seen: dict[str, set[str]] = {fold: set() for fold in tests}
    checked: set[tuple[str, frozenset[str]]] = set()  # all files of one regressor say the same
    for path in paths:
        for fold, entries in behind(path, tests).items():
            if entries and (fold, entries) not in checked:
                check(str(path), fold, unit, tests[fold], entries)
                checked.add((fold, entries))
                seen[fold] |= entries
    return seen


def behind(path: str | Path, folds: Iterable[str]) -> dict[str, frozenset[str]]:
    """What a file was fitted on, for each fold: that of the fold's own group where there is one, else the whole file's;
    with whoever lent face or movement to a clip in its `train/`. Nothing, where nothing was fitted. Raises StoreError.
    """
    if Path(path).suffix == ".safetensors":
        words = store.read_metadata(path).get("fitted_on", "")
        return dict.fromkeys(folds, frozenset(filter(None, words.split("\n"))))
    with store.opened(path) as file:
        whole = _own(file)
        return {fold: _own(file[fold]) if fold in file else whole for fold in folds}


def _own(group: Any) -> frozenset[str]:
    made = group["train"].values() if "train" in group else ()
    lent = (store.strings(clip[name]) for clip in made for name in ("source", "trajectory") if name in clip)
    return frozenset(store.fitted_on(group)).union(*lent)


def identify(artifact: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Refuse what was made for another method, params, protocol or fold: a shard, a checkpoint.

    Raises LeakError naming the artifact: weights of another fold have been fitted on this one's held-out unit.
    """
    for key, value in wanted.items():
        if found.get(key) != value:
            raise LeakError(f"{artifact} must be of {key} {value}, not {found.get(key, 'nothing')}")
