"""Networks that make clips and stand in no table as recognisers; each is trained for groups of subjects. No files.

Each file has one `Generator`. It keeps `microexpr.models.base.NetworkMethod`'s contract, so the engine trains it: a
group is a fold. Here they are found, by being there.
"""

import sys
from typing import TYPE_CHECKING

from microexpr.core import registry

if TYPE_CHECKING:
    from microexpr.models.base import Generator


def find(name: str) -> "type[Generator]":
    """Return the Generator class of `microexpr.models.generators.<name>`.

    Raises ParamsError if there is no such module."""
    from microexpr.models.base import Generator  # torch comes with it

    return registry.find(sys.modules[__name__], name, Generator, "generator")  # type: ignore[type-abstract]
