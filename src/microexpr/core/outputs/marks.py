"""Mark files, so that this program can tell later that it wrote them and that they are unchanged.

A hidden manifest lists the files of a folder with their digests; a single PNG file carries a digest of itself.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from microexpr.core import digests

IEND = b"\0\0\0\0IEND\xaeB`\x82"  # the last chunk of every PNG
KEY = b"microexpr\0sha256 "  # keyword of the tEXt chunk before it
CHUNK = 12 + len(KEY) + 64  # bytes: length, type and checksum, and the text


class Mark(Protocol):
    """A way to recognise files that this program wrote."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of files that the mark itself writes, relative to the folder."""

    def intact(self, root: Path, names: Iterable[str]) -> set[str]:
        """Return the names of those existing files that are as this program wrote them."""

    def apply(self, part: Path, names: Sequence[str]) -> None:
        """Mark finished files in a temporary folder, before they are moved."""

    def confirm(self, root: Path, part: Path, names: Sequence[str]) -> None:
        """Record that the files have been moved to `root`."""


class Manifest:
    """A JSON file that lists each file with its SHA-256, size and time of change.

    A file whose size and time of change (ctime, which no program can set) are as listed is not read again: to read an
    hour of video takes seconds."""

    def __init__(self, name: str):
        self._name = name

    @property
    def names(self) -> tuple[str, ...]:
        return (self._name,)

    def intact(self, root: Path, names: Iterable[str]) -> set[str]:
        listed = self._read(root)
        if listed is None:
            return set()
        return {name for name in names if name == self._name or _is_as_listed(root / name, listed.get(name))}

    def apply(self, part: Path, names: Sequence[str]) -> None:
        self._write(part, {name: {"sha256": digests.of_file(part / name)} | _state(part / name) for name in names})

    def confirm(self, root: Path, part: Path, names: Sequence[str]) -> None:
        listed = self._read(root) or {}
        self._write(part, {name: listed[name] | _state(root / name) for name in names})
        (part / self._name).replace(root / self._name)

    def _write(self, folder: Path, listed: dict[str, Any]) -> None:
        from microexpr import __version__
        from microexpr.core import store

        text = json.dumps({"written_by": f"microexpr {__version__}", "files": listed}, indent=1)
        store.write_text(folder / self._name, text + "\n")

    def _read(self, root: Path) -> dict[str, Any] | None:
        """Return the entries by file name; None if there is no manifest or the file of this name is none."""
        try:
            listed = json.loads((root / self._name).read_text(encoding="utf-8"))["files"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return listed if isinstance(listed, dict) else None


class Seal:
    """A text chunk at the end of a PNG file, with the SHA-256 of everything before it."""

    names: tuple[str, ...] = ()

    def intact(self, root: Path, names: Iterable[str]) -> set[str]:
        return {name for name in names if _is_sealed(root / name)}

    def apply(self, part: Path, names: Sequence[str]) -> None:
        from microexpr.core import store

        for name in names:
            with store.atomic(part / name) as path:
                path.write_bytes(seal((part / name).read_bytes()))

    def confirm(self, root: Path, part: Path, names: Sequence[str]) -> None:
        """Do nothing: the seal is in the file itself."""


def _is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        if path.stat().st_size < CHUNK + len(IEND):
            return False
        file.seek(-CHUNK - len(IEND), 2)
        if KEY not in file.read():  # do not read the rest, which may be large
            return False
    png = path.read_bytes()
    return png == seal(png[: -CHUNK - len(IEND)] + IEND)


def seal(png: bytes) -> bytes:
    """Return a PNG file with its seal."""
    body = png.removesuffix(IEND)
    text = b"tEXt" + KEY + hashlib.sha256(body).hexdigest().encode()
    return body + struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text)) + IEND


def _is_as_listed(path: Path, entry: object) -> bool:
    """Return whether a file agrees with its entry in a manifest, which may hold anything."""
    if not isinstance(entry, dict):
        return False
    state = _state(path)
    same_time = state["ctime_ns"] == entry.get("ctime_ns")
    return state["size"] == entry.get("size") and (same_time or digests.of_file(path) == entry.get("sha256"))


def _state(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "ctime_ns": status.st_ctime_ns}
