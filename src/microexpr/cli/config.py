"""Reading of params.yaml, with limits, and of models with errors in one line. Holds no value itself."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from microexpr.core.errors import ParamsError, nearest
from microexpr.core.files import regular, visible
from microexpr.core.store import write_text
from microexpr.training.checked import Checked

PACKAGE = Path(__file__).parents[1]
CACHE = Path("work/params")
PLAIN = {  # spellings of a value that all readers of YAML take for the same, unlike 010, which is 8 or 10
    "bool": (re.compile("(?i:true|false)"), "true or false"),
    "int": (re.compile(r"[-+]?(0|[1-9]\d*)"), "digits alone, without 0 before them"),
    "float": (re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|(?i:[-+]?\.inf|\.nan)"), "digits, point and exponent"),
}
DEPTH, VALUES, DIGITS = 32, 10**5, 100  # bounds of a file: params.yaml has 6 levels, and some thousand values


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's is eight times as fast
    """A reader that takes 1e-3 for a number, as every other reader does."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), [*"-+.0123456789"]
)


def load(path: str | Path) -> dict[str, Any]:
    """Return the contents of params.yaml. Raises ParamsError unless it is a mapping with text keys, each once."""
    try:
        text = regular(path, ParamsError).read_bytes().decode()
        _check_depth(text, path)
        loader = Loader(text)
        if node := loader.get_single_node():
            _check_nodes(node, path)
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


def _wrong(path: str | Path, node: Any, problem: str) -> ParamsError:
    return ParamsError(f"{path}, line {node.start_mark.line + 1}: {problem}")


def _check_depth(text: str, path: str | Path) -> None:
    """Raises ParamsError for lists and mappings in more of them than the reader's stack has room for."""
    depth = 0
    for event in yaml.parse(text, Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise _wrong(path, event, f"must be nested at most {DEPTH} deep")


def _check_nodes(root: Any, path: str | Path) -> None:
    """Raises ParamsError for a key that is no text, or occurs twice in its mapping: YAML readers take the last one; for
    a scalar that YAML 1.1 makes something else of: yes, 010, 1_000, 1:30, a date; and for a number of many digits."""
    nodes, seen = [root], set[int]()  # an alias is the node that it stands for, so a node may come again
    for node in (node for node in nodes if id(node) not in seen):
        seen.add(id(node))
        nodes += _parts(node)
        kind = node.tag.rpartition(":")[2]
        if not isinstance(node, yaml.ScalarNode):
            if kind not in ("map", "seq"):
                raise _wrong(path, node, f"must be a list or mapping, not a {kind}")
        elif kind != "str":
            if len(node.value) > DIGITS:
                raise _wrong(path, node, f"a number must have at most {DIGITS} digits")
            pattern, form = PLAIN.get(kind, (None, "text, a number, true or false"))
            if kind not in ("null", "merge") and not (pattern and pattern.fullmatch(node.value)):
                actual = f"{node.value[:60]}, which YAML reads as {kind}; in quotes it is text"
                raise _wrong(path, node, f"must be {form}, not {actual}")
        lines: dict[str, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            kind = key.tag.rpartition(":")[2]
            if kind not in ("str", "merge"):
                actual = f"{key.value} ({kind})" if isinstance(key, yaml.ScalarNode) else f"a {kind}"
                raise _wrong(path, key, f"a key must be text, not {actual}")
            if key.value in lines:
                raise _wrong(path, key, f"{key.value} must stand once, not in line {lines[key.value]} too")
            lines[key.value] = key.start_mark.line + 1


def _check_size(root: Any, path: str | Path) -> None:
    """Raises ParamsError for aliases that expand to too much, or to themselves."""
    sizes: dict[int, int] = {}

    def size(node: Any) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = VALUES + 1  # of a node within itself
            sizes[id(node)] = 1 + sum(map(size, _parts(node)))
        return sizes[id(node)]

    if size(root) > VALUES:
        raise ParamsError(f"{path}: must have at most {VALUES} values, where an alias is what it stands for")


def _parts(node: Any) -> list[Any]:
    """Return the nodes of a list, the keys and values of a mapping, and none of a scalar."""
    parts = chain(*node.value) if isinstance(node, yaml.MappingNode) else node.value
    return [] if isinstance(node, yaml.ScalarNode) else [*parts]


def check_cached(values: dict[str, Any]) -> Checked:
    """Return `described.check` of these values, cached, since it imports every method and so torch, and each start of
    Snakemake needs it again."""
    described = "microexpr.cli.described"
    return Checked(**cached("params", values, lambda: import_module(described).check(values).model_dump()))


def cached(kind: str, key: Any, compute: Callable[[], Any]) -> Any:
    """Return `compute()`, which JSON can hold, cached in `CACHE` under the hash of kind, key and the package's code."""
    digest = hashlib.sha256(json.dumps([kind, key], sort_keys=True, default=str).encode())
    for path in visible(PACKAGE, "**/*.py"):
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
