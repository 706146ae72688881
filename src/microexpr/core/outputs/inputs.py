"""Recognise the files that a command reads by device and inode, through links and other spellings of a path."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

Identity = tuple[int, int]  # device and inode


class Inputs:
    """The files and folders that a command reads, and the files in these folders."""

    def __init__(self, paths: Iterable[Path]):
        self._paths = tuple(paths)

    def __contains__(self, path: Path) -> bool:
        """Return whether an existing path, or the target of a link, is an input."""
        try:
            return _identity(path.stat()) in self._identities
        except FileNotFoundError:  # a broken link
            return False

    @cached_property
    def _identities(self) -> set[Identity]:
        return {identity for path in self._paths for identity in _all(path)}


def source_of(path: Path) -> str:
    """Return a path without links but its own, which is the same however a user wrote it."""
    named = path if path.name not in ("", "..") else path.resolve()
    return str(named.parent.resolve() / named.name)


def _all(path: Path) -> Iterator[Identity]:
    """Yield a path and the files in it. An unreadable path yields nothing, since the command itself reports it."""
    with suppress(OSError):
        yield _identity(path.stat())
        for file in os.scandir(path) if path.is_dir() else ():
            with suppress(OSError):
                if file.is_file():
                    yield _identity(file.stat())


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino
