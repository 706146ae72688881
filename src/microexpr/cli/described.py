"""All of params.yaml, checked: the union of every stage's and every method's own Params, and what each method does.

A variant is a method under other params, `<method>.<name>` wherever a method's name is expected. `variants` has those
of the main table, `papers.variants` those of the papers' tables only, both as {method: {name: changed params}}. The
name `grid` has a list of mappings {part of a name: params} instead, and stands for a variant of every combination.
"""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from operator import attrgetter
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model

from microexpr.cli.config import PACKAGE, errors_at, validate
from microexpr.core.errors import ParamsError, nearest
from microexpr.core.files import visible
from microexpr.datasets import MACRO, MICRO
from microexpr.models import base, generators, recognisers, spotters
from microexpr.models.base import NetworkMethod
from microexpr.protocols import GROUPINGS, MAIN_TASK, TASKS, TrainingSet
from microexpr.reporting import papers
from microexpr.signals import inputs
from microexpr.training import synthetic_clips, training_sets, weights
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
}
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
            isinstance(axis, dict) and all(isinstance(params, dict) for params in axis.values()) for axis in axes
        ):
            raise ParamsError(f"{key}.grid must be a list of mappings from part of a name to params, not {axes!r}")
        expanded[method] = {name: params for name, params in named.items() if name != "grid"}
        for combination in itertools.product(*(axis.items() for axis in reversed(axes))):  # the last varies slowest
            name = "_".join(part for part, _ in reversed(combination) if part)
            if name in expanded[method]:
                raise ParamsError(f"{key}.{name} must stand once, not twice")
            expanded[method][name] = {param: value for _, params in combination for param, value in params.items()}
    return values | {"papers": section | {"variants": expanded}}


