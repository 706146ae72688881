"""All of params.yaml, checked: the union of every stage's and every method's own Params, and what each method does.

A variant is a method under other params, `<method>.<name>` wherever a method's name is expected. `variants` has those
of the main table, `papers.variants` those of the papers' tables only, both as {method: {name: changed params}}. The
name `grid` has a list of mappings {part of a name: params} instead, and stands for a variant of every combination.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import import_module
from operator import attrgetter
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model

from microexpr.core.errors import ParamsError, errors_at, nearest
from microexpr.core.files import SOURCES
from microexpr.core.validation import validate
from microexpr.core.value_cache import modules
from microexpr.datasets import MACRO, MICRO
from microexpr.models import base, generators, recognisers
from microexpr.protocols import TrainingSet
from microexpr.reporting import papers
from microexpr.tasks import MAIN_TASK, TASKS, Recognition, Task
from microexpr.tasks.rows import Listed, built, described_row, of_task, recogniser, same_rows, unknown, usual
from microexpr.tasks.task import Rows
from microexpr.training import synthetic_clips, training_sets, weights
from microexpr.training.checked import Checked, MethodRow, Row

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
# variants of papers' figures and a grid, whose params may be those of their method
COPIES = ("augacn.nodes", *(f"mtmnet.{name}" for name in MACRO))
ENDINGS = ("_confusion", "_predictions", "_faces")  # after a method's name, in files of its evaluation


def expand_grids(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with each grid of `papers.variants` replaced by its variants. Raise ParamsError for no grid."""
    section = values.get("papers")
    variants = section.get("variants") if isinstance(section, dict) else None
    if not isinstance(section, dict) or not isinstance(variants, dict):
        return values  # validation names the section
    expanded = {}
    for method, named in variants.items():
        expanded[method] = named
        if not isinstance(named, dict) or "grid" not in named:
            continue
        axes, key = named["grid"], f"papers.variants.{method}"
        if not isinstance(axes, list) or not all(
            isinstance(axis, dict) and axis and all(isinstance(params, dict) for params in axis.values())
            for axis in axes
        ):
            raise ParamsError(f"{key}.grid must be a list of mappings from part of a name to params, not {axes!r}")
        expanded[method] = {name: params for name, params in named.items() if name != "grid"}
        for combination in itertools.product(*(axis.items() for axis in reversed(axes))):  # the last varies slowest
            name = "_".join(part for part, _ in reversed(combination) if part)
            if name in expanded[method]:
                raise ParamsError(f"{key}.{name} must stand once, not twice")
            expanded[method][name] = changes = dict[str, Any]()
            for _, params in combination:
                if twice := changes.keys() & params:
                    raise ParamsError(f"{key}.grid must have {min(twice)} in one of its mappings alone")
                changes |= params
    return values | {"papers": section | {"variants": expanded}}


