"""Micro- and macro-expressions that `predict` spots in rendered videos: hits, false ones, F1 at IoU 0.5.

    python studies/spotting.py                  # tables
    python studies/spotting.py --write-docs     # into docs/predict.md
    python studies/spotting.py --rates 25 30 50 60 100 200 --write-docs    # the same films at other rates, with classes
                                # and errors, also into the package, from where the command prints them; no more

Films are those of `microexpr film`; the hard videos are those of hard_videos.py. Settings of spotting were chosen on
seeds from 101 on; others are counted by default.
"""

import csv
import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections import defaultdict
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hard_videos
import numpy as np
import pages

from microexpr.apps import predict
from microexpr.apps.predict import footage, rates, truth
from microexpr.apps.predict.written import EVENTS
from microexpr.core import arithmetic, store
from microexpr.rendering import film, take
from microexpr.rendering.take import Kind
from microexpr.signals.spotting.hits import Counts, Span, count

PAGE, MARK, RATES_MARK = "docs/predict.md", "study-spotting", "study-spotting-rates"
KINDS: tuple[Kind, ...] = ("micro", "macro")
FILMS = "films of 60 s"
Events = list[tuple[str, int, int]]  # kind, onset, offset in frames


def main() -> int:
    arguments = parse()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    models = predict.Models.load(None, Path())
    if arguments.rates:
        return compare_rates(arguments, seeds, models)
    by_seed: dict[int, Counts] = {}
    by_setting: dict[str, dict[str, Counts]] = defaultdict(lambda: defaultdict(Counts))
    with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for name in arguments.videos:
                if name != FILMS and seed >= arguments.first + arguments.hard_seeds:
                    continue
                for path, events in videos(Path(folder), name, seed):
                    counts = spot(path, events, models)
                    for kind in KINDS:
                        by_setting[name][kind] += counts[kind]
                    if name == FILMS:
                        by_seed[seed] = counts["micro"]
                print(f"seed {seed}, {name}: {dict(by_setting[name])}", file=sys.stderr, flush=True)
    hard = f"All films, and hard videos of the first {arguments.hard_seeds} of these seeds:"
    lines = [*films_table(by_seed), "", hard, "", *hard_table(by_setting), "", pages.source()]
    print("\n".join(lines))
    if arguments.write_docs:
        pages.write(PAGE, MARK, "\n".join(lines))
    return 0


def parse() -> Namespace:
    names = (FILMS, *hard_videos.NAMES)
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=1, help="the least seed, default 1")
    parser.add_argument("--seeds", type=int, default=3, help="how many from there on, default 3")
    parser.add_argument("--hard-seeds", type=int, default=3, help="how many of these for the hard videos, default 3")
    parser.add_argument("--videos", nargs="+", choices=names, default=names, help="default all", metavar="NAME")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the videos; those that are there are not rendered again"
    )
    parser.add_argument("--rates", type=int, nargs="+", default=[], help="frames a second of films; no other videos")
    parser.add_argument("--write-docs", action="store_true", help=f"write the tables into {PAGE}")
    return parser.parse_args()


def videos(folder: Path, name: str, seed: int) -> list[tuple[Path, Events]]:
    """Return the videos of a name and a seed, with what is in each; render those that are not there yet."""
    if name != FILMS:
        made = hard_videos.write(folder, name, seed)
        return [(path, [(event.kind, event.onset, event.offset) for event in events]) for path, events in made]
    path = render(folder / f"film_{seed}.avi", take.Params(), seed)
    with path.with_suffix(".csv").open(newline="", encoding="utf-8") as text:
        return [(path, [(row["kind"], int(row["onset"]), int(row["offset"])) for row in csv.DictReader(text)])]


def render(path: Path, params: take.Params, seed: int) -> Path:
    """Write a film, unless it is there."""
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
                prediction = predict.predict(footage.open_footage(path, None), models)
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
    text = "\n".join([*rates_table(measured), "", pages.source()])
    print(text)
    if arguments.write_docs:
        origin = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": pages.commit(), "cpu": pages.cpu_model()}
        contents = {"sha256": models.digest, **origin, "rates": measured}
        store.write_text(rates.FILE, json.dumps(contents, indent=2) + "\n")
        pages.write(PAGE, RATES_MARK, text)
    return 0


def read_apexes(path: Path) -> dict[int, int]:
    """Return the apex of each event of a film by its onset."""
    with path.open(newline="", encoding="utf-8") as text:
        return {int(row["onset"]): int(row["apex"]) for row in csv.DictReader(text)}


def rates_table(measured: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = [
        "| frames a second | micro-expressions | hits | false | F1 | class right | sure and right "
        "| error of onset, apex, offset, s |",
        "|" + " --- |" * 8,
    ]
    for rate, about in measured.items():
        errors = ", ".join(f"{seconds:.3f}" for seconds in about["errors"].values())
        lines.append(
            f"| {rate} | {about['micro']} | {about['hits']} | {about['false']} | {about['f1']:.3f} "
            f"| {about['right']} of {about['hits']} | {about['sure_right']} of {about['sure']} | {errors} |"
        )
    return lines


def spot(path: Path, events: Events, models: predict.Models) -> dict[Kind, Counts]:
    """Return the counts of each kind in one video.

    A micro-expression that the video cuts off is none to be found; of a macro-expression its visible part is."""
    prediction = predict.predict(footage.open_footage(path, None), models)
    intervals, frames = [expression.interval for expression in prediction.expressions], prediction.footage.frames
    spotted = {kind: [(i.onset, i.offset) for i in intervals if i.kind == kind] for kind in KINDS}
    return {kind: count(spotted[kind], true_spans(events, kind, frames)) for kind in KINDS}


def true_spans(events: Events, kind: Kind, frames: int) -> list[Span]:
    spans = [(onset, offset) for name, onset, offset in events if name == kind]
    if kind == "micro":
        return [span for span in spans if span[0] >= 0 and span[1] < frames]
    return [(max(0, onset), min(offset, frames - 1)) for onset, offset in spans]


def films_table(by_seed: dict[int, Counts]) -> list[str]:
    lines = ["| film | hits | false | missed | F1 |", "| --- | --- | --- | --- | --- |"]
    rows = {f"seed {seed}": counts for seed, counts in by_seed.items()} | {"all": sum(by_seed.values(), Counts())}
    return lines + [f"| {name} | {c.hits} | {c.false} | {c.missed} | {c.f1:.3f} |" for name, c in rows.items()]


def hard_table(by_setting: dict[str, dict[str, Counts]]) -> list[str]:
    lines = ["| videos | micro: of | hits | false | macro: of | hits | false |", "|" + " --- |" * 7]
    for name, counts in by_setting.items():
        cells = [f"{c.hits + c.missed} | {c.hits} | {c.false}" for c in (counts[kind] for kind in KINDS)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
