"""Values that follow from params and this code, kept in work/params from one start of the program to the next."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from microexpr.core.errors import StoreError
from microexpr.core.files import PACKAGES, SOURCES, visible
from microexpr.core.store import write_text

CACHE = Path("work/params")


def modules() -> list[Path]:
    """Return the files of our packages' modules."""
    return [path for package in PACKAGES for path in visible(SOURCES / package, "**/*.py")]


def cached(kind: str, key: Any, compute: Callable[[], Any]) -> Any:
    """Return `compute()`, which JSON can hold, cached in `CACHE` under the hash of kind, key and the packages' code."""
    digest = hashlib.sha256(json.dumps([kind, key], sort_keys=True, default=str).encode())
    for path in modules():
        digest.update(path.read_bytes())
    cache_file = CACHE / f"{digest.hexdigest()[:24]}.json"
    with suppress(OSError, ValueError):  # it is not there, or damaged
        return json.loads(cache_file.read_text(encoding="utf-8"))
    text = json.dumps(compute(), indent=1)
    with suppress(OSError, StoreError):  # a disk that is full or read-only: without the cache it takes longer
        write_text(cache_file, text)
    return json.loads(text)
