"""Read the scores of all folds, check protocol and provenance, and turn scores into predicted classes.

Axes: S seeds, E epochs, N clips, K classes. Out of scope: a figure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip, Fold, join_origins
from microexpr.core.errors import StoreError, remedy
from microexpr.core.several_labels import best_thresholds, correct
from microexpr.evaluation.metrics import UNTESTED
from microexpr.evaluation.rows import scopes
from microexpr.protocols import Protocol, provenance
from microexpr.protocols.splits import subject_id

LEAKY = "leaky"  # the selection of a declared leak


@dataclass(frozen=True, slots=True, eq=False)
class FoldScores:
    """Scores that one training gave to the N test clips of one fold."""

    artifact: str  # path of its file
    fold: str
    clips: tuple[str, ...]
    truth: np.ndarray  # int64[N], or of several labels [N, K]
    scores: np.ndarray  # float32[S, E, N, K]
    fitted_on: tuple[str, ...]
    inner_epoch: np.ndarray | None  # int64[S]
    start: np.ndarray | None = None  # float32[S, N, K]: scores of the weights that the training began with
    loss: np.ndarray | None = None  # float32[S, E, U] of the scored epochs, nan where an update was not made
    moved: Mapping[str, np.ndarray] = field(default_factory=dict)  # by module, float32[S], as in the file

    @property
    def location(self) -> str:
        """File and fold, for errors."""
        return f"{self.artifact}, fold {self.fold}"


@dataclass(frozen=True, slots=True, eq=False)
class TrainingScores:
    """All shards of one method's training."""

    folds: list[FoldScores]  # sorted by name
    parameters: int
    origin: str
    initialisation: str  # codes of the weights that networks start from; "" for a method without any
    differs_from_paper: str  # names of params, joined by ", "


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Classes that a method predicted under a protocol for N clips, free of leaks but for a declared one."""

    method: str
    protocol: Protocol
    clips: list[Clip]  # tested by any fold; sorted by data set, subject and name
    truth: np.ndarray  # int64[N], or of several labels [N, K] of 1, 0 and -1
    predicted: dict[str, np.ndarray]  # by selection, like `truth` [S, N...], UNTESTED where a draw does not test a clip
    scores: dict[str, np.ndarray]  # by selection, float32[S, N, K], nan where a draw does not test a clip
    folds: list[Fold]
    parameters: int
    origin: str
    initialisation: str = ""  # codes of the weights that networks start from
    differs_from_paper: str = ""  # names of params, joined by ", "
    learning: str = ""  # losses and changes of weights, as text; "" without a network

    @property
    def subjects(self) -> np.ndarray:
        """Return the subject of each clip as dataset/subject, [N]."""
        return np.array([subject_id(clip.id) for clip in self.clips])

    def by_scope(self) -> list[tuple[str, "Predictions"]]:
        """Return the predictions of each of `rows.scopes`: of all clips, then of each data set."""
        return [(scope, self._at(positions)) for scope, positions in scopes(self.clips, self.protocol.datasets)]

    def _at(self, positions: np.ndarray) -> "Predictions":
        return replace(
            self,
            clips=[self.clips[position] for position in positions],
            truth=self.truth[positions],
            predicted={selection: labels[:, positions] for selection, labels in self.predicted.items()},
            scores={selection: scores[:, positions] for selection, scores in self.scores.items()},
        )


def last(fold: FoldScores) -> np.ndarray:
    """Return the scores of the last epoch, float32[S, N, K]: the honest selection."""
    return np.asarray(fold.scores[:, -1])


def oracle_best_test(fold: FoldScores) -> np.ndarray:
    """Return the scores [S, N, K] of each seed's first epoch with the highest accuracy on the fold's *test* clips.

    Of several labels it is that of the highest mean F1. Many published training loops select it. It is an oracle, since
    it reads the true classes.
    """
    best = correct(fold.scores, fold.truth).argmax(-1)  # [S]; argmax takes the first of equals
    return np.asarray(fold.scores[np.arange(len(fold.scores)), best])


def oracle_threshold(fold: FoldScores) -> np.ndarray:
    """Return the scores of the last epoch, less the thresholds of the highest F1 of each label on the *test* clips.

    An oracle as well: several published codes choose them so."""
    scores = last(fold)
    return np.stack([of_seed - best_thresholds(of_seed, fold.truth) for of_seed in scores])


def inner_validation(fold: FoldScores) -> np.ndarray:
    """Return the scores [S, N, K] of the epoch that a second training chose on subjects it was not fitted on."""
    return np.asarray(fold.scores[np.arange(len(fold.scores)), fold.inner_epoch])


def start(fold: FoldScores) -> np.ndarray:
    """Return the scores [S, N, K] by weights that were trained elsewhere, before the fold's own training."""
    assert fold.start is not None
    return fold.start


