"""All of params.yaml, checked: the union of every stage's and every method's own Params, and what each method does.

A variant is a method under other params, `<method>.<name>` wherever a method's name is expected. `variants` has those
of the main table, `papers.variants` those of the papers' tables only, both as {method: {name: changed params}}. The
name `grid` has a list of mappings {part of a name: params} instead, and stands for a variant of every combination.
"""

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib import import_module
from operator import attrgetter
from typing import Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model

from microexpr.cli.config import errors_at, modules, validate
from microexpr.core.errors import ParamsError, nearest
from microexpr.core.files import SOURCES
from microexpr.datasets import MACRO, MICRO
from microexpr.models import base, generators, recognisers, spotters
from microexpr.models.base import Method, NetworkMethod
from microexpr.protocols import MAIN_TASK, TASKS, TrainingSet
from microexpr.reporting import papers
from microexpr.signals import inputs
from microexpr.training import synthetic_clips, training_sets, weights
from microexpr.training.checked import Checked, MethodRow, Row, SpotterRow
from microexpr.training.task_params import Rows

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


class Listed(NamedTuple):
    """A method or variant as params.yaml has it."""

    key: str  # position of its params
    name: str
    method: str  # in `methods`
    of_method: dict[str, Any]
    changes: dict[str, Any]  # of a variant: params that differ

    @property
    def of_papers(self) -> bool:
        """Whether it is in papers' tables alone."""
        return self.key.startswith("papers.")


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
    rows = {name: (Rows, Rows()) for name in _other_tasks() if name not in sections}
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
    tasks = {name: getattr(params, name) for name in _other_tasks()}
    for section in ("methods", "spot.methods", *(f"{name}.methods" for name in tasks)):
        if name := next((name for name in attrgetter(section)(params) if not ROW.fullmatch(name)), ""):
            raise ParamsError(f"{section}.{name} must be a method or <method>.<name>, of a to z, 0 to 9 and _")
    listed = [*list_methods(params)]
    rows = {item.name: _of_main_task(item, params.generators) for item in listed}
    makers = {name: _generator(name, of_maker) for name, of_maker in params.generators.items()}
    _refuse(_relations_of_methods(params, listed, rows))
    others = {name: _of_task(name, section) for name, section in tasks.items()}
    spotter_rows = {name: _spotter(name, of_spotter, params.spot) for name, of_spotter in params.spot.methods.items()}
    tables: dict[str, Mapping[str, Row | SpotterRow]] = {**others, "spot": spotter_rows}
    for section, table in tables.items():
        _refuse(_same_rows(f"{section}.methods", table))
    _refuse(_relations(params, rows))
    methods = {item.name: _with_trainings(item, rows[item.name], params) for item in listed}
    plain = params.model_dump(mode="json")
    plain["methods"] = {name: rows[name].params for name in params.methods}
    plain["generators"] = {name: maker.params for name, maker in makers.items()}
    for section, table in tables.items():
        plain[section]["methods"] = {name: row.params for name, row in table.items()}
    return Checked(params=plain, methods=methods, generators=makers, tasks=others, spotters=spotter_rows)


def _other_tasks() -> list[str]:
    """Return the tasks with a section of rows in params.yaml: not the main one, nor that of its rows on pictures."""
    return [name for name, task in TASKS.items() if name != MAIN_TASK and not task.pictures]


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


def _same_rows(section: str, rows: Mapping[str, Row | SpotterRow]) -> Iterator[str]:
    """Yield a line for two rows of a method in a table with the same params."""
    names = sorted(rows, key=lambda name: "." in name)
    for other, name in itertools.combinations(names, 2):
        if other.split(".")[0] == name.split(".")[0] and rows[name].params == rows[other].params:
            yield f"{section}.{name} must differ from {other} in a param, or go: it is the same row"


def _unknown(name: str, values: Iterable[str], key: str) -> Iterator[str]:
    """Yield a line for a param that a method does not have, also of a row that this run lacks."""
    fields = recognisers.find(name).Params.model_fields
    return (f"{key}.{param} is no known key{nearest(param, fields)}" for param in values if param not in fields)


