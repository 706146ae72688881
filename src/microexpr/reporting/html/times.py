"""Snakemake's benchmark files as rows: what each stage took where it last ran. Times are nowhere else in results."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """One benchmark file."""

    stage: str
    name: str  # of its method where it learns, else of its stage
    cpu_seconds: float  # of job and children, when Snakemake last looked: too little
    seconds: float  # from start to end: too much, where it had no core of its own
    max_rss: float  # MB


def jobs(folder: Path) -> list[Job]:
    """Every job whose benchmark file is below a folder, sorted by path."""
    return [_job(path, folder) for path in sorted(folder.rglob("*.tsv"))]


def _job(path: Path, folder: Path) -> Job:
    """One file, whose path below the folder begins with its stage and, where it learns, its method."""
    stage, method = path.relative_to(folder).parts[:2]
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    return Job(
        stage, method if stage == "train" else stage, *(_number(row[name]) for name in ("cpu_time", "s", "max_rss"))
    )


def _number(cell: str) -> float:
    return 0.0 if cell in ("NA", "-") else float(cell)  # of jobs that ended before Snakemake looked


def by_name(found: list[Job]) -> list[tuple[str, str, list[Job]]]:
    """Stage, name, and the jobs of each, in the order of stage and name."""
    groups: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in found:
        groups[job.stage, job.name].append(job)
    return [(stage, name, own) for (stage, name), own in sorted(groups.items())]
