"""The files of work/times as rows: the cost of each stage in its last run. No other result has times."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from microexpr.datasets import flow_folders


@dataclass(frozen=True, slots=True)
class Job:
    """One file, which a job wrote when it ended."""

    stage: str
    name: str  # its method if it trains, else its stage
    cpu_seconds: float  # of its process
    seconds: float  # from start to end of its script
    max_rss: float  # MB, with what it shares with the server that it was forked from


def jobs(folder: Path) -> list[Job]:
    """Return every job whose file is below a folder, sorted by path."""
    return [_job(path, folder) for path in sorted(folder.rglob("*.tsv"))]


def _job(path: Path, folder: Path) -> Job:
    """Read one file, whose path below the folder begins with its stage and, if it trains, its method.

    Stages of precomputed flow are below a folder of their own."""
    parts = path.relative_to(folder).with_suffix("").parts
    depth = 1 + (parts[0] == flow_folders.NAME)
    stage = "/".join(parts[:depth])
    name = parts[depth] if parts[depth - 1] == "train" else stage
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    return Job(stage, name, *(float(row[key]) for key in ("cpu_time", "s", "max_rss")))


def by_name(jobs: list[Job]) -> list[tuple[str, str, list[Job]]]:
    """Return stage, name, and the jobs of each, sorted by stage and name."""
    groups: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.stage, job.name].append(job)
    return [(stage, name, group) for (stage, name), group in sorted(groups.items())]
