"""Micro- and macro-expressions that `predict` spots in rendered videos: hits, false ones, F1 at IoU 0.5.

    python studies/spotting.py --write-docs     # tables, also into docs/predict.md
    python studies/spotting.py --rates 25 30 50 60 100 200 --write-docs    # the same films at other rates, with classes
                                # and errors, into the package, from where the command prints them; no more

Films are those of `microexpr film`; other videos are those of hard_videos.py: hard to spot in, or filmed as no clip of
the population is. Settings of spotting were chosen on seeds from 101 on; others are counted by default.
"""

import csv
import json
import re
import sys
import tempfile
from argparse import Namespace
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hard_videos
import numpy as np
import pages

from microexpr.apps import predict
from microexpr.apps.predict import limits, truth
from microexpr.apps.predict.written import EVENTS
from microexpr.core import arithmetic, store
from microexpr.rendering import film, take
from microexpr.rendering.take import Kind
from microexpr.signals.spotting.hits import Counts, Span, count
from microexpr.videos import Scan

PAGE, MARK = "docs/predict.md", "study-spotting"
UNFAMILIAR_MARK = f"{MARK}-unfamiliar"
KINDS: tuple[Kind, ...] = ("micro", "macro")
FILMS = "films of 60 s"
Events = list[tuple[str, int, int]]  # kind, onset, offset in frames


@dataclass
class Tally:
    """Counts of videos of one name, and how the classes of their micro-expressions are qualified."""

    counts: dict[Kind, Counts] = field(default_factory=lambda: dict.fromkeys(KINDS, Counts()))
    qualified: int = 0  # spotted micro-expressions with a reason against their class
    reasons: Counter[str] = field(default_factory=Counter)  # without their figures
    highest: float = 0.0  # probability of a class

    def add(self, expressions: Sequence[predict.Expression], events: Events, frames: int) -> None:
        """Count a video of some frames."""
        intervals = [expression.interval for expression in expressions]
        spotted = {kind: [(i.onset, i.offset) for i in intervals if i.kind == kind] for kind in KINDS}
        counts = {kind: count(spotted[kind], true_spans(events, kind, frames)) for kind in KINDS}
        self.counts = {kind: self.counts[kind] + counts[kind] for kind in KINDS}
        self.qualified += sum(bool(expression.classes.reasons) for expression in expressions)
        self.reasons.update(re.split(r" -?\d", reason)[0] for e in expressions for reason in e.classes.reasons)
        self.highest = max([self.highest, *(p for e in expressions for p in e.classes.probabilities.values())])


def main() -> int:
    arguments = parse()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    models = predict.Models.load(None, Path())
    if arguments.rates:
        return compare_rates(arguments, seeds, models)
    tallies: dict[str, Tally] = defaultdict(Tally)
    with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for name in arguments.videos:
                for path, events in videos(Path(folder), name, seed):
                    prediction = predict.predict(Scan(path), models)
                    tallies[name].add(prediction.expressions, events, len(prediction.video))
                print(f"seed {seed}, {name}: {tallies[name]}", file=sys.stderr, flush=True)
    unfamiliar = {name: tally for name, tally in tallies.items() if name in hard_videos.UNFAMILIAR}
    for mark, lines in ((MARK, hard_table(tallies)), (UNFAMILIAR_MARK, unfamiliar_table(unfamiliar))):
        pages.publish(PAGE, mark, lines, writes=arguments.write_docs)
    return 0


def parse() -> Namespace:
    names = (FILMS, hard_videos.SHORT, *hard_videos.SETTINGS)
    parser = pages.parser(__doc__, f"{PAGE}, or {limits.RATES.name}")
    parser.add_argument("--first", type=int, default=1, help="the least seed, default 1")
    parser.add_argument("--seeds", type=int, default=3, help="how many from there on, default 3")
    parser.add_argument("--videos", nargs="+", choices=names, default=names, help="default all", metavar="NAME")
    parser.add_argument("--keep", type=Path, help="a folder for the videos, which are rendered unless they are there")
    parser.add_argument("--rates", type=int, nargs="+", default=[], help="frames a second of films; no other videos")
    return parser.parse_args()


