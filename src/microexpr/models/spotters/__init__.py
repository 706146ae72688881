"""One file per spotter of long videos, each with one `microexpr.models.spotter.Spotter`; no folds, files or devices.

Spotters are discovered: a spotter's name is that of its module.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from microexpr.models import find_class, module_names

if TYPE_CHECKING:
    from microexpr.models.spotter import Spotter


def names() -> list[str]:
    """Return the names of all spotters, sorted."""
    return module_names(sys.modules[__name__])


def find(name: str) -> "type[Spotter]":
    """Return the Spotter class of a module here, also for a variant, `<name>.<variant>`.

    Raises ParamsError if there is no such module."""
    from microexpr.models.spotter import Spotter  # imported here because it loads torch, which `names` does not need

    return find_class(sys.modules[__name__], name.partition(".")[0], Spotter, "spotter")  # type: ignore[type-abstract]


def build(name: str, params: Mapping[str, Any], side: int) -> "Spotter":
    """Return a spotter or variant; `side` is that of the picture of regions which the stage measures."""
    kind = find(name)
    return kind(kind.Params(**params), side)
