"""The package's own exceptions: each is one line that names file, row or key, what was expected and what was found.

Nothing else comes in here; everything may import it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class MicroexprError(Exception):
    """What a user can mend: shown as one line, without a traceback."""


class DataError(MicroexprError):
    """A data set on disk is not what its layout says: names file, row or clip."""


class ParamsError(MicroexprError):
    """params.yaml holds a key or value that nothing accepts."""


class StoreError(MicroexprError):
    """A file of ours cannot be read or written: missing, truncated, of another schema, disk full."""


class OutputError(MicroexprError):
    """A command would write over an input or somebody's file, or where nothing can be written."""


class LeakError(MicroexprError):
    """A prediction on a held-out unit that something upstream was fitted on."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'epochs'?)" for the known name nearest to `name`, in any case, or "" if none is near."""
    names = {str(one).lower(): str(one) for one in known}
    match = get_close_matches(str(name).lower(), names, n=1)
    return f" (did you mean {names[match[0]]!r}?)" if match else ""
