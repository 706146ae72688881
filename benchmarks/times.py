"""Core-seconds and memory of the last run's jobs by stage and method, as each job wrote them when it ended.

    python benchmarks/times.py [--times work/times]

core-seconds  of the job's process; what it was forked from has imported the libraries, once for all jobs
seconds       from start to end of a job: more than its core-seconds where it waited for a core or the disk

`share` is that of all core-seconds shown. Snakemake itself (reading params, building the DAG) is in none, nor is the
server that jobs are forked from; `max_rss` is the largest job's memory, with what it shares with that server. Every
file below the folder counts, of whatever run and table: delete the folder first to see one run alone.
"""

import argparse
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from microexpr.reporting.html import times
from microexpr.reporting.html.times import Job


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

    groups = times.by_name(jobs)
    for stage in dict.fromkeys(stage for stage, _, _ in groups):
        add(stage, [job for job in jobs if job.stage == stage], "bold")
        for name, members in ((name, members) for other, name, members in groups if other == stage != name):
            add(f"  {name}", members)
    summary.add_section()
    add("all", jobs, "bold")
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=Path, default=Path("work/times"), help="default: %(default)s")
    folder = parser.parse_args().times
    jobs = times.jobs(folder)
    if not jobs:
        raise SystemExit(f"error: {folder} must hold the times of jobs, not none; `make table` writes them")
    Console().print(table(jobs))


if __name__ == "__main__":
    main()
