"""A task: a part of the run with outputs and a stage of its own, in a module or folder of `microexpr.tasks`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from microexpr.datasets import MICRO
from microexpr.protocols import Protocol, classes

MAIN_TASK = "emotion"
METHODS = "rows of the table: methods, or <method>.<row>, with their params"


# Modules of a task's folder: the names in each that are looked for. All may be missing.
PARTS = {
    "plan": ("Plan",),  # its files and jobs, as they follow from params.yaml
    # its section of params.yaml where no stage has it; (all params, rows of tasks before it) -> its rows by name
    "params": ("Params", "checked_rows"),
    "jobs": None,  # functions of (params, inputs, outputs) that workflow/scripts/task.py runs, of any name
    "table": ("TABLE", "COLUMNS", "table_rows"),  # how it is shown; rows of text, from evaluations
    "page": ("WORDS", "plots"),  # next to its tables in the report
}


class ClipSection(BaseModel):
    """The section of params.yaml of a task of clips that has none of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    datasets: list[Literal[tuple(MICRO)]] = Field(  # type: ignore[valid-type]
        default=[], description="micro-expressions, tested; none: those of the main table"
    )
    methods: dict[str, dict[str, Any] | None] = Field(default={}, description=METHODS)


@dataclass(frozen=True)
class Task:
    """A part of the run with outputs of its own: a target with its table, or clips that others learn from.

    Its name is that of a module or folder here, of a stage, of a section of params.yaml, and of a folder of results;
    workflow/rules/<name>.smk has its own rules, if it has any. A folder has its parts in the modules of `PARTS`."""

    name: str
    tables: Mapping[str, tuple[str, ...]]  # by name of a CSV below results: the protocols of its rows, if it has any
    title: str = ""  # of its section in the report
    about: str = ""  # a sentence below it
    rules: tuple[str, ...] = ()  # in the rule file of its name; {long} stands for each data set of long videos
    has_clip_datasets: bool = True  # whether its section names data sets of clips, as `datasets`
    after: tuple[str, ...] = ()  # tasks with files that it reads

    @property
    def folder(self) -> str:
        """Its folder below results; "" for the main task."""
        return "" if self.name == MAIN_TASK else f"{self.name}/"

    def part(self, module: str, name: str) -> Any:
        """Return what a module of its folder, or its only module, calls `name`, as `PARTS` has it; None without one.

        The param `code` of a job that calls this must name the module (`task_modules` in workflow/rules)."""
        path = f"microexpr.tasks.{self.name}"
        if hasattr(import_module(path), "__path__"):
            path = f"{path}.{module}"
        return getattr(import_module(path), name, None) if find_spec(path) else None

    def files(self, table: str) -> dict[str, str]:
        """Return the CSV of a table."""
        return {"csv": f"results/{table}.csv"}


@dataclass(frozen=True)
class Recognition(Task):
    """A target to recognise in clips. All protocols of a task but the main one have the same classes."""

    protocols: tuple[Protocol, ...] = field(kw_only=True)
    floor: str = ""  # the row that answers without looking; with one, the rows of a table are compared in pairs

    def files(self, table: str) -> dict[str, str]:
        """Return the CSV of a table, and where rows are compared that of the differences."""
        paired = {"paired": f"results/{table.removesuffix('_table')}_paired.csv"} if self.floor else {}
        return super().files(table) | paired

    def class_set(self, protocol: Protocol) -> str:
        """Return the name of a protocol's classes, which others may share."""
        if protocol.class_name is classes.native:
            return f"{protocol.datasets[0]}_{len(protocol.classes)}"
        shared: dict[Any, str] = {classes.composite: "composite", classes.objective: "objective"}
        return shared.get(protocol.class_name, self.name)
