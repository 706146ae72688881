"""Work through many inputs: files for each, and a summary of all. Several processes may share the work.

An input is done when its files are complete, and of this input as it is now, of these settings, models and version: so
their manifest says. An interrupted run goes on where it was, and a bad input does not stop the others. The summary is
made of the files in the output folder, so its bytes do not depend on the order of writing. Knows no video.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from microexpr.core import outputs
from microexpr.core.errors import OutputError, StoreError, about, printable
from microexpr.core.files import value_digest, visible
from microexpr.core.outputs import Inputs, Output
from microexpr.videos.search import Item

LONGEST = 180  # bytes of a file's name, to which endings and those of manifests are added
Row = dict[str, Any]  # of the summary, by column; each has `problem` and `left_out`
Progress = Callable[[str, int, int], None]
State = Literal["done", "done before", "failed", "claimed"]  # claimed by another process
T = TypeVar("T")


class Job(NamedTuple):
    """An input that is read, and its files."""

    item: Item
    name: str  # of its file or folder, below the output folder
    output: Output


class Outcome(NamedTuple, Generic[T]):
    """An input, once its turn is over."""

    job: Job
    state: State
    rows: Sequence[Row] = ()
    result: T | None = None  # of an input that was read now

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
    label: Callable[[Item, str], Row]  # columns of each input's row, done or not, by the name of its files


def plan(
    command: str,
    items: Sequence[Item],
    out: Path,
    names: Sequence[str],
    output: Callable[[Path, Item, Inputs], Output],
    label: Callable[[Item, str], Row],
    inputs: Iterable[Path],
    force: bool,
    ending: str = "",
) -> Plan:
    """Return where the files of each input go: `output` of a path below the folder `out`, with this ending.

    `names` are files of all inputs, `inputs` are read too. Raises OutputError for inputs of one name, and for files of
    others or of another input."""
    read = Inputs({*(item.path for item in items), *(item.base for item in items if item.base), *inputs})
    summary = outputs.folder(out, f"{command}-summary", tuple(names), read, force)
    named = name_outputs([item for item in items if not item.reason], ending, names)
    jobs = [Job(item, name, output(out / name, item, read)) for item, name in named]
    left_out = sorted((item for item in items if item.reason), key=lambda item: item.name)
    return Plan(command, jobs, left_out, summary, label)


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
    parts = []
    for part in name.split("/"):
        start = part.encode()[: LONGEST - 8].decode(errors="ignore")
        parts.append(part if len(part.encode()) <= LONGEST else start + value_digest(part)[:8])
    return "/".join(parts)


def run(
    plan: Plan,
    settings: str,
    read: Callable[[Item], T],
    write: Callable[[Job, T, Path], list[Row]],
    summarise: Callable[[list[Row], Path], None],
    progress: Progress,
) -> Iterator[Outcome[T]]:
    """Read the inputs that are not done and that no other process has claimed, write their files, and yield each.

    `settings` is a digest of what results depend on but the input. `write` gets what `read` returns and a folder for
    the files, and returns rows of the summary; `summarise` gets all rows and a folder. Raises OutputError or StoreError
    if files cannot be written, for then those of other inputs cannot be either."""
    outcomes: list[Outcome[T]] = []
    try:
        for number, job in enumerate(plan.jobs, 1):
            with outputs.claim(plan.summary.root, job.name) as is_ours:
                outcome: Outcome[T] = Outcome(job, "claimed")
                if is_ours:
                    outcome = _work(plan, job, settings, read, write)
            outcomes.append(outcome._replace(result=None))
            yield outcome
            progress("inputs", number, len(plan.jobs))
    finally:
        if outcomes or not plan.jobs:
            _summarise(plan, outcomes, summarise)


def exit_code(plan: Plan, outcomes: Sequence[Outcome]) -> int:
    """Return 0 if all was read, 3 if all recordings were and something else was left out, 1 otherwise."""
    if not plan.jobs or len(outcomes) < len(plan.jobs) or any(outcome.problem for outcome in outcomes):
        return 1
    return 3 if plan.left_out else 0


def identify(path: Path, settings: str) -> str:
    """Return a digest of an input, by its real path, sizes and times of all its files, and of the settings."""
    files = [file for file in visible(path) if file.is_file()] if path.is_dir() else [path]
    states = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return value_digest([os.path.realpath(path), states, settings])


def _work(
    plan: Plan, job: Job, settings: str, read: Callable[[Item], T], write: Callable[[Job, T, Path], list[Row]]
) -> Outcome[T]:
    """Return an input that was done before, or read it and write its files."""
    before = job.output.record()
    may_be_done = not job.output.force and before.get("identity") and job.item.path.exists()
    if may_be_done and before["identity"] == identify(job.item.path, settings):
        return Outcome(job, "done before", before["rows"])
    record: Row = {"command": plan.command, "name": job.name, "input": job.item.source, "identity": ""}
    label = plan.label(job.item, job.name)
    try:
        identity = identify(job.item.path, settings)
        result = read(job.item)
        with outputs.publish(job.output, record) as part:
            record["rows"] = rows = [label | row for row in write(job, result, part)]
            if not any(row.get("problem") for row in rows):  # else the next run tries again
                record["identity"] = identity
    except (OutputError, StoreError):
        raise  # the files of the others cannot be written either
    except Exception as error:  # decoders and detectors raise many kinds, and a night's run goes on
        record["rows"] = [label | {"problem": about(job.item.path, error)}]
        outputs.replace_record(job.output, record)
        return Outcome(job, "failed", record["rows"])
    return Outcome(job, "done", rows, result)


def _summarise(plan: Plan, outcomes: Sequence[Outcome], summarise: Callable[[list[Row], Path], None]) -> None:
    """Write the summary of the output folder as it is now, while no other process does.

    Its notes are on inputs without files: left out or failed now, or in an earlier run if nothing is newer."""
    with outputs.claim(plan.summary.root, "summary", wait=True):
        complete = []
        for folder, record in outputs.records(plan.summary.root):
            path = plan.summary.root / record.get("name", "")
            if record.get("command") == plan.command and folder in (path, path.parent):  # not of a folder below it
                complete.append(record)
        failed = [outcome for outcome in outcomes if outcome.state == "failed"]
        notes = [{"name": o.job.name, "input": o.job.item.source, "rows": list(o.rows)} for o in failed]
        for item in plan.left_out:
            rows = [plan.label(item, "") | {"left_out": item.reason}]
            notes.append({"name": item.name, "input": item.source, "rows": rows})
        new = {item.source for item in plan.left_out} | {o.job.item.source for o in outcomes if o.state != "claimed"}
        before = plan.summary.manifest.record(plan.summary.root).get("notes", [])
        notes += [note for note in before if note["input"] not in new and os.path.lexists(note["input"])]
        done = {(record["name"], record["input"]) for record in complete}
        notes = [note for note in notes if (note["name"], note["input"]) not in done]
        entries = sorted([*complete, *notes], key=lambda entry: (entry["name"], entry["input"]))
        with outputs.publish(plan.summary, {"notes": notes}) as part:
            rows = [row for entry in entries for row in entry["rows"]]
            texts = ({name: printable(value) for name, value in row.items() if isinstance(value, str)} for row in rows)
            summarise([row | text for row, text in zip(rows, texts, strict=True)], part)
