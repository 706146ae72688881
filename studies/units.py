"""The table of action units on rendered corpora of several seeds, and what methods learn from labels that mean nothing.

    python studies/units.py --permute 2 --write-docs    # docs/units.md; a quarter of an hour a seed

Each corpus seed is a run of params.yaml in a folder of its own, work/studies/units/<seed>; what is there already is not
computed again. With `--permute N`, N times a corpus each clip of a data set gets the units of another clip of the
same data set; all folds are trained anew, and macro F1 must not be above that of `prevalence`.
"""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pages
import torch
from checkout import compute, scratch
from scipy.stats import ttest_1samp

from microexpr.cli import config
from microexpr.core import seeds, store
from microexpr.datasets import index
from microexpr.evaluation.metrics import several
from microexpr.models import recognisers
from microexpr.models.base import ClipTensors
from microexpr.protocols import CODED, PROTOCOLS, UNITS
from microexpr.reporting import units_table
from microexpr.signals import inputs
from microexpr.training import engine, initial
from microexpr.training.job import fold_indices
from microexpr.training.load_clips import load_clips

FOLDER = scratch.ROOT / "work/studies/units"
SEEDS = (1, 2, 3, 4)
PAGE, TRAPS, MARK = "docs/units.md", "docs/how-figures-go-wrong.md", "study-units"
PROTOCOL = PROTOCOLS[UNITS]
WEIGHTS = scratch.ROOT / "src/microexpr/weights/initial"


def main() -> int:
    arguments = parse()
    values = config.load("params.yaml")
    roots = {seed_of(root): root for root in arguments.runs}
    roots = roots or {seed: run(values, seed, arguments) for seed in arguments.seeds}
    tables = [units_table.read(root / "results/units_table.csv") for root in roots.values()]
    lines, biased = summary(tables), list[str]()
    if arguments.permute:
        more, biased = permuted([*roots.values()], values, arguments.permute)
        lines += ["", *more]
    text = "\n".join([*lines, "", f"Corpus seeds {', '.join(map(str, roots))}. {pages.source()}"])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
        pages.write(TRAPS, f"{MARK}-oracle", "\n".join([*oracle(tables), "", pages.source()]))
    for name in biased:
        print(f"{name}: learns from labels that mean nothing", file=sys.stderr)
    return 1 if biased else 0


def parse() -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="corpus seeds, default 1 to 4")
    parser.add_argument(
        "--runs", type=Path, nargs="+", default=[], help="folders of finished runs, in place of --seeds"
    )
    parser.add_argument("--permute", type=int, default=0, help="permutations of each corpus, default 0")
    parser.add_argument("--cores", type=int, default=2, help="jobs at once, default 2")
    parser.add_argument("--keep", type=Path, default=FOLDER, help=f"the folder to run in, default {FOLDER}")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    return parser.parse_args()


def seed_of(root: Path) -> int:
    """Return the corpus seed of a finished run."""
    return int(config.load(root / "params.yaml")["seed"])


def run(values: dict[str, object], seed: int, arguments: Namespace) -> Path:
    """Return the folder of a run. Raises CalledProcessError where it fails, after Snakemake has said why."""
    root = arguments.keep.resolve() / str(seed)
    scratch.copy(root)
    compute(root, values | {"seed": seed, "origin": "generated"}, arguments.cores, "results/units_table.csv")
    return root


def summary(tables: Sequence[Sequence[Mapping[str, str]]]) -> list[str]:
    """Return the means over corpora of each method, the highest macro F1 first; in brackets the range."""
    columns = (
        "macro F1",
        "mean AP",
        "thresholds of test clips",
        "epoch of test clips",
        "before the folds",
        "published",
    )
    keys = ("macro_f1", "mean_ap", "oracle_threshold", "oracle_epoch", "before_folds")
    by_method: dict[str, list[Mapping[str, str]]] = {}
    for row in (row for table in tables for row in table if row["method"]):
        by_method.setdefault(row["method"], []).append(row)
    lines = [f"| method | learnt from | {' | '.join(columns)} |", "| --- | --- " + "| ---: " * len(columns) + "|"]
    for name, rows in sorted(by_method.items(), key=lambda item: -mean(item[1], "macro_f1")):
        low, high = (extreme(float(row["macro_f1"]) for row in rows) for extreme in (min, max))
        cells = [f"{mean(rows, key):.3f}" if rows[0][key] else "-" for key in keys]
        cells[0] += f" ({low:.3f} to {high:.3f})"
        lines.append(
            f"| `{name}` | {rows[0]['learnt_from']} | {' | '.join(cells)} | {rows[0]['published_macro_f1'] or '-'} |"
        )
    counts = ", ".join(rows["clips"] for rows in (table[0] for table in tables))
    largest = max(
        float(row["p_holm"]) for table in tables for row in table if row["p_holm"] and row["method"] != "lbp_top"
    )
    return [
        *lines,
        "",
        f"{counts} clips of {tables[0][0]['subjects']} subjects. Largest p, but for `lbp_top`: {largest:.1g}.",
    ]


