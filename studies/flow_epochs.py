"""How long must networks learn from flow pictures? Measured on rendered subjects that no training has seen.

    snakemake --cores 2 results/flow_folders/population/index.csv   # first: renders subjects of the population
    python studies/flow_epochs.py                                   # the table; --write-docs into docs/real-faces.md

An epoch has more steps here than in the rendered table: there are more clips. The micro-expressions of
`flow_folders.subjects` rendered subjects are two groups of nearly as many clips as are recorded. In each, a tenth of
the subjects are left out in turn, and classified by a network that the others trained for a share of its epochs at a
multiple of its learning rate in params.yaml. No recorded clip is read. Of each method a line is chosen for
`flow_folders.methods`: among those whose mean UF1 is at most `TOLERANCE` below that of its first line, which has the
params of `methods`, the one with the fewest epochs; among several of these the one with the highest UF1.
"""

import itertools
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pages

from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.clip import LABELS, Clip
from microexpr.datasets import index
from microexpr.evaluation import metrics
from microexpr.models import recognisers
from microexpr.models.flow_network import FlowNetwork
from microexpr.training.engine import FoldIndices, train
from microexpr.training.load_clips import load_clips

PAGE, MARK = "docs/real-faces.md", "study-flow-epochs"
FOLDER = Path("results/flow_folders/population")
SHARES = (1.0, 1 / 2, 1 / 4, 1 / 10)  # of the epochs in params.yaml
RATES = (1, 3, 10)  # times the learning rate in params.yaml
TOLERANCE = 0.01  # of UF1
GROUPS, TURNS = 2, 10


class Measured(NamedTuple):
    """Left-out clips of one group, classified after some epochs."""

    method: str
    epochs: int
    rate: float
    uf1: float
    seconds: float  # of one core, for all turns


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    arguments = parser.parse_args()
    if not (FOLDER / "index.csv").is_file():
        raise SystemExit(f"{FOLDER}/index.csv must be there: snakemake --cores 2 {FOLDER}/index.csv")
    with get_context("spawn").Pool(GROUPS) as pool:
        groups = pool.map(measure_group, range(GROUPS))
    text = "\n".join([*table([measured for group in groups for measured in group]), "", pages.source()])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
    return 0


def settings() -> list[tuple[str, dict[str, Any]]]:
    """Return name and params of each training: every flow network of params.yaml, first as it is there.

    Other params than epochs and rate are those that it has on flow pictures."""
    values = config.load("params.yaml")
    described, pictured = config.check_cached(values)["methods"], values["flow_folders"]["methods"]
    methods = {name: config.on_corpus(about) for name, about in described.items()}
    networks = [name for name in methods if "." not in name and issubclass(recognisers.find(name), FlowNetwork)]
    changes = [
        (name, max(1, round(methods[name]["epochs"] * share)), methods[name]["lr"] * rate)
        for name in networks
        for share, rate in itertools.product(SHARES, RATES)
    ]
    return [
        (name, methods[name] | pictured.get(name, {}) | {"epochs": epochs, "lr": lr})
        for name, epochs, lr in dict.fromkeys(changes)
    ]


def measure_group(number: int) -> list[Measured]:
    """Measure every setting on one group of subjects."""
    clips = [clip for clip in index.read(FOLDER / "index.csv") if clip.name.startswith("micro")]
    subjects = sorted({clip.subject for clip in clips})[number::GROUPS]
    clips = [clip for clip in clips if clip.subject in subjects]
    turn = np.array([subjects.index(clip.subject) * TURNS // len(subjects) for clip in clips])
    folds = [FoldIndices(f"turn {i}", np.flatnonzero(turn != i), np.flatnonzero(turn == i)) for i in range(TURNS)]
    return [measure(name, params, clips, folds) for name, params in settings()]


def measure(name: str, params: dict[str, Any], clips: Sequence[Clip], folds: Sequence[FoldIndices]) -> Measured:
    """Train a network on each fold, and measure it on the clips that are left out."""
    kind = recognisers.find(name)
    method = kind(kind.Params.model_validate(params))
    data = load_clips(method, clips, [str(FOLDER / "flow")])
    begin, predicted = time.process_time(), np.zeros(len(clips), int)
    for fold, result in zip(folds, train(method, data, folds, [0], "sequential", 1), strict=True):
        predicted[fold.test] = result.scores[0, -1].argmax(-1)
    confusion = metrics.confusion(np.array([clip.label for clip in clips]), predicted, len(LABELS))
    seconds = time.process_time() - begin
    measured = Measured(name, params["epochs"], params["lr"], float(metrics.uf1(confusion)), seconds)
    print(measured, file=sys.stderr, flush=True)
    return measured


def by_setting(rows: Iterable[Measured]) -> dict[tuple[str, int, float], list[Measured]]:
    """Return the rows of all groups by method, epochs and learning rate."""
    settings: dict[tuple[str, int, float], list[Measured]] = {}
    for row in rows:
        settings.setdefault((row.method, row.epochs, row.rate), []).append(row)
    return settings


def table(rows: Sequence[Measured]) -> list[str]:
    """Return UF1 of each group and core-seconds, a line for each network, number of epochs and learning rate."""
    lines = ["| method | epochs | learning rate | UF1 of left-out subjects, two groups | core-seconds |"]
    lines.append("| --- | --- | --- | --- | --- |")
    chosen = choose(rows)
    for (method, epochs, rate), groups in by_setting(rows).items():
        figures = ", ".join(f"{row.uf1:.3f}" for row in groups)
        mark = " (chosen)" if chosen[method] == (epochs, rate) else ""
        seconds = sum(row.seconds for row in groups)
        lines.append(f"| `{method}` | {epochs}{mark} | {rate:g} | {figures} | {seconds:.0f} |")
    return lines


def choose(rows: Sequence[Measured]) -> dict[str, tuple[int, float]]:
    """Return by method the epochs and learning rate of the line that this module's docstring says."""
    chosen = {}
    for method in dict.fromkeys(row.method for row in rows):
        groups = by_setting(row for row in rows if row.method == method)
        means = {setting[1:]: sum(row.uf1 for row in found) / len(found) for setting, found in groups.items()}
        needed = next(iter(means.values())) - TOLERANCE
        chosen[method] = min(  # the fewest epochs, then the highest UF1
            (setting for setting in means if means[setting] >= needed),
            key=lambda setting: (setting[0], -means[setting]),
        )
    return chosen


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
