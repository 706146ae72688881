"""Define the protocols by name: which clips train and which are tested. Knows clips; no files, no scores.

docs/protocols.md has them as a table. `tasks` has a module for each task with its protocols.

May import: core, datasets.
"""

import pkgutil
from importlib import import_module

from microexpr.datasets import MICRO
from microexpr.protocols import classes, tasks
from microexpr.protocols.classes import driving_clips
from microexpr.protocols.protocol import MAIN_TASK, Grouping, Protocol, Task, TrainingSet
from microexpr.protocols.splits import check_shards, shard
from microexpr.protocols.tasks.emotion import ABLATION, EVERY, MEGC2019, TRAINING_SETS
from microexpr.protocols.tasks.units import CODED, UNITS, UNITS_LOSO, UNITS_QUESTIONS

__all__ = [
    "ABLATION", "ALL_GROUPS", "CODED", "EVERY", "FLOW_PROTOCOLS", "GROUPINGS", "GROUPS", "MAIN", "MAIN_TASK",
    "MEGC2019", "PROTOCOLS", "TASKS", "TASK_OF", "TRAINING_SETS", "UNITS", "UNITS_LOSO", "UNITS_QUESTIONS", "Grouping",
    "Protocol", "Task", "TrainingSet", "check_shards", "class_set", "driving_clips", "shard",
    "synthesised_classes",
]  # fmt: skip

_NAMES = sorted(module.name for module in pkgutil.iter_modules(tasks.__path__))
TASKS: dict[str, Task] = {name: import_module(f"microexpr.protocols.tasks.{name}").TASK for name in _NAMES}
TASK_OF = {protocol.name: task for task in TASKS.values() for protocol in task.protocols}
PROTOCOLS = {protocol.name: protocol for task in TASKS.values() for protocol in task.protocols}
MAIN = tuple(name for name, protocol in PROTOCOLS.items() if protocol.title)  # of tables: all their folds are trained
FLOW_PROTOCOLS = tuple(protocol.name for protocol in TASKS["flow_folders"].protocols)


def class_set(protocol: str) -> str:
    """Return the name of a protocol's classes, which others of its task may share."""
    task, chosen = TASK_OF[protocol], PROTOCOLS[protocol].classes
    if task.name != MAIN_TASK and not task.pictures:
        return task.name
    native = {names: f"{dataset}_{count}" for (dataset, count), names in classes.NATIVE.items()}
    return ({classes.COMPOSITE: "composite", classes.OBJECTIVE: "objective"} | native).get(chosen, protocol)


# Groups of subjects that generators of clips hold out; all protocols share them.
GROUPS = Grouping("groups", "subject", ("casme2", "samm"), classes.EMOTIONS, classes.emotion)
ALL_GROUPS = Grouping("all_groups", "subject", MICRO, classes.COMPOSITE, classes.composite, has_driving_group=True)
GROUPINGS = {protocol.name: protocol for protocol in (GROUPS, ALL_GROUPS)}


def synthesised_classes(dataset: str) -> list[str]:
    """Return the classes of the clips that generators synthesise for a data set: its emotions, and MEGC2019's."""
    native = {name for (of, _), names in classes.NATIVE.items() if of == dataset for name in names}
    emotions = {"others" if name == "other" else name for name in native} if dataset in GROUPS.datasets else set()
    return sorted(emotions | {*classes.COMPOSITE})
