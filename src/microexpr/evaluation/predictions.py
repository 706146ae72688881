"""Scores of all folds read, held to the protocol and to their own provenance, and turned into predicted classes.

Axes: S seeds, E epochs, N clips, K classes. What may not come in: a figure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip, Fold
from microexpr.core.errors import StoreError
from microexpr.evaluation.metrics import UNTESTED
from microexpr.protocols import Protocol, provenance

LEAKY = "leaky"  # the selection of a declared leak


@dataclass(frozen=True, slots=True, eq=False)
class FoldScores:
    """What one training said of one fold. N are its test clips."""

    artifact: str  # the file it is from
    fold: str
    clips: tuple[str, ...]
    truth: np.ndarray  # int64[N]
    scores: np.ndarray  # float32[S, E, N, K]
    fitted_on: tuple[str, ...]
    inner_epoch: np.ndarray | None  # int64[S]

    @property
    def place(self) -> str:
        return f"{self.artifact}, fold {self.fold}"


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """All shards of one method's training."""

    folds: list[FoldScores]  # sorted by name
    parameters: int
    origin: str
    initialisation: str  # weights that the training started from, and its further training data; "" for neither


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """What a method predicted under a protocol, free of leaks but for a declared one. N clips are tested."""

    method: str
    protocol: Protocol
    clips: list[Clip]  # tested by any fold; sorted by data set, subject and name
    truth: np.ndarray  # int64[N]
    predicted: dict[str, np.ndarray]  # by selection, int64[S, N], UNTESTED where the seed's draw does not test a clip
    folds: list[Fold]
    parameters: int
    origin: str
    initialisation: str = ""  # as in `Trained`


def last(fold: FoldScores) -> np.ndarray:
    """Classes predicted by the last epoch, int64[S, N]: the honest selection."""
    predicted: np.ndarray = fold.scores[:, -1].argmax(-1)
    return predicted


def oracle_best_test(fold: FoldScores) -> np.ndarray:
    """Classes predicted, int64[S, N], by each seed's epoch of highest accuracy on the fold's *test* clips.

    The first such epoch. What many published training loops keep; an oracle, since it reads the answers.
    """
    predicted = fold.scores.argmax(-1)  # [S, E, N]
    best = (predicted == fold.truth).mean(-1).argmax(-1)  # [S]; argmax takes the first of equals
    chosen: np.ndarray = predicted[np.arange(len(predicted)), best]
    return chosen


def inner_validation(fold: FoldScores) -> np.ndarray:
    """Classes predicted, int64[S, N], by the epoch that a second training chose on subjects it was not fitted on."""
    chosen: np.ndarray = fold.scores[np.arange(len(fold.scores)), fold.inner_epoch].argmax(-1)
    return chosen


SELECTIONS: dict[str, Callable[[FoldScores], np.ndarray]] = {
    "last": last,
    "oracle_best_test": oracle_best_test,
    "inner_validation": inner_validation,
}


def pooled(
    paths: Iterable[str],
    method: str,
    protocol: Protocol,
    clips: Sequence[Clip],
    folds: Sequence[Fold] | None = None,
    planted_leak: str = "",
) -> Pooled:
    """All that the shards at `paths` predicted of the clips that `folds` test, by selection.

    `clips` are those of the data sets (the protocol selects); `folds` None are all of the protocol's. With a declared
    leak there is one selection, `leaky`, read at the last epoch.

    Raises LeakError when a fold was fitted on its held-out unit, or is not what its place says, StoreError for a clip
    that is predicted twice, not at all, or with another truth.
    """
    expected = {fold.name: fold for fold in (protocol.folds(clips) if folds is None else folds)}
    tested = {name for fold in expected.values() for name in fold.test}
    chosen = protocol.select(clips)
    trained = _read(paths, {"method": method, "protocol": protocol.name})
    _check(trained, protocol, {clip.id: clip for clip in chosen}, expected, planted_leak)
    chosen = [clip for clip in chosen if clip.id in tested]
    wanted = _selections(trained, planted_leak)
    return Pooled(
        method,
        protocol,
        chosen,
        np.array([protocol.label(clip) for clip in chosen]),
        {name: _predicted(trained.folds, expected, chosen, choose) for name, choose in wanted.items()},
        list(expected.values()),
        trained.parameters,
        trained.origin,
        trained.initialisation,
    )


def _selections(trained: Trained, planted_leak: str) -> dict[str, Callable[[FoldScores], np.ndarray]]:
    if planted_leak:
        return {LEAKY: last}
    inner = all(fold.inner_epoch is not None for fold in trained.folds)
    return {name: choose for name, choose in SELECTIONS.items() if inner or choose is not inner_validation}


