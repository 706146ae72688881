"""Reading of params.yaml, and of models with errors in one line. Holds no value itself."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from microexpr.core import yaml_file
from microexpr.core.errors import ParamsError, StoreError, nearest
from microexpr.core.files import PACKAGES, SOURCES, visible
from microexpr.core.store import write_text
from microexpr.training.checked import Checked

RENAMED = {"look_again": "detect_every", "settle": "anchor_window"}  # keys of params.yaml in earlier versions
CACHE = Path("work/params")


def load(path: str | Path) -> dict[str, Any]:
    """Return the contents of params.yaml. Raises ParamsError unless it is a mapping with text keys, each once."""
    values = yaml_file.read(path, ParamsError)
    if not isinstance(values, dict):
        raise ParamsError(f"{path}: must be a mapping of sections, not {type(values).__name__}")
    return values


def check_cached(values: dict[str, Any]) -> Checked:
    """Return `described.check` of these values, cached, since it imports every method and so torch, and each start of
    Snakemake needs it again."""
    described = "microexpr.cli.described"
    return Checked(**cached("params", values, lambda: import_module(described).check(values).model_dump()))


def modules() -> list[Path]:
    """Return the files of our packages' modules."""
    return [path for package in PACKAGES for path in visible(SOURCES / package, "**/*.py")]


def cached(kind: str, key: Any, compute: Callable[[], Any]) -> Any:
    """Return `compute()`, which JSON can hold, cached in `CACHE` under the hash of kind, key and the packages' code."""
    digest = hashlib.sha256(json.dumps([kind, key], sort_keys=True, default=str).encode())
    for path in modules():
        digest.update(path.read_bytes())
    cache_file = CACHE / f"{digest.hexdigest()[:24]}.json"
    with suppress(OSError, ValueError):  # it is not there, or damaged
        return json.loads(cache_file.read_text(encoding="utf-8"))
    text = json.dumps(compute(), indent=1)
    with suppress(OSError, StoreError):  # a disk that is full or read-only: without the cache it takes longer
        write_text(cache_file, text)
    return json.loads(text)


@contextmanager
def errors_at(position: str) -> Iterator[None]:
    """Put a position before a ParamsError's message; also a decorator."""
    try:
        yield
    except ParamsError as error:
        raise ParamsError(f"{position}{error}") from None


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
    """Yield errors; of a value that may be a word or something else those alone of what it is, a word or not.

    The branch, such as `literal['published']`, is left out of an error's position."""
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
