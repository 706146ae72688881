"""Figures of the intervals spotted in long videos, as the micro-expression grand challenges count them, and more.

Axes: U subjects, V videos, K kinds (micro, macro). Counts are those of a label that intervals have, [2, 2]: 0 and false
ones, then missed ones and hits. The contents of the videos choose nothing here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from microexpr.core import store
from microexpr.core.clip import KINDS, LABELS, Expression, Kind, LongVideo
from microexpr.core.errors import StoreError, remedy
from microexpr.core.seeds import generator, spawn
from microexpr.evaluation import metrics, pairs
from microexpr.evaluation.metrics.intervals import interval
from microexpr.evaluation.rows import FULL, Row, scopes
from microexpr.protocols import provenance
from microexpr.protocols.splits import subject_id
from microexpr.signals.spotting.hits import Counts, Span, match

if TYPE_CHECKING:
    from microexpr.models.spotter import Interval  # which loads torch

PROTOCOL = "spot_loso"
BOTH = "both"
SHIFTS = 200  # by which the intervals of each video are moved, for chance
ERRORS = ("onset", "apex", "offset")
COLUMNS = (
    *("method", "scope", "kind", "origin", "videos", "subjects", "minutes", "true"),
    *("hits", "false", "missed", "precision", "recall", "f1", "f1_low", "f1_high"),
    *("chance_f1", "p_chance", "false_a_minute", *(f"{event}_ms" for event in ERRORS)),
    *("recognised", "uf1", "uar", "analysis_f1", "strs"),
)
PAIRED_COLUMNS = ("first", "second", "kind", *pairs.FIGURES)


@dataclass(frozen=True, slots=True)
class Spotted:
    """An expression that a method found; frame numbers are the data set's own."""

    kind: str
    onset: int
    apex: int
    offset: int
    confidence: float
    emotion: str  # class, "" if it has none

    @property
    def span(self) -> Span:
        return self.onset, self.offset


Intervals = dict[str, list[Spotted]]  # by clip id


def numbered(intervals: "Iterable[Interval]", frames: np.ndarray) -> list[Spotted]:
    """Return a spotter's intervals, without classes; `frames` int64[T] are the numbers of the frames that it read."""
    return [
        Spotted(i.kind, int(frames[i.onset]), int(frames[i.apex]), int(frames[i.offset]), i.confidence, "")
        for i in intervals
    ]


def read(path: str | Path, videos: Sequence[LongVideo]) -> tuple[str, Intervals]:
    """Return the name of a method and its intervals in each video.

    Raises LeakError where it was fitted on the subject of one, StoreError for a file without it."""
    intervals: Intervals = {}
    with store.open_file(path, "spot") as file:
        name = store.attribute_text(file.attrs["spotter"])
        for video in videos:
            if video.clip.id not in file:
                raise StoreError(f"{path}: must hold what was found in {video.clip.id}{remedy(path)}")
            group = file[video.clip.id]
            fold = store.attribute_text(group.attrs["fold"])
            provenance.check(str(path), fold, "subject", [video.clip], store.fitted_on(group))
            numbers = (group[name][()].tolist() for name in (*ERRORS, "confidence"))
            columns = store.strings(group["kind"]), *numbers, store.strings(group["class"])
            intervals[video.clip.id] = [Spotted(*values) for values in zip(*columns, strict=True)]
    return name, intervals


@dataclass(frozen=True, slots=True)
class Hit:
    """A true expression and the interval that hit it."""

    true: Expression
    spotted: Spotted
    fps: int


def hits(video: LongVideo, intervals: Sequence[Spotted], kind: Kind) -> list[Hit]:
    """Return the hits of a kind in a video: intersection over union at least 0.5, each true one is hit once."""
    true = [e for e in video.expressions if e.kind == kind]
    spotted = [f for f in intervals if f.kind == kind]
    matched = match([f.span for f in spotted], [(e.onset, e.offset) for e in true])
    return [Hit(true[j], spotted[i], video.clip.fps) for i, j in matched.items()]


def counts(videos: Sequence[LongVideo], intervals: Intervals) -> np.ndarray:
    """Return the counts of each video and kind, int64[V, K, 2, 2]."""
    by_video = np.zeros((len(videos), len(KINDS), 2, 2), np.int64)
    for cells, video in zip(by_video, videos, strict=True):
        for matrix, kind in zip(cells, KINDS, strict=True):
            number = len(hits(video, intervals[video.clip.id], kind))
            spotted = sum(f.kind == kind for f in intervals[video.clip.id])
            matrix[:, 1] = spotted - number, number
            matrix[1, 0] = len(video.spans(kind)) - number
    return by_video


def shifted(video: LongVideo, intervals: Sequence[Spotted], share: float) -> list[Spotted]:
    """Return the intervals, moved by a share of the video's length; those that leave its end enter at its start."""
    clip = video.clip
    length = clip.last - clip.first + 1
    by = round(share * length)
    displaced = []
    for f in intervals:
        onset = clip.first + (f.onset - clip.first + by) % length
        displaced.append(replace(f, onset=onset, apex=onset + f.apex - f.onset, offset=onset + f.offset - f.onset))
    return displaced


