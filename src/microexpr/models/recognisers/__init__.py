"""One file per paper or baseline, each with one `microexpr.models.base.Method`; no folds, files or devices come in.

Here they are found, by being there: a method's name is its file's.
"""

import sys
from typing import TYPE_CHECKING

from microexpr.core import registry

if TYPE_CHECKING:
    from microexpr.models.base import Method


def names() -> list[str]:
    """Every method there is, sorted."""
    return registry.names(sys.modules[__name__])


def find(name: str) -> "type[Method]":
    """Return the Method class of `microexpr.models.recognisers.<name>`, also for a variant, `<name>.<variant>`.

    Raises ParamsError if there is no such module."""
    from microexpr.models.base import (
        Method,  # torch comes with it, which whoever asks for names alone need not wait for
    )

    return registry.find(sys.modules[__name__], name.partition(".")[0], Method, "method")  # type: ignore[type-abstract]
