"""Work through many inputs: files for each, and a summary of all. One process at a time works in an output folder.

An input is done if its manifest lists complete files for the same input, settings and version. An interrupted run
continues where it was, and a bad input does not stop the others. Knows no video.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from microexpr.core import outputs, store
from microexpr.core.errors import OutputError, StoreError, about, printable
from microexpr.core.files import value_digest
from microexpr.core.outputs import Inputs, Manifest, Output
from microexpr.videos.search import Item

LONGEST = 180  # bytes of a file's name, to which endings and those of manifests are added
Row = dict[str, Any]  # of the summary, by column; each has `problem` and `left_out`
Progress = Callable[[str, int, int], None]
T = TypeVar("T")


@dataclass(slots=True)
class Job:
    """An input that is read, its files, and its rows of the summary once its turn is over."""

    item: Item
    name: str  # of its file or folder, below the output folder
    output: Output
    state: Literal["", "done", "done before", "failed"] = ""
    rows: list[Row] = field(default_factory=list)

    @property
    def problem(self) -> str:
        """The problem with it or a part of it, "" for none."""
        return next((row["problem"] for row in self.rows if row.get("problem")), "")


@dataclass(frozen=True, slots=True)
class Plan:
    """All inputs of one run."""

    command: str
    jobs: list[Job]
    left_out: list[Item]
    summary: Output  # files of all inputs; the first is the table
    columns: Sequence[str]  # of the table
    label: Callable[[Item, str], Row]  # columns of each input's row, done or not, by the name of its files

    def exit_code(self) -> int:
        """Return 0 if all was read, 3 if all recordings were and something else was left out, 1 otherwise."""
        if not self.jobs or any(not job.state or job.problem for job in self.jobs):
            return 1
        return 3 if self.left_out else 0


def plan(
    command: str, items: Sequence[Item], out: Path, names: Sequence[str], columns: Sequence[str],
    output: Callable[[Path, Inputs, bool, Path], Output], label: Callable[[Item, str], Row], inputs: Iterable[Path],
    force: bool, ending: str = "",
) -> Plan:  # fmt: skip
    """Return where the files of each input go: `output` of a path below the folder `out`, with this ending.

    `names` are files of all inputs, `inputs` are read too. Raises OutputError for inputs of one name, and for files of
    others or of another input."""
    read = outputs.identities({*(item.path for item in items), *(item.base for item in items if item.base), *inputs})
    summary = outputs.folder(out, read, force, command=f"{command}-summary", names=names)
    named = name_outputs([item for item in items if not item.reason], ending, names)
    jobs = [Job(item, name, output(out / name, read, force, item.path)) for item, name in named]
    left_out = sorted((item for item in items if item.reason), key=lambda item: item.name)
    return Plan(command, jobs, left_out, summary, columns, label)


def name_outputs(items: Iterable[Item], ending: str, taken: Iterable[str]) -> Iterator[tuple[Item, str]]:
    """Yield each input with the name of its files: its own without the ending, where no other has the same.

    Raises OutputError for two inputs of one name."""
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


def run(
    plan: Plan, settings: str, read: Callable[[Item], T], write: Callable[[Job, T, Path], list[Row]],
    progress: Progress, summarise: Callable[[list[Row], Path], None] = lambda rows, folder: None,
) -> Iterator[tuple[Job, T | None]]:  # fmt: skip
    """Read the inputs that are not done, write their files and the summary; yield each, and what was read now.

    `settings` is a digest of what results depend on but the input. `write` gets what `read` returns and a folder for
    the files, and returns rows of the summary; `summarise` gets all rows, and writes files other than the table. Raises
    OutputError if another process works in the folder, and OutputError or StoreError if files cannot be written."""
    with outputs.reserve(plan.summary.folder, plan.command, plan.summary.folder):
        try:
            for number, job in enumerate(plan.jobs, 1):
                yield job, _work(job, plan.label(job.item, job.name), settings, read, write)
                progress("inputs", number, len(plan.jobs))
        finally:
            if not plan.jobs or any(job.state for job in plan.jobs):
                entries = _entries(plan)
                rows = [row for entry in entries for row in entry["rows"]]
                rows = [{k: printable(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows]
                with outputs.publish(plan.summary, {"entries": entries}) as part:
                    store.write_csv(part / plan.summary.names[0], plan.columns, rows)
                    summarise(rows, part)


def identify(path: Path, settings: str) -> str:
    """Return a digest of an input, by its real path, sizes and times of all its files, and of the settings."""
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    states = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return value_digest([os.path.realpath(path), states, settings])


def _work(
    job: Job, label: Row, settings: str, read: Callable[[Item], T], write: Callable[[Job, T, Path], list[Row]]
) -> T | None:
    """Read an input and write its files, unless that was done before."""
    record, before = Row(), job.output.manifest
    try:
        identity = identify(job.item.path, settings)
        if not job.output.force and before.record.get("identity") == identity and before.is_complete():
            job.state, job.rows = "done before", before.record["rows"]
            return None
        result = read(job.item)
        with outputs.publish(job.output, record) as part:
            job.rows = record["rows"] = [label | row for row in write(job, result, part)]
            record["identity"] = "" if job.problem else identity  # "": the next run tries again
    except (OutputError, StoreError):
        raise  # the files of the others cannot be written either
    except Exception as error:  # decoders and detectors raise many kinds, and a night's run continues
        job.state, job.rows = "failed", [label | {"problem": about(job.item.path, error)}]
        return None
    job.state = "done"
    return result


def _entries(plan: Plan) -> list[Row]:
    """Return the name, input, manifest and rows of every input in the summary, in an order that is always the same.

    An entry of an earlier run stays while its files are complete; without files, while its input is there."""
    root, entries = plan.summary.folder, list[Row]()
    for job in plan.jobs:
        manifest = None if job.state == "failed" else (os.path.relpath(job.output.folder, root), job.output.command)
        entry = {"name": job.name, "input": job.item.source, "manifest": manifest, "rows": job.rows}
        entries += [entry] if job.state else []
    for item in plan.left_out:
        rows = [plan.label(item, "") | {"left_out": item.reason}]
        entries.append({"name": item.name, "input": item.source, "manifest": None, "rows": rows})
    names, inputs = ({entry[key] for entry in entries} for key in ("name", "input"))
    for entry in plan.summary.manifest.record.get("entries", []):
        if entry["name"] not in names and entry["input"] not in inputs:
            folder, command = entry["manifest"] or ("", "")
            is_there = Manifest(root / folder, command).is_complete() if command else os.path.lexists(entry["input"])
            entries += [entry] if is_there else []
    return sorted(entries, key=lambda entry: (entry["name"], entry["input"]))