def list_methods(params: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield key in the file, name and params of every method, then of every variant.

    Raises ParamsError if a variant has no method, or its name occurs twice or could be that of another's file."""
    for name, method_params in params.methods.items():
        yield f"methods.{name}", name, method_params or {}
    names = {*params.methods}
    for section, variants in (("variants", params.variants), ("papers.variants", params.papers.variants)):
        for method, changes in variants.items():
            if method not in params.methods:
                near = nearest(method, params.methods)
                raise ParamsError(f"{section}.{method} must be a variant of one of methods{near}")
            for variant, variant_params in changes.items():
                name = f"{method}.{variant}"
                if ending := next(filter(variant.endswith, ENDINGS), ""):
                    raise ParamsError(f"{section}.{name} must not end in {ending}, as files of {method} do")
                if name in names:
                    raise ParamsError(f"{name} must stand once in methods, variants and papers.variants, not twice")
                names.add(name)
                yield f"{section}.{name}", name, (params.methods[method] or {}) | (variant_params or {})


def section_models() -> dict[str, type[BaseModel]]:
    """Return the model of each stage's section: a class `Params` with a docstring that opens with its name."""
    models = {}
    for path in visible(PACKAGE, "**/*.py"):
        if section := SECTION.search(path.read_text(encoding="utf-8")):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
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
def check(values: dict[str, Any]) -> dict[str, Any]:
    """Validate values of params.yaml.

    Returns {"params": every value, "methods", "generators", "spotters": by name the params of each, what it reads and
    makes, "tasks": the same of the methods of each other task}; "spotters" are those of long videos.
    Methods also have `params_on_pictures` and `reads_on_pictures`, those on precomputed flow.
    Variants are methods. Raises ParamsError naming key and value.
    """
    values = expand_grids(values)
    params = validate(_params_model(), values, "")
    _check_lists(values)
    for section in ("methods", "spot.methods", *(f"{name}.methods" for name in _other_tasks())):
        if name := next((name for name in attrgetter(section)(params) if not ROW.fullmatch(name)), ""):
            raise ParamsError(f"{section}.{name} must be a method or <method>.<name>, of a to z, 0 to 9 and _")
    methods = {
        name: _describe_method(key, name, method_params, params.generators)
        for key, name, method_params in list_methods(params)
    }
    _check_rows("variants", {name: about for name, about in methods.items() if about["in_table"]})
    generators = {
        name: _describe_generator(name, generator_params or {}) for name, generator_params in params.generators.items()
    }
    for name, description in methods.items():
        _check_generator(name, description["params"]["synthetic"], methods, generators)
    _check_names(params, methods)
    for name, description in methods.items():
        description["appendix"] = reason = params.appendix.get(name, "")
        description["in_table"] &= not reason
        description["trainings"] = _describe_trainings(name, description["params"], params.training_sets)
    for name, pictured in _describe_on_pictures(params):
        methods[name] |= pictured
    tasks = {name: _describe_task(name, getattr(params, name)) for name in _other_tasks()}
    for name, rows in tasks.items():
        _check_rows(f"{name}.methods", rows)
    for name, rows in tasks.items():
        getattr(params, name).methods.update({row: about["params"] for row, about in rows.items()})
    spotters = _describe_spotters(params.spot)
    _check_rows("spot.methods", spotters)
    params.spot.methods.update({name: spotters[name]["params"] for name in spotters})
    _check_relations(params)
    params.methods.update({name: methods[name]["params"] for name in params.methods})
    params.generators.update({name: generators[name]["params"] for name in generators})
    plain = params.model_dump(mode="json")
    return {"params": plain, "methods": methods, "generators": generators, "tasks": tasks, "spotters": spotters}


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


def _check_relations(params: Any) -> None:
    """Raises ParamsError for a value that another one excludes."""
    for key, largest in AT_MOST.items():
        value, bound = (attrgetter(name)(params) for name in (key, largest))
        if value > bound > 0:  # subjects: 0 are no such rows
            raise ParamsError(f"{key} must be at most {largest}, not {value} > {bound}")
    for key, section in (("units", "units"), ("spotters", "spot")):
        rows = getattr(params, section).methods
        if name := next((name for name in getattr(params.questions, key) if name not in rows), ""):
            expected = f"rows of {section}.methods: {', '.join(rows)}"
            raise ParamsError(f"questions.{key} must be {expected}, not {name}{nearest(name, rows)}")
    for clip in params.report.clips:
        dataset, *names = clip.split("/")
        if dataset not in params.datasets or len(names) != 2:
            expected = f"data set/subject/clip, of {', '.join(params.datasets)}"
            raise ParamsError(f"report.clips must be {expected}, not {clip}{nearest(dataset, params.datasets)}")


def _check_rows(section: str, rows: Mapping[str, Any]) -> None:
    """Raises ParamsError for two rows of a method in a table with the same params."""
    names = sorted(rows, key=lambda name: "." in name)
    for other, name in itertools.combinations(names, 2):
        if other.split(".")[0] == name.split(".")[0] and rows[name]["params"] == rows[other]["params"]:
            raise ParamsError(f"{section}.{name} must differ from {other} in a param, or go: it is the same row")


def _describe_method(key: str, name: str, method_params: dict[str, Any], generators: Collection[str]) -> dict[str, Any]:
    """Return the properties of a method or variant that a run needs; `key` is its position in the file.

    `generators` are those of clips."""
    with errors_at(f"{key}: "):
        kind = recognisers.find(name)
    instance = kind(validate(kind.Params, method_params, f"{key}."))
    _check_initialisation(kind, instance, key)
    params = instance.params.model_dump(mode="json")
    if params["population"] and params["initialisation"] != "population" and key.startswith("methods."):
        raise ParamsError(f"{key}.population needs initialisation: population, not {params['initialisation']}")
    if params["synthetic"]:
        with errors_at(f"{key}."):
            synthetic_clips.check_inputs(instance.inputs, params["synthetic"] in generators)
    return {
        **_describe_training(instance),
        "reads": inputs.stages(instance.inputs),
        "network": isinstance(instance, NetworkMethod),
        "synthesises": bool(getattr(instance, "synthesises", False)),
        "macro": instance.macro,
        "priority": instance.priority,
        "macro_source": params.get("macro_source", ""),
        "in_table": not key.startswith("papers."),
    }


def _describe_training(instance: Any) -> dict[str, Any]:
    """Return the properties of a method that depend on its training set."""
    teacher = instance.pretraining() if isinstance(instance, NetworkMethod) else None
    population = instance.population_pretraining()
    own_weights, population_weights = (_published_file(start) for start in (instance, population))
    return {
        "params": instance.params.model_dump(mode="json"),
        "other_choices": _other_choices(instance.params),
        "pretraining": _plain_params(teacher),
        "population": _plain_params(population),
        "teacher_population": _plain_params(teacher and teacher.population_pretraining()),
        "weights": own_weights,
        "population_weights": population_weights,
    }


def _describe_trainings(name: str, params: dict[str, Any], section: Any) -> dict[str, dict[str, Any]]:
    """Describe a method or variant for each training set that it supports and its params do not select."""
    kind = recognisers.find(name)
    usual = kind.Params.model_fields["initialisation"].default
    others = {*get_args(TrainingSet)} - {training_sets.declared(params)} if kind.learns else set()
    described: dict[str, dict[str, Any]] = {}
    for training in sorted(others):
        changes = section.changes(training, name)
        values = training_sets.params_for(training, params, usual, changes)
        key = f"training_sets.{training}.{name}"
        instance = kind(validate(kind.Params, values, f"{key}."))
        _check_initialisation(kind, instance, key)
        described[training] = _describe_training(instance)
    return described


def _check_names(params: Any, methods: dict[str, Any]) -> None:
    """Raises ParamsError for params or a reason of a method that does not exist, and for a row without a reason.

    Those of a row that this run lacks are unused."""
    for training in type(params.training_sets).model_fields:
        for name, changes in getattr(params.training_sets, training).items():
            key = f"training_sets.{training}.{name}"
            if name not in methods and name not in recognisers.names():
                raise ParamsError(f"{key} must be a method or variant{nearest(name, methods)}")
            if not (kind := recognisers.find(name)).learns:
                raise ParamsError(f"{key} must be a method that learns: {kind.__name__} learns from no clip")
            fixed = ("initialisation",) if training == "both" else ("initialisation", "population")
            if param := next((param for param in fixed if param in changes), ""):
                raise ParamsError(f"{key} must not have {param}, which `{training}` sets")
            _check_keys(kind, changes, key)
    for name, reason in params.appendix.items():
        method, dot, _ = name.partition(".")
        variants = [f"{method}.{variant}" for variant in params.variants.get(method, ()) if dot]
        if method not in recognisers.names() or (variants and name not in methods):
            near = nearest(name, variants or recognisers.names())
            raise ParamsError(f"appendix.{name} must be a method or a variant of one{near}")
        if not reason.strip():
            raise ParamsError(f"appendix.{name} must say why the row is not in the main table")
    if params.questions.programs:
        from microexpr.evaluation.questions import answerers  # a fifth of a second

        taken = {*answerers.ROWS, *methods, *recognisers.names(), *spotters.names()}
        if name := next((name for name in params.questions.programs if name in taken), None):
            raise ParamsError(f"questions.programs.{name} must have another name: that is another row's")


def _check_keys(kind: Any, values: Collection[str], key: str) -> None:
    """Raises ParamsError for a param that a method does not have, also of a row that this run lacks."""
    fields = kind.Params.model_fields
    if name := next((name for name in values if name not in fields), ""):
        raise ParamsError(f"{key}.{name} is no known key{nearest(name, fields)}")


def _describe_on_pictures(params: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of every method and variant, its params on precomputed flow, and its inputs then.

    `flow_folders.methods` changes those of methods, and so of their variants, but not what a variant changes itself.
    Raises ParamsError for a method that is not run on such flow, and for params that must be the same in all tables."""
    changes = {name: values or {} for name, values in params.flow_folders.methods.items()}
    for name, values in changes.items():
        key = f"flow_folders.methods.{name}"
        if name not in recognisers.names():
            raise ParamsError(f"{key} must be a method{nearest(name, recognisers.names())}")
        if shared := sorted(values.keys() & base.Params.model_fields.keys()):
            raise ParamsError(f"{key} must not have {shared[0]}, which is the same in all tables")
        _check_keys(recognisers.find(name), values, key)
    changed = {
        name: _without_population(name, values or {}, params.training_sets) | changes.get(name, {})
        for name, values in params.methods.items()
    }
    for key, name, method_params in list_methods(params.model_copy(update={"methods": changed})):
        kind = recognisers.find(name)
        values = _without_population(name, method_params, None)
        instance = kind(validate(kind.Params, values, f"flow_folders.{key}."))
        reads = inputs.stages(instance.inputs)
        if name in changes and (instance.macro or not TASKS["flow_folders"].suits(reads)):
            expected = "a method that reads flow alone, without macro-expressions"
            raise ParamsError(f"flow_folders.methods.{name} must be {expected}")
        yield name, {"params_on_pictures": instance.params.model_dump(mode="json"), "reads_on_pictures": reads}


def _without_population(name: str, params: dict[str, Any], section: Any) -> dict[str, Any]:
    """Return the params of a method that does not start from the population, which has no such pictures.

    With the section `training_sets` also those that it has on a fold's clips alone."""
    if training_sets.declared(params) == "corpus":
        return params
    usual = recognisers.find(name).Params.model_fields["initialisation"].default
    if section is None:
        return params | {"initialisation": usual, "population": {}}
    return training_sets.params_for("corpus", params, usual, section.changes("corpus", name))


def _other_choices(params: BaseModel) -> list[str]:
    """Return where a method makes another choice than its paper, here or in its training on the population.

    A choice is a word, yes or no, or whether a loss, phase or layer is there at all: its weight, epochs or size is 0 on
    one side alone. Other sizes, weights and rates are none."""
    paper = type(params)().model_dump(mode="json")
    chosen = params.model_dump(mode="json", exclude=set(base.Params.model_fields) - {"initialisation"})
    changed = {
        f"{prefix}{name}": (name, value)
        for prefix, values in (("", chosen), ("population.", getattr(params, "population", {})))
        for name, value in values.items()
        if name in paper
    }

    def is_other(name: str, value: Any) -> bool:
        if isinstance(value, bool | str) or isinstance(paper[name], bool | str):
            return bool(value != paper[name])
        is_number = isinstance(value, int | float) and isinstance(paper[name], int | float)
        return is_number and not name.endswith("lr") and (value == 0) != (paper[name] == 0)

    def word(value: Any) -> str:
        return f"{value:g}" if isinstance(value, float) else str(value).lower()

    return [
        f"{key} {word(value)} for {word(paper[name])}"
        for key, (name, value) in changed.items()
        if is_other(name, value)
    ]


def _check_initialisation(kind: Any, instance: Any, key: str) -> None:
    """Raises ParamsError for an initialisation that a method does not have, and for wrong params of `population`."""
    published = kind.Params.model_fields["initialisation"].default == "published"
    possible = ["scratch", *(["published"] * published), *(["population"] * kind.learns)]
    if (actual := instance.params.initialisation) not in possible:
        raise ParamsError(f"{key}.initialisation must be {' or '.join(possible)}, not {actual}")
    if instance.params.synthetic_use != "mix" and not instance.params.synthetic:
        raise ParamsError(f"{key}.synthetic_use: {instance.params.synthetic_use} needs synthetic, a generator's name")
    if instance.params.population:
        if not kind.learns:
            raise ParamsError(f"{key}.population must be empty: {kind.__name__} learns from no clip")
        with errors_at(f"{key}."):
            values = instance.population_params()
        validate(kind.Params, values, f"{key}.population.")


def _plain_params(method: Any) -> dict[str, Any] | None:
    return method.params.model_dump(mode="json") if method else None


def _published_file(method: Any) -> str:
    """Return the name of the published weights that a method uses, "" for none."""
    if not getattr(method, "weights", None) or not method.uses_published_weights():
        return ""
    return str(method.weights.files[0]) if method.weights_fit() else ""


def _describe_task(task: str, section: Any) -> dict[str, dict[str, Any]]:
    """Return by name the properties of the rows of a task's table."""
    described: dict[str, dict[str, Any]] = {}
    count, several = len(TASKS[task].protocols[0].classes), getattr(section, "several", None)
    for name, values in section.methods.items():
        key = f"{task}.methods.{name}"
        with errors_at(f"{key}: "):
            kind = recognisers.find(name)
        checked = validate(kind.Params, values or {}, f"{key}.")
        with errors_at(f"{key}: "):
            instance = kind(checked, count, several)
        _check_initialisation(kind, instance, key)
        for param, why in (("synthetic", "generators make no clips of it"), ("planted_leak", "a table ranks its rows")):
            if getattr(instance.params, param, ""):
                raise ParamsError(f"{key}.{param} must be empty: {why}")
        described[name] = {
            **_describe_training(instance),
            "reads": inputs.stages(instance.inputs),
            "network": isinstance(instance, NetworkMethod),
            "priority": instance.priority,
        }
    return described


def _describe_spotters(section: Any) -> dict[str, dict[str, Any]]:
    """Return by name the properties of the rows of the table of long videos."""
    described: dict[str, dict[str, Any]] = {}
    for name, values in section.methods.items():
        key = f"spot.methods.{name}"
        with errors_at(f"{key}: "):
            kind = spotters.find(name)
        instance = kind(validate(kind.Params, values or {}, f"{key}."), section.movement.regions)
        described[name] = {
            "params": instance.params.model_dump(mode="json"),
            "network": bool(instance.networks()),
            "reads_movement": kind.reads_movement,
        }
    return described


def _describe_generator(name: str, generator_params: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a separately trained generator that a run needs."""
    with errors_at(f"generators.{name}: "):
        kind = generators.find(name)
    checked_params = validate(kind.Params, generator_params, f"generators.{name}.")
    instance = kind(checked_params, len(GROUPINGS[kind.grouping].classes))
    if checked_params.initialisation == "shipped":
        weights.check_shipped(instance, f"generators.{name}")
    return {
        "params": instance.params.model_dump(mode="json"),
        "reads": inputs.stages(instance.inputs),
        "macro": instance.macro,
        "grouping": instance.grouping,
    }


def _check_generator(name: str, generator: str, methods: dict[str, Any], generators: dict[str, Any]) -> None:
    """Raises ParamsError unless a method or variant trains on the synthetic data of an existing generator.

    Only variants may, since their rows then have distinct names, and DVC trains them after all generators."""
    if not generator:
        return
    if "." not in name:
        expected = f"variants, as {name}: {{{generator.replace('.', '_')}: {{synthetic: {generator}}}}}"
        raise ParamsError(f"methods.{name}.synthetic must stand in {expected}")
    names = [
        other
        for other, description in methods.items()
        if description["synthesises"] and not description["params"]["synthetic"]
    ]
    names += generators
    if generator not in names:
        near = nearest(generator, names)
        expected = " or ".join(names) or "a generator, but there is none"
        raise ParamsError(f"{name}.synthetic must be {expected}, which make faces, not {generator}{near}")
