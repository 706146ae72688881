"""Core-seconds of the main table by stage and method, from the last run's benchmark files, against its budget.

    python benchmarks/budget.py [--times work/times]

The budget, in core-seconds: rendering 200, signals 80, learning 35 for each method, the whole table 1200.

Two columns of the files are shown, and the core-seconds lie between them, as does the share of the budget:

cpu seconds  column `cpu_time`: what the job and its children had used when Snakemake last looked, which it does twice
             a second for a quarter of a minute and every 30 s then. What came after is missing: this is too little.
seconds      column `s`: from start to end of a job. A job computes on one thread, so this is its core-seconds if it
             had a core of its own and never waited for the disk; else it is too much.

Snakemake itself (reading params, building the DAG) is in neither. Every file below the folder counts, so those of
people or methods that are no longer in params.yaml must be deleted first. `max_rss` is the largest job's memory.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from microexpr.reporting.html import times
from microexpr.reporting.html.times import Job

GROUPS = {"render": "rendering", "faces": "signals", "apex": "signals", "flow": "signals", "aus": "signals"}
BUDGET = {"rendering": 200, "signals": 80}
LEARNING = 35  # all folds of one method
WHOLE = 1200


def group(job: Job) -> str:
    """rendering, signals, learning, other"""
    return "learning" if job.stage == "train" else GROUPS.get(job.stage, "other")


def add(table: Table, name: str, jobs: list[Job], budget: float | None, style: str = "") -> None:
    least, most = sum(job.cpu_seconds for job in jobs), sum(job.seconds for job in jobs)
    share = (str(budget), f"{least / budget:.0%}..{most / budget:.0%}") if budget else ("", "")
    memory = max(job.max_rss for job in jobs)
    table.add_row(name, str(len(jobs)), f"{least:.1f}", f"{most:.1f}", *share, f"{memory:.0f}", style=style)


def table(jobs: Iterable[Job]) -> Table:
    """One line for each stage and method, one for each group with a budget of its own, one for all."""
    groups: defaultdict[str, defaultdict[str, list[Job]]] = defaultdict(lambda: defaultdict(list))
    for job in jobs:
        groups[group(job)][job.name].append(job)
    summary = Table("", *("jobs", "cpu seconds", "seconds", "budget", "share", "max_rss MB"), box=SIMPLE)
    for column in summary.columns[1:]:
        column.justify = "right"
    for kind in sorted(groups, key=[*BUDGET, "learning", "other"].index):
        for name, members in sorted(groups[kind].items()):
            add(summary, f"  {name}", members, LEARNING if kind == "learning" else None)
        add(summary, kind, [job for members in groups[kind].values() for job in members], BUDGET.get(kind), "bold")
        summary.add_section()
    add(summary, "whole table", [job for named in groups.values() for jobs in named.values() for job in jobs], WHOLE)
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
