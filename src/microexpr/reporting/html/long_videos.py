"""Long videos of the report: true expressions, and those that each method spotted. Computes no figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.expression import LongVideo
from microexpr.evaluation import spotting

TRUE = "true"  # the lane of annotated expressions


@dataclass(frozen=True, slots=True)
class Bar:
    """An expression in a chart over time."""

    kind: str
    start: float  # seconds since the first frame
    end: float
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class LongVideoView:
    """The content of a long video of which T frames were read."""

    id: str
    origin: str
    times: np.ndarray  # float64[T], seconds since the first frame
    score: np.ndarray  # float64[T], deviations of its noise by which the unit that moves most stands out
    lanes: Mapping[str, Sequence[Bar]]  # expressions: `TRUE`, first, and what each method spotted, by its name


def choose(videos: Iterable[LongVideo]) -> list[LongVideo]:
    """Return a video of each data set, chosen by annotation only: the first with most expressions."""
    selection: dict[str, LongVideo] = {}
    for video in videos:
        best = selection.get(video.clip.dataset)
        if best is None or len(video.expressions) > len(best.expressions):
            selection[video.clip.dataset] = video
    return list(selection.values())


def views(rows: Sequence[Mapping[str, Any]], methods: Iterable[str], folder: Path) -> list[LongVideoView]:
    """Read what is shown of the videos of these rows, below a folder of results.

    Raises StoreError for a file that is missing or cannot be read."""
    videos = [LongVideo.from_row(dict(row)) for row in rows]
    by_method = {name: spotting.read(folder / f"spot/found/{name}.h5", videos)[1] for name in methods}
    return [
        _view(video, {name: intervals[video.clip.id] for name, intervals in by_method.items()}, folder)
        for video in videos
    ]


def _view(video: LongVideo, intervals: Mapping[str, Sequence[spotting.Spotted]], folder: Path) -> LongVideoView:
    clip = video.clip

    def bar(kind: str, onset: int, offset: int, emotion: str) -> Bar:
        words = f"{emotion}, frames {onset} to {offset}" if emotion else f"frames {onset} to {offset}"
        return Bar(kind, (onset - clip.first) / clip.fps, (offset + 1 - clip.first) / clip.fps, words)

    lanes = {TRUE: [bar(e.kind, e.onset, e.offset, e.emotion) for e in video.expressions]}
    lanes |= {name: [bar(s.kind, s.onset, s.offset, s.emotion) for s in spotted] for name, spotted in intervals.items()}
    with store.open_file(folder / f"spot/curves/{clip.id}.h5", "spot") as file:
        (group,) = store.clip_groups(file).values()
        times = (group["frame"][()] - clip.first) / clip.fps
        return LongVideoView(clip.id, clip.origin, times, group["score"][()], lanes)