def _check(
    trained: Trained, protocol: Protocol, known: Mapping[str, Clip], expected: Mapping[str, Fold], planted_leak: str
) -> None:
    for fold in trained.folds:
        for name, label in zip(fold.clips, fold.truth, strict=True):
            if name not in known:
                raise StoreError(f"clip {name} must be one of protocol {protocol.name} ({fold.place})")
            if label != (truth := protocol.label(known[name])):
                raise StoreError(f"truth of clip {name} must be {truth}, not {label} ({fold.place})")
        if fold.fold not in expected:
            raise StoreError(f"fold must be one of the {len(expected)} asked for; rerun stage train ({fold.place})")
        if not np.isfinite(fold.scores).all():
            raise StoreError(f"scores must be finite numbers ({fold.place})")
        test = [known[name] for name in fold.clips]
        provenance.check(fold.artifact, fold.fold, protocol.unit, test, fold.fitted_on, planted_leak)
    _check_each_once(trained, known, expected)


def _check_each_once(trained: Trained, known: Mapping[str, Clip], expected: Mapping[str, Fold]) -> None:
    """Every clip once, or once in each draw that tests it; by its own fold; and of the origin that was trained on."""
    times = Counter((expected[fold.fold].draw, name) for fold in trained.folds for name in fold.clips)
    for fold in expected.values():
        for name in fold.test:
            if (count := times[fold.draw, name]) != 1:
                where = ", ".join(sorted({fold.artifact for fold in trained.folds}))
                raise StoreError(f"clip {name} must be predicted once, not {count} times ({where})")
            if (origin := known[name].origin) not in trained.origin.split("+"):
                raise StoreError(f"clip {name} is {origin}, but training was on {trained.origin}; rerun stage train")
    for found in trained.folds:
        what, own = f"{found.artifact} fold {found.fold}", expected[found.fold].test
        provenance.check_identity(what, {"test clips": ", ".join(found.clips)}, {"test clips": ", ".join(own)})


def _predicted(
    folds: Sequence[FoldScores],
    expected: Mapping[str, Fold],
    chosen: Sequence[Clip],
    choose: Callable[[FoldScores], np.ndarray],
) -> np.ndarray:
    """Predicted classes of `chosen`, in its order, int64[S, N]."""
    position = {clip.id: number for number, clip in enumerate(chosen)}
    draws = [fold.draw for fold in expected.values() if fold.draw is not None]
    result = np.full((len(draws) or len(folds[0].scores), len(chosen)), UNTESTED, np.int64)
    for fold in folds:
        draw, places = expected[fold.fold].draw, [position[name] for name in fold.clips]
        result[slice(None) if draw is None else slice(draw, draw + 1), places] = choose(fold)
    return result


def _read(paths: Iterable[str], wanted: Mapping[str, str]) -> Trained:
    folds: list[FoldScores] = []
    facts: set[tuple[int, str, str]] = set()
    paths = sorted(map(str, paths))
    for path in paths:
        with store.opened(path, "train") as file:
            initialisation = file.attrs.get("initialisation", b"").decode()
            facts.add((int(file.attrs["parameters"]), file.attrs["origin"].decode(), initialisation))
            said = {key: file.attrs[key].decode() for key in wanted if key in file.attrs}
            provenance.check_identity(path, {**wanted, **said}, wanted)
            names: list[str] = []
            file.visit(names.append)
            for name in sorted(names):
                if name.endswith("/scores"):
                    folds.append(_fold(path, name.removesuffix("/scores"), file))
    if not folds:
        raise StoreError(f"{', '.join(paths) or 'no file'}: must hold at least one fold, not none; rerun stage train")
    if len(facts) > 1 or len({len(fold.scores) for fold in folds}) > 1:
        where = ", ".join(sorted({fold.artifact for fold in folds}))
        raise StoreError(
            f"shards must agree on origin, parameters, initialisation and number of seeds; rerun stage train ({where})"
        )
    parameters, origin, initialisation = facts.pop()
    fitted = {entry.split("/")[0] for fold in folds for entry in fold.fitted_on}
    origins = sorted({*origin.split("+"), *fitted}, reverse=True)  # licensed+generated
    return Trained(sorted(folds, key=lambda fold: fold.fold), parameters, "+".join(origins), initialisation)


def _fold(path: str, name: str, file: Any) -> FoldScores:
    group = file[name]
    return FoldScores(
        artifact=path,
        fold=name,
        clips=tuple(store.strings(group["clips"])),
        truth=group["truth"][()],
        scores=group["scores"][()],
        fitted_on=tuple(store.fitted_on(group)),
        inner_epoch=group["inner_epoch"][()] if "inner_epoch" in group else None,
    )
