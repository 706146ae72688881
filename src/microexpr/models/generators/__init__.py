"""Networks that synthesise clips and are no recognisers; one file per paper. No files are read here.

Each module has one `Generator`. It keeps the contract of `microexpr.models.base.NetworkMethod`, so that the engine
trains it, with a group of subjects as a fold. Generators are discovered: a generator's name is that of its module.
"""

import sys
from typing import TYPE_CHECKING

from microexpr.models import find_class

if TYPE_CHECKING:
    from microexpr.models.base import Generator


def find(name: str) -> "type[Generator]":
    """Return the Generator class of `microexpr.models.generators.<name>`.

    Raises ParamsError if there is no such module."""
    from microexpr.models.base import Generator  # imported here because it loads torch

    return find_class(sys.modules[__name__], name, Generator, "generator")  # type: ignore[type-abstract]
