"""The tables of all tasks, and the parts of the report with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microexpr.reporting import main_table
from microexpr.reporting.table import Table
from microexpr.tasks import TASKS

if TYPE_CHECKING:
    from microexpr.reporting.html import Section


def section(name: str, tables: Sequence[str], values: Mapping[str, Any], folder: Path) -> "Section":
    """Return the part of the report with the existing tables of a task, and the plots of its module `page`.

    `values` are arguments of `plots`; without any, nothing is plotted. `folder` holds the results."""
    from microexpr.reporting.html import Section  # not for who prints a table

    task = TASKS[name]
    forms = [(path, own_table(Path(path).stem) or main_table.TABLE) for path in tables]
    plots = task.part("page", "plots")(folder, **values) if values else []
    target = f"results/{next(iter(task.tables))}.csv"
    return Section(name, task.title, task.about, target, forms, task.part("page", "WORDS") or "", plots)


def own_table(stem: str) -> Table | None:
    """Return the form of a task's table by its name; None where it is that of the main table, or no task's."""
    return next((task.part("table", "TABLE") for task in TASKS.values() if stem in task.tables), None)