def _relations_of_methods(params: Any, listed: Iterable[Listed], rows: Mapping[str, Row]) -> Iterator[str]:
    """Yield a line for each row of the main table, and each generator of a variant, that other rows exclude.

    Only variants train on synthetic data, since their rows then have distinct names, and DVC trains them after all
    generators."""
    yield from _same_rows("variants", {item.name: rows[item.name] for item in listed if not item.of_papers})
    yield from _same_rows("papers.variants", {name: row for name, row in rows.items() if name not in COPIES})
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
            yield from _unknown(name, changes, key)
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
    for name, changes in params.flow_folders.methods.items():
        key = f"flow_folders.methods.{name}"
        if name not in method_names:
            yield f"{key} must be a method{nearest(name, method_names)}"
        for param in sorted(base.Params.model_fields.keys() & {*(changes or {})}):
            yield f"{key} must not have {param}, which is the same in all tables"
        yield from _unknown(name, changes or {}, key)
    for key, largest in AT_MOST.items():
        value, bound = (attrgetter(name)(params) for name in (key, largest))
        if value > bound > 0:  # subjects: 0 are no such rows
            yield f"{key} must be at most {largest}, not {value} > {bound}"
    for key, section in (("units", "units"), ("spotters", "spot")):
        rows = getattr(params, section).methods
        for name in getattr(params.questions, key):
            if name not in rows:
                expected = f"rows of {section}.methods: {', '.join(rows)}"
                yield f"questions.{key} must be {expected}, not {name}{nearest(name, rows)}"
    if params.questions.programs:
        from microexpr.evaluation.questions import answerers  # a fifth of a second

        for name in params.questions.programs:
            if name in {*answerers.ROWS, *methods, *method_names, *spotters.names()}:
                yield f"questions.programs.{name} must have another name: that is another row's"
    for clip in params.report.clips:
        dataset, *names = clip.split("/")
        if dataset not in params.datasets or len(names) != 2:
            expected = f"data set/subject/clip, of {', '.join(params.datasets)}"
            yield f"report.clips must be {expected}, not {clip}{nearest(dataset, params.datasets)}"


def _built(find: Callable[[str], Any], key: str, name: str, values: dict[str, Any] | None, *context: Any) -> Any:
    """Return a method, generator or spotter; `key` is the position of its params in the file."""
    with errors_at(f"{key}: "):
        kind = find(name)
    checked = validate(kind.Params, values or {}, f"{key}.")
    with errors_at(f"{key}: "):
        return kind(checked, *context)


def _recogniser(key: str, name: str, values: dict[str, Any] | None, *context: Any) -> Method:
    """Return a method or variant.

    Raises ParamsError for an initialisation that it does not have, and for wrong params of `population`."""
    method: Method = _built(recognisers.find, key, name, values, *context)
    params, kind = method.params, type(method)
    possible = ["scratch", *(["published"] * (_usual(name) == "published")), *(["population"] * kind.learns)]
    if params.initialisation not in possible:
        raise ParamsError(f"{key}.initialisation must be {' or '.join(possible)}, not {params.initialisation}")
    if params.synthetic_use != "mix" and not params.synthetic:
        raise ParamsError(f"{key}.synthetic_use: {params.synthetic_use} needs synthetic, a generator's name")
    if params.population:
        if not kind.learns:
            raise ParamsError(f"{key}.population must be empty: {kind.__name__} learns from no clip")
        if params.initialisation != "population" and "methods." in key:
            raise ParamsError(f"{key}.population needs initialisation: population, not {params.initialisation}")
        with errors_at(f"{key}."):
            changed = method.population_params()
        validate(kind.Params, changed, f"{key}.population.")
    return method


def _of_main_task(item: Listed, makers: Collection[str]) -> Row:
    """Return the row of a method or variant; `makers` are the generators of clips."""
    method = _recogniser(item.key, item.name, item.of_method | item.changes)
    params = method.params
    if params.synthetic:
        with errors_at(f"{item.key}."):
            synthetic_clips.check_inputs(method.inputs, params.synthetic in makers)
    return _row(method)


def _of_task(task: str, section: Any) -> dict[str, Row]:
    """Return by name the rows of a task's table."""
    rows, several = dict[str, Row](), getattr(section, "several", None)
    for name, values in section.methods.items():
        key, classes = f"{task}.methods.{name}", len(TASKS[task].protocols[0].classes)
        rows[name] = _row(_recogniser(key, name, values, classes, several))
        for param, why in (("synthetic", "generators make no clips of it"), ("planted_leak", "a table ranks its rows")):
            if rows[name].params[param]:
                raise ParamsError(f"{key}.{param} must be empty: {why}")
    return rows


def _generator(name: str, values: dict[str, Any] | None) -> Row:
    """Return the row of a separately trained generator."""
    maker = _built(generators.find, f"generators.{name}", name, values)
    if maker.params.decay_epochs > maker.params.epochs:
        last, epochs = maker.params.decay_epochs, maker.params.epochs
        raise ParamsError(f"generators.{name}.decay_epochs must be at most epochs, not {last} > {epochs}")
    if maker.params.initialisation == "shipped":
        weights.check_shipped(maker, f"generators.{name}")
    return _row(maker)