SELECTIONS: dict[str, Callable[[FoldScores], np.ndarray]] = {
    "last": last,
    "oracle_best_test": oracle_best_test,
    "inner_validation": inner_validation,
    "start": start,
}
SEVERAL = {"oracle_threshold": oracle_threshold}  # of several labels alone


def pool_predictions(
    paths: Iterable[str],
    method: str,
    protocol: Protocol,
    clips: Sequence[Clip],
    folds: Sequence[Fold] | None = None,
    planted_leak: str = "",
) -> Predictions:
    """Pool the predictions in the shards at `paths` over the clips that `folds` test, by selection.

    `clips` are those of the data sets (the protocol selects); `folds` None are all of the protocol's. With a declared
    leak there is one selection, `leaky`, read at the last epoch.

    Raises LeakError when a fold was fitted on its held-out unit, or is not what its place says, StoreError for a clip
    that is predicted twice, not at all, or with another truth.
    """
    expected = {fold.name: fold for fold in (protocol.folds(clips) if folds is None else folds)}
    tested = {name for fold in expected.values() for name in fold.test}
    chosen = protocol.select(clips)
    training = _read_shards(paths, {"method": method, "protocol": protocol.name})
    _check(training, protocol, {clip.id: clip for clip in chosen}, expected, planted_leak)
    chosen = [clip for clip in chosen if clip.id in tested]
    scores = {
        name: _select_scores(training.folds, expected, chosen, choose)
        for name, choose in _selections(training, protocol, planted_leak).items()
    }
    return Predictions(
        method,
        protocol,
        chosen,
        np.array([protocol.truth(clip) for clip in chosen]),
        {name: decide(values, protocol.several) for name, values in scores.items()},
        scores,
        list(expected.values()),
        training.parameters,
        training.origin,
        training.initialisation,
        training.differs_from_paper,
        describe_learning(training.folds),
    )


def describe_learning(folds: Sequence[FoldScores]) -> str:
    """Describe how the losses of the last phase fell, and how far each module moved; means over the folds."""
    read = [fold.loss[:, [0, -1]].mean(0) for fold in folds if fold.loss is not None]
    losses = np.mean(read, axis=0) if read else np.empty((2, 0))  # [2, U]
    fell = [f"{first:.3g} to {end:.3g}" for first, end in losses.T if np.isfinite(first + end)]
    parts = [f"loss {' and '.join(fell)}"] if fell else []
    means = {name: float(np.mean([fold.moved[name] for fold in folds])) for name in folds[0].moved}
    moved = ", ".join(f"{name} {share:.2g}" for name, share in means.items())
    return "; ".join([*parts, *[f"weights moved by {moved} of their length"] * bool(moved)])


def decide(scores: np.ndarray, several: bool) -> np.ndarray:
    """Return the classes that scores [S, N, K] predict, int64[S, N], or of several labels 1 and 0, int64[S, N, K].

    `UNTESTED` where scores are nan."""
    untested = np.isnan(scores)
    if several:
        return np.where(untested, UNTESTED, scores > 0)
    return np.where(untested[..., 0], UNTESTED, scores.argmax(-1))


def _selections(
    training: TrainingScores, protocol: Protocol, planted_leak: str
) -> dict[str, Callable[[FoldScores], np.ndarray]]:
    """Return the selections that these scores allow, by name."""
    if planted_leak:
        return {LEAKY: last}
    missing = {inner_validation} if any(fold.inner_epoch is None for fold in training.folds) else set()
    missing |= {start} if any(fold.start is None for fold in training.folds) else set()
    possible = SELECTIONS | (SEVERAL if protocol.several else {})
    return {name: choose for name, choose in possible.items() if choose not in missing}


def _check(
    training: TrainingScores,
    protocol: Protocol,
    clips_by_id: Mapping[str, Clip],
    expected: Mapping[str, Fold],
    planted_leak: str,
) -> None:
    """Check clips, classes, scores and provenance of each fold."""
    for fold in training.folds:
        for name, label in zip(fold.clips, fold.truth, strict=True):
            if name not in clips_by_id:
                raise StoreError(f"clip {name} must be one of protocol {protocol.name} ({fold.location})")
            true_label = protocol.truth(clips_by_id[name])
            truth = list(true_label) if isinstance(true_label, tuple) else true_label
            if (label := label.tolist()) != truth:
                raise StoreError(f"truth of clip {name} must be {truth}, not {label} ({fold.location})")
        if fold.fold not in expected:
            reason = f"fold must be one of the {len(expected)} expected ({fold.location})"
            raise StoreError(f"{reason}{remedy(fold.artifact)}")
        if not np.isfinite(fold.scores).all():
            raise StoreError(f"scores must be finite numbers ({fold.location})")
        test = [clips_by_id[name] for name in fold.clips]
        provenance.check(fold.artifact, fold.fold, protocol.unit, test, fold.fitted_on, planted_leak)
    _check_each_once(training, clips_by_id, expected)