def chance(videos: Sequence[LongVideo], intervals: Intervals, seed: int) -> np.ndarray:
    """Return the counts of intervals that are moved at random within their video, int64[SHIFTS, V, K, 2, 2]."""
    rng = generator(seed, "evaluate", PROTOCOL, "chance")
    shares = rng.random((SHIFTS, len(videos)))
    samples = []
    for row in shares:
        displaced = {v.clip.id: shifted(v, intervals[v.clip.id], share) for v, share in zip(videos, row, strict=True)}
        samples.append(counts(videos, displaced))
    return np.array(samples)


def rows(name: str, videos: Sequence[LongVideo], intervals: Intervals, resamples: int, seed: int) -> Iterator[Row]:
    """Yield the rows of a method: of all videos and of each data set, of each kind and of both."""
    by_video, displaced = counts(videos, intervals), chance(videos, intervals, seed)
    datasets = list(dict.fromkeys(video.clip.dataset for video in videos))
    for scope, positions in scopes([video.clip for video in videos], datasets if len(datasets) > 1 else ()):
        chosen = [videos[position] for position in positions]
        subjects = [subject_id(video.clip.id) for video in chosen]
        minutes = sum(video.clip.frames / video.clip.fps for video in chosen) / 60
        for kind in (*KINDS, BOTH):
            kinds = [name for name in KINDS if kind in (name, BOTH)]
            columns = [KINDS.index(name) for name in kinds]
            matrices = metrics.sum_by_subject(by_video[positions][:, columns].sum(1, keepdims=True), subjects)
            (_, false), (missed, right) = matrices.sum((0, 1, 2)).tolist()
            total = Counts(right, false, missed)
            by_chance = metrics.label_f1(displaced[:, positions][:, :, columns].sum((1, 2)))
            sequence = spawn(seed, "evaluate", PROTOCOL, scope, kind)
            low, high = interval(matrices, metrics.macro_f1, resamples, generator(sequence))
            found_hits = [hit for v in chosen for name in kinds for hit in hits(v, intervals[v.clip.id], name)]
            yield {
                "method": name, "scope": scope, "kind": kind, "origin": chosen[0].clip.origin, "videos": len(chosen),
                "subjects": len(set(subjects)), "minutes": minutes, "true": total.hits + total.missed,
                "hits": total.hits, "false": total.false, "missed": total.missed,
                "precision": total.precision, "recall": total.recall,
                "f1": total.f1, "f1_low": low, "f1_high": high, "chance_f1": float(by_chance.mean()),
                "p_chance": float((1 + (by_chance >= total.f1).sum()) / (1 + len(by_chance))),
                "false_a_minute": total.false / minutes, **_errors(found_hits),
                **(recognition(found_hits, total.f1) if kind == "micro" else {}),
            }  # fmt: skip


def _errors(found_hits: Sequence[Hit]) -> Row:
    """Return the mean distance of the events of hits from the true ones, in milliseconds."""
    errors: Row = {}
    for event in ERRORS:
        distances = [
            1000 * abs(getattr(hit.spotted, event) - getattr(hit.true, event)) / hit.fps
            for hit in found_hits
            if getattr(hit.true, event) is not None
        ]
        errors[f"{event}_ms"] = float(np.mean(distances)) if distances else None
    return errors


def recognition(found_hits: Sequence[Hit], spotting_f1: float) -> Row:
    """Return figures of the classes of hits with a known true class: UF1, UAR and the F1 of the challenges.

    That is the harmonic mean of the precision and of the recall averaged over the classes that occur, as hits or as
    predictions; times the F1 of spotting it is the score STRS (Liong et al. 2023)."""
    recognisable = [hit for hit in found_hits if hit.true.label is not None and hit.spotted.emotion in LABELS]
    if not recognisable:
        return {"recognised": 0, "uf1": None, "uar": None, "analysis_f1": None, "strs": None}
    truth = np.array([hit.true.label for hit in recognisable])
    predicted = np.array([LABELS.index(hit.spotted.emotion) for hit in recognisable])
    matrix = metrics.confusion(truth, predicted, len(LABELS))
    occur = np.flatnonzero(matrix.sum(0) + matrix.sum(1))
    of_occurring = matrix[np.ix_(occur, occur)][None]  # of several, 0/0 is no warning
    precision, recall = (float(metric(of_occurring)[0]) for metric in (metrics.macro_precision, metrics.uar))
    analysis = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "recognised": len(recognisable), "uf1": float(metrics.uf1(matrix)), "uar": float(metrics.uar(matrix)),
        "analysis_f1": analysis, "strs": spotting_f1 * analysis,
    }  # fmt: skip


def differences(
    methods: Mapping[str, Intervals], videos: Sequence[LongVideo], kind: Kind, resamples: int, seed: int
) -> list[Row]:
    """Return rows with `PAIRED_COLUMNS` of F1 of each two methods over all videos, paired by resampled subjects."""
    subjects, column = [subject_id(video.clip.id) for video in videos], [KINDS.index(kind)]
    by_video = {name: counts(videos, intervals)[:, column] for name, intervals in methods.items()}
    by_method = {name: metrics.sum_by_subject(cells, subjects) for name, cells in by_video.items()}
    rng = generator(spawn(seed, "evaluate", PROTOCOL, FULL, kind))
    compared = pairs.compare(by_method, metrics.macro_f1, resamples, rng)
    return [row | {"kind": kind, "metric": f"{kind}_f1"} for row in compared]