def _spotter(name: str, values: dict[str, Any] | None, section: Any) -> SpotterRow:
    """Return the row of a spotter of long videos."""
    spotter = _built(spotters.find, f"spot.methods.{name}", name, values, section.movement.regions)
    network = bool(spotter.networks())
    return SpotterRow(params=_plain(spotter), network=network, reads_movement=spotter.reads_movement)


def _with_trainings(item: Listed, row: Row, params: Any) -> MethodRow:
    """Return the row of a method or variant with those of other training sets and on precomputed flow."""
    trainings, name = dict[TrainingSet, Row](), item.name
    learns = recognisers.find(name).learns
    for kind in sorted({*get_args(TrainingSet)} - {training_sets.declared(row.params)}) if learns else ():
        values = params.training_sets.params_for(kind, name, row.params, _usual(name))
        trained = _row(_recogniser(f"training_sets.{kind}.{name}", name, values))
        trainings[kind] = trained.model_copy(update={"reads": row.reads})  # all trainings of a method have its files
    return MethodRow(
        **dict(row),
        in_table=not item.of_papers and name not in params.appendix,
        appendix=params.appendix.get(name, ""),
        trainings=trainings,
        on_pictures=_on_pictures(item, params),
    )


def _on_pictures(item: Listed, params: Any) -> Row:
    """Return the row of a method or variant on precomputed flow, where it does not start from the population.

    `flow_folders.methods` changes the params of methods, and so of their variants, but not what a variant changes
    itself. Raises ParamsError for a method that is not run on such flow."""
    values, changes, usual = item.of_method, params.flow_folders.methods, _usual(item.name)
    if training_sets.declared(values) == "both":
        values = params.training_sets.params_for("corpus", item.method, values, usual)
    values = values | (changes.get(item.method) or {}) | item.changes
    if training_sets.declared(values) == "both":
        values |= {"initialisation": usual, "population": {}}
    row = _row(_built(recognisers.find, f"flow_folders.{item.key}", item.name, values))
    if item.name in changes and (row.macro or not TASKS["flow_folders"].suits(row.reads)):
        expected = "a method that reads flow alone, without macro-expressions"
        raise ParamsError(f"flow_folders.methods.{item.name} must be {expected}")
    return row


def _usual(name: str) -> str:
    """Return the initialisation of a method whose params name none."""
    return str(recognisers.find(name).Params.model_fields["initialisation"].default)


def _row(method: Method) -> Row:
    """Return what a run knows of a method or generator."""
    teacher = method.pretraining() if isinstance(method, NetworkMethod) else None
    population = method.population_pretraining()
    teacher_population = teacher.population_pretraining() if teacher else None
    return Row(
        params=_plain(method),
        reads=inputs.stages(method.inputs),
        network=isinstance(method, NetworkMethod),
        synthesises=getattr(method, "synthesises", False),
        macro=method.macro,
        priority=method.priority,
        grouping=getattr(method, "grouping", ""),
        other_choices=_other_choices(method.params),
        pretraining=_plain(teacher) if teacher else None,
        population=_plain(population) if population else None,
        teacher_population=_plain(teacher_population) if teacher_population else None,
        weights=_published_file(method),
        population_weights=_published_file(population),
    )


def _plain(instance: Any) -> dict[str, Any]:
    """Return the params of a method, generator or spotter as plain values."""
    params: dict[str, Any] = instance.params.model_dump(mode="json")
    return params


def _other_choices(params: BaseModel) -> list[str]:
    """Return where a method makes another choice than its paper, here or in its training on the population.

    A choice is a word, yes or no, or whether a loss, phase or layer is there at all: its weight, epochs or size is 0 on
    one side alone. Other sizes, weights and rates are none."""
    paper, prefix = type(params)().model_dump(mode="json"), "population."
    chosen = params.model_dump(mode="json", exclude=set(base.Params.model_fields) - {"initialisation"})
    chosen |= {f"{prefix}{name}": value for name, value in getattr(params, "population", {}).items()}
    printed = {key: paper[name] for key in chosen if (name := key.removeprefix(prefix)) in paper}
    others = [key for key, value in printed.items() if _is_other_choice(key, chosen[key], value)]
    return [f"{key} {_word(chosen[key])} for {_word(printed[key])}" for key in others]


def _is_other_choice(key: str, value: Any, printed: Any) -> bool:
    if isinstance(value, bool | str) or isinstance(printed, bool | str):
        return bool(value != printed)
    is_number = isinstance(value, int | float) and isinstance(printed, int | float)
    return is_number and not key.endswith("lr") and (value == 0) != (printed == 0)


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _published_file(method: Method | None) -> str:
    """Return the name of the published weights that a method uses, "" for none."""
    if isinstance(method, NetworkMethod) and method.weights and method.uses_published_weights():
        return str(method.weights.files[0]) if method.weights_fit() else ""
    return ""
