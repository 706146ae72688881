"""Define the methods: recognisers, generators, their layers, losses and training phases.

May import: core, signals.
"""

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from microexpr.core.errors import ParamsError, nearest

Kind = TypeVar("Kind")


def module_names(package: ModuleType) -> list[str]:
    """Return the sorted names of the modules directly in a package; none of them is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def find_class(package: ModuleType, name: str, base: type[Kind], what: str) -> type[Kind]:
    """Return the only subclass of `base` that the module `name` of a package defines.

    Raises ParamsError, which calls the thing `what`, if there is no such module or not exactly one subclass."""
    if name not in (available := module_names(package)):
        raise ParamsError(f"{what} must be one of {', '.join(available)}, not {name}{nearest(name, available)}")
    module = import_module(f"{package.__name__}.{name}")
    defined = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    subclasses = [kind for kind in defined if issubclass(kind, base)]
    if len(subclasses) != 1:
        actual = ", ".join(kind.__name__ for kind in subclasses) or "none"
        raise ParamsError(f"{module.__file__} must define one {base.__name__}, not {actual}")
    return subclasses[0]
