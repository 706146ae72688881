"""Read YAML that a user gives, which may come from anywhere: limits of size, depth, aliases and spelling."""

import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from microexpr.core.errors import MicroexprError
from microexpr.core.files import regular
from microexpr.core.subjects import folded

PLAIN = {  # spellings of a value that all readers of YAML take for the same, unlike 010, which is 8 or 10
    "bool": (re.compile("(?i:true|false)"), "true or false"),
    "int": (re.compile(r"[-+]?(0|[1-9]\d*)"), "digits alone, without 0 before them"),
    "float": (re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|(?i:[-+]?\.inf|\.nan)"), "digits, point and exponent"),
}
LARGEST = 2**22  # bytes of a file
DEPTH, VALUES, DIGITS = 32, 10**5, 100  # bounds of its content: params.yaml has 6 levels, and some thousand values


class Values(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's is eight times as fast
    """A reader that takes 1e-3 for a number, as every other reader does."""


Values.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), [*"-+.0123456789"]
)


class Texts(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """A reader that leaves 010 and 1:30 as they are typed."""


class _Refused(Exception):
    """Why a file is refused, and the node or event where."""


def read(path: str | Path, error: type[MicroexprError], reader: type[Values | Texts] = Values) -> Any:
    """Return the contents of a file, None of an empty one. Raises `error` unless its keys are text, each there once."""
    line = 0
    try:
        if (file := regular(path, error)).stat().st_size > LARGEST:
            raise _Refused(f"must have at most {LARGEST >> 20} MB")
        _check_depth(text := file.read_bytes().decode(), reader)
        loader = reader(text)
        if node := loader.get_single_node():
            _check_nodes(node)
            _check_size(node)
        return loader.construct_document(node) if node else None
    except _Refused as refused:
        reason, *nodes = refused.args
        line = nodes[0].start_mark.line + 1 if nodes else 0
    except OSError as problem:
        reason = f"cannot be read: {problem.strerror}"
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        reason = f"must be UTF-8, not byte 0x{problem.object[problem.start]:02x}"
    except yaml.MarkedYAMLError as problem:
        line, reason = problem.problem_mark.line + 1, f"must be YAML: {problem.problem}"
    except (yaml.YAMLError, ValueError, KeyError, AttributeError) as problem:  # as of `!!bool perhaps`
        reason = f"must be YAML: {' '.join(str(problem).split())}"
    raise error(f"{path}{f', line {line}' * bool(line)}: {reason}")


def _check_depth(text: str, reader: Any) -> None:
    """Refuse lists and mappings in more of them than the reader's stack has room for."""
    depth = 0
    for event in yaml.parse(text, reader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise _Refused(f"must be nested at most {DEPTH} deep", event)


def _check_size(root: Any) -> None:
    """Refuse aliases that expand to too much or too deep, or to themselves."""
    sizes: dict[int, tuple[int, int]] = {}

    def size(node: Any) -> tuple[int, int]:  # values, and levels
        if id(node) not in sizes:
            sizes[id(node)] = VALUES + 1, 0  # of a node within itself
            inner = [size(part) for part in _parts(node)]
            deepest = max((levels for _, levels in inner), default=0)
            sizes[id(node)] = 1 + sum(values for values, _ in inner), 1 + deepest
        return sizes[id(node)]

    values, levels = size(root)
    for count, most, what in ((values, VALUES, "values"), (levels, DEPTH + 1, "levels")):
        if count > most:
            raise _Refused(f"must have at most {most} {what}, where an alias is what it stands for")


def _check_nodes(root: Any) -> None:
    """Refuse a key that is no text, or occurs twice in its mapping, in any case: YAML readers take the last one. Refuse
    a number of many digits, and scalars that YAML 1.1 makes something else of: yes, 010, 1_000, 1:30, a date."""
    nodes, seen = [root], set[int]()
    for node in nodes:
        if id(node) in seen:  # an alias is the node that it stands for
            continue
        seen.add(id(node))
        nodes += _parts(node)
        kind, lines = node.tag.rpartition(":")[2], dict[str, int]()
        if isinstance(node, yaml.ScalarNode):
            if len(node.value) > DIGITS and kind != "str":
                raise _Refused(f"a number must have at most {DIGITS} digits", node)
            pattern, form = PLAIN.get(kind, (None, "text, a number, true or false"))
            if kind not in ("str", "null", "merge") and not (pattern and pattern.fullmatch(node.value)):
                actual = f"{node.value[:60]}, which YAML reads as {kind}; in quotes it is text"
                raise _Refused(f"must be {form}, not {actual}", node)
        elif kind not in ("map", "seq"):
            raise _Refused(f"must be a list or mapping, not a {kind}", node)
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if (kind := key.tag.rpartition(":")[2]) not in ("str", "merge"):
                actual = f"{key.value} ({kind})" if isinstance(key, yaml.ScalarNode) else f"a {kind}"
                raise _Refused(f"a key must be text, not {actual}", key)
            if other := lines.get(name := folded(key.value)):
                raise _Refused(f"{key.value} must stand once, not in line {other} too", key)
            lines[name] = key.start_mark.line + 1


def _parts(node: Any) -> Iterable[Any]:
    """Return the nodes in a list or mapping, keys too; none of a scalar."""
    if isinstance(node, yaml.ScalarNode):
        return ()
    return chain(*node.value) if isinstance(node, yaml.MappingNode) else node.value
