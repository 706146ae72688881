"""Records of every output's content, by which one that was edited, replaced or deleted since is noticed.

Snakemake compares times, params and code, and trusts a file that is older than what was made of it. An earlier copy
that is put back, an edited index or a deleted frame would pass. So the digest of every output is kept in RECORDS, and
compared before each run. Out of scope: which outputs there are, and what they mean.
"""

import base64
import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from microexpr.core.store import write_text

RECORDS = Path("work/records.json")
SNAKEMAKE = Path(".snakemake")
SET_ASIDE = Path("work/set_aside")
OTHER_PARAMS = "is of no subject or method of params.yaml"
TIMESTAMP = ".snakemake_timestamp"  # Snakemake's own file in a folder that is an output
CACHE = Path(".dvc/cache/files/md5")


@dataclass(frozen=True, slots=True)
class Entry:
    """One output as it was made: when, its state on the disk, its content, and how often it had to be made again."""

    ended: float = 0.0  # its time in Snakemake's own record
    state: str = ""
    digest: str = ""  # "" where it is gone
    reruns: int = 0


@dataclass(slots=True)
class Review:
    """The outputs that were changed, or made elsewhere."""

    changed: list[str] = field(default_factory=list)  # content that exists nowhere else
    missing: list[str] = field(default_factory=list)
    untracked: list[str] = field(default_factory=list)  # never made here, or a version that DVC's cache holds


def key(path: str | Path) -> str:
    """The name of Snakemake's own record of an output."""
    return base64.urlsafe_b64encode(str(path).encode()).decode()


def recorded(path: str | Path) -> float | None:
    """The time of an output when Snakemake had made it; None if it never did here."""
    try:
        with open(f"{SNAKEMAKE}/metadata/{key(path)}", encoding="utf-8") as file:  # noqa: PTH123, a Path takes longer
            return float(json.load(file).get("endtime") or 0)
    except (OSError, ValueError):
        return None


def recorded_of(names: Iterable[str]) -> dict[str, float | None]:
    """`recorded` of many outputs; most may never have been made here."""
    try:
        keys = {*os.listdir(SNAKEMAKE / "metadata")}  # noqa: PTH208
    except OSError:
        keys = set()
    return {name: recorded(name) if key(name) in keys else None for name in names}


def is_as_recorded(path: Path, ended: float | None) -> bool:
    """Whether an output has the time that Snakemake recorded of it."""
    return ended is not None and path.exists() and abs(modified(path) - ended) <= 1e-3


def files(path: str | Path) -> list[str]:
    """The file itself, or all files in a folder, sorted; not those of Snakemake."""
    if not os.path.isdir(path):  # noqa: PTH112
        return [str(path)]
    names = [f"{root}/{name}" for root, _, names in os.walk(path) for name in names if name != TIMESTAMP]
    return sorted(names, key=lambda name: name.split("/"))


def modified(path: Path) -> float:
    """The time of an output as Snakemake reads it: for a folder, that of its timestamp file."""
    stamp = path / TIMESTAMP
    return (stamp if stamp.exists() else path).stat().st_mtime


def state(path: str | Path) -> str:
    """Sizes and times of an output, which change whenever it is written, linked or replaced."""
    whole = hashlib.md5(usedforsecurity=False)
    for file in files(path):
        status = os.stat(file)  # noqa: PTH116
        name = file.rpartition("/")[2]
        whole.update(f"{name} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\n".encode())
    return whole.hexdigest()


def content(path: Path) -> str:
    """MD5, as DVC's cache names files; of a folder, of the names and digests of its files."""
    if not path.is_dir():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    whole = hashlib.md5(usedforsecurity=False)
    for file in files(path):
        whole.update(f"{os.path.relpath(file, path)} {content(Path(file))}\n".encode())
    return whole.hexdigest()


def is_cached(digest: str) -> bool:
    """Whether DVC's cache in this checkout holds a file of this digest."""
    return (CACHE / digest[:2] / digest[2:]).is_file()


