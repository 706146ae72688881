"""Does it help a network to start from weights of the population? Its row, and the same row from scratch.

    python studies/population.py --seeds 1 2 3 4             # tables
    python studies/population.py --null 5 6 --write-docs     # also without expression; into docs/population.md

Each corpus seed is a run of the pipeline of params.yaml in a folder of its own, work/studies/population/<seed>; what is
there already is not computed again. Rows are those of params.yaml that start from the population. UF1 is that of the
last epoch under MEGC2019's protocol, over all data sets, with its 95 % interval over subjects; faces that a row
synthesises are judged by `class_uar`. With `--null`, corpora of these seeds show no expression at all, so UAR must be
that of guessing; subjects of all seeds are pooled.
"""

import contextlib
import resource
import subprocess
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pages
import yaml
from checkout import environment, scratch

from microexpr import evaluation
from microexpr.cli import config
from microexpr.core import arithmetic, seeds
from microexpr.evaluation import metrics, pairs, rows, shown
from microexpr.evaluation.face_kinds import MEAN_FLOW, SYNTHESISED, TRUE, TWICE
from microexpr.models import recognisers
from microexpr.protocols import PROTOCOLS

sys.path.insert(0, str(scratch.ROOT / "workflow"))
from dag import ROLES, Dag

PROTOCOL = PROTOCOLS["megc2019"]
FOLDER = scratch.ROOT / "work/studies/population"
PAGE, MARK = "docs/population.md", "study-population"
SCRATCH: dict[str, Any] = {"initialisation": "scratch", "population": {}}
KINDS = {"synthesised": SYNTHESISED, "change doubled": TWICE, "mean flow, no network": MEAN_FLOW, "true": TRUE}
CHANCE = 1 / len(PROTOCOL.classes)
RESAMPLES = 10000
ROUNDING = 1e-6


def main() -> int:
    values = config.load("params.yaml")
    names = list(pretrained_rows(values))
    arguments = parse(names)
    chosen = [name for name in names if name in arguments.methods]
    folders = {seed: run(values, seed, chosen, arguments) for seed in arguments.seeds}
    lines = [*uf1_table(chosen, folders), *faces_table(generators(chosen), folders)]
    biased: list[str] = []
    if arguments.null:
        null_lines, biased = null_table(chosen, [run(values, seed, chosen, arguments, True) for seed in arguments.null])
        lines += ["", f"Without any expression, corpus seeds {', '.join(map(str, arguments.null))}:", "", *null_lines]
    text = "\n".join([*lines, "", pages.source()])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
    for name in biased:
        print(f"{name}: the interval of UAR must hold 1/{len(PROTOCOL.classes)}", file=sys.stderr)
    return 1 if biased else 0


def parse(names: Sequence[str]) -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4], help="corpus seeds, default 1 2 3 4")
    parser.add_argument("--null", type=int, nargs="+", default=[], help="seeds of corpora without expression")
    parser.add_argument("--methods", nargs="+", choices=names, default=names, help="rows, default all", metavar="ROW")
    parser.add_argument("--cores", type=int, default=2, help="jobs at once, default 2")
    parser.add_argument("--keep", type=Path, default=FOLDER, help=f"the folder to run in, default {FOLDER}")
    parser.add_argument("--fit", action="store_true", help="fit weights that are not shipped: hours a seed")
    parser.add_argument("--write-docs", action="store_true", help=f"write the tables into {PAGE}")
    return parser.parse_args()


