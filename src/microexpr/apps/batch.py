"""Work through many inputs: files for each, and a summary of all. One process at a time works in an output folder.

An input is done if its manifest lists complete files for the same input, settings and version. An interrupted run
continues where it was, and a bad input does not stop the others. Knows no video."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from microexpr.core import outputs, store
from microexpr.core.errors import OutputError, StoreError, about, printable
from microexpr.core.files import is_below, value_digest, visible
from microexpr.core.outputs import Inputs, Manifest, Output
from microexpr.videos.search import Item

LONGEST = 180  # bytes of a file's name, to which endings and those of manifests are added
Row = dict[str, Any]  # of the summary, by column; each has `problem` and `left_out`
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Job:
    """An input that is read, its files, and its rows of the summary once its turn is over."""

    item: Item
    name: str  # of its file or folder, below the output folder
    output: Output
    state: Literal["", "done", "done before", "failed"] = ""
    rows: list[Row] = field(default_factory=list)
    note: str = ""  # to print, if it was read now

    @property
    def problem(self) -> str:
        """The problem with it or a part of it, "" for none."""
        return next((row["problem"] for row in self.rows if row.get("problem")), "")


class Work(NamedTuple):
    """How a command reads an input and writes files."""

    settings: str  # digest of what results depend on, except the input
    read: Callable[[Item], Any]
    write: Callable[[Job, Any, Path], list[Row]]  # what was read into a folder; returns rows of the summary
    summarise: Callable[[list[Row], Path], object] = lambda rows, folder: None  # writes files next to the table of all


@dataclass(frozen=True, slots=True)
class Plan:
    """All inputs of one run."""

    command: str
    jobs: list[Job]
    left_out: list[Item]
    summary: Output  # files of all inputs; the first is the table
    columns: Sequence[str]  # of the table
    label: Callable[[Item, str], Row]  # columns of each input's row, done or not, by the name of its files
    start: Callable[[Progress], Work]  # loads networks

    def run(self, progress: Progress) -> Iterator[tuple[Job, Any]]:
        """Read the inputs that are not done, write their files and the summary; yield each, and what was read now.

        Raises OutputError if another process works in the folder, and OutputError or StoreError if files cannot be
        written."""
        with outputs.reserve(self.summary.folder, self.command, self.summary.folder):
            work = self.start(progress)
            try:
                for number, job in enumerate(self.jobs, 1):
                    yield job, _work(job, self.label(job.item, job.name), work, self.columns)
                    progress("inputs", number, len(self.jobs))
            finally:
                if not self.jobs or any(job.state for job in self.jobs):
                    entries = self._entries()
                    rows = [row for entry in entries for row in entry["rows"]]
                    rows = [{k: printable(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows]
                    with outputs.publish(self.summary, {"entries": entries}) as part:
                        store.write_csv(part / self.summary.names[0], self.columns, rows)
                        work.summarise(rows, part)

    def exit_code(self) -> int:
        """Return 0 if all was read, 3 if all recordings were and something else was left out, 1 otherwise."""
        if not self.jobs or any(not job.state or job.problem for job in self.jobs):
            return 1
        return 3 if self.left_out else 0

    def _entries(self) -> list[Row]:
        """Return the name, input, manifest and rows of every input in the summary, in an order that is always the same.
        An entry of an earlier run stays while its files are complete; without files, while its input is there."""
        root, entries = self.summary.folder, list[Row]()
        for job in (job for job in self.jobs if job.state):
            manifest = None if job.state == "failed" else (os.path.relpath(job.output.folder, root), job.output.command)
            entries.append({"name": job.name, "input": job.item.source, "manifest": manifest, "rows": job.rows})
        for item in self.left_out:
            rows = [self.label(item, "") | {"left_out": item.reason}]
            entries.append({"name": item.name, "input": item.source, "manifest": None, "rows": rows})
        names, inputs = ({entry[key] for entry in entries} for key in ("name", "input"))
        record = self.summary.manifest.record  # which may come from elsewhere
        for entry in record["entries"] if isinstance(record.get("entries"), list) else ():
            match entry:
                case {"name": str(), "input": str(), "manifest": None | [str(), str()], "rows": earlier}:
                    folder, name = entry["manifest"] or ("", "")
                    is_ours = name not in (".", "..") and "/" not in name and is_below(root / folder, root)
                    is_new = entry["name"] not in names and entry["input"] not in inputs
                    if is_new and is_ours and _are_rows(earlier, self.columns):
                        stays = Manifest(root / folder, name).is_complete() if name else os.path.lexists(entry["input"])
                        entries += [entry] if stays else []
        return sorted(entries, key=lambda entry: (entry["name"], entry["input"]))


def _are_rows(rows: Any, columns: Collection[str]) -> bool:
    """Return whether a value in a record is rows of the summary."""
    return isinstance(rows, list) and all(isinstance(row, dict) and row.keys() <= {*columns} for row in rows)


def plan(
    command: str, items: Sequence[Item], out: Path, names: Sequence[str], columns: Sequence[str],
    output: Callable[[Path, Inputs, bool, Path], Output], label: Callable[[Item, str], Row],
    start: Callable[[Progress], Work], inputs: Iterable[Path], force: bool, ending: str = "",
) -> Plan:  # fmt: skip
    """Return where the files of each input go: `output` of a path below the folder `out`, with this ending.

    `names` are files of all inputs, `inputs` are read too. Raises OutputError for inputs of one name, and for files of
    others or of another input."""
    read = outputs.identities({*(item.path for item in items), *(item.base for item in items if item.base), *inputs})
    summary = Output(out, read, force, command=f"{command}-summary", names=names)
    named = name_outputs([item for item in items if not item.reason], ending, names)
    jobs = [Job(item, name, output(out / name, read, force, item.path)) for item, name in named]
    left_out = sorted((item for item in items if item.reason), key=lambda item: item.name)
    return Plan(command, jobs, left_out, summary, columns, label, start)


def name_outputs(items: Iterable[Item], ending: str, taken: Iterable[str]) -> Iterator[tuple[Item, str]]:
    """Yield each input with the name of its files: its own without the ending, where no other has the same. Raises
    OutputError for two inputs of one name."""
    full = {item: _fitting(item.name) + ending for item in items}
    stems = ((item, item.name if item.path.is_dir() else str(Path(item.name).with_suffix(""))) for item in full)
    short = {item: _fitting(stem) + ending for item, stem in stems}
    count = Counter(name.casefold() for name in (*short.values(), *taken))
    owners: dict[str, Item] = {}
    for item, name in short.items():
        name = name if count[name.casefold()] == 1 else full[item]
        if (other := owners.setdefault(name.casefold(), item)) is not item:
            raise OutputError(f"{item.path}: its files would have the name {name}, as those of {other.path}; give the "
                              "folder above both, or choose another --out for it")  # fmt: skip
        yield item, name


def _fitting(name: str) -> str:
    """Shorten the parts of a path to leave room for endings; a digest replaces the rest."""
    starts = [(part, part.encode()[: LONGEST - 8].decode(errors="ignore")) for part in name.split("/")]
    return "/".join(part if len(part.encode()) <= LONGEST else start + value_digest(part)[:8] for part, start in starts)


def identify(path: Path, settings: str) -> str:
    """Return a digest of an input, by its real path, sizes and times of all its files, and of the settings."""
    files = [file for file in visible(path) if file.is_file()] if path.is_dir() else [path]
    states = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return value_digest([os.path.realpath(path), states, settings])


def _work(job: Job, label: Row, work: Work, columns: Collection[str]) -> Any:
    """Read an input and write its files, unless that was done before."""
    record, before = Row(), job.output.manifest
    try:
        identity = identify(job.item.path, work.settings)
        rows: Any = before.record.get("rows")
        is_same = before.record.get("identity") == identity
        if not job.output.force and is_same and before.is_complete() and _are_rows(rows, columns):
            job.state, job.rows = "done before", rows
            return None
        result = work.read(job.item)
        with outputs.publish(job.output, record) as part:
            job.rows = record["rows"] = [label | row for row in work.write(job, result, part)]
            record["identity"] = "" if job.problem else identity  # "": the next run tries again
    except (OutputError, StoreError):
        raise  # the files of the others cannot be written either
    except Exception as error:  # decoders and detectors raise many kinds, and a night's run continues
        job.state, job.rows = "failed", [label | {"problem": about(job.item.path, error)}]
        return None
    job.state = "done"
    return result
