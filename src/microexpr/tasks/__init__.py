"""A folder or module for each task, a kind of target: its protocols, plan, rows of params.yaml, figures and table.

`TASK` of each is found here. docs/adding-a-task.md says what one needs.

May import: core, datasets, evaluation, models, protocols, rendering, reporting, signals, training.
"""

from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

from microexpr.protocols import PROTOCOLS
from microexpr.tasks.task import MAIN_TASK, Recognition, Task

__all__ = ["MAIN_TASK", "PROTOCOLS", "TASKS", "TASK_OF", "Recognition", "Task"]

_FOLDER = Path(__file__).parent
_PATHS = [*_FOLDER.glob("*.py"), *_FOLDER.glob("*/__init__.py")]
_NAMES = sorted(  # its other modules are of all tasks
    path.relative_to(_FOLDER).parts[0].removesuffix(".py")
    for path in _PATHS
    if "\nTASK = " in path.read_text(encoding="utf-8")
)
_FOUND: dict[str, Task] = {name: import_module(f"microexpr.tasks.{name}").TASK for name in _NAMES}
_ORDER = TopologicalSorter({name: task.after for name, task in _FOUND.items()}).static_order()
TASKS: dict[str, Task] = {name: _FOUND[name] for name in _ORDER}  # those first whose files others read
TASK_OF: dict[str, Recognition] = {
    protocol.name: task for task in _FOUND.values() if isinstance(task, Recognition) for protocol in task.protocols
}
PROTOCOLS.update({protocol.name: protocol for task in TASK_OF.values() for protocol in task.protocols})