def pretrained_rows(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each row of the main table that starts from the population: how it differs from its method's params."""
    return {
        name: changes
        for method, params in values["methods"].items()
        for name, changes in {method: {}, **prefixed(method, values["variants"].get(method, {}))}.items()
        if (params | changes).get("initialisation") == "population"
    }


def prefixed(method: str, variants: dict[str, Any]) -> dict[str, Any]:
    return {f"{method}.{name}": changes for name, changes in variants.items()}


def from_scratch(name: str) -> str:
    """Return the name of the same row from scratch."""
    return f"{name}_scratch" if "." in name else f"{name}.scratch"


def configure(values: dict[str, Any], seed: int, difficulty: str) -> dict[str, Any]:
    """Return the params of one run: these rows and the same from scratch, on rendered faces."""
    variants: dict[str, Any] = {}
    for name, changes in pretrained_rows(values).items():
        method, _, variant = name.partition(".")
        named = variants.setdefault(method, {})
        named |= {variant: changes} if variant else {}
        named[from_scratch(name).partition(".")[2]] = changes | SCRATCH
    return values | {
        "seed": seed,
        "origin": "generated",
        "render": values["render"] | {"difficulty": difficulty},
        "methods": {method: values["methods"][method] for method in variants},
        "variants": variants,
        "generators": {},
        "papers": values["papers"] | {"variants": {}},
    }


def run(values: dict[str, Any], seed: int, names: Sequence[str], arguments: Namespace, null: bool = False) -> Path:
    """Return the folder of evaluations of a run: of these rows and, unless nothing is expressed, the same from scratch.

    Raises CalledProcessError where it fails, after Snakemake has said why; SystemExit for weights that are not shipped.
    """
    root = arguments.keep.resolve() / (f"{seed}-null" if null else str(seed))
    scratch.copy(root)
    params = configure(values, seed, "null" if null else values["render"]["difficulty"])
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    if not arguments.fit and (missing := unshipped(root, params, names)):
        sys.exit(f"error: no shipped weights have the params of {', '.join(missing)}; `make shipped` fits them")
    folder = Path("results/evaluate") / PROTOCOL.name
    targets = [f"{folder}/{name}.csv" for name in names]
    if not null:
        targets += [f"{folder}/{from_scratch(name)}.csv" for name in names]
        targets += [f"{folder}/{row}_faces.csv" for name in generators(names) for row in (name, from_scratch(name))]
    command = ["snakemake", "--cores", str(arguments.cores), "--quiet", "all", "--", *targets]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60
    print(f"{root.name}: {minutes:.1f} core-minutes", file=sys.stderr, flush=True)
    return root / folder


def unshipped(root: Path, params: dict[str, Any], names: Iterable[str]) -> list[str]:
    """Return the rows for which a run would render the population and train on it."""
    with contextlib.chdir(root):
        dag = Dag(config.check_cached(params))
        weights = {
            name: {p for role in ROLES for p in dag.initial_weights(name, PROTOCOL.name, role)} for name in names
        }
    return [name for name, paths in weights.items() if not paths.isdisjoint(dag.initial_networks)]


def generators(names: Iterable[str]) -> list[str]:
    """Return the rows that synthesise faces."""
    return [name for name in names if getattr(recognisers.find(name.partition(".")[0]), "synthesises", False)]


def interval(row: evaluation.Row) -> str:
    return f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def uf1_table(names: Sequence[str], folders: Mapping[int, Path]) -> list[str]:
    """Return the lines of a table of UF1 by row, initialisation and corpus seed; `folders` by seed."""
    lines = header("row", "initialisation", *(f"UF1, seed {seed}" for seed in folders), "mean")
    key = ("last", "pooled", evaluation.FULL, "uf1")
    for name, row_name, initialisation in pairs_of_rows(names):
        figures = []
        for folder in folders.values():
            table = evaluation.read(folder / f"{row_name}.csv")
            figures += [r for r in table if (r["selection"], r["pooling"], r["scope"], r["metric"]) == key]
        mean = np.mean([figure["value"] for figure in figures])
        lines.append(f"| `{name}` | {initialisation} | {' | '.join(map(interval, figures))} | {mean:.3f} |")
    return lines


def faces_table(names: Sequence[str], folders: Mapping[int, Path]) -> list[str]:
    """Return the lines of a table of `class_uar` by generator, initialisation and seed; none without a generator."""
    lines = ["", *header("`class_uar` of faces", "initialisation", "seed", *KINDS)] if names else []
    key = (evaluation.FULL, shown.METRIC)
    for name, row_name, initialisation in pairs_of_rows(names):
        for seed, folder in folders.items():
            table = rows.read_faces(folder / f"{row_name}_faces.csv")
            figures = {row["faces"]: interval(row) for row in table if (row["scope"], row["metric"]) == key}
            cells = " | ".join(figures[kind] for kind in KINDS.values())
            lines.append(f"| `{name}` | {initialisation} | {seed} | {cells} |")
    return lines


def header(*columns: str) -> list[str]:
    return [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]


def pairs_of_rows(names: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return name, name of the run's row, and initialisation: of each row, then of the same from scratch."""
    return [
        (name, row_name, initialisation)
        for name in names
        for row_name, initialisation in ((name, "population"), (from_scratch(name), "scratch"))
    ]


def null_table(names: Sequence[str], folders: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return the lines of a table of UAR without expression, and the rows whose interval does not hold chance."""
    lines, biased = header("row", "clips", "UAR", f"holds 1/{len(PROTOCOL.classes)}"), []
    for name in names:
        answers = [pairs.read_predictions(folder / f"{name}_predictions.csv", PROTOCOL.classes) for folder in folders]
        truth = np.concatenate([answer.truth for answer in answers])
        predicted = np.concatenate([answer.predicted for answer in answers], axis=1)  # of each training seed
        subjects = np.array([f"{i}/{clip.rpartition('/')[0]}" for i, a in enumerate(answers) for clip in a.clips])
        rng = seeds.generator(0, "study", "population", name)
        low, high = metrics.bootstrap(truth, predicted, subjects, metrics.uar, RESAMPLES, rng, len(PROTOCOL.classes))
        value = np.mean(
            [metrics.uar(metrics.confusion(truth, classes, len(PROTOCOL.classes))) for classes in predicted]
        )
        holds = low - ROUNDING <= CHANCE <= high + ROUNDING
        biased += [] if holds else [name]
        figure = interval({"value": value, "low": low, "high": high})
        lines.append(f"| `{name}` | {len(truth)} | {figure} | {'yes' if holds else 'no'} |")
    return lines, biased


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
