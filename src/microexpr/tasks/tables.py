"""The tables of all tasks, and the parts of the report with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.reporting import main_table
from microexpr.reporting.html import Section
from microexpr.reporting.table import Table
from microexpr.tasks import TASKS


def section(name: str, tables: Sequence[str], values: Mapping[str, Any], folder: Path) -> Section:
    """Return the part of the report with the existing tables of a task, and the plots of its module `page`.

    `values` are arguments of `plots`; without any, nothing is plotted. `folder` holds the results."""
    task = TASKS[name]
    forms = [(path, form) for path in tables if (form := table(Path(path).stem))]
    plots = task.part("page", "plots")(folder, **values) if values else []
    target = f"results/{next(iter(task.tables))}.csv"
    return Section(name, task.title, task.about, target, forms, task.part("page", "WORDS") or "", plots)


def table(stem: str) -> Table | None:
    """Return the form of a table of this name; None where it is no task's."""
    task = next((task for task in TASKS.values() if stem in task.tables), None)
    return (task.part("table", "TABLE") or main_table.TABLE) if task else None