def _check_each_once(training: TrainingScores, clips_by_id: Mapping[str, Clip], expected: Mapping[str, Fold]) -> None:
    """Check that every clip is predicted once in each split that tests it, by its own fold and of its origin."""
    counts = Counter((expected[fold.fold].draw, name) for fold in training.folds for name in fold.clips)
    artifacts = sorted({fold.artifact for fold in training.folds})
    for fold in expected.values():
        for name in fold.test:
            if (count := counts[fold.draw, name]) != 1:
                raise StoreError(f"clip {name} must be predicted once, not {count} times ({', '.join(artifacts)})")
            if (origin := clips_by_id[name].origin) not in training.origin.split("+"):
                raise StoreError(f"clip {name} is {origin}, but training was on {training.origin}{remedy(*artifacts)}")
    for scores in training.folds:
        name, test = f"{scores.artifact} fold {scores.fold}", expected[scores.fold].test
        provenance.check_identity(name, {"test clips": ", ".join(scores.clips)}, {"test clips": ", ".join(test)})


def _select_scores(
    folds: Sequence[FoldScores],
    expected: Mapping[str, Fold],
    chosen: Sequence[Clip],
    choose: Callable[[FoldScores], np.ndarray],
) -> np.ndarray:
    """Return the scores of `chosen`, in its order, float32[S, N, K]; nan for clips that a draw does not test."""
    position = {clip.id: i for i, clip in enumerate(chosen)}
    draws = [fold.draw for fold in expected.values() if fold.draw is not None]
    shape = len(draws) or len(folds[0].scores), len(chosen), folds[0].scores.shape[-1]
    scores = np.full(shape, np.nan, np.float32)
    for fold in folds:
        draw, positions = expected[fold.fold].draw, [position[name] for name in fold.clips]
        scores[slice(None) if draw is None else slice(draw, draw + 1), positions] = choose(fold)
    return scores


def _read_shards(paths: Iterable[str], identity: Mapping[str, str]) -> TrainingScores:
    """Read all folds of the shards. Raises StoreError if shards differ in their attributes."""
    folds: list[FoldScores] = []
    facts: set[tuple[int, str, str, str]] = set()
    paths = sorted(map(str, paths))
    for path in paths:
        with store.open_file(path, "train") as file:
            words = (file.attrs.get(name, b"").decode() for name in ("origin", "initialisation", "differs_from_paper"))
            facts.add((int(file.attrs["parameters"]), *words))
            attributes = {key: file.attrs[key].decode() for key in identity if key in file.attrs}
            provenance.check_identity(path, {**identity, **attributes}, identity)
            folds += [_read_fold(path, name, group) for name, group in fold_groups(file)]
    if not folds:
        raise StoreError(f"{', '.join(paths) or 'no file'}: must hold at least one fold, not none{remedy(*paths)}")
    if len(facts) > 1 or len({len(fold.scores) for fold in folds}) > 1:
        expected = "origin, parameters, initialisation, params and number of seeds"
        raise StoreError(f"{', '.join(paths)}: must agree on {expected}{remedy(*paths)}")
    parameters, origin, *about = facts.pop()
    origins = join_origins([origin, *(entry.split("/")[0] for fold in folds for entry in fold.fitted_on)])
    return TrainingScores(sorted(folds, key=lambda fold: fold.fold), parameters, origins, *about)


def fold_groups(file: Any) -> list[tuple[str, Any]]:
    """Return the names of the folds in an open train file, sorted, and their groups."""
    names: list[str] = []
    file.visit(names.append)
    folds = sorted(name.removesuffix("/scores") for name in names if name.endswith("/scores"))
    return [(name, file[name]) for name in folds]


def _read_fold(path: str, name: str, group: Any) -> FoldScores:
    """Read the scores of one fold."""
    scores = group["scores"][()]
    return FoldScores(
        artifact=path,
        fold=name,
        clips=tuple(store.strings(group["clip"])),
        truth=group["labels" if "labels" in group else "truth"][()],
        scores=scores,
        fitted_on=tuple(store.fitted_on(group)),
        inner_epoch=group["inner_epoch"][()] if "inner_epoch" in group else None,
        loss=group["loss"][:, -scores.shape[1] :] if "loss" in group else None,
        moved={module: share[()] for module, share in group.get("moved", {}).items()},
        start=group["start"][()] if "start" in group else None,
    )
