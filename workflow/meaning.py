"""A digest of what Python code does: of its syntax tree without comments, docstrings and layout.

It is the same under every Python from 3.11 on, so that machines can share results. Files and imports may not come in.
"""

import ast
import hashlib
from typing import Any

DOCSTRING_READERS = {"__doc__", "getdoc", "getsource"}
NO_MEANING = {"ctx", "kind", "type_comment"}  # a name's position tells whether it is stored; u"" is ""


def digest(tree: ast.Module) -> str:
    """Return 64 hex digits of parsed code. Code that reads docstrings keeps its own."""
    names = {getattr(node, field, "") for node in ast.walk(tree) for field in ("id", "attr", "name")}
    return hashlib.sha256(ascii(_shape(tree, not DOCSTRING_READERS.isdisjoint(names))).encode()).hexdigest()


def _shape(node: Any, docstrings: bool) -> Any:
    """Return nested lists and tuples. Empty fields are left out, because newer Pythons have more of them."""
    match node:
        case list():
            return [_shape(item, docstrings) for item in node if not _is_idle(item, docstrings)]
        case ast.Constant():
            return type(node.value).__name__, node.value
        case ast.JoinedStr():
            return "JoinedStr", _joined([_shape(value, docstrings) for value in node.values])
        case ast.AST():
            return type(node).__name__, [
                (field, _shape(value, docstrings))
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
