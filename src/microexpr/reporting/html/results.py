"""Results of methods and long videos as a page shows them: standings and tests, files of a method. Computes no figure.

Out of scope: plotly; an interval of a table is positioned in percent of its axis.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from microexpr.core import store
from microexpr.core.clip import LongVideo, join_origins
from microexpr.evaluation import CONFUSION_COLUMNS, FULL, PREDICTION_COLUMNS, curves, spotting
from microexpr.evaluation.rows import Row
from microexpr.models import recognisers
from microexpr.reporting import main_table, method_list, method_tests
from microexpr.reporting.main_table import held_out
from microexpr.reporting.method_tests import DIFFERENT, FLOOR, Comparison
from microexpr.reporting.table import by_figure

Rows = list[dict[str, str]]
Matrix = list[list[int]]
LAST, ORACLE = "last", "oracle_best_test"
TRUE = "true"  # the lane of annotated expressions
KINDS = {
    "": "all methods",
    "better": "better than chance",
    "alike": "not distinguishable from the best",
    "network": "networks",
    "classical": "without a network",
    "published": "with published figures",
}


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
        """Return the method's name, and its classes for a clip by last epoch and oracle. Classes of several seeds are
        separated by commas."""
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
        join_origins(row["origin"] for row in predictions),
        classes,
        {kind: [[cells[*kind, true, predicted] for predicted in classes] for true in classes] for kind in kinds},
        store.read_csv(folder / "curves" / f"{name}.csv", curves.COLUMNS),
        predictions,
    )


def background(name: str, row: Mapping[str, str], shards: Sequence[str]) -> dict[str, Any]:
    """Return the paper of a method on a line, or the reason why it has none, its reference, and params of other values.

    `row` is that of the table, `shards` are the files of its training; values are those that the first was trained
    with. Raises StoreError for a file that cannot be read."""
    kind, reference = recognisers.find(name), method_list.find_reference(name)
    with store.open_file(shards[0], "train") as file:
        values = json.loads(file.attrs["params"]).get(f"methods.{name}", {})
    others = row["differs_from_paper"].split(", ")
    params = [param for param in method_list.fields(kind.Params, values) if param.name.partition(".")[0] in others]
    paper = reference.text if reference else kind.paper
    return {"paper": paper, "reference": reference, "other_params": params}


class Bar(NamedTuple):
    """An expression in a chart over time."""

    kind: str
    start: float  # seconds since the first frame
    end: float
    words: str


class LongVideoView(NamedTuple):
    """The content of a long video with T frames read."""

    id: str
    origin: str
    times: np.ndarray  # float64[T], seconds since the first frame
    score: np.ndarray  # float64[T], deviations of its noise by which the unit that moves most stands out
    lanes: Mapping[str, Sequence[Bar]]  # expressions: `TRUE`, first, and those that each method spotted, by its name


def long_videos(rows: Sequence[Mapping[str, Any]], methods: Iterable[str], folder: Path) -> list[LongVideoView]:
    """Read the views of the videos in these rows, below a folder of results. Raises StoreError for a file that is
    missing or cannot be read."""
    videos = [LongVideo.from_row(dict(row)) for row in rows]
    by_method = {name: spotting.read(folder / f"spot/found/{name}.h5", videos)[1] for name in methods}
    views = []
    for clip, expressions in ((video.clip, video.expressions) for video in videos):
        spans = {TRUE: expressions} | {name: intervals[clip.id] for name, intervals in by_method.items()}
        lanes = {
            name: [
                Bar(s.kind, (s.onset - clip.first) / clip.fps, (s.offset + 1 - clip.first) / clip.fps,
                    f"{s.emotion}, frames {s.onset} to {s.offset}".removeprefix(", "))
                for s in of_lane
            ]
            for name, of_lane in spans.items()
        }  # fmt: skip
        with store.open_file(folder / f"spot/curves/{clip.id}.h5", "spot") as file:
            (group,) = store.clip_groups(file).values()
            times = (group["frame"][()] - clip.first) / clip.fps
            views.append(LongVideoView(clip.id, clip.origin, times, group["score"][()], lanes))
    return views


@dataclass(frozen=True, slots=True)
class Standing:
    """One method: its row of the table, its rank, its tests, None against itself or where no test exists."""

    rank: int
    row: Mapping[str, str]
    kinds: list[str]  # of `KINDS`
    against_chance: Comparison | None  # its UAR with that of the floor, which guesses
    against_floor: Comparison | None
    against_best: Comparison | None
    notes: list[str]

    @property
    def name(self) -> str:
        return self.row["method"]

    @property
    def interval(self) -> str:
        """The interval of UF1, as in the table."""
        return f"{self.row['full_uf1_low']} to {self.row['full_uf1_high']}"


class Tile(NamedTuple):
    """One figure of the headline."""

    title: str
    figure: str
    below: str
    method: str = ""  # to which the figure links


def standings(rows: Sequence[Mapping[str, str]], pairs: Sequence[Row]) -> list[Standing]:
    """Return the methods by UF1. `rows` are those of the table, `pairs` those of `evaluation.pairs`. Tests against the
    floor are corrected for their number, tests against the best, which these clips chose, for all pairs."""
    ordered = by_figure(rows, "full_uf1")
    best_name, of_best = method_tests.pairs_of_best(rows, pairs)
    chance, floor, best = (
        {test.method: test for test in method_tests.comparisons(reference, pairs, metric)}
        for reference, metric in ((FLOOR, "uar"), (FLOOR, "uf1"), (best_name, "uf1"))
    )
    best = {name: test._replace(p_holm=of_best[name]["p_holm"]) for name, test in best.items()}
    methods = []
    for rank, row in enumerate(ordered, 1):
        against_chance, against_best = chance.get(row["method"]), best.get(row["method"])
        holds = {
            "better": against_chance is not None and bool(method_tests.above_chance([against_chance])),
            "alike": against_best is not None and against_best.p_holm >= DIFFERENT,
            "network": row["parameters"] not in ("", "0"),
            "classical": row["parameters"] == "0",
            "published": bool(row["published_full_uf1"]),
        }
        tests = against_chance, floor.get(row["method"]), against_best
        methods.append(Standing(rank, row, [kind for kind in holds if holds[kind]], *tests, main_table.notes(row)))
    return methods


def kinds(methods: Sequence[Standing]) -> dict[str, str]:
    """Return the `KINDS` that a method has, to choose from."""
    return {kind: title for kind, title in KINDS.items() if not kind or any(kind in method.kinds for method in methods)}


def tiles(methods: Sequence[Standing], datasets: int) -> list[Tile]:
    """Return the headline: the best method, the floor, the two families of tests, and how much was tested."""
    best = methods[0]
    headline = [_figure("highest UF1", best)]
    headline += [_figure(f"UF1 of {FLOOR}, the floor", method) for method in methods if method.name == FLOOR]
    above = [method for method in methods if method.against_chance]
    others = [method for method in methods if method.against_best]
    families = {
        "better": ("UAR better than chance", above, f"< {DIFFERENT}, corrected for {_count(len(above), 'test')}"),
        "alike": (
            "not distinguishable from the best",
            others,
            f"≥ {DIFFERENT}, corrected for {_count(math.comb(len(others) + 1, 2), 'pair')}",
        ),
    }
    for kind, (title, tested, below) in families.items():
        if tested:
            count = sum(kind in method.kinds for method in tested)
            headline.append(Tile(title, f"{count} of {len(tested)}", f"p {below}"))
    tested_on = f"{best.row['subjects']} subjects, {held_out(best.row)}, {_count(datasets, 'data set')}"
    return [*headline, Tile("clips", best.row["clips"], tested_on)]


def _figure(title: str, method: Standing) -> Tile:
    return Tile(title, method.row["full_uf1"], f"95 % interval {method.interval}", method.name)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def percent(value: float | str, start: float = 0.0, end: float = 1.0) -> str:
    """Return the position of a value on an axis, in percent."""
    return f"{100 * (float(value) - start) / (end - start):.2f}%"


def span(tests: Sequence[Comparison | None]) -> tuple[float, float]:
    """Return the start and end of an axis of differences, in tenths: around 0 and all intervals, never empty."""
    low, high = ([round(10 * getattr(test, side), 6) for test in tests if test] for side in ("low", "high"))
    start, end = math.floor(min(low, default=0)), math.ceil(max(high, default=0))
    return min(start, 0) / 10, max(end, min(start, 0) + 1, 0) / 10


def ticks(start: float, end: float) -> list[float]:
    """Return the positions to label on an axis of differences: 0, and each end that is not too near to it."""
    return sorted({0.0, *(at for at in (start, end) if abs(at) > (end - start) / 5)})
