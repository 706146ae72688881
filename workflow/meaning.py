"""A digest of what Python code does: of its syntax tree without comments, docstrings, layout and names of variables.

It is the same under every Python from 3.11 on, so that machines can share results. Files and imports may not come in.
"""

import ast
import hashlib
from collections.abc import Iterator
from typing import Any

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
DOCSTRING_READERS = {"__doc__", "getdoc", "getsource"}
VARIABLE_READERS = {"locals", "vars", "dir", "eval", "exec", "inspect"}  # know a function's variables by their names
FRAMES = {"_getframe", "currentframe"}
NO_MEANING = {"ctx", "kind", "type_comment"}  # a name's position tells whether it is stored; u"" is ""


def digest(tree: ast.Module) -> str:
    """Return 64 hex digits of parsed code. Code that reads docstrings keeps its own, a function that may look up its
    variables by name keeps their names; arguments and variables that an inner function shares keep theirs."""
    docstrings = not DOCSTRING_READERS.isdisjoint(_words(tree))
    return hashlib.sha256(ascii(_shape(tree, {}, docstrings)).encode()).hexdigest()


def _shape(node: Any, names: dict[str, str], docstrings: bool) -> Any:
    """Return nested lists and tuples. Empty fields are left out, because newer Pythons have more of them."""
    match node:
        case list():
            return [_shape(item, names, docstrings) for item in node if not _is_idle(item, docstrings)]
        case ast.Name():
            return "Name", names.get(node.id, node.id)
        case ast.Constant():
            return type(node.value).__name__, node.value
        case ast.JoinedStr():
            return "JoinedStr", _joined([_shape(value, names, docstrings) for value in node.values])
        case ast.AST():
            outer = {} if isinstance(node, SCOPES) else names
            body = _local_names(node) if isinstance(node, FUNCTIONS) else outer
            return type(node).__name__, [
                (field, _shape(value, body if field == "body" else outer, docstrings))
                for field, value in sorted(ast.iter_fields(node), key=lambda pair: pair[0])
                if field not in NO_MEANING and value is not None and value != []
            ]
    return node


def _is_idle(node: Any, docstrings: bool) -> bool:
    """Whether a statement does nothing: `pass`, `...`, or a docstring, unless these are kept."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return not (docstrings and isinstance(node.value.value, str))
    return isinstance(node, ast.Pass)


def _joined(values: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the parts of an f-string with neighbouring literals joined, which versions of Python split differently."""
    joined: list[tuple[str, Any]] = []
    for kind, value in values:
        if kind == "str" and joined and joined[-1][0] == "str":
            value = joined.pop()[1] + value
        if value != "":
            joined.append((kind, value))
    return joined


def _words(tree: ast.AST) -> Iterator[str]:
    """Yield every name in some code: of variables, attributes, arguments, imports and definitions."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant):
            for _, value in ast.iter_fields(node):
                yield from (word for word in (value if isinstance(value, list) else [value]) if isinstance(word, str))


def _local_names(function: Any) -> dict[str, str]:
    """Return a number in place of the name of each variable of a function that only its own statements use, and the
    comprehensions in them. A name is replaced everywhere in the function or nowhere."""
    if _may_look_up_variables(function):
        return {}
    fixed = {"super", *_words(function.args)}
    order, stored, loaded = dict[str, None](), set[str](), set[str]()

    def visit(node: Any, bound: frozenset[str]) -> None:
        """Sorts the names in a node, of which the comprehensions around it bind some."""
        match node:
            case list():
                for item in node:
                    visit(item, bound)
            case str():  # bound by an import, `except` or `match`, or of another scope, as `global` says
                fixed.add(node.partition(".")[0])
            case ast.Name():
                order[node.id] = None
                if node.id not in bound:
                    (loaded if isinstance(node.ctx, ast.Load) else stored).add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                fixed.update(_words(node))
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                first, *others = node.generators
                visit(first.iter, bound)  # the only part that is evaluated outside
                inner = bound.union(*(_stored(part.target) for part in node.generators))
                results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                visit([*results, first.target, first.ifs, others], inner)
            case ast.Attribute() | ast.keyword():
                visit(node.value, bound)
            case ast.AST() if not isinstance(node, ast.Constant):
                visit([value for _, value in ast.iter_fields(node)], bound)

    visit(function.body, frozenset())
    fixed |= loaded - stored
    names = [name for name in order if name not in fixed and not name.startswith("__")]
    return {name: str(number) for number, name in enumerate(names)}


def _stored(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}


def _may_look_up_variables(function: ast.AST) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in VARIABLE_READERS | FRAMES)
        or (isinstance(node, ast.Attribute) and node.attr in FRAMES)
        or (isinstance(node, ast.keyword) and node.arg == "locals")  # of numba's decorators: types of variables
        for node in ast.walk(function)
    )
