"""Micro- and macro-expressions that `predict` spots in rendered videos: hits, false ones, F1 at IoU 0.5.

    python studies/spotting.py                  # tables
    python studies/spotting.py --write-docs     # into docs/predict.md
    python studies/spotting.py --rates 25 30 60 --write-docs    # the same films at other rates, with classes; no more

Films are those of `microexpr film`; the hard videos are those of hard_videos.py. Settings of spotting were chosen on
seeds from 101 on; others are counted by default.
"""

import csv
import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path

import hard_videos
import pages

from microexpr.apps import predict
from microexpr.apps.predict import footage, truth
from microexpr.core import arithmetic
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
    """Print what is spotted in the same films at several rates, and how often the class of a hit is right."""
    lines = [
        "| frames a second | micro-expressions | hits | false | F1 | class right | of those that are sure |",
        "|" + " --- |" * 7,
    ]
    with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
        for rate in arguments.rates:
            counts, right, sure = Counts(), [], []
            for seed in seeds:
                path = render(Path(folder) / f"film_{seed}_{rate}.avi", take.Params(fps=rate), seed)
                true = truth.read(path.with_suffix(".csv"))
                prediction = predict.predict(footage.open_footage(path, None), models)
                hits = truth.match(prediction.spans, true)
                expressions = {(e.interval.onset, e.interval.offset): e for e in prediction.expressions}
                counts += count(prediction.spans, [event.span for event in true])
                right += [expressions[span].predicted_class == event.true_class for span, event in hits.items()]
                sure += [expressions[span].certainty == "sure" for span in hits]
                print(f"{rate} a second, seed {seed}: {counts}", file=sys.stderr, flush=True)
            kept = [is_right for is_right, is_sure in zip(right, sure, strict=True) if is_sure]
            lines.append(
                f"| {rate} | {counts.hits + counts.missed} | {counts.hits} | {counts.false} | {counts.f1:.3f} "
                f"| {sum(right)} of {len(right)} | {sum(kept)} of {len(kept)} |"
            )
    text = "\n".join([*lines, "", pages.source()])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, RATES_MARK, text)
    return 0


def spot(path: Path, events: Events, models: predict.Models) -> dict[Kind, Counts]:
    """Return the counts of each kind in one video.

    A micro-expression that the video cuts off is none to be found; of a macro-expression its visible part is."""
    results = path.with_suffix(".json")
    if not results.exists():
        prediction = predict.predict(footage.open_footage(path, None), models)
        intervals = [expression.interval for expression in prediction.expressions]
        spans = {kind: [(i.onset, i.offset) for i in intervals if i.kind == kind] for kind in KINDS}
        results.write_text(json.dumps({"frames": prediction.footage.frames, **spans}), encoding="utf-8")
    spotted = json.loads(results.read_text(encoding="utf-8"))
    return {kind: count(spotted[kind], true_spans(events, kind, spotted["frames"])) for kind in KINDS}


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