def videos(folder: Path, name: str, seed: int) -> list[tuple[Path, Events]]:
    """Return the videos of a name and a seed, with what is in each; render those that are not there yet."""
    if name != FILMS:
        written = hard_videos.write(folder, name, seed)
        return [(path, [(event.kind, event.onset, event.offset) for event in events]) for path, events in written]
    path = render(folder / f"film_{seed}.avi", take.Params(), seed)
    with path.with_suffix(".csv").open(newline="", encoding="utf-8") as text:
        return [(path, [(row["kind"], int(row["onset"]), int(row["offset"])) for row in csv.DictReader(text)])]


def render(path: Path, params: take.Params, seed: int) -> Path:
    """Write a film, unless it exists."""
    if not path.with_suffix(".csv").exists():
        film.write(path, params, seed)
    return path


def compare_rates(arguments: Namespace, seeds: range, models: predict.Models) -> int:
    """Print what is spotted in the same films at several rates, its classes, and the errors of its events."""
    measured: dict[str, dict[str, Any]] = {}
    for rate in arguments.rates:
        counts, right, sure, errors = Counts(), [], [], []
        with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
            for seed in seeds:
                path = render(Path(folder) / f"film_{seed}_{rate}.avi", take.Params(fps=rate), seed)
                true, apexes = truth.read(path.with_suffix(".csv")), read_apexes(path.with_suffix(".csv"))
                prediction = predict.predict(Scan(path), models)
                expressions = {(e.interval.onset, e.interval.offset): e for e in prediction.expressions}
                counts += count(prediction.spans, [event.span for event in true])
                for span, event in truth.match(prediction.spans, true).items():
                    spotted = expressions[span]
                    right.append(spotted.predicted_class == event.true_class)
                    sure.append(spotted.certainty == "sure")
                    times = (event.onset, apexes[event.onset], event.offset)
                    errors.append(np.subtract([getattr(spotted.interval, name) for name in EVENTS], times) / rate)
                print(f"{rate} a second, seed {seed}: {counts}", file=sys.stderr, flush=True)
        measured[str(rate)] = {
            "films": len(seeds),
            "micro": counts.hits + counts.missed,
            "hits": counts.hits,
            "false": counts.false,
            "f1": round(counts.f1, 4),
            "right": sum(right),
            "sure": sum(sure),
            "sure_right": sum(np.logical_and(right, sure).tolist()),
            "errors": dict(zip(EVENTS, np.sqrt(np.mean(np.square(errors), axis=0)).round(4).tolist(), strict=True)),
        }
    origin = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": pages.commit(), "cpu": pages.cpu_model()}
    text = json.dumps({"sha256": models.digest, **origin, "rates": measured}, indent=2) + "\n"
    print(text)
    if arguments.write_docs:
        store.write_text(limits.RATES, text)
    return 0


def read_apexes(path: Path) -> dict[int, int]:
    """Return the apex of each event of a film by its onset."""
    with path.open(newline="", encoding="utf-8") as text:
        return {int(row["onset"]): int(row["apex"]) for row in csv.DictReader(text)}


def true_spans(events: Events, kind: Kind, frames: int) -> list[Span]:
    """Return what can be spotted: no micro-expression that the video cuts off, and the visible part of others."""
    spans = [(onset, offset) for name, onset, offset in events if name == kind]
    if kind == "micro":
        return [span for span in spans if span[0] >= 0 and span[1] < frames]
    return [(max(0, onset), min(offset, frames - 1)) for onset, offset in spans]


def hard_table(tallies: Mapping[str, Tally]) -> list[str]:
    lines = ["| videos | micro: of | hits | false | macro: of | hits | false |", "|" + " --- |" * 7]
    for name in [name for name in tallies if name not in hard_videos.UNFAMILIAR]:
        cells = [f"{c.hits + c.missed} | {c.hits} | {c.false}" for c in tallies[name].counts.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def unfamiliar_table(tallies: Mapping[str, Tally]) -> list[str]:
    """Return how sure classes are of videos that are filmed as no clip of the population is."""
    lines = ["| other video | spotted | with reasons | highest probability | most frequent reasons |"]
    lines.append("|" + " --- |" * 5)
    for name, tally in tallies.items():
        micro = tally.counts["micro"]
        reasons = ", ".join(word for word, _ in tally.reasons.most_common(3)) or "-"
        highest = f"{tally.highest:.2f}" if tally.highest else "-"
        lines.append(f"| {name} | {micro.hits + micro.false} | {tally.qualified} | {highest} | {reasons} |")
    return lines


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
