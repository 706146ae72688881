"""What lies in a package without a list of it: methods, native layouts. Knows neither."""

import pkgutil
from importlib import import_module
from types import ModuleType


def names(package: ModuleType) -> list[str]:
    """Of the modules right below a package, sorted; none of them is imported."""
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__))


def modules(package: str) -> dict[str, ModuleType]:
    """Those modules by name, imported.

    `workflow/closure.py` takes a package's name, "microexpr.datasets.natives", for an import of all that is in it."""
    return {name: import_module(f"{package}.{name}") for name in names(import_module(package))}
