"""The tables of all tasks, and the parts of the report with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.reporting import main_table
from microexpr.reporting.html import Section
from microexpr.reporting.table import Table
from microexpr.tasks import TASKS


def section(name: str, tables: Sequence[str], shown: Mapping[str, Any], folder: Path) -> Section:
    """Return the part of the report with the existing tables of a task, and what its module `page` plots."""
    task = TASKS[name]
    found = [(path, shown_as) for path in tables if (shown_as := table(Path(path).stem))]
    plots = task.part("page", "plots")
    words = task.part("page", "WORDS") or ""
    target = next(iter(task.tables))
    made = plots(folder, **shown) if plots and shown else []
    return Section(name, task.title, task.about, f"results/{target}.csv", found, words, made)


def table(stem: str) -> Table | None:
    """Return how a table of this name is shown; None where it is no task's."""
    task = next((task for task in TASKS.values() if stem in task.tables), None)
    if not task:
        return None
    found: Table = task.part("table", "TABLE") or main_table.TABLE
    return found
