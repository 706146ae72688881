"""Results that a page shows: the evaluate stage's of each method, and long videos. Counts clips; computes no figure."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.expression import LongVideo
from microexpr.evaluation import CONFUSION_COLUMNS, FULL, PREDICTION_COLUMNS, curves, spotting
from microexpr.models import recognisers
from microexpr.reporting import param_list, references

Rows = list[dict[str, str]]
Matrix = list[list[int]]
LAST, ORACLE = "last", "oracle_best_test"
TRUE = "true"  # the lane of annotated expressions


@dataclass(frozen=True, slots=True)
class Method:
    """One method under a protocol."""

    name: str
    origin: str
    classes: list[str]
    confusions: Mapping[tuple[str, str], Matrix]  # by selection and scope
    curve: Rows  # by epoch
    predictions: Rows

    @property
    def scopes(self) -> list[str]:
        """The data sets, without the scope of all of them together."""
        return [scope for selection, scope in self.confusions if selection == LAST and scope != FULL]

    @property
    def has_curve(self) -> bool:
        """Whether its test UF1 is known after more than one epoch."""
        return sum(bool(row["uf1"]) for row in self.curve) > 1

    def correct_by_subject(self) -> dict[str, tuple[int, int]]:
        """Return, by subject, the correct clips of the last epoch and all clips; over all seeds."""
        correct: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for row in self.predictions:
            if row["selection"] == LAST:
                subject = row["clip"].rsplit("/", 1)[0]
                total[subject] += 1
                correct[subject] += row["truth"] == row["predicted"]
        return {subject: (correct[subject], total[subject]) for subject in sorted(total)}

    def predictions_of(self, clip: str) -> tuple[str, str, str]:
        """Return the method's name, and its classes for a clip by last epoch and oracle.

        Classes of several seeds are separated by commas.
        """
        predicted: defaultdict[str, list[str]] = defaultdict(list)
        for row in self.predictions:
            if row["clip"] == clip:
                predicted[row["selection"]].append(row["predicted"])
        last, oracle = (", ".join(dict.fromkeys(predicted[name])) or "not tested" for name in (LAST, ORACLE))
        return self.name, last, oracle

    def true_class(self, clip: str) -> str:
        """Return the clip's class, "" for one that is not tested."""
        return next((row["truth"] for row in self.predictions if row["clip"] == clip), "")


def read(folder: Path, name: str) -> Method:
    """Read a method's files below results/evaluate/<protocol>. Raises StoreError for one that cannot be read."""
    predictions = store.read_csv(folder / f"{name}_predictions.csv", PREDICTION_COLUMNS)
    rows = store.read_csv(folder / f"{name}_confusion.csv", CONFUSION_COLUMNS)
    classes = list(dict.fromkeys(row["truth"] for row in rows))
    cells = {(row["selection"], row["scope"], row["truth"], row["predicted"]): int(row["clips"]) for row in rows}
    kinds = dict.fromkeys((row["selection"], row["scope"]) for row in rows)
    return Method(
        name,
        "+".join(dict.fromkeys(row["origin"] for row in predictions)),
        classes,
        {kind: [[cells[*kind, true, predicted] for predicted in classes] for true in classes] for kind in kinds},
        store.read_csv(folder / "curves" / f"{name}.csv", curves.COLUMNS),
        predictions,
    )


@dataclass(frozen=True, slots=True)
class Background:
    """The paper of a method, and its departures in params."""

    paper: str  # one-line reference, or the reason why there is none
    reference: references.Reference | None
    other_params: list[param_list.Param]  # with other values than the paper's


def background(name: str, row: Mapping[str, str], shards: Sequence[str]) -> Background:
    """Return the background of a method: `row` is that of the table, `shards` are the files of its training.

    Values are those that the first file was trained with. Raises StoreError for a file that cannot be read."""
    kind, reference = recognisers.find(name), references.find(name)
    with store.open_file(shards[0], "train") as file:
        values = json.loads(file.attrs["params"]).get(f"methods.{name}", {})
    others = row["differs_from_paper"].split(", ")
    params = [param for param in param_list.fields(kind.Params, values) if param.name.partition(".")[0] in others]
    return Background(reference.text if reference else kind.paper, reference, params)


@dataclass(frozen=True, slots=True)
class Bar:
    """An expression in a chart over time."""

    kind: str
    start: float  # seconds since the first frame
    end: float
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class LongVideoView:
    """The content of a long video with T frames read."""

    id: str
    origin: str
    times: np.ndarray  # float64[T], seconds since the first frame
    score: np.ndarray  # float64[T], deviations of its noise by which the unit that moves most stands out
    lanes: Mapping[str, Sequence[Bar]]  # expressions: `TRUE`, first, and those that each method spotted, by its name


def long_videos(rows: Sequence[Mapping[str, Any]], methods: Iterable[str], folder: Path) -> list[LongVideoView]:
    """Read the views of the videos in these rows, below a folder of results.

    Raises StoreError for a file that is missing or cannot be read."""
    videos = [LongVideo.from_row(dict(row)) for row in rows]
    by_method = {name: spotting.read(folder / f"spot/found/{name}.h5", videos)[1] for name in methods}
    views = []
    for clip, expressions in ((video.clip, video.expressions) for video in videos):
        spans: dict[str, list[tuple[str, int, int, str]]] = {}
        spans[TRUE] = [(e.kind, e.onset, e.offset, e.emotion) for e in expressions]
        for name, intervals in by_method.items():
            spans[name] = [(s.kind, s.onset, s.offset, s.emotion) for s in intervals[clip.id]]
        lanes = {
            name: [
                Bar(kind, (onset - clip.first) / clip.fps, (offset + 1 - clip.first) / clip.fps,
                    f"{emotion}, frames {onset} to {offset}".removeprefix(", "))
                for kind, onset, offset, emotion in of_lane
            ]
            for name, of_lane in spans.items()
        }  # fmt: skip
        with store.open_file(folder / f"spot/curves/{clip.id}.h5", "spot") as file:
            (group,) = store.clip_groups(file).values()
            times = (group["frame"][()] - clip.first) / clip.fps
            views.append(LongVideoView(clip.id, clip.origin, times, group["score"][()], lanes))
    return views
