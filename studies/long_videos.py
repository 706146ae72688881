"""The table of long videos on rendered corpora of several seeds, also of faces at rest, and how its figures go wrong.

    python studies/long_videos.py --null 2 3 --write-docs    # docs/long-videos.md; some ten minutes a seed

Each corpus seed is a run of params.yaml in a folder of its own, work/studies/long_videos/<seed>, with `--null` as well
with faces at rest under the same annotation; what is there already is not computed again.
"""

import shutil
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pages
from checkout import compute, scratch
from scipy.stats import combine_pvalues

from microexpr import datasets
from microexpr.cli import config
from microexpr.core import store
from microexpr.core.expression import KINDS, Kind, LongVideo
from microexpr.datasets.layout import LongLayout
from microexpr.evaluation import spotting
from microexpr.evaluation.metrics import holm
from microexpr.evaluation.spotting import Intervals
from microexpr.models import spotters
from microexpr.reporting import spot_table
from microexpr.training.spot import read_curves

FOLDER = scratch.ROOT / "work/studies/long_videos"
SEEDS = (2, 3, 4)
PAGE, TRAPS, MARK = "docs/long-videos.md", "docs/how-figures-go-wrong.md", "study-long-videos"
TABLE, PAIRED = "results/megc2025_table.csv", "results/spot/paired.csv"
CLOSE = 0.5  # seconds between two intervals that are merged
RATE = 60  # frames a second, in place of 30
THRESHOLDS = np.arange(1, 100, 2) / 100


def main() -> int:
    arguments = parse()
    values = config.load("params.yaml")
    roots = [run(values, seed, arguments) for seed in arguments.seeds]
    tables = [spot_table.read(root / TABLE) for root in roots]
    text = "\n".join(
        [*summary(tables, roots), "", f"Corpus seeds {', '.join(map(str, arguments.seeds))}. {pages.source()}"]
    )
    print(text)
    chance, biased = at_rest(values, arguments)
    traps = ""
    if arguments.traps:
        numbers = f"Corpus seeds {', '.join(map(str, arguments.seeds))}."
        traps = "\n".join([*wrong_ways(values, roots, arguments), "", f"{numbers} {pages.source()}"])
    print("\n".join(["", *chance, "", traps]))
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
        if chance:
            pages.write(PAGE, f"{MARK}-null", "\n".join([*chance, "", pages.source()]))
        if traps:
            pages.write(TRAPS, MARK, traps)
    for name in biased:
        print(f"{name}: spots what is not there more often than chance", file=sys.stderr)
    return 1 if biased else 0


def parse() -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="corpus seeds, default 2 to 4")
    parser.add_argument("--null", type=int, nargs="*", default=[], help="corpus seeds of faces at rest")
    parser.add_argument("--traps", action="store_true", help="also how F1 changes in wrong ways; measures again")
    parser.add_argument("--cores", type=int, default=2, help="jobs at once, default 2")
    parser.add_argument("--keep", type=Path, default=FOLDER, help=f"the folder to run in, default {FOLDER}")
    parser.add_argument("--write-docs", action="store_true", help=f"write tables into {PAGE} and {TRAPS}")
    return parser.parse_args()


def run(values: dict, seed: int, arguments: Namespace, difficulty: str = "standard") -> Path:
    """Return the folder of a run. Raises CalledProcessError where it fails, after Snakemake has said why."""
    root = arguments.keep.resolve() / (str(seed) if difficulty == "standard" else f"{difficulty}-{seed}")
    scratch.copy(root)
    render = values["render"] | {"difficulty": difficulty}
    compute(root, values | {"seed": seed, "origin": "generated", "render": render}, arguments.cores, TABLE)
    return root


