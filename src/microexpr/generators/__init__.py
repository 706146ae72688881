"""Networks that synthesise clips and are no recognisers; one file per paper. No files are read here.

Each module has one `Generator`. It keeps the contract of `microexpr.method.NetworkMethod`, so that the engine trains
it, with a group of subjects as a fold. Generators are discovered: a generator's name is that of its module.
"""

import sys
from typing import TYPE_CHECKING

from microexpr import discovery

if TYPE_CHECKING:
    from microexpr.method import Generator


def find(name: str) -> "type[Generator]":
    """Return the Generator class of `microexpr.generators.<name>`. Raises ParamsError if there is no such module."""
    from microexpr.method import Generator  # imported here because it loads torch

    return discovery.find(sys.modules[__name__], name, Generator, "generator")  # type: ignore[type-abstract]
