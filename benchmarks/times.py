"""Core-seconds and memory of the last run's jobs by stage and method, as each job wrote them when it ended.

    python benchmarks/times.py [--times work/times]
    python benchmarks/times.py --ship [--commit COMMIT]    # writes what a first run's log knows the time left by

core-seconds  of the job's process; what it was forked from has imported the libraries, once for all jobs
seconds       from start to end of a job: more than its core-seconds where it waited for a core or the disk

`share` is that of all core-seconds shown. Snakemake itself (reading params, building the DAG) is in none, nor is the
server that jobs are forked from; `max_rss` is the largest job's memory, with what it shares with that server. Every
file below the folder counts, of whatever run and table: delete the folder first to see one run alone.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from microexpr.reporting.html import times
from microexpr.reporting.html.times import Job
from snakemake_logger_plugin_microexpr.progress import SHIPPED, earlier_seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "studies"))
import pages


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


def shipped(folder: Path, source: str) -> str:
    """Return the file of the core-seconds of each job, as `expected.py` reads it."""
    return json.dumps(
        {"source": source, "seconds": dict(sorted(earlier_seconds(folder, "cpu_time").items()))}, indent=0
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ship", action="store_true", help=f"write {SHIPPED.name}, of a run with the committed params")
    parser.add_argument("--commit", default="HEAD", help="that the run was made from, default: %(default)s")
    parser.add_argument("--times", type=Path, default=Path("work/times"), help="default: %(default)s")
    arguments = parser.parse_args()
    folder = arguments.times
    jobs = times.jobs(folder)
    if not jobs:
        raise SystemExit(f"error: {folder} must hold the times of jobs, not none; `make table` writes them")
    if arguments.ship:
        SHIPPED.write_text(f"{shipped(folder, pages.source(name=arguments.commit))}\n", encoding="utf-8")
    Console().print(table(jobs))


if __name__ == "__main__":
    main()
