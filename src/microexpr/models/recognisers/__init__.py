"""One file per paper or baseline, each with one `microexpr.models.base.Method`; no folds, files or devices come in.

Methods are discovered: a method's name is that of its module.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from microexpr.models import find_class, module_names

if TYPE_CHECKING:
    from microexpr.models.base import Method


def names() -> list[str]:
    """Return the names of all methods, sorted."""
    return module_names(sys.modules[__name__])


def find(name: str) -> "type[Method]":
    """Return the Method class of `microexpr.models.recognisers.<name>`, also for a variant, `<name>.<variant>`.

    Raises ParamsError if there is no such module."""
    from microexpr.models.base import Method  # imported here because it loads torch, which `names` does not need

    return find_class(sys.modules[__name__], name.partition(".")[0], Method, "method")


def build(name: str, params: Mapping[str, Any], classes: int, several: Mapping[str, Any] | None = None) -> "Method":
    """Return a method or variant; `several` is how it learns several labels, as `SeveralLabels` has it, if it does."""
    from microexpr.models.labels import SeveralLabels

    kind = find(name)
    return kind(kind.Params(**params), classes, SeveralLabels(**several) if several else None)