def list_methods(params: Any) -> Iterator[Listed]:
    """Yield every method, then every variant.

    Raises ParamsError if a variant has no method, or its name occurs twice or could be that of another's file."""
    for name, of_method in params.methods.items():
        yield Listed(f"methods.{name}", name, name, of_method or {}, {})
    names = {*params.methods}
    for section, variants in (("variants", params.variants), ("papers.variants", params.papers.variants)):
        for method, changes in variants.items():
            if method not in params.methods:
                near = nearest(method, params.methods)
                raise ParamsError(f"{section}.{method} must be a variant of one of methods{near}")
            for variant, variant_changes in changes.items():
                name = f"{method}.{variant}"
                if ending := next(filter(variant.endswith, ENDINGS), ""):
                    raise ParamsError(f"{section}.{name} must not end in {ending}, as files of {method} do")
                if name in names:
                    raise ParamsError(f"{name} must stand once in methods, variants and papers.variants, not twice")
                names.add(name)
                yield Listed(f"{section}.{name}", name, method, params.methods[method] or {}, variant_changes or {})


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
        name: (Rows, Rows())
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
    values = expand_grids(values)
    params = validate(_params_model(), values, "")
    _check_lists(values)
    others = [name for name in TASKS if name != MAIN_TASK]
    with_rows = [name for name in others if hasattr(getattr(params, name, None), "methods")]
    for section in ("methods", *(f"{name}.methods" for name in with_rows)):
        if name := next((name for name in attrgetter(section)(params) if not ROW.fullmatch(name)), ""):
            raise ParamsError(f"{section}.{name} must be a method or <method>.<name>, of a to z, 0 to 9 and _")
    listed = [*list_methods(params)]
    rows = {item.name: _of_main_task(item, params.generators) for item in listed}
    makers = {name: _generator(name, of_maker) for name, of_maker in params.generators.items()}
    _refuse(_relations_of_methods(params, listed, rows))
    _refuse(_relations(params, rows))
    tables = dict[str, dict[str, Row]]()
    for name in others:
        if refusals := TASKS[name].part("checks", "refusals"):
            _refuse(refusals(params, rows))
        if name in with_rows:
            tables[name] = _of_task(TASKS[name], params, listed)
    methods = {item.name: _with_trainings(item, rows[item.name], params) for item in listed}
    plain = params.model_dump(mode="json")
    plain["methods"] = {name: rows[name].params for name in params.methods}
    plain["generators"] = {name: maker.params for name, maker in makers.items()}
    for name, table in tables.items():
        if table.keys() == getattr(params, name).methods.keys():  # its own rows, and no changes to those of others
            plain[name]["methods"] = {row: about.params for row, about in table.items()}
    return Checked(params=plain, methods=methods, generators=makers, tasks=tables)


def _of_task(task: Task, params: Any, listed: list[Listed]) -> dict[str, Row]:
    """Return by name the rows of another task than the main one."""
    section = getattr(params, task.name)
    if rows := task.part("rows", "checked_rows"):
        table: dict[str, Row] = rows(params, listed)
    else:
        assert isinstance(task, Recognition)  # any other has its own
        table = of_task(task, section)
    _refuse(same_rows(f"{task.name}.methods", {name: table[name] for name in section.methods if name in table}))
    return table


def _check_lists(values: dict[str, Any], prefix: str = "") -> None:
    """Raises ParamsError for a repeated name or size in a list: a run would drop it, or count it twice.

    Sides of a region and sizes of a method's layers may repeat."""
    for key, value in values.items():
        if isinstance(value, dict) and key not in ("variants", "training_sets", *MODELS):
            _check_lists(value, f"{prefix}{key}.")
        for item in value if isinstance(value, list) and key != "region" else ():
            if value.count(item) > 1:
                raise ParamsError(f"{prefix}{key} must have each value once, not {item} {value.count(item)} times")


def _refuse(lines: Iterator[str]) -> None:
    """Raises ParamsError with the first of these lines, if there is any."""
    if line := next(lines, ""):
        raise ParamsError(line)


def _relations_of_methods(params: Any, listed: Iterable[Listed], rows: Mapping[str, Row]) -> Iterator[str]:
    """Yield a line for each row of the main table, and each generator of a variant, that other rows exclude.

    Only variants train on synthetic data, since their rows then have distinct names, and DVC trains them after all
    generators."""
    yield from same_rows("variants", {item.name: rows[item.name] for item in listed if not item.of_papers})
    yield from same_rows("papers.variants", {name: row for name, row in rows.items() if name not in COPIES})
    makers = [name for name, row in rows.items() if row.synthesises and not row.params["synthetic"]]
    makers += params.generators
    used = {name: str(row.params["synthetic"]) for name, row in rows.items() if row.params["synthetic"]}
    for name, generator in used.items():
        if "." not in name:
            expected = f"variants, as {name}: {{{generator.replace('.', '_')}: {{synthetic: {generator}}}}}"
            yield f"methods.{name}.synthetic must stand in {expected}"
        if generator not in makers:
            expected = " or ".join(makers) or "a generator, but there is none"
            near = nearest(generator, makers)
            yield f"{name}.synthetic must be {expected}, which make faces, not {generator}{near}"


