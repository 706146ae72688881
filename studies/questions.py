"""Do measurements answer questions better than guesses do? Rendered clips and long videos of several corpus seeds.

    python studies/questions.py --write-docs     # the table of docs/questions.md; half an hour

Each seed is a run of params.yaml with one row of the main table and one of the units table; a last one, of seed 1,
shows no expression. p is that of no difference to a guess, over the subjects of all seeds but the last.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import checkout
import numpy as np
import pages
from checkout import compute, folder, scratch

from microexpr.core import store
from microexpr.evaluation.questions import scores
from microexpr.evaluation.questions.answerers import COLUMNS, GUESSES, TESTED
from microexpr.evaluation.questions.lines import Line, read
from microexpr.evaluation.rows import Row

PAGE, MARK = "docs/questions.md", "study-questions"
METHOD, UNITS = "microexpr", "au_reader"
NULL = 1  # seed of the corpus without expression
COUNT = ("number of micro-expressions", "mean error")
Run = tuple[list[Row], dict[str, scores.Figures]]  # figures as the table has them, and those with subjects by row


def main() -> int:
    arguments = pages.parser(__doc__, PAGE, first=2, seeds=3, cores=2, keep=None).parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    titles = [*(f"seed {seed}" for seed in seeds), "null"]
    runs = [
        run(seed, title == "null", arguments.keep, arguments.cores)
        for seed, title in zip((*seeds, NULL), titles, strict=True)
    ]
    table = pages.Table("", "row", *titles, *(f"p, against `{guess}`" for guess in GUESSES))
    for key in (*TESTED, COUNT):
        names = [row["method"] for row in runs[0][0] if (row["questions"], row["figure"]) == key]
        for name in names:
            values = [cell(rows, name, key) for rows, _ in runs]
            p = ["" if guess not in names else p_of(runs[:-1], name, guess, key) for guess in GUESSES]
            table.add(", ".join(key), f"`{name}`", *values, *p)
    table.publish(PAGE, MARK, writes=arguments.write_docs)
    return 0


def run(seed: int, null: bool, keep: Path | None, cores: int) -> Run:
    """Return the figures of a corpus, and those of each row."""
    with folder(keep, "null" if null else str(seed)) as root:
        if not keep or not root.exists():
            scratch.copy(root)
        compute(root, params(seed, null), cores, "results/megc2026_table.csv")
        results = root / "results/questions"
        truth = [line for path in sorted(results.glob("*.jsonl")) for line in read(path) if line.answer is not None]
        rows = store.read_csv(results / "figures.csv", COLUMNS)
        names = dict.fromkeys(str(row["method"]) for row in rows)
        figures = {name: figures_of(truth, read(results / f"answers/{name}.jsonl", answered=True)) for name in names}
    print(f"{root.name}: done", file=sys.stderr, flush=True)
    return rows, figures


def params(seed: int, null: bool) -> Mapping[str, Any]:
    """Return the values of params.yaml for a corpus seed, with few rows; `null`: without expression."""
    values = checkout.params()
    return values | {
        "seed": seed,
        "origin": "generated",
        "render": values["render"] | ({"difficulty": "null"} if null else {}),
        "methods": {name: values["methods"][name] for name in ("majority", METHOD)},
        "variants": {},
        "papers": values["papers"] | {"variants": {}},
        "questions": values["questions"] | {"units": [UNITS]},
    }


def figures_of(truth: Sequence[Line], answered: Sequence[Line]) -> scores.Figures:
    """Return the figures of the questions that a row answers."""
    answers = {line.id: str(line.answer) for line in answered}
    return scores.by_topic([line for line in truth if line.id in answers], answers)


def cell(rows: Sequence[Row], name: str, key: tuple[str, str]) -> str:
    """Return a row's figure with its interval, if it has one."""
    row = next(r for r in rows if (r["method"], r["questions"], r["figure"]) == (name, *key))
    value, low, high = (row[column] and f"{float(row[column]):.3f}" for column in ("value", "low", "high"))
    return f"{value} ({low} to {high})" if low else str(value)


def p_of(runs: Sequence[Run], name: str, guess: str, key: tuple[str, str]) -> str:
    """Return p of a row's figure and a guess's being the same over the subjects of all runs; "" for a guess itself."""
    if name in GUESSES or key not in TESTED:
        return ""
    row, of_guess = (pooled([figures[which][key] for _, figures in runs]) for which in (name, guess))
    p = scores.compare(row, of_guess, checkout.params()["evaluate"]["resamples"], *key, guess)
    return f"{p:.2g}"


def pooled(figures: Sequence[scores.Figure]) -> scores.Figure:
    """Return one figure over the subjects of all."""
    classes = max(figure.matrices.shape[-1] for figure in figures)  # answers of one seed may have more words
    padded = []
    for matrices in (figure.matrices for figure in figures):
        missing = (0, classes - matrices.shape[-1])
        padded.append(np.pad(matrices, [(0, 0)] * (matrices.ndim - 2) + [missing, missing]))
    return scores.Figure(np.concatenate(padded), figures[0].metric, sum(figure.count for figure in figures))


if __name__ == "__main__":
    pages.start(main)