def oracle(tables: Sequence[Sequence[Mapping[str, str]]]) -> list[str]:
    """Return macro F1 with honest thresholds and with those of the test clips, of methods that choose any."""
    lines = ["| method | thresholds of training clips | of test clips | |", "| --- | ---: | ---: | ---: |"]
    for name in ("au_reader", "flow_cnn", "ststnet", "flow_svm"):
        rows = [row for table in tables for row in table if row["method"] == name]
        honest, chosen = mean(rows, "macro_f1"), mean(rows, "oracle_threshold")
        lines.append(f"| `{name}` | {honest:.3f} | {chosen:.3f} | {chosen - honest:+.3f} |")
    return lines


def mean(rows: Sequence[Mapping[str, str]], key: str) -> float:
    return float(np.mean([float(row[key]) for row in rows]))


def permuted(roots: Sequence[Path], values: dict[str, object], count: int) -> tuple[list[str], list[str]]:
    """Return macro F1 of each method from permuted labels as lines, and those above `prevalence` with p < 0.05."""
    checked = config.check_cached(values)
    names = [name for name in checked["units"] if name not in ("prevalence", "majority")]
    above: dict[str, list[float]] = {name: [] for name in names}
    floors = []
    for root in roots:
        clips = PROTOCOL.select(index.read_all([str(root / f"results/index/{name}.csv") for name in CODED]))
        datasets = np.array([clip.dataset for clip in clips])
        truth = np.array([PROTOCOL.truth(clip) for clip in clips])
        for number in range(count):
            rng, labels = seeds.generator(number, "study", "units"), truth.copy()
            for dataset in np.unique(datasets):  # within a subject, who reads the true units knows those of the subject
                labels[datasets == dataset] = rng.permutation(labels[datasets == dataset])
            floor = macro_f1(labels, np.ones_like(labels))
            floors.append(floor)
            for name in names:
                said = predicted(root, name, checked, clips, labels)
                above[name].append(macro_f1(labels, said) - floor)
                print(f"{root.name} {number} {name} {above[name][-1]:+.3f}", file=sys.stderr, flush=True)
    tests = {name: ttest_1samp(values, 0, alternative="greater").pvalue for name, values in above.items()}
    words = ", ".join(f"`{name}` {np.mean(values):+.3f}" for name, values in above.items())
    floor = f"that of `prevalence` ({np.mean(floors):.3f})"
    line = f"From permuted labels, macro F1 less {floor}, mean of {len(floors)} permutations: {words}."
    return [line], [name for name, p in tests.items() if p < 0.05]


def macro_f1(truth: np.ndarray, said: np.ndarray) -> float:
    return float(several.macro_f1(several.by_subject(truth, said, np.zeros(len(truth)))[0, 0]))


def predicted(root: Path, name: str, checked: dict, clips: Sequence, labels: np.ndarray) -> np.ndarray:
    """Return what folds that learn these labels predict of the clips that they hold out, int64[N, L]."""
    units = {key: checked["params"]["units"][key] for key in ("loss", "threshold")}
    method = recognisers.build(name, checked["units"][name]["params"], len(PROTOCOL.classes), units)
    stages = inputs.stages(method.inputs)
    files = [
        str(path) for stage in stages for dataset in CODED for path in root.glob(f"results/{stage}/{dataset}/*.h5")
    ]
    first = method.population_pretraining()
    about = initial.describe(first, PROTOCOL.classes) if first else {}
    weights = [
        path for path in WEIGHTS.glob("*.safetensors") if about and about.items() <= store.read_metadata(path).items()
    ]
    initial.load(method, name, PROTOCOL.classes, map(str, weights))
    targets = dict(zip((clip.id for clip in clips), labels.tolist(), strict=True))
    data = load_clips(method, clips, files, dict.fromkeys(targets, 0), several=targets)
    data = ClipTensors(data.inputs, data.targets | {"labels": torch.from_numpy(labels)})
    said = np.empty_like(labels)
    folds = fold_indices(PROTOCOL.folds(clips), clips)
    for fold, result in zip(folds, engine.train(method, data, folds, [1], "sequential", 1), strict=True):
        said[fold.test] = result.scores[0, -1] > 0
    return said


if __name__ == "__main__":
    sys.exit(main())