def summary(tables: Sequence[Sequence[Mapping[str, str]]], roots: Sequence[Path]) -> list[str]:
    """Return the means over corpora of each method, the highest F1 first; in brackets the range."""
    keys = ("chance_f1", "macro_f1", "false_a_minute", "uf1", "strs")
    titles = ("micro F1", "chance", "macro F1", "false in a minute", "UF1 of hits", "STRS")
    by_method: dict[str, list[Mapping[str, str]]] = {}
    for row in (row for table in tables for row in table if row["method"]):
        by_method.setdefault(row["method"], []).append(row)
    lines = [f"| method | {' | '.join(titles)} |", f"| --- {'| ---: ' * len(titles)}|"]
    ordered = sorted(by_method, key=lambda name: -mean(by_method[name], "micro_f1"))
    for name in ordered:
        rows = by_method[name]
        low, high = (extreme(float(row["micro_f1"]) for row in rows) for extreme in (min, max))
        cells = [f"{mean(rows, 'micro_f1'):.3f} ({low:.3f} to {high:.3f})", *(f"{mean(rows, key):.3f}" for key in keys)]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    first = tables[0][0]
    counts = f"{first['videos']} videos, {float(first['minutes']):.1f} minutes, of {first['subjects']} subjects"
    best, paired = ordered[0], [store.read_csv(root / PAIRED, spot_table.PAIRED_COLUMNS) for root in roots]
    tests = [f"`{other}` {largest(paired, best, other):.2g}" for other in ordered[1:]]
    return [*lines, "", f"{counts} each. Largest p of `{best}` against the others: {', '.join(tests)}."]


def largest(paired: Sequence[Sequence[Mapping[str, str]]], best: str, other: str) -> float:
    """Return the largest p of two methods' F1 of micro-expressions in any corpus."""
    return max(
        float(row["p"])
        for rows in paired
        for row in rows
        if row["kind"] == "micro" and {row["first"], row["second"]} == {best, other}
    )


def mean(rows: Sequence[Mapping[str, str]], key: str) -> float:
    return float(np.mean([float(row[key] or 0) for row in rows]))


