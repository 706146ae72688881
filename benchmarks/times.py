"""Core-seconds and memory of the last run's jobs by stage and method, as each job wrote them when it ended.

    python benchmarks/times.py [--times work/times]

core-seconds  of the job's process; what it was forked from has imported the libraries, once for all jobs
seconds       from start to end of a job: more than its core-seconds where it waited for a core or the disk

`share` is that of all core-seconds shown. Snakemake itself (reading params, building the DAG) is in none, nor is the
server that jobs are forked from; `max_rss` is the largest job's memory, with what it shares with that server. Every
file below the folder counts, of whatever run and table: delete the folder first to see one run alone.
"""

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from microexpr.datasets import flow_folders

sys.path.insert(0, str(Path(__file__).parents[1] / "studies"))
import pages


@dataclass(frozen=True, slots=True)
class Job:
    """One file, which a job wrote when it ended."""

    stage: str
    name: str  # its method if it trains, else its stage
    cpu_seconds: float  # of its process
    seconds: float  # from start to end of its script
    max_rss: float  # MB, with what it shares with the server that it was forked from


def read(folder: Path) -> list[Job]:
    """Return every job whose file is below a folder, sorted by path.

    A path begins with the job's stage and, if it trains, its method; stages of precomputed flow are in a folder."""
    jobs = []
    for path in sorted(folder.rglob("*.tsv")):
        parts = path.relative_to(folder).with_suffix("").parts
        depth = 1 + (parts[0] == flow_folders.NAME)
        stage = "/".join(parts[:depth])
        name = parts[depth] if parts[depth - 1] == "train" else stage
        with path.open(encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file, delimiter="\t")
        jobs.append(Job(stage, name, *(float(row[key]) for key in ("cpu_time", "s", "max_rss"))))
    return jobs


def table(jobs: list[Job]) -> Table:
    """One line for each stage, and for each method below the stage that trains them; one for all jobs."""
    summary = Table("", *("jobs", "core-seconds", "seconds", "share", "max_rss MB"), box=SIMPLE)
    for column in summary.columns[1:]:
        column.justify = "right"

    def add(name: str, members: list[Job], style: str = "") -> None:
        cpu, seconds = sum(job.cpu_seconds for job in members), sum(job.seconds for job in members)
        share = f"{cpu / max(1e-9, sum(job.cpu_seconds for job in jobs)):.0%}"
        memory = f"{max(job.max_rss for job in members):.0f}"
        summary.add_row(name, str(len(members)), f"{cpu:.1f}", f"{seconds:.1f}", share, memory, style=style)

    groups: defaultdict[str, defaultdict[str, list[Job]]] = defaultdict(lambda: defaultdict(list))
    for job in jobs:
        groups[job.stage][job.name].append(job)
    for stage, by_name in sorted(groups.items()):
        add(stage, [job for job in jobs if job.stage == stage], "bold")
        for name in sorted(by_name.keys() - {stage}):
            add(f"  {name}", by_name[name])
    summary.add_section()
    add("all", jobs, "bold")
    return summary


def main() -> None:
    parser = pages.parser(__doc__)
    parser.add_argument("--times", type=Path, default=Path("work/times"), help="default: %(default)s")
    arguments = parser.parse_args()
    jobs = read(arguments.times)
    if not jobs:
        raise SystemExit(f"error: {arguments.times} must hold the times of jobs, not none; `make table` writes them")
    Console().print(table(jobs))


if __name__ == "__main__":
    main()
