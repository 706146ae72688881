"""Decide what each input of `measure` is, and the file that its table is written to, before anything is read."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from microexpr import __version__
from microexpr.apps.measure import written
from microexpr.core import outputs, store
from microexpr.core.errors import DataError, OutputError, StoreError
from microexpr.core.outputs import Output
from microexpr.videos import picture

Kind = Literal["video", "frames", "picture", "pictures"]
SUMMARY = "summary.csv"
COLUMNS = (
    "table", "input", "kind", "fps", "version", "origin", "frames", "faces", "share_with_face", "face_width",
    "sharpness", "brightness", "noise", "seconds", "seconds_taken", "reference", "note", "problem",
)  # fmt: skip


def kind(path: Path, fps: float | None, pictures: bool) -> Kind:
    """Return what a path is. Raises DataError if it is not there, and for a folder of which nobody says what it is."""
    if not path.exists():
        raise DataError(f"{path}: is not there")
    if not path.is_dir():
        return "picture" if picture.is_picture(path) else "video"
    if not pictures and fps is None:
        raise DataError(
            f"{path}: a folder must be of the frames of one video, with fps (--fps N), or of pictures (--pictures)"
        )
    return "pictures" if pictures else "frames"


@dataclass(frozen=True, slots=True)
class Job:
    """One input and its output."""

    path: Path
    kind: Kind
    output: Output
    row: dict[str, str] | None  # of the summary that was there, if the table is there and need not be measured again


@dataclass(frozen=True, slots=True)
class Plan:
    """All inputs of one run."""

    jobs: list[Job]
    summary: Output
    rows: dict[str, dict[str, str]]  # of the summary that was there, by name of the table


def plan(
    paths: Sequence[Path], out: Path, fps: float | None, pictures: bool, form: str = "csv", force: bool = False
) -> Plan:
    """Return what is measured, and what is there already and not older than its input.

    Raises DataError for a path that is not there, OutputError for two inputs of one name and for files of others,
    ParamsError for a format that cannot be written."""
    ending = written.check(form)
    kinds = [kind(path, fps, pictures) for path in paths]
    by_name: dict[str, Path] = {}
    for path in paths:
        absolute = path.absolute()
        name = (absolute.name if path.is_dir() else absolute.stem) + ending
        if name == SUMMARY or name in by_name:
            other = f"of {by_name[name]}" if name in by_name else "of all inputs"
            raise OutputError(f"{path}: its table would have the name {name}, as that {other}; rename it, or choose "
                              "another --out for it")  # fmt: skip
        by_name[name] = path
    files = outputs.tables(out, [*by_name, SUMMARY], paths, force)
    summary = files.pop(SUMMARY)
    rows = {}
    with suppress(StoreError):  # there is none, or it is of another version
        rows = {row["table"]: row for row in store.read_csv(summary.root / SUMMARY, COLUMNS)}
    jobs = []
    for path, what, (name, output) in zip(paths, kinds, files.items(), strict=True):
        row, identity, is_there = rows.get(name, {}), identify(path, what, fps), output.is_complete()
        if is_there and not force and row.get("input", identity["input"]) != identity["input"]:
            raise OutputError(f"{out / name}: is the table of {row['input']}, not of {path}; choose another --out, or "
                              "add --force to replace it")  # fmt: skip
        is_same = row.items() >= (identity | {"problem": ""}).items()
        is_done = is_there and is_same and not force and not _is_newer(path, output)
        jobs.append(Job(path, what, output, row if is_done else None))
    return Plan(jobs, summary, rows)


def identify(path: Path, what: Kind, fps: float | None) -> dict[str, str]:
    """Return the columns of the summary that must be the same for a table to be kept."""
    is_timed = fps is not None and what in ("video", "frames")
    rate = f"{fps:g}" if is_timed else ""
    return {"input": os.path.realpath(path), "kind": what, "fps": rate, "version": __version__}


def _is_newer(path: Path, output: Output) -> bool:
    """Return whether an input, or a file in its folder, was changed after its table was written."""
    written_at = (output.root / output.names[0]).stat().st_mtime_ns
    return any(time > written_at for time in _times(path))


def _times(path: Path) -> Iterable[int]:
    yield path.stat().st_mtime_ns
    for entry in os.scandir(path) if path.is_dir() else ():
        yield entry.stat().st_mtime_ns
