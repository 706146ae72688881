"""params.yaml as one model: the union of every stage's and every method's own Params. Holds no value itself."""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from microexpr.cli import variants
from microexpr.core.errors import ParamsError, nearest
from microexpr.core.files import regular
from microexpr.core.store import write_text

PACKAGE = Path(__file__).parents[1]
CACHE = Path("work/params")
SECTION = re.compile(r'^class Params\b.*\n    """Section `(\w+)` of params\.yaml', re.MULTILINE)
MODELS = ("methods", "generators")  # mappings by name of a model; lists in them may repeat a value: sizes of layers
DEPTH, VALUES, DIGITS = 32, 10**5, 100  # bounds of a file: params.yaml has 6 levels, and some thousand values
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is eight times as fast


def load(path: str | Path) -> dict[str, Any]:
    """Return the contents of params.yaml. Raises ParamsError unless it is a mapping with text keys, each once."""
    try:
        text = regular(path, ParamsError).read_bytes().decode()
        _check_depth(text, path)
        loader = Loader(text)
        node = loader.get_single_node()
        _check_keys(node, path)
        _check_size(node, path)
        values = loader.construct_document(node) if node else None
    except OSError as error:
        raise ParamsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ParamsError(f"{path}, line {line}: must be UTF-8, not byte 0x{error.object[error.start]:02x}") from None
    except yaml.MarkedYAMLError as error:
        raise ParamsError(f"{path}, line {error.problem_mark.line + 1}: must be YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, KeyError, AttributeError) as error:  # as of `!!bool perhaps`
        raise ParamsError(f"{path}: must be YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ParamsError(f"{path}: must be a mapping of sections, not {type(values).__name__}")
    return values


def _check_depth(text: str, path: str | Path) -> None:
    """Raises ParamsError for lists and mappings in more of them than the reader's stack has room for."""
    depth = 0
    for event in yaml.parse(text, Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ParamsError(f"{path}, line {event.start_mark.line + 1}: must be nested at most {DEPTH} deep")


def _check_size(root: Any, path: str | Path) -> None:
    """Raises ParamsError for a number of many digits, and for aliases that expand to too much, or to themselves."""
    sizes: dict[int, int] = {}

    def size(node: Any) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = VALUES + 1  # of a node within itself
            if isinstance(node, yaml.ScalarNode):
                parts: Iterable[Any] = ()
                if len(node.value) > DIGITS and not node.tag.endswith(":str"):
                    raise ParamsError(
                        f"{path}, line {node.start_mark.line + 1}: a number must have at most {DIGITS} digits"
                    )
            else:
                parts = chain(*node.value) if isinstance(node, yaml.MappingNode) else node.value
            sizes[id(node)] = 1 + sum(map(size, parts))
        return sizes[id(node)]

    if root and size(root) > VALUES:
        raise ParamsError(f"{path}: must have at most {VALUES} values, where an alias is what it stands for")


def _check_keys(root: Any, path: str | Path) -> None:
    """Raises ParamsError for a key that is no text, or occurs twice in its mapping: YAML readers take the last one."""
    nodes, seen = [root], set[int]()  # an alias is the node that it stands for, so a node may come again
    for node in nodes:
        if isinstance(node, yaml.SequenceNode) and id(node) not in seen:
            nodes += node.value
        if isinstance(node, yaml.MappingNode) and id(node) not in seen:
            nodes += [value for _, value in node.value]
            lines: dict[str, int] = {}
            for key, _ in node.value:
                line, kind = key.start_mark.line + 1, key.tag.rpartition(":")[2]
                if kind not in ("str", "merge"):
                    actual = f"{key.value} ({kind})" if isinstance(key, yaml.ScalarNode) else f"a {kind}"
                    raise ParamsError(f"{path}, line {line}: a key must be text, not {actual}")
                if key.value in lines:
                    raise ParamsError(
                        f"{path}, line {line}: {key.value} must stand once, not in line {lines[key.value]} too"
                    )
                lines[key.value] = line
        seen.add(id(node))


def check_cached(values: dict[str, Any]) -> dict[str, Any]:
    """Return `check` of these values, cached, since it imports every method and so torch, and each start of Snakemake
    needs it again."""
    result: dict[str, Any] = cached("params", values, lambda: check(values))
    return result


def cached(kind: str, key: Any, compute: Callable[[], Any]) -> Any:
    """Return `compute()`, which JSON can hold, cached in `CACHE` under the hash of kind, key and the package's code."""
    digest = hashlib.sha256(json.dumps([kind, key], sort_keys=True, default=str).encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    cache_file = CACHE / f"{digest.hexdigest()[:24]}.json"
    with suppress(FileNotFoundError, ValueError):  # it is not there, or damaged
        return json.loads(cache_file.read_text(encoding="utf-8"))
    text = json.dumps(compute(), indent=1)
    write_text(cache_file, text)
    return json.loads(text)


@contextmanager
def errors_at(position: str) -> Iterator[None]:
    """Put a position before a ParamsError's message; also a decorator."""
    try:
        yield
    except ParamsError as error:
        raise ParamsError(f"{position}{error}") from None


@errors_at("params.yaml: ")
def check(values: dict[str, Any]) -> dict[str, Any]:
    """Validate values of params.yaml.

    Returns {"params": every value, "methods", "generators", "spotters": by name the params of each, what it reads and
    makes, "tasks": the same of the methods of each other task}; "spotters" are those of long videos.
    Methods also have `params_on_pictures` and `reads_on_pictures`, those on precomputed flow.
    Variants are methods. Raises ParamsError naming key and value.
    """
    values = variants.expand_grids(values)
    params = validate(_params_model(), values, "")
    _check_lists(values)
    methods = {
        name: _describe_method(key, name, method_params, params.generators)
        for key, name, method_params in variants.list_methods(params)
    }
    generators = {
        name: _describe_generator(name, generator_params or {}) for name, generator_params in params.generators.items()
    }
    for name, description in methods.items():
        _check_generator(name, description["params"]["synthetic"], methods, generators)
    _check_training_sets(params, methods)
    _check_appendix(params.appendix)
    for name, description in methods.items():
        description["appendix"] = reason = params.appendix.get(name, "")
        description["in_table"] &= not reason
        description["trainings"] = _describe_trainings(name, description["params"], params.training_sets)
    for name, pictured in _describe_on_pictures(params):
        methods[name] |= pictured
    tasks = {name: _describe_task(name, getattr(params, name)) for name in _other_tasks()}
    for name, rows in tasks.items():
        getattr(params, name).methods.update({row: about["params"] for row, about in rows.items()})
    spotters = _describe_spotters(params.spot)
    params.spot.methods.update({name: spotters[name]["params"] for name in spotters})
    params.methods.update({name: methods[name]["params"] for name in params.methods})
    params.generators.update({name: generators[name]["params"] for name in generators})
    plain = params.model_dump(mode="json")
    return {"params": plain, "methods": methods, "generators": generators, "tasks": tasks, "spotters": spotters}


def _other_tasks() -> list[str]:
    """Return the tasks with a section of rows in params.yaml: not the main one, nor that of its rows on pictures."""
    from microexpr.protocols import MAIN_TASK, TASKS

    return [name for name, task in TASKS.items() if name != MAIN_TASK and not task.pictures]


def _check_lists(values: dict[str, Any], prefix: str = "") -> None:
    """Raises ParamsError for a repeated value in a list: a run would drop it, or count it twice."""
    for key, value in values.items():
        if isinstance(value, dict) and key not in ("variants", *MODELS):
            _check_lists(value, f"{prefix}{key}.")
        for item in value if isinstance(value, list) else ():
            if value.count(item) > 1:
                raise ParamsError(f"{prefix}{key} must have each value once, not {item} {value.count(item)} times")


def _section_models() -> dict[str, type[BaseModel]]:
    """Return the model of each stage's section: a class `Params` with a docstring that opens with its name."""
    models = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if section := SECTION.search(path.read_text(encoding="utf-8")):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            models[section[1]] = import_module(".".join(parts).removesuffix(".__init__")).Params
    return models


def _params_model() -> type[BaseModel]:
    """Return the model of all sections: each stage's own Params; params of methods are left to the methods."""
    from microexpr.datasets import MACRO, MICRO
    from microexpr.reporting import papers
    from microexpr.training.task_params import Rows

    sections = _section_models()
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


def _describe_method(key: str, name: str, method_params: dict[str, Any], generators: Collection[str]) -> dict[str, Any]:
    """Return the properties of a method or variant that a run needs; `key` is its position in the file.

    `generators` are those of clips."""
    from microexpr.models import base as method
    from microexpr.models import recognisers
    from microexpr.signals import inputs
    from microexpr.training import synthetic_clips

    kind = recognisers.find(name)
    instance = kind(validate(kind.Params, method_params, f"{key}."))
    _check_initialisation(kind, instance, key)
    params = instance.params.model_dump(mode="json")
    if params["synthetic"]:
        with errors_at(f"{key}."):
            synthetic_clips.check_inputs(instance.inputs, params["synthetic"] in generators)
    return {
        **_describe_training(instance),
        "reads": inputs.stages(instance.inputs),
        "network": isinstance(instance, method.NetworkMethod),
        "synthesises": bool(getattr(instance, "synthesises", False)),
        "macro": instance.macro,
        "priority": instance.priority,
        "macro_source": params.get("macro_source", ""),
        "in_table": not key.startswith("papers."),
    }


def _describe_training(instance: Any) -> dict[str, Any]:
    """Return the properties of a method that depend on its training set."""
    from microexpr.models.base import NetworkMethod

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
    from microexpr.models import recognisers
    from microexpr.protocols import Training
    from microexpr.training import training_sets

    kind = recognisers.find(name)
    usual = kind.Params.model_fields["initialisation"].default
    others = {*get_args(Training)} - {training_sets.declared(params)} if kind.learns else set()
    described: dict[str, dict[str, Any]] = {}
    for training in sorted(others):
        changes = section.changes(training, name)
        values = training_sets.params_for(training, params, usual, changes)
        key = f"training_sets.{training}.{name}"
        instance = kind(validate(kind.Params, values, f"{key}."))
        _check_initialisation(kind, instance, key)
        described[training] = _describe_training(instance)
    return described


def _check_appendix(reasons: dict[str, str]) -> None:
    """Raises ParamsError for a row of no method, and for one without a reason."""
    from microexpr.models import recognisers

    for name, reason in reasons.items():
        if (method := name.partition(".")[0]) not in recognisers.names():
            near = nearest(method, recognisers.names())
            raise ParamsError(f"appendix.{name} must be a method or a variant of one{near}")
        if not reason.strip():
            raise ParamsError(f"appendix.{name} must say why the row is not in the main table")


def _check_training_sets(params: Any, methods: dict[str, Any]) -> None:
    """Raises ParamsError for params of a method that does not exist; those of a row that this run lacks are unused."""
    from microexpr.models import recognisers

    for training in type(params.training_sets).model_fields:
        for name in getattr(params.training_sets, training):
            if name not in methods and name not in recognisers.names():
                near = nearest(name, methods)
                raise ParamsError(f"training_sets.{training}.{name} must be a method or variant{near}")


def _describe_on_pictures(params: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of every method and variant, its params on precomputed flow, and its inputs then.

    `flow_folders.methods` changes those of methods, and so of their variants, but not what a variant changes itself.
    Raises ParamsError for a method that is not run on such flow, and for params that must be the same in all tables."""
    from microexpr.models import recognisers
    from microexpr.protocols import PROTOCOLS
    from microexpr.signals import inputs

    changes = {name: values or {} for name, values in params.flow_folders.methods.items()}
    for name, values in changes.items():
        _check_on_pictures(name, values, f"flow_folders.methods.{name}")
    changed = {
        name: _without_population(name, values or {}, params.training_sets) | changes.get(name, {})
        for name, values in params.methods.items()
    }
    for key, name, method_params in variants.list_methods(params.model_copy(update={"methods": changed})):
        kind = recognisers.find(name)
        values = _without_population(name, method_params, None)
        instance = kind(validate(kind.Params, values, f"flow_folders.{key}."))
        reads = inputs.stages(instance.inputs)
        if name in changes and (instance.macro or not PROTOCOLS["flow_folders"].suits(reads)):
            expected = "a method that reads flow alone, without macro-expressions"
            raise ParamsError(f"flow_folders.methods.{name} must be {expected}")
        yield name, {"params_on_pictures": instance.params.model_dump(mode="json"), "reads_on_pictures": reads}


def _without_population(name: str, params: dict[str, Any], section: Any) -> dict[str, Any]:
    """Return the params of a method that does not start from the population, which has no such pictures.

    With the section `training_sets` also those that it has on a fold's clips alone."""
    from microexpr.models import recognisers
    from microexpr.training import training_sets

    if training_sets.declared(params) == "corpus":
        return params
    usual = recognisers.find(name).Params.model_fields["initialisation"].default
    if section is None:
        return params | {"initialisation": usual, "population": {}}
    return training_sets.params_for("corpus", params, usual, section.changes("corpus", name))


def _check_on_pictures(name: str, values: dict[str, Any], key: str) -> None:
    """Raises ParamsError unless the method exists and defines these params; `key` names it."""
    from microexpr.models import base, recognisers

    if name not in (possible := recognisers.names()):
        raise ParamsError(f"{key} must be a method{nearest(name, possible)}")
    if shared := sorted(values.keys() & base.Params.model_fields.keys()):
        raise ParamsError(f"{key} must not have {shared[0]}, which is the same in all tables")


def _other_choices(params: BaseModel) -> list[str]:
    """Return where a method makes another choice than its paper, here or in its training on the population.

    A choice is a word, yes or no, or whether a loss, phase or layer is there at all: its weight, epochs or size is 0 on
    one side alone. Other sizes, weights and rates are none."""
    from microexpr.models.base import Params

    paper = type(params)().model_dump(mode="json")
    chosen = params.model_dump(mode="json", exclude=set(Params.model_fields) - {"initialisation"})
    population = getattr(params, "population", {})
    return [
        f"{prefix}{name} {_choice(value)} for {_choice(paper[name])}"
        for prefix, values in (("", chosen), ("population.", population))
        for name, value in values.items()
        if name in paper and _is_other_choice(name, value, paper[name])
    ]


def _choice(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _is_other_choice(name: str, value: Any, papers_value: Any) -> bool:
    if isinstance(value, bool | str) or isinstance(papers_value, bool | str):
        return bool(value != papers_value)
    is_number = isinstance(value, int | float) and isinstance(papers_value, int | float)
    return is_number and not name.endswith("lr") and (value == 0) != (papers_value == 0)


def _check_initialisation(kind: Any, instance: Any, key: str) -> None:
    """Raises ParamsError for an initialisation that a method does not have, and for wrong params of `population`."""
    published = kind.Params.model_fields["initialisation"].default == "published"
    possible = ["scratch", *(["published"] * published), *(["population"] * kind.learns)]
    if (actual := instance.params.initialisation) not in possible:
        raise ParamsError(f"{key}.initialisation must be {' or '.join(possible)}, not {actual}")
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
    from microexpr.models import recognisers
    from microexpr.models.base import NetworkMethod
    from microexpr.protocols import TASKS
    from microexpr.signals import inputs

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
    from microexpr.models import spotters

    described: dict[str, dict[str, Any]] = {}
    for name, values in section.methods.items():
        key = f"spot.methods.{name}"
        with errors_at(f"{key}: "):
            kind = spotters.find(name)
        instance = kind(validate(kind.Params, values or {}, f"{key}."), section.movement.regions)
        described[name] = {"params": instance.params.model_dump(mode="json"), "network": bool(instance.networks())}
    return described


def _describe_generator(name: str, generator_params: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a separately trained generator that a run needs."""
    from microexpr.models import generators
    from microexpr.protocols import GROUPINGS
    from microexpr.signals import inputs
    from microexpr.training import weights

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
        expected = " or ".join(names) or "a generator, of which none is here"
        raise ParamsError(f"{name}.synthetic must be {expected}, which make faces, not {generator}{near}")


def validate(model: type[BaseModel], values: dict[str, Any], prefix: str) -> Any:
    """Return the values as the model. Raises ParamsError with every wrong key after `prefix`, its position."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ParamsError("; ".join(_line(model, e, prefix) for e in error.errors())) from None


def _line(model: type[BaseModel], error: Any, prefix: str) -> str:
    key = prefix + ".".join(str(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        return f"{key} is no known key{nearest(str(error['loc'][-1]), _keys(model, error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{key} is missing"
    actual = repr(error["input"])
    return f"{key}: {error['msg'][0].lower()}{error['msg'][1:]}, not {actual[:60]}{'...' * (len(actual) > 60)}"


def _keys(model: Any, path: tuple[str | int, ...]) -> list[str]:
    for part in path:
        model = model.model_fields[part].annotation
    return list(model.model_fields)
