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
from argparse import Namespace
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import hard_videos
import numpy as np
import pages
from checkout import folder

from facs_faces import take
from facs_faces.take import Kind
from microexpr.apps import predict
from microexpr.apps.predict import limits, truth
from microexpr.apps.predict.written import EVENTS
from microexpr.core import store
from microexpr.rendering import film
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
    with folder(arguments.keep) as root:
        for seed in seeds:
            for name in arguments.videos:
                for path, events in videos(root, name, seed):
                    prediction = predict.predict(Scan(path), models)
                    tallies[name].add(prediction.expressions, events, len(prediction.video))
                print(f"seed {seed}, {name}: {tallies[name]}", file=sys.stderr, flush=True)
    unfamiliar = {name: tally for name, tally in tallies.items() if name in hard_videos.UNFAMILIAR}
    hard_table(tallies).publish(PAGE, MARK, writes=arguments.write_docs)
    unfamiliar_table(unfamiliar).publish(PAGE, UNFAMILIAR_MARK, writes=arguments.write_docs)
    return 0


def parse() -> Namespace:
    names = (FILMS, hard_videos.SHORT, *hard_videos.SETTINGS)
    parser = pages.parser(__doc__, f"{PAGE}, or {limits.RATES.name}", first=1, seeds=3, keep=None)
    parser.add_argument("--videos", nargs="+", choices=names, default=names, help="default all", metavar="NAME")
    parser.add_argument("--rates", type=int, nargs="+", default=[], help="frames a second of films; no other videos")
    return parser.parse_args()


def videos(root: Path, name: str, seed: int) -> list[tuple[Path, Events]]:
    """Return the videos of a name and a seed, with what is in each; render those that are not there yet."""
    if name != FILMS:
        written = hard_videos.write(root, name, seed)
        return [(path, [(event.kind, event.onset, event.offset) for event in events]) for path, events in written]
    path = render(root / f"film_{seed}.avi", take.Params(), seed)
    rows = read(path.with_suffix(".csv"))
    return [(path, [(row["kind"], int(row["onset"]), int(row["offset"])) for row in rows])]


def render(path: Path, params: take.Params, seed: int) -> Path:
    """Write a film, unless it exists."""
    if not path.with_suffix(".csv").exists():
        film.write(path, params, seed)
    return path


def compare_rates(arguments: Namespace, seeds: range, models: predict.Models) -> int:
    """Print what is spotted in the same films at several rates, its classes, and the errors of its events."""
    rates: dict[str, dict[str, Any]] = {}
    for rate in arguments.rates:
        films = []
        with folder(arguments.keep) as root:
            for seed in seeds:
                path = render(root / f"film_{seed}_{rate}.avi", take.Params(fps=rate), seed)
                films.append(measure(path, path.with_suffix(".csv"), models))
                print(f"{rate} a second, seed {seed}: {films[-1]}", file=sys.stderr, flush=True)
        micro, hits, false = (sum(film[name] for film in films) for name in ("micro", "hits", "false"))
        matched = [expression for film in films for expression in film["expressions"] if expression["true"]]
        right, sure = (np.array([expression[name] for expression in matched], bool) for name in ("right", "sure"))
        errors = [np.subtract([e["interval"][name] for name in EVENTS], e["true"]) / rate for e in matched]
        rates[str(rate)] = {
            "films": len(seeds),
            "micro": micro,
            "hits": hits,
            "false": false,
            "f1": round(Counts(hits, false, micro - hits).f1, 4),
            "right": int(right.sum()),
            "sure": int(sure.sum()),
            "sure_right": int((right & sure).sum()),
            "errors": dict(zip(EVENTS, np.sqrt(np.mean(np.square(errors), axis=0)).round(4).tolist(), strict=True)),
        }
    text = json.dumps({"sha256": models.digest, **pages.origin(), "rates": rates}, indent=2) + "\n"
    print(text)
    if arguments.write_docs:
        store.write_text(limits.RATES, text)
    return 0


def measure(path: Path, truth_path: Path, models: predict.Models) -> dict[str, Any]:
    """Return counts of a film's micro-expressions, and each that is spotted, with the frames of what it hits."""
    prediction = predict.predict(Scan(path), models)
    events, _ = truth.read(truth_path, path)
    true = truth.micro(events, prediction.video.seconds)
    hits, expressions = truth.match(prediction.spans, true), []
    apexes = {int(row["onset"]): int(row["apex"]) for row in read(truth_path)}
    for expression in prediction.expressions:
        if expression.interval.kind == "micro":
            hit = hits.get((expression.interval.onset, expression.interval.offset))
            about = {
                "right": hit is not None and expression.classes.predicted_class == hit.true_class,
                "sure": expression.classes.certainty == "sure",
                "true": hit and (hit.onset, apexes[hit.onset], hit.offset),
            }
            parts = {"interval": asdict(expression.interval), "classes": expression.classes.to_dict()}
            expressions.append(parts | about)
    return {"micro": len(true), "hits": len(hits), "false": len(expressions) - len(hits), "expressions": expressions}


def read(path: Path) -> list[dict[str, str]]:
    """Return the events of a film."""
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def true_spans(events: Events, kind: Kind, frames: int) -> list[Span]:
    """Return what can be spotted: no micro-expression that the video cuts off, and the visible part of others."""
    spans = [(onset, offset) for name, onset, offset in events if name == kind]
    if kind == "micro":
        return [span for span in spans if span[0] >= 0 and span[1] < frames]
    return [(max(0, onset), min(offset, frames - 1)) for onset, offset in spans]


def hard_table(tallies: Mapping[str, Tally]) -> pages.Table:
    table = pages.Table("videos", "micro: of", "hits", "false", "macro: of", "hits", "false")
    for name in [name for name in tallies if name not in hard_videos.UNFAMILIAR]:
        table.add(name, *(n for c in tallies[name].counts.values() for n in (c.hits + c.missed, c.hits, c.false)))
    return table


def unfamiliar_table(tallies: Mapping[str, Tally]) -> pages.Table:
    """Return how sure classes are of videos that are filmed as no clip of the population is."""
    table = pages.Table("other video", "spotted", "with reasons", "highest probability", "most frequent reasons")
    for name, tally in tallies.items():
        micro = tally.counts["micro"]
        reasons = ", ".join(word for word, _ in tally.reasons.most_common(3)) or "-"
        highest = f"{tally.highest:.2f}" if tally.highest else "-"
        table.add(name, micro.hits + micro.false, tally.qualified, highest, reasons)
    return table


if __name__ == "__main__":
    pages.start(main)
