"""All of params.yaml, checked: the union of every stage's and every method's own Params, and what each method does."""

import re
from importlib import import_module
from operator import attrgetter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from microexpr.core.errors import ParamsError, errors_at, nearest
from microexpr.core.files import SOURCES
from microexpr.core.validation import validate
from microexpr.core.value_cache import modules
from microexpr.datasets import MACRO, MICRO
from microexpr.reporting import papers
from microexpr.tasks import MAIN_TASK, TASKS, Recognition
from microexpr.tasks.emotion.params import expand_grids
from microexpr.tasks.rows import check_distinct, of_task
from microexpr.tasks.task import ClipSection
from microexpr.training.checked import Checked, MethodSpec

SECTION = re.compile(r'^class Params\b.*\n    """Section `(\w+)` of params\.yaml', re.MULTILINE)
ROW = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63})?")  # a row's name, which is also that of files
MODELS = ("methods", "generators")  # mappings by name of a model; lists in them may repeat a value: sizes of layers
AT_MOST = {  # key -> key of its largest value
    "flow.stored_size": "flow.size",
    "population.takes": "population.subjects",
    "flow_folders.subjects": "population.subjects",
    "flow_folders.both": "flow_folders.subjects",
    "papers.ablation_subjects": "population.subjects",
    "spot.movement.regions": "spot.movement.size",
}


def section_models() -> dict[str, type[BaseModel]]:
    """Return the model of each stage's section: a class `Params` with a docstring that opens with its name."""
    models = {}
    for path in modules():
        if section := SECTION.search(path.read_text(encoding="utf-8")):
            parts = path.relative_to(SOURCES).with_suffix("").parts
            models[section[1]] = import_module(".".join(parts).removesuffix(".__init__")).Params
    return models


def _params_model() -> type[BaseModel]:
    """Return the model of all sections: each stage's own Params; params of methods are left to the methods."""
    sections = section_models()
    rows = {
        name: (ClipSection, ClipSection())
        for name, task in TASKS.items()
        if isinstance(task, Recognition) and name not in {*sections, MAIN_TASK}
    }
    return create_model(  # type: ignore[call-overload]
        "Params",
        __config__=ConfigDict(frozen=True, extra="forbid"),
        seed=(int, Field(ge=0, lt=2**63)),  # an int64 in files
        origin=(Literal["auto", "generated"], ...),
        datasets=(list[Literal[tuple(MICRO)]], Field(min_length=1)),  # type: ignore[misc]
        macro=(list[Literal[tuple(MACRO)]], ...),  # type: ignore[misc]
        methods=(dict[str, dict[str, Any] | None], Field(min_length=1)),
        variants=(papers.Variants, {}),
        appendix=(dict[str, str], {}),
        generators=(dict[str, dict[str, Any] | None], {}),
        **rows,
        **{name: (section, ...) for name, section in sections.items()},
    )


@errors_at("params.yaml: ")
def check(values: dict[str, Any]) -> Checked:
    """Return the values of params.yaml with every default, and what follows from those of methods.

    Raises ParamsError naming key and value."""
    params = validate(_params_model(), values := expand_grids(values), "")
    _check_lists(values)
    _check_relations(params)
    sections: dict[str, Any] = {name: getattr(params, name, None) for name in TASKS} | {MAIN_TASK: params}
    named = {name: section.methods for name, section in sections.items() if hasattr(section, "methods")}
    for name, methods in named.items():
        key = "methods" if name == MAIN_TASK else f"{name}.methods"
        if row := next((row for row in methods if not ROW.fullmatch(row)), ""):
            raise ParamsError(f"{key}.{row} must be a method or <method>.<name>, of a to z, 0 to 9 and _")
    rows = dict[str, dict[str, MethodSpec]]()
    for name, task in TASKS.items():
        if checked_rows := task.part("params", "checked_rows"):
            rows[name] = checked_rows(params, rows)
        elif isinstance(task, Recognition):
            rows[name] = of_task(task, sections[name])
        if name in named and name != MAIN_TASK:
            same_named = {row: rows[name][row] for row in named[name] if row in rows[name]}
            check_distinct(f"{name}.methods", same_named)
    plain = params.model_dump(mode="json")
    plain["methods"] = {name: rows[MAIN_TASK][name].params for name in params.methods}
    plain["generators"] = {name: row.params for name, row in rows["synthesise"].items()}
    for name in named.keys() - {MAIN_TASK}:
        if rows[name].keys() == named[name].keys():  # its own rows, and no changes to those of others
            plain[name]["methods"] = {row: about.params for row, about in rows[name].items()}
    return Checked(params=plain, rows=rows)


def _check_lists(values: dict[str, Any], prefix: str = "") -> None:
    """Raises ParamsError for a repeated name or size in a list: a run would drop it, or count it twice.

    Sides of a region and sizes of a method's layers may repeat."""
    for key, value in values.items():
        if isinstance(value, dict) and key not in ("variants", "training_sets", *MODELS):
            _check_lists(value, f"{prefix}{key}.")
        for item in value if isinstance(value, list) and key != "region" else ():
            if value.count(item) > 1:
                raise ParamsError(f"{prefix}{key} must have each value once, not {item} {value.count(item)} times")


def _check_relations(params: Any) -> None:
    """Raises ParamsError for a value of a stage's section that another section excludes."""
    for key, largest in AT_MOST.items():
        value, bound = (attrgetter(name)(params) for name in (key, largest))
        if value > bound > 0:  # subjects: 0 are no such rows
            raise ParamsError(f"{key} must be at most {largest}, not {value} > {bound}")
    for clip in params.report.clips:
        dataset, *names = clip.split("/")
        if dataset not in params.datasets or len(names) != 2:
            expected = f"data set/subject/clip, of {', '.join(params.datasets)}"
            raise ParamsError(f"report.clips must be {expected}, not {clip}{nearest(dataset, params.datasets)}")