def at_rest(values: dict, arguments: Namespace) -> tuple[list[str], list[str]]:
    """Return F1 against annotations of faces that show nothing, and the methods that are above chance there."""
    rows = []
    for seed in arguments.null:
        root = run(values, seed, arguments, "null")
        rows += [row for row in spot_table.read(root / TABLE) if row["method"]]
    if not rows:
        return [], []
    by_method = {
        name: [row for row in rows if row["method"] == name] for name in dict.fromkeys(r["method"] for r in rows)
    }
    combined = {
        name: float(combine_pvalues([float(row["p_chance"]) for row in own]).pvalue) for name, own in by_method.items()
    }
    corrected = dict(zip(combined, holm([*combined.values()]), strict=True))
    lines = ["| method | micro F1 | chance | p | corrected |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, own in by_method.items():
        figures = f"{mean(own, 'micro_f1'):.3f} | {mean(own, 'chance_f1'):.3f}"
        lines.append(f"| `{name}` | {figures} | {combined[name]:.2g} | {corrected[name]:.2g} |")
    seeds = ", ".join(map(str, arguments.null))
    note = (
        f"Corpus seeds {seeds}. p over all corpora by Fisher's method, corrected for the number of methods by Holm's."
    )
    return [*lines, "", note], [name for name, p in corrected.items() if p < 0.05]


def wrong_ways(values: dict, roots: Sequence[Path], arguments: Namespace) -> list[str]:
    """Return F1 of micro-expressions as it is, and by one choice more, mean over corpora."""
    names = list(config.check_cached(values)["spotters"])
    honest = {name: [] for name in names}
    nearest, close, chosen, faster = ({name: [] for name in names} for _ in range(4))
    for root in roots:
        videos = read_videos(root)
        other = arguments.keep.resolve() / f"{root.name}-rate{RATE}"
        if not other.exists():
            shutil.copytree(root, other, symlinks=True)
        scratch.copy(other)  # this checkout's code, where the folder is of an earlier one
        own = config.load(root / "params.yaml")
        compute(other, own | {"spot": own["spot"] | {"rate": RATE}}, arguments.cores, TABLE)
        curves = {v.clip.id: read_curves(root / curve_file(v)) for v in videos}
        for name in names:
            intervals = spotting.read(root / f"results/spot/found/{name}.h5", videos)[1]
            honest[name].append(f1(videos, intervals))
            nearest[name].append(f1(videos, merged(videos, intervals, once=True)))
            close[name].append(f1(videos, merged(videos, intervals, once=False)))
            faster[name].append(f1(videos, spotting.read(other / f"results/spot/found/{name}.h5", videos)[1]))
            params = config.check_cached(own)["spotters"][name]["params"]
            if "threshold" in params:
                chosen[name].append(
                    best_threshold(root, name, params, videos, curves, own["spot"]["movement"]["regions"])
                )
    titles = (
        "as it is",
        "two intervals merged",
        f"all within {CLOSE:g} s merged",
        f"{RATE} frames a second",
        "threshold of the test videos",
    )
    lines = [f"| method | {' | '.join(titles)} |", f"| --- {'| ---: ' * len(titles)}|"]
    for name in names:
        base = float(np.mean(honest[name]))
        cells = [f"{base:.3f}"]
        cells += [
            f"{np.mean(part[name]) - base:+.3f}" if part[name] else "-" for part in (nearest, close, faster, chosen)
        ]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return lines


def read_videos(root: Path) -> list[LongVideo]:
    """Return the rendered long videos of a run."""
    videos = []
    for dataset in datasets.LONG:
        layout, folder = datasets.layout(dataset), root / "data/rendered" / dataset
        if isinstance(layout, LongLayout) and folder.is_dir():
            videos += layout.read_videos(folder, "generated", None)[0]
    return videos


def curve_file(video: LongVideo) -> str:
    return f"results/spot/curves/{video.clip.id}.h5"


def f1(videos: Sequence[LongVideo], intervals: Intervals, kind: Kind = "micro") -> float:
    return float(spotting.f1(spotting.counts(videos, intervals)[:, KINDS.index(kind)].sum(0)))


def merged(videos: Sequence[LongVideo], intervals: Intervals, once: bool) -> Intervals:
    """Return what was spotted, with micro-expressions made one: the nearest two of all videos, or all close ones."""
    pairs = []
    for video in videos:
        ordered = sorted((s for s in intervals[video.clip.id] if s.kind == "micro"), key=lambda s: s.onset)
        pairs += [(video.clip.id, (b.onset - a.offset) / video.clip.fps, a, b) for a, b in pairwise(ordered)]
    chosen = sorted(pairs, key=lambda pair: pair[1])[:1] if once else [pair for pair in pairs if pair[1] <= CLOSE]
    result = {name: list(spotted) for name, spotted in intervals.items()}
    for name, _, first, second in chosen:
        parts = [s for s in result[name] if s.kind == "micro" and s.onset <= second.onset and s.offset >= first.onset]
        rest = [s for s in result[name] if s not in parts]
        onset, offset = min(s.onset for s in parts), max(s.offset for s in parts)
        whole = replace(first, onset=onset, offset=offset)
        result[name] = [*rest, whole]
    return result


def best_threshold(
    root: Path, name: str, params: dict, videos: Sequence[LongVideo], curves: Mapping, regions: int
) -> float:
    """Return the highest F1 that a threshold can have on the videos that are tested."""
    with store.open_file(root / f"results/spot/found/{name}.h5", "spot") as file:
        scores = {
            v.clip.id: {
                key.removeprefix("frame_score_"): file[v.clip.id][key][()]
                for key in file[v.clip.id]
                if key.startswith("frame_score_")
            }
            for v in videos
        }
    results = []
    for threshold in THRESHOLDS:
        method, intervals = spotters.build(name, params | {"threshold": float(threshold)}, regions), {}
        for video in videos:
            own = curves[video.clip.id]
            found = method.find(own, scores[video.clip.id])
            intervals[video.clip.id] = spotting.numbered(found, own.arrays["frame"])
        results.append(f1(videos, intervals))
    return max(results)


if __name__ == "__main__":
    sys.exit(main())
