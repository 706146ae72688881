"""Values of params.yaml as a model, with all that is wrong in one line."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from microexpr.core.errors import ParamsError, nearest

RENAMED = {"look_again": "detect_every", "settle": "anchor_window"}  # keys of params.yaml in earlier versions


def validate(model: type[BaseModel], values: dict[str, Any], prefix: str) -> Any:
    """Return the values as the model. Raises ParamsError with every wrong key after `prefix`, its position."""
    try:
        checked = model.model_validate_json(json.dumps(values), strict=True)  # lists for tuples, but no true for 1
    except ValidationError as error:
        raise ParamsError("; ".join(_line(model, e, prefix) for e in _relevant(error.errors()))) from None
    for key, number in checked.model_dump(mode="json").items():
        if type(number) is int and isinstance(values.get(key), (bool, float)):  # a Literal takes 1.0 and true for 1
            raise ParamsError(f"{prefix}{key}: input should be {number}, not {values[key]!r}")
    return checked


def _relevant(errors: Iterable[Any]) -> Iterator[Any]:
    """Yield errors; of a value that may be a word or something else those alone of what it is, a word or not. The
    branch, such as `literal['published']`, is left out of an error's position."""
    errors = list(errors)
    wrong = {e["loc"][:-1] for e in errors if e["type"] != "too_short"}  # pydantic counts valid items alone
    errors = [e for e in errors if e["type"] != "too_short" or e["loc"] not in wrong]
    is_word = {e["loc"][:-1]: isinstance(e["input"], str) for e in errors if str(*e["loc"][-1:]).startswith("literal[")}
    for error in errors:
        loc = error["loc"]
        depth = next((n for n in range(len(loc)) if loc[:n] in is_word), None)
        if depth is None:
            yield error
        elif str(loc[depth]).startswith("literal[") == is_word[loc[:depth]]:
            yield error | {"loc": loc[:depth] + loc[depth + 1 :]}


def _line(model: type[BaseModel], error: Any, prefix: str) -> str:
    key = prefix + ".".join(str(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden" and (name := RENAMED.get(str(error["loc"][-1]))):
        return f"{key} is now {name}"
    if error["type"] == "extra_forbidden":
        return f"{key} is no known key{nearest(str(error['loc'][-1]), _keys(model, error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{key} is missing"
    if error["type"] == "value_error" and isinstance(error["input"], dict):  # of values in it
        return f"{key.removesuffix('.')}.{error['ctx']['error']}"
    message = error["msg"].replace("an object", "a mapping").replace("array", "list")
    actual = repr(error["input"])
    near = nearest(error["input"], re.findall("'(.*?)'", error["msg"])) if error["type"] == "literal_error" else ""
    return f"{key}: {message[0].lower()}{message[1:]}, not {actual[:60]}{'...' * (len(actual) > 60)}{near}"


def _keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    models = [model]
    for part in path:
        fields = [parent.model_fields[str(part)] for parent in models if part in parent.model_fields]
        models = [nested for field in fields for nested in _models(field.annotation)]
    return [name for nested in models for name in nested.model_fields]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a value of a type may be."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
