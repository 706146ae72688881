"""Runs of the pipeline, as it stands, in scratch copies of the project. Judges no figure."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from microexpr import evaluation
from microexpr.cli import config
from microexpr.evaluation import megc_log

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/fixtures"))  # pytest finds these by itself
import scratch

METHODS = ("majority", "flow_svm", "lbp_top", "ststnet")
EVALUATED = Path("results/evaluate/megc2019")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the evaluate stage says of one method: pooled figures of the last epoch, and each clip's prediction."""

    figures: dict[str, evaluation.Row]  # by metric: value, low, high in 0..1
    lines: list[megc_log.Line]


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run of the pipeline. Its folder goes when the next run begins, unless it is to be kept."""

    seed: int
    root: Path
    outcomes: dict[str, Outcome]  # by method


def parser(purpose: str, first: int, seeds: int) -> ArgumentParser:
    """The command line that campaigns share; `first` and `seeds` are defaults."""
    made = ArgumentParser(description=purpose)
    made.add_argument("--first", type=int, default=first, help=f"the least generator seed, default {first}")
    made.add_argument("--seeds", type=int, default=seeds, help=f"how many seeds from there on, default {seeds}")
    made.add_argument("--cores", type=int, default=2, help="jobs at once, default 2")
    made.add_argument("--keep", type=Path, help="a folder to run in, to go on from or to look at; else a temporary one")
    return made


def runs(arguments: Namespace, difficulty: str, people: int | None = None) -> Iterator[Run]:
    """Runs the pipeline of params.yaml once for each generator seed asked for; `people` a data set if not its own.

    Raises CalledProcessError where a run fails, after Snakemake has said why."""
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        started = time.monotonic()
        with folder(arguments.keep, f"{difficulty}-{seed}") as root:
            scratch.copy(root)
            _set(root / "params.yaml", seed, difficulty, people)
            _run(root, arguments.cores)
            print(f"seed {seed}: ran for {time.monotonic() - started:.0f} s", flush=True)
            yield Run(seed, root, {method: _outcome(root, method) for method in METHODS})


@contextmanager
def folder(keep: Path | None, name: str) -> Iterator[Path]:
    """Where to run: below `keep`, or in a temporary folder that goes afterwards."""
    if keep is not None:
        yield (keep / name).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="microexpr-campaign-") as temporary:
        yield Path(temporary) / name


def _set(path: Path, seed: int, difficulty: str, people: int | None) -> None:
    """Only these values; safe_dump quotes "null", which YAML would otherwise take for nothing."""
    values = config.load(path)
    values["seed"], values["origin"] = seed, "generated"
    values["render"]["difficulty"] = difficulty
    for dataset in values["datasets"] if people else ():
        values["render"][dataset] = {"subjects": people, "clips": 8}
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def _run(root: Path, cores: int) -> None:
    """The figures of METHODS."""
    targets = [str(EVALUATED / f"{method}.csv") for method in METHODS]
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]
    subprocess.run(command, cwd=root, env=environment(root), check=True)


def compute(root: Path, values: Mapping[str, Any], cores: int, *targets: str) -> None:
    """Runs the targets in a copy of the project, with these params; progress goes to the standard error.

    Raises CalledProcessError where it fails, after Snakemake has said why."""
    (root / "params.yaml").write_text(yaml.safe_dump(dict(values), sort_keys=False), encoding="utf-8")
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]
    subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)


def environment(root: Path) -> dict[str, str]:
    """For programs that are to run the copy's own code."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | {"PYTHONPATH": str(root / "src"), "PATH": path}


def _outcome(root: Path, method: str) -> Outcome:
    rows = evaluation.read(root / EVALUATED / f"{method}.csv")
    log = root / EVALUATED / f"{method}.log"
    pooled = [row for row in rows if (row["selection"], row["scope"]) == ("last", evaluation.FULL)]
    return Outcome(
        figures={row["metric"]: row for row in pooled},
        lines=megc_log.read(log.read_text(encoding="utf-8"), log.name),
    )


def full_uf1(rows: Iterable[evaluation.Row]) -> evaluation.Row:
    """Return the row of the last epoch's UF1 over all clips, of an evaluation's rows."""
    kept = {"selection": "last", "pooling": "pooled", "scope": evaluation.FULL, "metric": "uf1"}
    return next(row for row in rows if kept.items() <= row.items())


def with_interval(row: evaluation.Row) -> str:
    """Return a row's figure and its 95 % interval as tables of docs/ print them."""
    return f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def pooled(outcomes: list[Outcome]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and predicted class, int64[N] each, and person, of all clips of several runs' outcomes."""
    lines = [(number, line) for number, made in enumerate(outcomes) for line in made.lines]
    return (
        np.array([line.truth for _, line in lines]),
        np.array([line.predicted for _, line in lines]),
        np.array([f"{number}/{line.dataset}/{line.subject}" for number, line in lines]),
    )


def digests(root: Path) -> dict[str, str]:
    """SHA-256 of every result, by path."""
    paths = [path for path in (root / "results").rglob("*.*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def differences(root: Path, other: Path) -> tuple[int, list[str]]:
    """How many results two runs have, and which of them are not in both with the same bytes."""
    one, two = digests(root), digests(other)
    everything = sorted(one.keys() | two.keys())
    return len(everything), [path for path in everything if one.get(path) != two.get(path)]
