"""One file per paper or baseline, each with one `microexpr.method.Method`; no folds, files or devices come in.

Here they are found, by being there: a method's name is its file's.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from microexpr import discovery
from microexpr.errors import ParamsError, nearest

if TYPE_CHECKING:
    from microexpr.method import Method


def names() -> list[str]:
    """Every method there is, sorted."""
    return discovery.names(sys.modules[__name__])


def find(name: str) -> "type[Method]":
    """The one Method class of `microexpr.models.<name>`; what stands behind a dot names a variant and is left out.

    Raises ParamsError if there is no such module."""
    from microexpr.method import Method  # torch comes with it, which whoever asks for names alone need not wait for

    name, known = name.partition(".")[0], names()
    if name not in known:
        raise ParamsError(f"method must be one of {', '.join(known)}, not {name}{nearest(name, known)}")
    module = import_module(f"{__name__}.{name}")
    defined = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    methods = [kind for kind in defined if issubclass(kind, Method)]
    if len(methods) != 1:
        found = ", ".join(kind.__name__ for kind in methods) or "none"
        raise ParamsError(f"{module.__file__} must define one Method, not {found}")
    return methods[0]
