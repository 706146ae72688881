"""Core-seconds and memory of the last run's jobs by stage and method, from Snakemake's benchmark files.

    python benchmarks/times.py [--times work/times]

Two columns of the files are shown, and the core-seconds lie between them:

cpu seconds  column `cpu_time`: what the job and its children had used when Snakemake last looked, which it does twice
             a second for a quarter of a minute and every 30 s then. What came after is missing: this is too little.
seconds      column `s`: from start to end of a job. A job computes on one thread, so this is its core-seconds if it
             had a core of its own and never waited for the disk; else it is too much.

`share` is that of all seconds shown. Snakemake itself (reading params, building the DAG) is in none. Every file below
the folder counts, of whatever run and table: delete the folder first to see one run alone. `max_rss` is the largest
job's memory.
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
    summary = Table("", *("jobs", "cpu seconds", "seconds", "share", "max_rss MB"), box=SIMPLE)
    for column in summary.columns[1:]:
        column.justify = "right"

    def add(name: str, members: list[Job], style: str = "") -> None:
        cpu, seconds = sum(job.cpu_seconds for job in members), sum(job.seconds for job in members)
        share = f"{seconds / max(1e-9, sum(job.seconds for job in jobs)):.0%}"
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
        raise SystemExit(f"error: {folder} must hold benchmark files, not none; `make table` writes them")
    Console().print(table(jobs))


if __name__ == "__main__":
    main()
