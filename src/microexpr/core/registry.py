"""What lies in a package without a list of it: methods, generators, native layouts. Knows none of them."""

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from microexpr.core.errors import ParamsError, nearest

Kind = TypeVar("Kind")


def names(package: ModuleType) -> list[str]:
    """Of the modules right below a package, sorted; none of them is imported."""
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__))


def modules(package: str) -> dict[str, ModuleType]:
    """Those modules by name, imported.

    `workflow/closure.py` takes a package's name, "microexpr.datasets.layouts", for an import of all that is in it."""
    return {name: import_module(f"{package}.{name}") for name in names(import_module(package))}


def find(package: ModuleType, name: str, base: type[Kind], what: str) -> type[Kind]:
    """The one subclass of `base` that the module of this name defines.

    Raises ParamsError, with `what` is looked for, if there is no such module."""
    if name not in (known := names(package)):
        raise ParamsError(f"{what} must be one of {', '.join(known)}, not {name}{nearest(name, known)}")
    module = import_module(f"{package.__name__}.{name}")
    defined = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    found = [kind for kind in defined if issubclass(kind, base)]
    if len(found) != 1:
        there = ", ".join(kind.__name__ for kind in found) or "none"
        raise ParamsError(f"{module.__file__} must define one {base.__name__}, not {there}")
    return found[0]