class Records:
    """The entries of all outputs, by path."""

    def __init__(self, path: Path = RECORDS):
        """Damaged or missing records are empty ones: Snakemake's own then decide."""
        self.path = path
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
            self.entries = {name: Entry(**entry) for name, entry in entries.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self.entries = {}
        self.any_reruns = any(entry.reruns for entry in self.entries.values())
        self.any_restored = False  # an output that was only touched, copied or linked has another state now

    def save(self) -> None:
        """Writes all entries, whole or not at all."""
        entries = {name: asdict(entry) for name, entry in sorted(self.entries.items())}
        write_text(self.path, json.dumps(entries, indent=0) + "\n")

    def review(self, outputs: Iterable[str]) -> Review:
        """Compares outputs with their entries. Outputs to make again are counted, until `save` in memory alone."""
        review = Review()
        for name, ended in recorded_of(outputs).items():
            entry = self.entries.get(name, Entry())
            if not os.path.lexists(name):
                if ended is not None and (entry.digest or name not in self.entries):
                    self._count(name, entry)
                    review.missing.append(name)
            elif ended is None:
                if not (SNAKEMAKE / "incomplete" / key(name)).exists():  # of a killed job: Snakemake makes it again
                    review.untracked.append(name)
            elif not self._is_unchanged(name, ended):
                if is_cached(content(Path(name))):
                    review.untracked.append(name)
                else:
                    self._count(name, entry)
                    review.changed.append(name)
        return review

    def _is_unchanged(self, name: str, ended: float, *, by_time: bool = False) -> bool:
        """Whether an output has the content of its entry or, without one of its time or `by_time`, Snakemake's time.

        One that was touched, copied or linked gets its time back. A link to an older file of DVC's cache would seem
        older than what it was made of, and than what uses it; a newer copy, as DVC makes before a stage, would seem
        newer than inputs that have changed since."""
        entry, path, stamp = self.entries.get(name, Entry()), Path(name), Path(name) / TIMESTAMP
        if not entry.digest or entry.ended != ended:
            return is_as_recorded(path, ended)
        if state(path) == entry.state:
            return True
        if content(path) != entry.digest:
            return by_time and is_as_recorded(path, ended)
        if path.is_dir() or abs(path.stat().st_mtime - entry.ended) > 1e-3:
            os.utime(stamp if stamp.exists() else path, (entry.ended, entry.ended))
        self.entries[name] = replace(entry, state=state(path))
        self.any_restored = True
        return True

    def refresh(self, outputs: Iterable[str]) -> None:
        """Restores the modification time of outputs that DVC manages; its links lose it. Content that was
        not made here counts as new, so that Snakemake compares its checksum."""
        for name, ended in recorded_of(outputs).items():
            if ended is not None and Path(name).is_file() and not self._is_unchanged(name, ended, by_time=True):
                os.utime(name)

    def _count(self, name: str, entry: Entry) -> None:
        self.entries[name] = Entry(reruns=entry.reruns + 1)
        self.any_reruns = True

    def renew(self, outputs: Iterable[str], *, trusted: bool = False) -> None:
        """Records the outputs that Snakemake made since; with `trusted` all that exist, however they came. Saves."""
        for name, ended in recorded_of(outputs).items():
            path, entry = Path(name), self.entries.get(name, Entry())
            if ended is None or not path.exists() or (entry.ended == ended and entry.state == state(path)):
                continue
            if trusted or is_as_recorded(path, ended):
                self.entries[name] = Entry(ended, state(path), content(path), entry.reruns)
        self.save()

    def rerun_counts(self, names: Sequence[str]) -> list[str]:
        """Return the inputs and outputs of a job that had to be made again, and how often: a param of every job; its
        change makes Snakemake run the job once more."""
        counts = {name: self.entries[name].reruns for name in map(str, names) if name in self.entries}
        return sorted(f"{name} {count}" for name, count in counts.items() if count)


def set_aside(names: Sequence[str], why: str, say: Callable[[str], None]) -> None:
    """Moves outputs to a separate folder below SET_ASIDE, and reports it: nothing that was computed is deleted."""
    present = [name for name in names if os.path.lexists(name) and not _emptied(Path(name))]
    if not present:
        return
    target = SET_ASIDE / time.strftime("%Y%m%d-%H%M%S")
    number = 0
    while target.exists():
        number += 1
        target = target.with_name(f"{target.name.partition('_')[0]}_{number}")
    for name in present:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(name, target / name)
    more = f" and {len(present) - 1} more" * (len(present) > 1)
    say(f"note: {present[0]}{more} {why}: moved to {target}, which may be deleted")


def _emptied(path: Path) -> bool:
    """Whether there is nothing but a folder without files, or a file that a killed job left half-written: removed."""
    if path.is_dir() and not path.is_symlink():
        if any(names for _, _, names in os.walk(path)):
            return False
        shutil.rmtree(path)
        return True
    if path.name.startswith(".") and path.suffix == ".part":
        path.unlink()
        return True
    return False


def make_writable(names: Iterable[str]) -> None:
    """Lets Snakemake replace outputs: as links into its cache DVC protects them, and a protected output it refuses."""
    for name in names:
        try:
            status = os.lstat(name)
        except OSError:
            continue
        is_protected = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o200
        if is_protected and status.st_nlink > 1 and status.st_uid == os.geteuid():
            Path(name).chmod(status.st_mode | 0o200)
