"""Everything a run knows of methods, generators and spotters by their params. Builds each, which loads torch."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from microexpr.core.errors import ParamsError, errors_at, nearest
from microexpr.core.validation import validate
from microexpr.models import base, recognisers
from microexpr.models.base import Method, NetworkMethod
from microexpr.signals import inputs
from microexpr.tasks.task import Recognition
from microexpr.training.checked import MethodSpec


def built(find: Callable[[str], Any], key: str, name: str, values: dict[str, Any] | None, *context: Any) -> Any:
    """Return a method, generator or spotter; `key` is the position of its params in the file."""
    with errors_at(f"{key}: "):
        kind = find(name)
    checked = validate(kind.Params, values or {}, f"{key}.")
    with errors_at(f"{key}: "):
        return kind(checked, *context)


def recogniser(key: str, name: str, values: dict[str, Any] | None, *context: Any) -> Method:
    """Return a method or variant.

    Raises ParamsError for an initialisation that it does not have, and for wrong params of `population`."""
    method: Method = built(recognisers.find, key, name, values, *context)
    params, kind = method.params, type(method)
    possible = ["scratch", *(["published"] * (usual(name) == "published")), *(["population"] * kind.learns)]
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


def usual(name: str) -> str:
    """Return the initialisation of a method whose params name none."""
    return str(recognisers.find(name).Params.model_fields["initialisation"].default)


def described_row(method: Method) -> MethodSpec:
    """Return what a run knows of a method or generator."""
    teacher = method.pretraining() if isinstance(method, NetworkMethod) else None
    population = method.population_pretraining()
    teacher_population = teacher.population_pretraining() if teacher else None
    return MethodSpec(
        params=plain(method),
        reads=inputs.stages(method.inputs),
        network=isinstance(method, NetworkMethod),
        synthesises=getattr(method, "synthesises", False),
        macro=method.macro,
        priority=method.priority,
        grouping=getattr(method, "grouping", ""),
        other_choices=_other_choices(method.params),
        pretraining=plain(teacher) if teacher else None,
        population=plain(population) if population else None,
        teacher_population=plain(teacher_population) if teacher_population else None,
        weights=_published_file(method),
        population_weights=_published_file(population),
    )


def plain(instance: Any) -> dict[str, Any]:
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


def of_task(task: Recognition, section: Any) -> dict[str, MethodSpec]:
    """Return by name the rows of a task's table, methods of its own params."""
    rows, several = dict[str, MethodSpec](), getattr(section, "several", None)
    for name, values in section.methods.items():
        key, classes = f"{task.name}.methods.{name}", len(task.protocols[0].classes)
        rows[name] = described_row(recogniser(key, name, values, classes, several))
        for param, why in (("synthetic", "generators make no clips of it"), ("planted_leak", "a table ranks its rows")):
            if rows[name].params[param]:
                raise ParamsError(f"{key}.{param} must be empty: {why}")
    return rows


def check_distinct(section: str, rows: Mapping[str, MethodSpec]) -> None:
    """Raises ParamsError for two rows of a method in a table with the same params."""
    names = sorted(rows, key=lambda name: "." in name)
    for other, name in itertools.combinations(names, 2):
        if other.split(".")[0] == name.split(".")[0] and rows[name].params == rows[other].params:
            raise ParamsError(f"{section}.{name} must differ from {other} in a param, or go: it is the same row")


def check_names(name: str, values: Iterable[str], key: str) -> None:
    """Raises ParamsError for a param that a method does not have, also of a row that this run lacks."""
    fields = recognisers.find(name).Params.model_fields
    for param in values:
        if param not in fields:
            raise ParamsError(f"{key}.{param} is no known key{nearest(param, fields)}")
