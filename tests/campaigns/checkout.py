"""A scratch copy of the project in which a campaign runs the pipeline, one process at a time. Judges no figure."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from microexpr import evaluation, official, params

ROOT = Path(__file__).parents[2]
METHODS = ("majority", "flow_svm", "lbp_top", "ststnet")
EVALUATED = Path("results/evaluate/megc2019")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the evaluate stage says of one method: pooled figures of the last epoch, and each clip's prediction."""

    figures: dict[str, evaluation.Row]  # by metric, uf1 and uar in 0..1
    lines: list[official.Line]


def parser(purpose: str, seeds: int) -> ArgumentParser:
    """The command line that campaigns share; `seeds` is the default."""
    made = ArgumentParser(description=purpose)
    made.add_argument("--seeds", type=int, default=seeds, help=f"generator seeds 1..SEEDS, default {seeds}")
    made.add_argument("--keep", type=Path, help="a folder to run in, to go on from or to look at; else a temporary one")
    return made


def outcomes(seeds: int, difficulty: str, keep: Path | None) -> Iterator[tuple[int, dict[str, Outcome]]]:
    """Runs the pipeline of params.yaml for generator seeds 1..`seeds`; yields each with its methods' outcomes.

    Raises CalledProcessError where a run fails, after Snakemake has said why."""
    for seed in range(1, seeds + 1):
        started = time.monotonic()
        with _folder(keep, f"{difficulty}-{seed}") as root:
            _copy(root)
            _set(root / "params.yaml", seed, difficulty)
            _run(root)
            found = {method: _outcome(root, method) for method in METHODS}
        print(f"seed {seed}: ran for {time.monotonic() - started:.0f} s", flush=True)
        yield seed, found


@contextmanager
def _folder(keep: Path | None, name: str) -> Iterator[Path]:
    if keep is not None:
        yield (keep / name).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="microexpr-campaign-") as scratch:
        yield Path(scratch) / name


def _copy(to: Path) -> None:
    """The project's files as they are now, tracked or not, but nothing that git ignores; links stay links."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, text=True, capture_output=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, copy = ROOT / name, to / name
        if not (source.is_symlink() or source.is_file()):
            continue  # deleted, but git has not been told
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.unlink(missing_ok=True)
        shutil.copy2(source, copy, follow_symlinks=False)


def _set(path: Path, seed: int, difficulty: str) -> None:
    """Only these values; safe_dump quotes "null", which YAML would otherwise take for nothing."""
    values = params.load(path)
    values["seed"], values["origin"] = seed, "generated"
    values["generate"]["difficulty"] = difficulty
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def _run(root: Path) -> None:
    """The figures of METHODS; one core, since others may be at work on the machine."""
    env = os.environ | {
        "PYTHONPATH": str(root / "src"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    targets = [str(EVALUATED / f"{method}.csv") for method in METHODS]
    subprocess.run(["snakemake", "--cores", "1", "--quiet", "all", "--", *targets], cwd=root, env=env, check=True)


def _outcome(root: Path, method: str) -> Outcome:
    rows = evaluation.read(root / EVALUATED / f"{method}.csv")
    log = root / EVALUATED / f"{method}.log"
    return Outcome(
        figures={row["metric"]: row for row in rows if (row["selection"], row["scope"]) == ("last", evaluation.FULL)},
        lines=official.read(log.read_text(encoding="utf-8"), log.name),
    )
