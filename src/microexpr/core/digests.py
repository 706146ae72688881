"""Name a content by its SHA-256, in hex. Imports the standard library alone."""

import hashlib
import json
from pathlib import Path
from typing import Any


def of_file(path: str | Path) -> str:
    """Return the digest of a file's bytes. Raises OSError for a file that cannot be read."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_value(value: Any) -> str:
    """Return the digest of a value as JSON, in which the order of keys does not matter; of another type as its text."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
