"""Record what each output of the workflow was when its job ended, and tell which were edited or came from elsewhere.

Snakemake knows the params and code of the files that it made, and takes whatever stands in their place for these. So
every output has a record below RECORDS: its digest, and sizes and times by which it need not be read each time."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from microexpr.core.errors import DataError, MicroexprError
from microexpr.core.files import read_json, regular, visible
from microexpr.core.store import write_text

RECORDS = Path("work/records")
TIMESTAMP = ".snakemake_timestamp"  # Snakemake's in a folder that is an output: it reads the folder's time there


class Record(NamedTuple):
    """An output as its job left it."""

    digest: str = ""  # "" while its job is at work, or was killed
    state: str = ""
    modified: int = 0  # ns
    params: dict[str, Any] | None = None  # of a CSV: the values of params.yaml that it was made with
    size: int | None = None  # of a file


def path_of(name: str | Path) -> Path:
    """Return the file with an output's record."""
    return RECORDS / f"{name}.json"


def read(name: str | Path, root: str | Path = "") -> Record | None:
    """Return the record of an output; None if it was never made here, or in the checkout `root`. A damaged one is that
    of a killed job."""
    try:
        return Record(**read_json(Path(root, path_of(name))))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, MicroexprError):
        return Record()


def write(name: str | Path, record: Record) -> None:
    """Write the record of an output, whole or not at all. Raises StoreError where the disk is full."""
    write_text(path_of(name), json.dumps(record._asdict()) + "\n")


def take(name: str | Path, params: Mapping[str, Any] | None = None) -> None:
    """Record an output as it is; `params` are the values of params.yaml."""
    path = Path(name)
    values = dict(params) if params and path.suffix == ".csv" else None  # not of thousands of files: kilobytes each
    size = path.stat().st_size if path.is_file() else None
    write(name, Record(content(path), state(path), _timed(path).stat().st_mtime_ns, values, size))


def settle(names: Iterable[str], since: float) -> None:
    """Take over the times that Snakemake gave to outputs after their jobs, of those recorded since (in seconds)."""
    for name in names:
        record, path = read(name), Path(name)
        if record and record.digest and record.modified >= since * 1e9 and path.exists():
            write(name, record._replace(state=state(path), modified=_timed(path).stat().st_mtime_ns))


def _timed(path: Path) -> Path:
    """Return the file whose time Snakemake reads for an output: of a folder, that of its stamp."""
    stamp = path / TIMESTAMP
    return stamp if stamp.exists() else path


def forget(name: str | Path) -> None:
    """Remove the record of an output, or those of all below a folder."""
    path_of(name).unlink(missing_ok=True)
    shutil.rmtree(RECORDS / name, ignore_errors=True)


@contextmanager
def recorded(names: Iterable[str], params: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Record outputs when the job ends that writes them in this context, of these values of params.yaml. Of a job that
    failed there is no record."""
    outputs = [*names]
    for name in outputs:
        write(name, Record())
    try:
        yield
    except BaseException:
        for name in outputs:
            forget(name)
        raise
    for name in filter(os.path.exists, outputs):  # Snakemake misses others itself
        take(name, params)


def is_made(name: str | Path) -> bool:
    """Return whether an output is there whose job has ended."""
    record = read(name)
    return bool(record and record.digest) and os.path.exists(name)  # noqa: PTH110


def is_as_made(name: str | Path) -> bool:
    """Return whether an output has the content of its record; if it was touched, copied or linked, restore its time. A
    link to an older file of DVC's cache would else seem older than what it was made of, and a copy newer than what was
    made of it. Snakemake itself makes an output again whose job was killed."""
    record, path = read(name), Path(name)
    if record is None or not path.exists():  # a link into an emptied cache
        return False
    if not record.digest or record.state == state(path):
        return True
    if not _has(path, record):
        return False
    with suppress(OSError, MicroexprError):  # where nothing can be written, it is read again the next time
        os.utime(_timed(path), ns=(record.modified, record.modified))
        write(name, record._replace(state=state(path)))
    return True


def altered(names: Iterable[str]) -> list[str]:
    """Return the outputs that are there, and not as they were made here."""
    return [name for name in names if os.path.lexists(name) and not is_as_made(name)]


def verify() -> list[str]:
    """Return a line on each output that is gone or has another content than when it was made, reading all of them."""
    lines = []
    for file in visible(RECORDS, "**/*.json"):
        name = file.relative_to(RECORDS).with_suffix("")
        record = read(name)
        if not record or not record.digest:
            lines.append(f"{name}: was not finished")
        elif not os.path.exists(name):  # noqa: PTH110
            lines.append(f"{name}: is not there")
        elif not _has(name, record):
            lines.append(f"{name}: is not as it was made")
    return lines


def files(path: str | Path) -> list[str]:
    """Return the file itself, or all files in a folder, sorted; not Snakemake's."""
    if not os.path.isdir(path):  # noqa: PTH112, here and below a Path takes longer
        return [str(path)]
    names = [f"{root}/{name}" for root, _, names in os.walk(path) for name in names if name != TIMESTAMP]
    return sorted(names, key=lambda name: name.split("/"))


def state(path: str | Path) -> str:
    """Return a digest of an output's sizes and times, which change whenever it is written, linked or replaced."""
    whole = hashlib.md5(usedforsecurity=False)
    for file in files(path):
        status = os.stat(file)  # noqa: PTH116
        name = file.rpartition("/")[2]
        whole.update(f"{name} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\n".encode())
    return whole.hexdigest()


def _has(path: Path, record: Record) -> bool:
    """Return whether an output has the content of its record; a pipe or a device, which may never end, has none."""
    with suppress(DataError, OSError, RecursionError):
        return (not path.is_file() or record.size in (None, path.stat().st_size)) and content(path) == record.digest
    return False


def content(path: Path) -> str:
    """Return an output's MD5, as DVC names files; of a folder, of the names and digests of its files. Raises DataError
    for a pipe or a device."""
    if not path.is_dir():
        with regular(path).open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    whole = hashlib.md5(usedforsecurity=False)
    for file in files(path):
        whole.update(f"{os.path.relpath(file, path)} {content(Path(file))}\n".encode())
    return whole.hexdigest()
