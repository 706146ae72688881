"""The evaluate stage: scores of all folds in, pooled figures out. Refuses leaks; reads only through the store.

What may not come in: training, and any figure of a paper.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr import official, provenance, seeds, store
from microexpr.clip import Clip
from microexpr.errors import StoreError
from microexpr.metrics import METRICS, bootstrap, confusion
from microexpr.protocols import Protocol

Row = dict[str, Any]
KEYS = ("method", "protocol", "selection", "scope", "metric")
FIGURES = ("value", "low", "high")
COUNTS = ("seeds", "folds", "clips", "parameters")
COLUMNS = (*KEYS, *FIGURES, *COUNTS, "origin")
FULL = "full"  # the scope of all data sets pooled


class Params(BaseModel):
    """Section `evaluate` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resamples: int = Field(default=1000, ge=1, description="bootstrap resamples of the subjects behind each interval")


@dataclass(frozen=True, slots=True, eq=False)
class FoldScores:
    """What one training said of one fold. Axes: S seeds, E epochs, N test clips, K classes."""

    artifact: str  # the file it is from
    fold: str
    clips: tuple[str, ...]
    truth: np.ndarray  # int64[N]
    scores: np.ndarray  # float32[S, E, N, K]
    fitted_on: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """All shards of one method's training."""

    folds: list[FoldScores]  # sorted by name
    parameters: int
    origin: str


