"""One file per paper or baseline, each with one `microexpr.method.Method`; no folds, files or devices come in.

Methods are discovered: a method's name is that of its module.
"""

import sys
from typing import TYPE_CHECKING

from microexpr import discovery

if TYPE_CHECKING:
    from microexpr.method import Method


def names() -> list[str]:
    """Return the names of all methods, sorted."""
    return discovery.names(sys.modules[__name__])


def find(name: str) -> "type[Method]":
    """Return the Method class of `microexpr.models.<name>`; the part of `name` after a dot names a variant.

    Raises ParamsError if there is no such module."""
    from microexpr.method import Method  # imported here because it loads torch, which `names` does not need

    return discovery.find(sys.modules[__name__], name.partition(".")[0], Method, "method")  # type: ignore[type-abstract]
