"""Mark files, so that this program can tell later that it wrote them and that they are unchanged.

A hidden manifest lists the files of a folder with their digests, and says what they are of; a single PNG file carries
a digest of itself.
"""

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from microexpr.core import digests

IEND = b"\0\0\0\0IEND\xaeB`\x82"  # the last chunk of every PNG
ENDING = ".microexpr.json"  # of a manifest's name
KEY = b"microexpr\0sha256 "  # keyword of the tEXt chunk before it
CHUNK = 12 + len(KEY) + 64  # bytes: length, type and checksum, and the text


class Mark(Protocol):
    """A way to recognise files that this program wrote."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of files that the mark itself writes, relative to the folder."""

    def intact(self, root: Path, names: Iterable[str]) -> set[str]:
        """Return the names of those existing files that are as this program wrote them."""

    def is_complete(self, root: Path, names: Iterable[str] = ()) -> bool:
        """Return whether these files, and all that were written with them, are as this program wrote them."""

    def record(self, root: Path) -> dict[str, Any]:
        """Return what was recorded with the files, such as the input they are of; nothing is recorded of some."""

    def apply(self, part: Path, names: Sequence[str], record: Mapping[str, Any]) -> None:
        """Mark finished files in a temporary folder, before they are moved, and record what they are of."""

    def confirm(self, root: Path, part: Path, names: Sequence[str]) -> None:
        """Record that the files have been moved to `root`."""


class Manifest:
    """A JSON file that lists each file with its SHA-256, size and time of change.

    A file whose size and time of change (ctime, which no program can set) are as listed is not read again: to read an
    hour of video takes seconds."""

    def __init__(self, of: str):
        self.of, self._name = of, f".{of}{ENDING}"

    @property
    def names(self) -> tuple[str, ...]:
        return (self._name,)

    def intact(self, root: Path, names: Iterable[str]) -> set[str]:
        listed = self._read(root, "files")
        if listed is None:
            return set()
        return {name for name in names if name == self._name or _is_as_listed(root / name, listed.get(name))}

    def is_complete(self, root: Path, names: Iterable[str] = ()) -> bool:
        expected = {*names, *self.listed(root)}
        return bool(expected) and expected <= self.intact(root, [name for name in expected if (root / name).is_file()])

    def record(self, root: Path) -> dict[str, Any]:
        return self._read(root, "record") or {}

    def replace_record(self, root: Path, record: Mapping[str, Any]) -> None:
        """Record something else of the same files."""
        self._write(root, self.listed(root), record)

    def apply(self, part: Path, names: Sequence[str], record: Mapping[str, Any]) -> None:
        listed = {name: {"sha256": digests.of_file(part / name)} | _state(part / name) for name in names}
        self._write(part, listed, record)

    def confirm(self, root: Path, part: Path, names: Sequence[str]) -> None:
        listed = self.listed(root)
        self._write(part, {name: listed[name] | _state(root / name) for name in names}, self.record(root))
        (part / self._name).replace(root / self._name)

    def listed(self, root: Path) -> dict[str, Any]:
        """Return the entries by file name."""
        return self._read(root, "files") or {}

    def _write(self, folder: Path, listed: dict[str, Any], record: Mapping[str, Any]) -> None:
        from microexpr import __version__
        from microexpr.core import store

        content = {"written_by": f"microexpr {__version__}", "files": listed, "record": record}
        store.write_text(folder / self._name, json.dumps(content, indent=1) + "\n")

    def _read(self, root: Path, key: str) -> dict[str, Any] | None:
        """Return a part of the manifest; None if there is none or the file of this name is no manifest."""
        try:
            value = json.loads((root / self._name).read_text(encoding="utf-8"))[key]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


def manifests(folder: Path) -> Iterator[Manifest]:
    """Yield the manifests in a folder."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.startswith(".") and entry.name.endswith(ENDING))
    yield from (Manifest(name[1 : -len(ENDING)]) for name in names)


class Seal:
    """A text chunk at the end of a PNG file, with the SHA-256 of everything before it."""

    names: tuple[str, ...] = ()

    def intact(self, root: Path, names: Iterable[str]) -> set[str]:
        return {name for name in names if _is_sealed(root / name)}

    def is_complete(self, root: Path, names: Iterable[str] = ()) -> bool:
        return {*names} == self.intact(root, names)

    def record(self, root: Path) -> dict[str, Any]:
        """Return nothing: a picture carries no record."""
        return {}

    def apply(self, part: Path, names: Sequence[str], record: Mapping[str, Any]) -> None:
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
