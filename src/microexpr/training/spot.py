"""The stage `spot`, second part: trains a spotter on the videos of other subjects, and writes its intervals in each.

Nothing comes in of the videos that are held out, except their numbers of frames.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from microexpr.core import store
from microexpr.core.clip import Expression, Fold, LongVideo
from microexpr.models.base import ClipTensors
from microexpr.models.labels import LABEL
from microexpr.models.spotter import Curves, FrameNetwork, Interval, Spotter
from microexpr.protocols import provenance
from microexpr.training import engine
from microexpr.training.engine import FoldIndices, Progress

SCHEMA = "spot"
UNREAD = ("crop", "movement_crop")  # not for spotters
Classify = Callable[[np.ndarray, np.ndarray], str]  # of two crops uint8[S, S], at onset and apex


def read_curves(path: str | Path, movement: str | Path | None = None) -> Curves:
    """Return the measurements of a long video, with spotted intervals in positions among the frames that were read.

    `movement` is the file of the movement in it, for spotters that read it. Raises StoreError for another file."""
    with store.open_file(path, SCHEMA) as file:
        (group,) = store.clip_groups(file).values()
        arrays = _arrays(group)
        arrays["kind"] = np.array(store.strings(group["kind"]))
        arrays |= {event: np.searchsorted(arrays["frame"], arrays[event]) for event in ("onset", "apex", "offset")}
        fps = float(group["fps"][()])
    if movement is not None:
        with store.open_file(movement, "movement") as file:
            (group,) = store.clip_groups(file).values()
            arrays = _arrays(group) | arrays  # whose frame numbers the movement's file has not
    return Curves(arrays, fps)


def _arrays(group: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: group[name][()] for name in group if name not in UNREAD and group[name].ndim}


def positions(curves: Curves, video: LongVideo) -> list[Expression]:
    """Return the expressions of a video in positions among the frames that were read."""
    frames = curves.arrays["frame"]

    def at(number: int | None) -> int | None:
        return None if number is None else int(np.abs(frames - number).argmin())

    return [
        Expression(e.kind, at(e.onset) or 0, at(e.apex), at(e.offset) or 0, e.emotion, e.label, e.action_units)
        for e in video.expressions
    ]


def run(
    name: str,
    spotter: Spotter,
    videos: Sequence[LongVideo],
    files: Mapping[str, Sequence[str]],
    folds: Sequence[Fold],
    seeds: Sequence[int],
    path: str,
    classify: Classify,
    also_fitted_on: Iterable[str] = (),
    progress: Progress = engine.silent,
    **attributes: str,
) -> None:
    """Write the intervals of a spotter in each video, by a training that has not seen its subject.

    `files` are the curves of each by clip id, and the movement for spotters that read it. `also_fitted_on` is the
    training data of the class's network. Raises LeakError where anything upstream of a fold has seen a subject that it
    holds out."""
    curves = {video.clip.id: read_curves(*files[video.clip.id]) for video in videos}
    clips = {video.clip.id: video.clip for video in videos}
    tests = {fold.name: [clips[name] for name in fold.test] for fold in folds}
    provenances = provenance.check_files(chain(*files.values()), "subject", tests)
    networks = spotter.networks()
    for fold in folds:
        provenances[fold.name] |= {*also_fitted_on}
        provenance.check(path, fold.name, "subject", tests[fold.name], provenances[fold.name])
    scores = {key: _frame_scores(network, videos, curves, folds, seeds, progress) for key, network in networks.items()}
    with store.create(
        path, SCHEMA, {"spotter": spotter.params.model_dump(mode="json")}, spotter=name, **attributes
    ) as file:
        for fold in folds:
            trained = {clips[clip_id].provenance for clip_id in fold.train if networks}
            for clip_id in fold.test:
                intervals = spotter.find(curves[clip_id], {key: values[clip_id] for key, values in scores.items()})
                group = file.group(clip_id, fold=fold.name)
                group.put_all(**_intervals(intervals, curves[clip_id], files[clip_id][0], spotter, classify))
                group.put("fitted_on", sorted(provenances[fold.name] | trained))
                for key, values in scores.items():
                    group.put(f"frame_score_{key}", values[clip_id], "frame_score")


def _intervals(
    intervals: Sequence[Interval], curves: Curves, file: str, spotter: Spotter, classify: Classify
) -> dict[str, Any]:
    """Return the intervals of a video in order of onset, in the data set's own frame numbers, with classes."""
    ordered, frames = sorted(intervals, key=lambda f: (f.onset, f.offset, f.kind)), curves.arrays["frame"]
    classes = [f.emotion for f in ordered]
    if not spotter.recognises:
        with store.open_file(file, SCHEMA) as content:
            (group,) = store.clip_groups(content).values()
            classes = [
                classify(group["crop"][f.onset], group["crop"][f.apex]) if f.kind == "micro" else "" for f in ordered
            ]
    return {
        "kind": [f.kind for f in ordered],
        **{event: [frames[getattr(f, event)] for f in ordered] for event in ("onset", "apex", "offset")},
        "confidence": [f.confidence for f in ordered],
        "class": classes,
    }


def _frame_scores(
    network: FrameNetwork,
    videos: Sequence[LongVideo],
    curves: Mapping[str, Curves],
    folds: Sequence[Fold],
    seeds: Sequence[int],
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Return the scores of the frames of each video, float32[T, C], by trainings without its subject: their mean."""
    ids = [video.clip.id for video in videos]
    windows = [network.windows(curves[clip_id]) for clip_id in ids]
    targets = [network.targets(curves[video.clip.id], positions(curves[video.clip.id], video)) for video in videos]
    data = ClipTensors(
        {name: torch.from_numpy(np.concatenate([part[name] for part in windows])) for name in windows[0]},
        {name: torch.from_numpy(np.concatenate([part[name] for part in targets])) for name in targets[0]},
    )
    starts = np.cumsum([0, *(len(part[LABEL]) for part in targets)])
    spans = {clip_id: np.arange(*pair) for clip_id, pair in zip(ids, pairwise(starts), strict=True)}  # int64[T]
    indices = [
        FoldIndices(fold.name, *(np.concatenate([spans[name] for name in side]) for side in (fold.train, fold.test)))
        for fold in folds
    ]
    scores = dict[str, np.ndarray]()
    results = engine.train(network, data, indices, seeds, "auto", len(folds) * len(seeds), progress)
    for fold, result in zip(folds, results, strict=True):
        last, ends = result.scores[:, -1].mean(0), np.cumsum([len(spans[clip_id]) for clip_id in fold.test])
        scores |= {clip_id: last[end - len(spans[clip_id]) : end] for clip_id, end in zip(fold.test, ends, strict=True)}
    return scores
