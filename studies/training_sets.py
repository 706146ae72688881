"""Compare methods with equal data: each from a corpus, the population or both, on rendered corpora of several seeds.

    python studies/training_sets.py --write-docs               # README.md and docs/population.md; 24 minutes a seed
    python studies/training_sets.py --readme --write-docs      # README.md alone; 14 minutes a seed
    python studies/training_sets.py --null 5 6 --write-docs    # also without expression

Each corpus seed is a run of the pipeline of params.yaml in a folder of its own, work/studies/training_sets/<seed>; what
is there already is not computed again. Figures are UF1 of the last epoch under MEGC2019's protocol over all data sets;
the mean over corpora has a 95 % interval by the t distribution over seeds. With `--null`, corpora of these seeds show
no expression at all, so UAR must be that of guessing; subjects of all seeds are pooled.
"""

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import checkout
import numpy as np
import pages
from checkout import compute, scratch
from scipy.stats import t as student

from microexpr.core import store
from microexpr.core.seeds import generator
from microexpr.evaluation import metrics, pairs, rows
from microexpr.evaluation.metrics import intervals
from microexpr.protocols import PROTOCOLS
from microexpr.reporting import main_table, method_tests

Row = Mapping[str, str]
PROTOCOL = PROTOCOLS["megc2019"]
FOLDER = scratch.ROOT / "work/studies/training_sets"
SEEDS = (1, 2, 3, 4, 21, 22)  # the last two were never looked at before
PAGE, MARK, README_MARK = "docs/population.md", "study-training-sets", "study-training-sets-readme"
SETS = {"megc2019_corpus": "corpus", "megc2019_population": "population", "megc2019_both": "both"}  # title by protocol
CHANCE, RESAMPLES, ROUNDING = 1 / len(PROTOCOL.classes), 10000, 1e-6  # of a row without expression


def main() -> int:
    arguments = parse()
    values = checkout.params()
    folders = {seed: run(values, seed, arguments) for seed in arguments.seeds}
    tables = [main_table.TABLE.read(folder / "megc2019_table.csv") for folder in folders.values()]
    seeds = f"Corpus seeds {', '.join(map(str, folders))}. "
    summary(tables).publish("README.md", README_MARK, f"{training_data(tables[0])} {seeds}", arguments.write_docs)
    compared = [rows.read(folder / "megc2019_paired.csv", pairs.COLUMNS) for folder in folders.values()]
    if len(folders) > 1:
        names_of_rows = [row["method"] for row in tables[0]]
        compared.append(pooled_pairs(folders, names_of_rows, values["evaluate"]["resamples"]))
    titles = [*map(str, folders), "all"][: len(compared)]
    power(titles, compared)
    if arguments.readme:
        return 0
    table = wide_table([main_table.TABLE.read(folder / "megc2019_training_sets.csv") for folder in folders.values()])
    table.lines += ["", *power(titles[-1:], compared[-1:]).lines]
    biased: list[str] = []
    if arguments.null:
        null, biased = null_table([run(values, seed, arguments, True) for seed in arguments.null])
        head, rows_of_null = null.lines[:2], null.lines[2:]
        corpora = ", ".join(map(str, arguments.null))
        title = f"Without any expression, corpus seeds {corpora}, these of {len(rows_of_null)} rows miss chance:"
        table.lines += ["", title, "", *head, *(line for line in rows_of_null if line.split("`")[1] in biased)]
    table.publish(PAGE, MARK, seeds, arguments.write_docs)
    for name in biased:
        print(f"{name}: the interval of UAR must hold 1/{len(PROTOCOL.classes)}", file=sys.stderr)
    return 1 if biased else 0


def parse() -> Namespace:
    parser = pages.parser(__doc__, f"README.md and {PAGE}", cores=2)
    names = " ".join(map(str, SEEDS))
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help=f"corpus seeds, default {names}")
    parser.add_argument("--null", type=int, nargs="+", default=[], help="seeds of corpora without expression")
    parser.add_argument("--readme", action="store_true", help="README's table alone: no training on a corpus alone")
    parser.add_argument("--keep", type=Path, default=FOLDER, help=f"the folder to run in, default {FOLDER}")
    return parser.parse_args()


