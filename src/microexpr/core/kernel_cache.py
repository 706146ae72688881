"""The place of what numba compiles: by its source code and not by its path, so that all checkouts share it."""

from pathlib import Path
from typing import Any

from numba.core.caching import UserProvidedCacheLocator

from microexpr.core.arithmetic import COMPILED
from microexpr.core.files import SOURCES


class BySource(UserProvidedCacheLocator):
    """Locates our functions in NUMBA_CACHE_DIR, which is of one source code; none of other packages."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return the folder of a module, relative to the packages."""
        return "-".join(Path(py_file).parent.relative_to(SOURCES).parts)

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        """Return a locator, None for functions of other packages."""
        is_ours = any(Path(py_file).is_relative_to(SOURCES / folder) for folder in COMPILED)
        return super().from_function(py_func, py_file) if is_ours else None
