"""Read the scores of all folds, check protocol and provenance, and turn scores into predicted classes.

Axes: S seeds, E epochs, N clips, K classes. Out of scope: a figure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.arrays import best_thresholds, correct
from microexpr.core.clip import Clip, Fold, join_origins
from microexpr.core.errors import StoreError, remedy
from microexpr.evaluation import metrics
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

    def selections(self) -> dict[str, np.ndarray]:
        """Return the scores float32[S, N, K] of each way to choose the epoch.

        `last` is the honest one. `oracle_best_test` is each seed's first epoch with the highest accuracy, of several
        labels mean F1, on the fold's *test* clips, which many published training loops select: it reads the true
        classes. `inner_validation` is the epoch that a second training chose on subjects that it was not fitted on.
        `start` are weights that were trained elsewhere, before the fold's own training. `oracle_threshold`, of several
        labels, is `last` less the thresholds of the highest F1 of each label on the *test* clips, as several published
        codes choose them."""
        last, seeds = np.asarray(self.scores[:, -1]), np.arange(len(self.scores))
        best = correct(self.scores, self.truth).argmax(-1)  # [S]; argmax takes the first of equals
        chosen = {"last": last, "oracle_best_test": self.scores[seeds, best]}
        if self.inner_epoch is not None:
            chosen["inner_validation"] = self.scores[seeds, self.inner_epoch]
        if self.start is not None:
            chosen["start"] = self.start
        if self.truth.ndim == 2:
            thresholds = [best_thresholds(of_seed, self.truth) for of_seed in last]
            chosen["oracle_threshold"] = np.stack([of_seed - by for of_seed, by in zip(last, thresholds, strict=True)])
        return chosen


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
    # `parameters`, `origin`, `initialisation`: codes of the weights that networks start from, `differs_from_paper`:
    # names of params, joined by ", ", and `learning`: losses and changes of weights, as text; "" where there is none
    about: dict[str, Any]

    @property
    def subjects(self) -> np.ndarray:
        """Return the subject of each clip as dataset/subject, [N]."""
        return np.array([subject_id(clip.id) for clip in self.clips])

    def matrices(self, selection: str) -> np.ndarray:
        """Return clips counted by subject, seed, true and predicted class, int64[U, S, ...]."""
        return metrics.by_subject(self.truth, self.predicted[selection], self.subjects, len(self.protocol.classes))

    def by_scope(self) -> list[tuple[str, "Predictions"]]:
        """Return the predictions of each of `rows.scopes`: of all clips, then of each data set."""
        return [
            (
                scope,
                replace(
                    self,
                    clips=[self.clips[position] for position in positions],
                    truth=self.truth[positions],
                    predicted={selection: labels[:, positions] for selection, labels in self.predicted.items()},
                    scores={selection: scores[:, positions] for selection, scores in self.scores.items()},
                ),
            )
            for scope, positions in scopes(self.clips, self.protocol.datasets)
        ]


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
    fold_scores, about = _read_shards(paths, {"method": method, "protocol": protocol.name})
    _check(fold_scores, about["origin"], protocol, {clip.id: clip for clip in chosen}, expected, planted_leak)
    chosen = [clip for clip in chosen if clip.id in tested]
    selections = [fold.selections() for fold in fold_scores]
    if planted_leak:
        selections = [{LEAKY: of_fold["last"]} for of_fold in selections]
    position = {clip.id: i for i, clip in enumerate(chosen)}
    draws = [fold.draw for fold in expected.values() if fold.draw is not None]
    shape = len(draws) or len(fold_scores[0].scores), len(chosen), fold_scores[0].scores.shape[-1]
    scores = {}
    for name in (name for name in selections[0] if all(name in of_fold for of_fold in selections)):
        scores[name] = np.full(shape, np.nan, np.float32)  # nan for clips that a draw does not test
        for fold, of_fold in zip(fold_scores, selections, strict=True):
            draw, positions = expected[fold.fold].draw, [position[clip] for clip in fold.clips]
            scores[name][slice(None) if draw is None else slice(draw, draw + 1), positions] = of_fold[name]
    predicted = {name: decide(values, protocol.several) for name, values in scores.items()}
    truth = np.array([protocol.truth(clip) for clip in chosen])
    about["learning"] = describe_learning(fold_scores)
    return Predictions(method, protocol, chosen, truth, predicted, scores, list(expected.values()), about)


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


def _check(
    folds: Sequence[FoldScores],
    origin: str,
    protocol: Protocol,
    clips_by_id: Mapping[str, Clip],
    expected: Mapping[str, Fold],
    planted_leak: str,
) -> None:
    """Check clips, classes, scores and provenance of each fold, and that it predicts each of its clips once."""
    for fold in folds:
        location = f"{fold.artifact}, fold {fold.fold}"
        for name, label in zip(fold.clips, fold.truth, strict=True):
            if name not in clips_by_id:
                raise StoreError(f"clip {name} must be one of protocol {protocol.name} ({location})")
            true_label = protocol.truth(clips_by_id[name])
            truth = list(true_label) if isinstance(true_label, tuple) else true_label
            if (label := label.tolist()) != truth:
                raise StoreError(f"truth of clip {name} must be {truth}, not {label} ({location})")
        if fold.fold not in expected:
            reason = f"fold must be one of the {len(expected)} expected ({location})"
            raise StoreError(f"{reason}{remedy(fold.artifact)}")
        if not np.isfinite(fold.scores).all():
            raise StoreError(f"scores must be finite numbers ({location})")
        test = [clips_by_id[name] for name in fold.clips]
        provenance.check(fold.artifact, fold.fold, protocol.unit, test, fold.fitted_on, planted_leak)
    counts = Counter((expected[fold.fold].draw, name) for fold in folds for name in fold.clips)
    artifacts = sorted({fold.artifact for fold in folds})
    for split in expected.values():
        for name in split.test:
            if (count := counts[split.draw, name]) != 1:
                raise StoreError(f"clip {name} must be predicted once, not {count} times ({', '.join(artifacts)})")
            if (clip_origin := clips_by_id[name].origin) not in origin.split("+"):
                raise StoreError(f"clip {name} is {clip_origin}, but training was on {origin}{remedy(*artifacts)}")
    for fold in folds:
        name, test_clips = f"{fold.artifact} fold {fold.fold}", expected[fold.fold].test
        provenance.check_identity(name, {"test clips": ", ".join(fold.clips)}, {"test clips": ", ".join(test_clips)})


def _read_shards(paths: Iterable[str], identity: Mapping[str, str]) -> tuple[list[FoldScores], dict[str, Any]]:
    """Read all folds of the shards, sorted by name, and what `Predictions.about` has of them.

    Raises StoreError if shards differ in their attributes."""
    folds: list[FoldScores] = []
    facts: set[tuple[Any, ...]] = set()
    paths, texts = sorted(map(str, paths)), ("origin", "initialisation", "differs_from_paper")
    for path in paths:
        with store.open_file(path, "train") as file:
            facts.add((int(file.attrs["parameters"]), *(file.attrs.get(name, b"").decode() for name in texts)))
            attributes = {key: file.attrs[key].decode() for key in identity if key in file.attrs}
            provenance.check_identity(path, {**identity, **attributes}, identity)
            folds += [_read_fold(path, name, group) for name, group in fold_groups(file)]
    if not folds:
        raise StoreError(f"{', '.join(paths) or 'no file'}: must hold at least one fold, not none{remedy(*paths)}")
    if len(facts) > 1 or len({len(fold.scores) for fold in folds}) > 1:
        expected = "origin, parameters, initialisation, params and number of seeds"
        raise StoreError(f"{', '.join(paths)}: must agree on {expected}{remedy(*paths)}")
    about = dict(zip(("parameters", *texts), facts.pop(), strict=True))
    origins = [about["origin"], *(entry.split("/")[0] for fold in folds for entry in fold.fitted_on)]
    return sorted(folds, key=lambda fold: fold.fold), about | {"origin": join_origins(origins)}


def fold_groups(file: Any) -> list[tuple[str, Any]]:
    """Return the names of the folds in an open train file, sorted, and their groups."""
    names: list[str] = []
    file.visit(names.append)
    folds = sorted(name.removesuffix("/scores") for name in names if name.endswith("/scores"))
    return [(name, file[name]) for name in folds]


def _read_fold(path: str, name: str, group: Any) -> FoldScores:
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