def configure(values: dict[str, Any], seed: int, difficulty: str) -> dict[str, Any]:
    """Return the params of one run: the table's rows alone, on rendered faces."""
    return values | {
        "seed": seed,
        "origin": "generated",
        "render": values["render"] | {"difficulty": difficulty},
        "papers": values["papers"] | {"variants": {}},
    }


def run(values: dict[str, Any], seed: int, arguments: Namespace, null: bool = False) -> Path:
    """Return the results of a run. Raises CalledProcessError where it fails, after Snakemake has said why."""
    root = arguments.keep.resolve() / (f"{seed}-null" if null else str(seed))
    scratch.copy(root)
    params = configure(values, seed, "null" if null else values["render"]["difficulty"])
    targets = ["all"] if null or arguments.readme else ["all", "results/megc2019_training_sets.csv"]
    before = pages.core_seconds()
    compute(root, params, arguments.cores, *targets)
    minutes = (pages.core_seconds() - before) / 60
    print(f"{root.name}: {minutes:.1f} core-minutes", file=sys.stderr, flush=True)
    return root / "results"


def figures(tables: Sequence[Sequence[Row]], column: str) -> dict[tuple[str, str], list[float]]:
    """Return the figures of a column of each table, by method and protocol of the row, rows in the first's order."""
    by_row: dict[tuple[str, str], list[float]] = {(row["method"], row["protocol"]): [] for row in tables[0]}
    for table in tables:
        for row in table:
            by_row[row["method"], row["protocol"]] += [float(row[column])] if row[column] else []
    return by_row


def interval(values: Sequence[float]) -> str:
    """Return mean and 95 % interval of the mean over corpora, without one of a single corpus."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.3f}"
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{mean:.3f} ({mean - half:.3f} to {mean + half:.3f})"


def summary(tables: Sequence[Sequence[Row]]) -> pages.Table:
    """Return README's table: each row of the main table, the highest mean UF1 first."""
    uf1, uar, start = (figures(tables, name) for name in ("full_uf1", "full_uar", "start_full_uf1"))
    table = pages.Table("method", "UF1, mean", "lowest to highest", "UAR", "what the folds add")
    for key, values in sorted(uf1.items(), key=lambda item: -np.mean(item[1])):
        added = f"{np.mean(values) - np.mean(start[key]):+.3f}" if start[key] else "-"
        spread = f"{min(values):.3f} to {max(values):.3f}"
        table.add(f"`{key[0]}`", f"{np.mean(values):.3f}", spread, f"{np.mean(uar[key]):.3f}", added)
    return table


def training_data(table: Sequence[Row]) -> str:
    """Return the sentence below README's table: the training data of most rows, then of each other row."""
    learnt = {row["method"]: main_table.learnt_from(row) for row in table}
    (most, _), *_ = Counter(learnt.values()).most_common(1)
    others = [f"`{name}` from {data}" for name, data in learnt.items() if data != most]
    return f"Learnt from {'; '.join([most, *others])}."


def wide_table(tables: Sequence[Sequence[Row]]) -> pages.Table:
    """Return a table of UF1 by method and what it learnt from, the highest mean of all first."""
    uf1 = figures(tables, "full_uf1")
    names = dict.fromkeys(name for name, _ in uf1)
    best = {name: max(np.mean(values) for (other, _), values in uf1.items() if other == name) for name in names}
    counts = {protocol: _counts([row for row in tables[0] if row["protocol"] == protocol]) for protocol in SETS}
    table = pages.Table("method", *(f"{title}: {counts[protocol]}" for protocol, title in SETS.items()))
    for name in sorted(names, key=lambda name: -best[name]):
        table.add(f"`{name}`", *(interval(uf1[name, key]) if (name, key) in uf1 else "-" for key in SETS))
    return table


def _counts(table: Sequence[Row]) -> str:
    """Return in words the subjects that the rows of one set of training data learnt from."""
    corpus = {row["training_subjects"] for row in table} - {"0"}
    population = {row["population_subjects"] for row in table} - {""} if table[0]["training"] != "corpus" else set()
    return " and ".join(f"{'/'.join(sorted(side))} subjects" for side in (corpus, population) if side)


