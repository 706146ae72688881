"""Snakemake's benchmark files as rows: the cost of each stage in its last run. No other result has times."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """One benchmark file."""

    stage: str
    name: str  # its method if it trains, else its stage
    cpu_seconds: float  # of job and children at Snakemake's last sample: an underestimate
    seconds: float  # from start to end: an overestimate if the job had no core of its own
    max_rss: float  # MB


def jobs(folder: Path) -> list[Job]:
    """Return every job whose benchmark file is below a folder, sorted by path."""
    return [_job(path, folder) for path in sorted(folder.rglob("*.tsv"))]


def _job(path: Path, folder: Path) -> Job:
    """Read one file, whose path below the folder begins with its stage and, if it trains, its method."""
    stage, method = path.relative_to(folder).parts[:2]
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    return Job(
        stage, method if stage == "train" else stage, *(_number(row[name]) for name in ("cpu_time", "s", "max_rss"))
    )


def _number(cell: str) -> float:
    return 0.0 if cell in ("NA", "-") else float(cell)  # jobs that ended before Snakemake's first sample have no value


def by_name(jobs: list[Job]) -> list[tuple[str, str, list[Job]]]:
    """Return stage, name, and the jobs of each, sorted by stage and name."""
    groups: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.stage, job.name].append(job)
    return [(stage, name, group) for (stage, name), group in sorted(groups.items())]