def last(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Classes predicted by the last epoch, int64[S, N], of scores [S, E, N, K]: the honest selection."""
    return scores[:, -1].argmax(-1)


def oracle_best_test(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Classes predicted, int64[S, N], by each fold's and seed's epoch of highest accuracy on the *test* clips.

    The first such epoch. What many published training loops keep; an oracle, since it reads the answers.
    """
    predicted = scores.argmax(-1)  # [S, E, N]
    best = (predicted == truth).mean(-1).argmax(-1)  # [S]; argmax takes the first of equals
    return predicted[np.arange(len(predicted)), best]


SELECTIONS = {"last": last, "oracle_best_test": oracle_best_test}


def evaluate(
    paths: Iterable[str | Path], method: str, protocol: Protocol, clips: Sequence[Clip], params: Params, seed: int
) -> list[Row]:
    """Rows of `results/evaluate/<protocol>/<method>.csv`: each selection, scope and metric, with its 95 % interval.

    `paths` are all shards of the training, `clips` those of the data sets (the protocol selects). Figures are pooled
    over folds, for each seed; `value` is their mean over seeds, `low` and `high` bound that mean over resamples of
    subjects. The resamples depend on `seed`, protocol and scope alone, so those of two methods are paired.

    Raises LeakError when a fold was fitted on its held-out unit, StoreError for a clip that is predicted twice, not
    at all, or with another truth.
    """
    chosen = protocol.select(clips)
    trained = _checked(paths, protocol, chosen)
    rows = []
    for selection in SELECTIONS:
        predicted = _pooled(trained.folds, chosen, selection)
        for scope in (FULL, *protocol.datasets):
            inside = [number for number, clip in enumerate(chosen) if scope in (FULL, clip.dataset)]
            if not inside:
                continue  # a data set that is not there, as when only one is licensed
            part = [chosen[number] for number in inside]
            names = {"method": method, "protocol": protocol.name, "selection": selection, "scope": scope}
            counts = {
                "seeds": len(predicted),
                "folds": len({(clip.dataset, clip.subject) for clip in part}),
                "clips": len(part),
                "parameters": trained.parameters,
            }
            root = seeds.spawn(seed, "evaluate", protocol.name, scope)
            for figures in _figures(part, predicted[:, inside], len(protocol.classes), params.resamples, root):
                rows.append({**names, **figures, **counts, "origin": trained.origin})
    return rows


def _figures(
    clips: Sequence[Clip], predicted: np.ndarray, classes: int, resamples: int, root: np.random.SeedSequence
) -> list[Row]:
    """metric, value, low, high of predicted [S, N]; every metric sees the same resamples of subjects."""
    truth = np.array([clip.label for clip in clips])
    subjects = np.array([f"{clip.dataset}/{clip.subject}" for clip in clips])
    rows = []
    for name, metric in METRICS.items():
        value = np.mean([metric(confusion(truth, one, classes)) for one in predicted])
        low, high = bootstrap(truth, predicted, subjects, metric, resamples, seeds.generator(root), classes)
        rows.append({"metric": name, "value": float(value), "low": low, "high": high})
    return rows


def official_log(
    paths: Iterable[str | Path], protocol: Protocol, clips: Sequence[Clip], selection: str = "last", seed: int = 0
) -> str:
    """The official MEGC2019 log of one seed, counted from 0, of a training. Raises what `evaluate` does."""
    chosen = protocol.select(clips)
    trained = _checked(paths, protocol, chosen)
    predicted = _pooled(trained.folds, chosen, selection)[seed]
    return official.written(
        official.Line(clip.dataset, clip.subject, clip.name, int(clip.label or 0), int(label))
        for clip, label in zip(chosen, predicted, strict=True)
    )


def _checked(paths: Iterable[str | Path], protocol: Protocol, chosen: Sequence[Clip]) -> Trained:
    """The shards of a training, free of leaks, with every clip predicted exactly once and with its own truth."""
    trained = _read(paths)
    known = {clip.id: clip for clip in chosen}
    for fold in trained.folds:
        for name, label in zip(fold.clips, fold.truth, strict=True):
            if name not in known:
                raise StoreError(f"clip {name} must be one of protocol {protocol.name} ({_place(fold)})")
            if label != known[name].label:
                raise StoreError(f"truth of clip {name} must be {known[name].label}, not {label} ({_place(fold)})")
        if not np.isfinite(fold.scores).all():
            raise StoreError(f"scores must be finite numbers ({_place(fold)})")
        test = [known[name] for name in fold.clips]
        provenance.check(fold.artifact, fold.fold, protocol.unit, test, fold.fitted_on)
    times = Counter(name for fold in trained.folds for name in fold.clips)
    for clip in chosen:
        if times[clip.id] != 1:
            where = ", ".join(sorted({fold.artifact for fold in trained.folds}))
            raise StoreError(f"clip {clip.id} must be predicted once, not {times[clip.id]} times ({where})")
        if clip.origin not in trained.origin.split("+"):
            raise StoreError(
                f"clip {clip.id} is {clip.origin}, but training was on {trained.origin}; rerun stage train"
            )
    return trained


def _place(fold: FoldScores) -> str:
    return f"{fold.artifact}, fold {fold.fold}"


def _pooled(folds: Sequence[FoldScores], chosen: Sequence[Clip], selection: str) -> np.ndarray:
    """Predicted classes of `chosen`, in its order, int64[S, N]."""
    position = {clip.id: number for number, clip in enumerate(chosen)}
    pooled = np.full((len(folds[0].scores), len(chosen)), -1, np.int64)
    for fold in folds:
        pooled[:, [position[name] for name in fold.clips]] = SELECTIONS[selection](fold.scores, fold.truth)
    return pooled


def _read(paths: Iterable[str | Path]) -> Trained:
    folds: list[FoldScores] = []
    facts: set[tuple[int, str]] = set()
    for path in sorted(map(str, paths)):
        with store.opened(path, "train") as file:
            facts.add((int(file.attrs["parameters"]), file.attrs["origin"].decode()))
            names: list[str] = []
            file.visit(names.append)
            for name in sorted(names):
                if name.endswith("/scores"):
                    folds.append(_fold(path, name.removesuffix("/scores"), file))
    if not folds:
        raise StoreError("a training must have at least one fold; rerun stage train")
    if len(facts) > 1 or len({len(fold.scores) for fold in folds}) > 1:
        where = ", ".join(sorted({fold.artifact for fold in folds}))
        raise StoreError(f"shards must agree on origin, parameters and number of seeds; rerun stage train ({where})")
    parameters, origin = facts.pop()
    fitted = {entry.split("/")[0] for fold in folds for entry in fold.fitted_on}
    origins = sorted({*origin.split("+"), *fitted}, reverse=True)  # licensed+generated
    return Trained(sorted(folds, key=lambda fold: fold.fold), parameters, "+".join(origins))


def _fold(path: str, name: str, file: Any) -> FoldScores:
    group = file[name]
    return FoldScores(
        artifact=path,
        fold=name,
        clips=tuple(store.strings(group["clips"])),
        truth=group["truth"][()],
        scores=group["scores"][()],
        fitted_on=tuple(store.fitted_on(group)),
    )


def write(path: str | Path, rows: Iterable[Row]) -> None:
    """Rows as CSV with six decimals and "\n" line ends."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: f"{row[key]:.6f}" if key in FIGURES else row[key] for key in COLUMNS})
    store.write_text(path, text.getvalue())


def read(path: str | Path) -> list[Row]:
    """The inverse of `write`. Raises StoreError when the file is missing or has other columns."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StoreError(f"{path}: does not exist; rerun stage evaluate") from None
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise StoreError(f"{path}: must have columns {','.join(COLUMNS)}; rerun stage evaluate")
    kinds = dict.fromkeys(FIGURES, float) | dict.fromkeys(COUNTS, int)
    return [{key: kinds.get(key, str)(value) for key, value in row.items()} for row in reader]