def pooled_pairs(folders: Mapping[int, Path], names: Sequence[str], resamples: int) -> list[rows.Row]:
    """Return the tests of all pairs of methods over the subjects of all corpora, which are other people in each."""
    with TemporaryDirectory() as scratch_folder:
        paths = {name: Path(scratch_folder) / f"{name}.csv" for name in names}
        for name, path in paths.items():
            parts = {seed: folder / f"evaluate/megc2019/{name}_predictions.csv" for seed, folder in folders.items()}
            read = ((seed, store.read_csv(part, rows.PREDICTION_COLUMNS)) for seed, part in parts.items())
            answers = [row | {"clip": f"{seed}-{row['clip']}"} for seed, table in read for row in table]
            store.write_csv(path, rows.PREDICTION_COLUMNS, answers)
        return pairs.compare_methods(paths, PROTOCOL, resamples, 0)


def power(titles: Sequence[str], compared: Sequence[Sequence[rows.Row]]) -> pages.Table:
    """Return a table of how many pairs of methods differ in each corpus, and of those of the reference."""
    reference = method_tests.REFERENCE
    table = pages.Table("seed", "subjects", "pairs that differ", f"other than `{reference}`: above, below")
    for title, pairs_of_table in zip(titles, compared, strict=True):
        tests = method_tests.comparisons(reference, pairs_of_table)
        differ = [test for test in tests if test.p_holm < method_tests.DIFFERENT]
        every = [pair for pair in pairs_of_table if pair["metric"] == "uf1"]
        count = sum(pair["p_holm"] < method_tests.DIFFERENT for pair in every)
        above, below = ([f"`{test.method}`" for test in differ if (test.difference > 0) == up] for up in (True, False))
        sides = f"{', '.join(above) or 'none'}; {', '.join(below) or 'none'}"
        differing = f"{len(differ)} of {len(tests)}: {sides}"
        table.add(title, every[0]["subjects"], f"{count} of {len(every)}", differing)
    return table


def null_table(folders: Sequence[Path]) -> tuple[pages.Table, list[str]]:
    """Return a line for each row, its UAR over the clips of all corpora without expression and the 95 % interval over
    subjects, and the rows whose interval does not hold chance."""
    names = [row["method"] for row in main_table.TABLE.read(folders[0] / "megc2019_table.csv")]
    table, biased = pages.Table("row", "clips", "UAR", f"holds 1/{len(PROTOCOL.classes)}"), []
    for name in names:
        paths = (folder / f"evaluate/megc2019/{name}_predictions.csv" for folder in folders)
        corpora = [pairs.read_predictions(path, PROTOCOL.classes) for path in paths]
        value, low, high = pooled_uar(corpora, name)
        holds = low - ROUNDING <= CHANCE <= high + ROUNDING
        biased += [] if holds else [name]
        clips = sum(len(corpus.clips) for corpus in corpora)
        table.add(f"`{name}`", clips, f"{value:.3f} ({low:.3f} to {high:.3f})", "yes" if holds else "no")
    return table, biased


def pooled_uar(corpora: Sequence[pairs.MethodPredictions], name: str) -> tuple[float, float, float]:
    """Return a row's UAR over the clips of all corpora, and its 95 % interval over subjects."""
    truth = np.concatenate([corpus.truth for corpus in corpora])
    predicted = np.concatenate([corpus.predicted for corpus in corpora], axis=1)  # [S, N]
    subjects = np.array([f"{i}/{clip.rpartition('/')[0]}" for i, c in enumerate(corpora) for clip in c.clips])
    classes, rng = len(PROTOCOL.classes), generator(0, "study", "population", name)
    matrices = metrics.by_subject(truth, predicted, subjects, classes)
    value = np.mean([metrics.uar(metrics.confusion(truth, labels, classes)) for labels in predicted])
    return float(value), *intervals.interval(matrices, metrics.uar, RESAMPLES, rng)


if __name__ == "__main__":
    pages.start(main)