def _relations(params: Any, methods: Mapping[str, Row]) -> Iterator[str]:
    """Yield a line for each value that another section excludes, and for each name that no other section has.

    Params of a row that this run lacks are unused."""
    method_names = recognisers.names()
    for training, named in params.training_sets:
        for name, changes in named.items():
            key = f"training_sets.{training}.{name}"
            if name not in methods and name not in method_names:
                yield f"{key} must be a method or variant{nearest(name, methods)}"
            if not (kind := recognisers.find(name)).learns:
                yield f"{key} must be a method that learns: {kind.__name__} learns from no clip"
            chosen = {"precision", *(["population"] * (training == "both"))}  # others of these are not a training's own
            for param in sorted((base.Params.model_fields.keys() - chosen) & changes.keys()):
                yield f"{key} must not have {param}, which `methods` and `{training}` set"
            yield from unknown(name, changes, key)
            concerned = [row.params for other, row in methods.items() if name in (other, other.partition(".")[0])]
            if {*map(training_sets.declared, concerned)} == {training}:
                yield f"{key} must go: by its own params {name} trains on `{training}` already"
            if training == "ablation" and name.partition(".")[0] not in papers.ABLATIONS:
                yield f"{key} must be one of {', '.join(papers.ABLATIONS)}, whose tables train on such subjects"
    for name, by_emotion in params.synthesise.counts.items():
        if name not in params.datasets or not by_emotion:
            yield f"synthesise.counts.{name} must be clips by emotion of one of {', '.join(params.datasets)}"
    for name, reason in params.appendix.items():
        method, dot, _ = name.partition(".")
        variants = [f"{method}.{variant}" for variant in params.variants.get(method, ()) if dot]
        if method not in method_names or (variants and name not in methods):
            yield f"appendix.{name} must be a method or a variant of one{nearest(name, variants or method_names)}"
        if not reason.strip():
            yield f"appendix.{name} must say why the row is not in the main table"
    ranked = (item for item in list_methods(params) if not methods[item.name].params["planted_leak"])
    if all(item.of_papers or item.name in params.appendix for item in ranked):
        yield "methods must have a row for the main table: without planted_leak, and not in appendix"
    for key, largest in AT_MOST.items():
        value, bound = (attrgetter(name)(params) for name in (key, largest))
        if value > bound > 0:  # subjects: 0 are no such rows
            yield f"{key} must be at most {largest}, not {value} > {bound}"
    for clip in params.report.clips:
        dataset, *names = clip.split("/")
        if dataset not in params.datasets or len(names) != 2:
            expected = f"data set/subject/clip, of {', '.join(params.datasets)}"
            yield f"report.clips must be {expected}, not {clip}{nearest(dataset, params.datasets)}"


def _of_main_task(item: Listed, makers: Collection[str]) -> Row:
    """Return the row of a method or variant; `makers` are the generators of clips."""
    method = recogniser(item.key, item.name, item.of_method | item.changes)
    params = method.params
    if params.synthetic:
        with errors_at(f"{item.key}."):
            synthetic_clips.check_inputs(method.inputs, params.synthetic in makers)
    return described_row(method)


def _generator(name: str, values: dict[str, Any] | None) -> Row:
    """Return the row of a separately trained generator."""
    maker = built(generators.find, f"generators.{name}", name, values)
    if maker.params.decay_epochs > maker.params.epochs:
        last, epochs = maker.params.decay_epochs, maker.params.epochs
        raise ParamsError(f"generators.{name}.decay_epochs must be at most epochs, not {last} > {epochs}")
    if maker.params.initialisation == "shipped":
        weights.check_shipped(maker, f"generators.{name}")
    return described_row(maker)


def _with_trainings(item: Listed, row: Row, params: Any) -> MethodRow:
    """Return the row of a method or variant with those of other training sets."""
    trainings, name = dict[TrainingSet, Row](), item.name
    learns = recognisers.find(name).learns
    for kind in sorted({*get_args(TrainingSet)} - {training_sets.declared(row.params)}) if learns else ():
        values = params.training_sets.params_for(kind, name, row.params, usual(name))
        trained = described_row(recogniser(f"training_sets.{kind}.{name}", name, values))
        trainings[kind] = trained.model_copy(update={"reads": row.reads})  # all trainings of a method have its files
    return MethodRow(
        **dict(row),
        in_table=not item.of_papers and name not in params.appendix,
        appendix=params.appendix.get(name, ""),
        trainings=trainings,
    )
