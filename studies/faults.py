"""Every fault that may end a run, brought upon a whole small one: what is said, what is lost, how it goes on.

Each run is continued by one command and must end in the bytes of an undisturbed one. Prints a table; `--write-docs`
writes it into docs/faults.md.
"""

import base64
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pages
import yaml
from checkout import digests, environment, scratch

from microexpr.cli import config
from microexpr.core import store
from microexpr.core.errors import StoreError

PAGE, MARK = "docs/faults.md", "study-faults"
METHODS = {
    "ststnet": {"epochs": 80, "batch": 8},
    "icegan": {"epochs": 8, "image_size": 32, "width": 4, "batch": 8, "discriminator": "cnn"},
    "flow_svm": {},
}
SIZE = {"subjects": 1, "clips": 3}  # of each data set
DATASETS = ["casme2", "samm"]
MINUTES = 0.005  # between two checkpoints: 0.3 s
TARGETS = ("all", "all_train", "results/refit/ststnet.safetensors")
# What is to be made when a fault comes
LEARNING = ("ststnet", "flow_svm")
MISSING = (
    "flow",
    *(f"{stage}/{name}*" for stage in ("train", "evaluate/**") for name in LEARNING),
    "refit",
    "megc2019_*",
    "metrics",
)
COMMAND = "the same command"
KILLS = "kill -9 of all processes or one of them"
HEAD = ("| fault | said | lost | to go on | same bytes |", "| --- | --- | --- | --- | --- |")
ONE_ALONE = 1 / 3  # of the kills strike one process first
FLIPS = 60  # of each kind of stage file
MOUNT = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
LIMIT = """import resource, sys
if sys.orig_argv[-1].endswith(".train.py"):  # less than torch wants
    resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))
"""


@dataclass
class Ended:
    """A run, or part of one, that came to an end."""

    code: int
    lines: list[str]

    @property
    def said(self) -> str:
        """The last lines that tell what is wrong, or the very last one."""
        told = [
            line
            for line in self.lines
            if re.match("error: |ERROR: |Error: |Terminating|OSError|note: .* moved to", line)
        ]
        unlock = [line for line in self.lines if "--unlock" in line]
        return " … ".join([*dict.fromkeys(told)][-2:] + unlock[-1:] or self.lines[-1:])


@dataclass
class Project:
    """A copy of the project, and what runs in it."""

    root: Path
    cores: int

    def command(self, *targets: str) -> list[str]:
        return ["snakemake", "--cores", str(self.cores), "--", *(targets or TARGETS)]

    def start(self, *before: str, targets: Sequence[str] = ()) -> "subprocess.Popen[str]":
        """In a session of its own, to be ended as a whole."""
        return subprocess.Popen(
            [*before, *self.command(*targets)], cwd=self.root, env=environment(self.root), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, *command: str) -> Ended:
        done = subprocess.run(command, cwd=self.root, env=environment(self.root), text=True, capture_output=True)
        return Ended(done.returncode, spoken(done.stdout + done.stderr))

    def go_on(self) -> Ended:
        return self.run(*self.command())

    def records(self) -> dict[str, tuple[float, float]]:
        """When the job that made each output began and ended, by output, as Snakemake knows it."""
        found = {}
        for path in (self.root / ".snakemake/metadata").rglob("*"):
            if path.is_file():
                with_times = json.loads(path.read_text(encoding="utf-8"))
                name = base64.urlsafe_b64decode(path.name).decode(errors="replace")
                found[name] = (float(with_times.get("starttime") or 0), float(with_times.get("endtime") or 0))
        return found

    def under_way(self) -> dict[str, float]:
        """When the job that should have made each incomplete output began."""
        paths = [path for path in (self.root / ".snakemake/incomplete").rglob("*") if path.is_file()]
        return {path.name: path.stat().st_mtime for path in paths}

    def remove(self, *patterns: str) -> None:
        """These files and folders of results."""
        for path in [path for pattern in patterns for path in (self.root / "results").glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def copy(self, to: Path) -> "Project":
        shutil.copytree(self.root, to, symlinks=True)
        return Project(to, self.cores)


@dataclass
class Row:
    fault: str
    said: str
    lost: str
    how: str
    same: bool
    problems: list[str] = field(default_factory=list)


Fault = Callable[[Project, Namespace], tuple[Ended, str]]  # brings it about; what was said, and how to go on


def spoken(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def ended(running: "subprocess.Popen[str]") -> Ended:
    said, _ = running.communicate()
    return Ended(running.returncode, spoken(said))


def tree(top: int) -> list[int]:
    """The process and all below it."""
    found, waiting = [], [top]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            below = [path.read_text().split() for path in Path(f"/proc/{one}/task").glob("*/children")]
        except OSError:  # it has ended meanwhile
            continue
        waiting += [int(word) for words in below for word in words]
    return found


def until(root: Path, pattern: str, running: "subprocess.Popen[str]") -> None:
    """Waits for such a file. Raises RuntimeError where the run ends before."""
    while not list(root.glob(pattern)):
        if running.poll() is not None:
            raise RuntimeError(f"the run ended before there was {pattern}")
        time.sleep(0.05)


def two_at_once(project: Project, _: Namespace) -> tuple[Ended, str]:
    running = project.start()
    until(project.root, "results/flow/*/*.h5", running)
    second = project.go_on()
    first = ended(running)
    if first.code or not second.code:
        raise RuntimeError(f"of two runs the first must go well, the second not: {first.code}, {second.code}")
    return second, "wait for the other"


def full_disk(project: Project, _: Namespace) -> tuple[Ended, str]:
    into = project.root / "results/flow"
    into.mkdir(parents=True, exist_ok=True)
    script = f"mount -t tmpfs -o size=8k none {into} && exec {' '.join(project.command())}"
    return project.run(*MOUNT, "bash", "-c", script), f"{COMMAND}, with space"


def limited_files(project: Project, _: Namespace) -> tuple[Ended, str]:
    return project.run("prlimit", "--fsize=60000", *project.command()), f"{COMMAND}, without the limit"


def read_only(project: Project, _: Namespace) -> tuple[Ended, str]:
    place = project.root / "results"
    script = f"mount --bind {place} {place} && mount -o remount,bind,ro {place} && exec {' '.join(project.command())}"
    return project.run(*MOUNT, "bash", "-c", script), f"{COMMAND}, where it may write"


def interrupted(project: Project, _: Namespace) -> tuple[Ended, str]:
    running = project.start()
    until(project.root, "results/flow/*/*.h5", running)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    return ended(running), COMMAND


def one_job_killed(project: Project, _: Namespace) -> tuple[Ended, str]:
    """As the kernel does to whoever has taken the last memory."""
    running = project.start()
    until(project.root, "results/flow/*/*.h5", running)
    job = None
    while job is None:
        until(project.root, "work/logs/**/*.under_way", running)
        forked = [one for one in tree(running.pid) if b"/fork_server.py" in command_line(one)]
        job = next((one for one in forked[1:] if len(tree(one)) == 1), None)  # the server and what watches a job wait
    os.kill(job, signal.SIGKILL)
    return ended(running), COMMAND


def training_killed(project: Project, _: Namespace) -> tuple[Ended, str]:
    """With all the others, once it has left a checkpoint."""
    running = project.start()
    until(project.root, "work/checkpoints/**/*.safetensors", running)
    os.killpg(running.pid, signal.SIGKILL)
    ended(running)
    gone_on(project)
    found = project.go_on()
    project.run("snakemake", "--unlock")
    return found, f"`snakemake --unlock`; {COMMAND}"


def command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def little_memory(project: Project, _: Namespace) -> tuple[Ended, str]:
    hook = project.root.with_name("hook")
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(LIMIT, encoding="utf-8")
    return project.run(
        *("env", f"PYTHONPATH={project.root / 'src'}:{hook}", "MICROEXPR_FORK_SERVER="), *project.command()
    ), f"{COMMAND}, with memory"


def again(project: Project, path: Path, change: Callable[[bytes], bytes]) -> tuple[Ended, str]:
    """The run with a file changed behind its back: it is noticed before any job, and made again."""
    times = path.stat()
    path.write_bytes(change(path.read_bytes()))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as a disk does that forgets
    return project.go_on(), "nothing: the same run made it again"


def first(project: Project, pattern: str) -> Path:
    return min(project.root.glob(pattern))


def truncated(project: Project, _: Namespace) -> tuple[Ended, str]:
    return again(project, first(project, "results/faces/*/*.h5"), lambda whole: whole[: len(whole) // 2])


def flipped_data(project: Project, _: Namespace) -> tuple[Ended, str]:
    """In every frame of the last clips."""

    def frames(whole: bytes) -> bytes:
        return flipped(whole, range(len(whole) // 2, len(whole), 10_000))

    return again(project, first(project, "results/faces/*/*.h5"), frames)


def flipped_metadata(project: Project, _: Namespace) -> tuple[Ended, str]:
    def of_crops(whole: bytes) -> bytes:
        return flipped(whole, [whole.index(b"grey level")])

    return again(project, first(project, "results/faces/*/*.h5"), of_crops)


def flipped(whole: bytes, places: Iterable[int]) -> bytes:
    made = bytearray(whole)
    for at in places:
        made[at] ^= 4
    return bytes(made)


def picture(project: Project, change: Callable[[bytes], bytes]) -> tuple[Ended, str]:
    """A frame of one person spoiled before any faces were looked for; afterwards that person is rendered again."""
    project.remove("faces")
    frame = sorted(project.root.glob("data/rendered/casme2/**/*.jpg"))[20]
    times = frame.stat()
    frame.write_bytes(change(frame.read_bytes()))
    os.utime(frame, ns=(times.st_atime_ns, times.st_mtime_ns))
    return project.go_on(), "nothing: the same run rendered that subject again"


def truncated_picture(project: Project, _: Namespace) -> tuple[Ended, str]:
    return picture(project, lambda whole: whole[: len(whole) // 2])


def no_picture(project: Project, _: Namespace) -> tuple[Ended, str]:
    return picture(project, lambda whole: b"\xff\xd8" + bytes(len(whole)))


def lost_cache(project: Project, _: Namespace) -> tuple[Ended, str]:
    """The objects that DVC keeps of the faces, and the faces themselves."""
    for command in (["git", "init", "-q"], ["git", "add", "-A"], ["git", "-c", "user.name=a", "-c", "user.email=a@b.c",
                    "commit", "-qm", "all"], ["dvc", "repro", "-q", "faces"]):  # fmt: skip
        done = project.run(*command)
        if done.code:
            raise RuntimeError(f"{' '.join(command)}: {done.said}")
    shutil.rmtree(project.root / ".dvc/cache/files")
    project.remove("faces")
    found = project.run("dvc", "checkout", "faces")
    if (repro := project.run("dvc", "repro", "-q", "faces")).code:
        raise RuntimeError(f"dvc repro: {repro.said}")
    return found, f"`dvc repro faces`, or {COMMAND}"


FAULTS: dict[str, Fault] = {
    "two runs at once": two_at_once,
    "Ctrl-C": interrupted,
    "kill -9 of one job, as where memory runs out": one_job_killed,
    "kill -9 of all processes, a training under way": training_killed,
    "no memory for a job (RLIMIT_AS)": little_memory,
    "full disk (tmpfs)": full_disk,
    "no larger file allowed (RLIMIT_FSIZE)": limited_files,
    "results read-only (bind mount)": read_only,
    "stage file truncated": truncated,
    "bits flipped in a stage file's data, 10,000 bytes apart": flipped_data,
    "a bit flipped in its metadata": flipped_metadata,
    "picture truncated": truncated_picture,
    "picture undecodable": no_picture,
    "objects of DVC's cache gone": lost_cache,
}


def main() -> int:
    arguments = parsed()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background takes it from all below
    with tempfile.TemporaryDirectory(prefix="microexpr-campaign-") as temporary:
        base = (arguments.keep or Path(temporary)).resolve()
        undisturbed = prepared(base / "undisturbed", arguments)
        if (done := undisturbed.go_on()).code:
            raise RuntimeError(f"the undisturbed run: {done.said}")
        expected, jobs = digests(undisturbed.root), {*undisturbed.records().values()}
        seconds = sum(end - start for start, end in jobs)
        head = f"Without faults, {len(jobs)} jobs take {seconds:.0f} s together, with --cores {arguments.cores}."
        print(head, flush=True)
        rows = []
        for made in struck(undisturbed, base, expected, seconds, arguments):
            rows.append(made)
            print(line(made), flush=True)
        bits, wrong = flips(undisturbed, arguments.seed)
        print(bits)
    wrong += [problem for made in rows for problem in made.problems]
    wrong += [f"{made.fault}: not the same bytes" for made in rows if not made.same]
    print("\n".join(wrong) or "every fault was told, and every run ended in the same bytes")
    if arguments.write_docs:
        pages.write(PAGE, MARK, "\n".join([head, "", *HEAD, *map(line, rows), "", bits, "", pages.source()]))
    return 1 if wrong else 0


def struck(
    undisturbed: Project, base: Path, expected: dict[str, str], seconds: float, arguments: Namespace
) -> Iterator[Row]:
    """Yield the row of each fault that is asked for, brought upon a copy of the undisturbed run below `base`."""
    for number, (name, fault) in enumerate(FAULTS.items()):
        if re.search(arguments.faults, name):
            yield row(name, fault, undisturbed.copy(base / str(number)), expected, arguments)
            shutil.rmtree(base / str(number))
    if re.search(arguments.faults, KILLS):
        yield kills(undisturbed.copy(base / "killed"), expected, seconds, arguments)


def parsed() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--faults", default="", help="a regular expression of those wanted; default all")
    parser.add_argument("--kills", type=int, default=20, help="kill -9 at random moments, default 20")
    parser.add_argument("--seed", type=int, default=1, help="of moments, processes and places, default 1")
    parser.add_argument("--plan", choices=("sequential", "stacked"), default="sequential", help="default sequential")
    parser.add_argument("--cores", type=int, default=1, help="jobs at once, default 1")
    parser.add_argument("--keep", type=Path, help="a folder to run in, that stays; else a temporary one")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    arguments = parser.parse_args()
    if arguments.write_docs and arguments.faults:
        parser.error("--write-docs needs all faults, without --faults")
    return arguments


def prepared(root: Path, arguments: Namespace) -> Project:
    """A copy of the project with one person a data set and three methods."""
    if not root.exists():
        scratch.copy(root)
    path = root / "params.yaml"
    values, tiny = config.load(path), config.load(root / "workflow/presets/tiny.yaml")
    values |= {"origin": "generated", "methods": METHODS, "variants": {}, "macro": [], "datasets": DATASETS}
    values["render"] |= tiny["render"] | dict.fromkeys(DATASETS, SIZE)
    values["train"] |= {"checkpoint_minutes": MINUTES, "plan": arguments.plan}
    values |= {"evaluate": tiny["evaluate"], "generators": {}}
    values["papers"]["variants"] = {}
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return Project(root, arguments.cores)


def row(name: str, fault: Fault, project: Project, expected: dict[str, str], arguments: Namespace) -> Row:
    """One fault, to a run that has a part of its work before it."""
    project.remove(*MISSING)
    found, how = fault(project, arguments)
    there = {name: times for name, times in project.records().items() if (project.root / name).exists()}
    under_way, now = project.under_way(), time.time()
    last = project.go_on()
    same = not last.code and digests(project.root) == expected
    made = Row(name, f"`{found.said}` (exit code {found.code})", lost(project, there, under_way, now), how, same)
    if fault is training_killed and not gone_on(project):
        made.problems.append(f"{name}: no training went on from a checkpoint")
    if last.code:
        made.problems.append(f"{name}: going on ended with {last.code}: {last.said}")
    noticed = "was changed since it was made here" in found.said
    if not (noticed or found.code) or not re.search(r"rror: |--unlock|ERROR: |on user request|moved to", found.said):
        made.problems.append(f"{name}: nothing clear was said: {found.said}")
    return made


def lost(project: Project, before: dict[str, tuple[float, float]], under_way: dict[str, float], now: float) -> str:
    """Jobs done before and done again, and the seconds that these and those under way had taken."""
    after = project.records()
    again = {times for name, times in before.items() if after.get(name, times)[0] != times[0]}
    seconds = sum(end - start for start, end in again) + sum(now - start for start in {*under_way.values()})
    jobs, begun = len({*after.values()}), len({*under_way.values()})
    return f"{len(again)} finished jobs of {jobs}, {begun} under way, {seconds:.0f} s"


def kills(project: Project, expected: dict[str, str], seconds: float, arguments: Namespace) -> Row:
    """Runs killed over the whole DAG: all processes, or any one of them. One that has finished begins anew."""
    rng, said, resumed = random.Random(arguments.seed), list[str](), 0
    anew(project)
    struck = 0
    while struck < arguments.kills:
        running = project.start()
        try:
            running.wait(rng.uniform(0, seconds / 3))
        except subprocess.TimeoutExpired:
            struck += 1
            if rng.random() < ONE_ALONE:
                os.kill(rng.choice(tree(running.pid)), signal.SIGKILL)
                time.sleep(rng.uniform(0, 5))  # the others work on, until they too are killed
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
        done = ended(running)
        if not said and any((project.root / ".snakemake/locks").glob("*")):
            said = [line for line in project.go_on().lines if "--unlock" in line]
        project.run("snakemake", "--unlock")
        resumed += gone_on(project)
        made = len(digests(project.root))
        print(f"kill {struck}: exit code {done.code}, {made} results", file=sys.stderr, flush=True)
        if made == len(expected):
            anew(project)
    last = project.go_on()
    resumed += gone_on(project)
    same = not last.code and digests(project.root) == expected
    return Row(
        f"{KILLS}, {arguments.kills} times",
        f"`{said[-1] if said else 'nothing'}`, of the next run",
        f"what was under way; {resumed} times a training went on from a checkpoint",
        f"`snakemake --unlock`; {COMMAND}",
        same,
    )


def anew(project: Project) -> None:
    project.remove("[!R]*")  # the README stays
    for folder in ("data/rendered", ".snakemake", "work"):
        shutil.rmtree(project.root / folder, ignore_errors=True)


def gone_on(project: Project) -> int:
    """Checkpoints that jobs went on from, by their logs; these are emptied."""
    count = 0
    for path in (project.root / "work/logs").rglob("*.log"):
        count += path.read_text(encoding="utf-8", errors="replace").count("note: resumes from")
        path.write_text("", encoding="utf-8")
    return count


def flips(project: Project, seed: int) -> tuple[str, list[str]]:
    """Flip bits in every kind of our files: how many were noticed, and each that was not and changes what is read."""
    rng, wrong, noticed, tried = random.Random(seed), [], 0, 0
    for pattern in ("faces/*/*.h5", "apex/*/*.h5", "flow/*/*.h5", "aus/*/*.h5", "train/*/*/*.h5", "synthesise/*/*/*.h5",
                    "refit/*.safetensors"):  # fmt: skip
        path = first(project, f"results/{pattern}")
        whole, expected = path.read_bytes(), content(path)
        bad = path.with_name(f".flipped{path.suffix}")
        for place in [rng.randrange(9 if bad.suffix == ".safetensors" else 0, len(whole)) for _ in range(FLIPS)]:
            bad.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << rng.randrange(8)]) + whole[place + 1 :])
            tried += 1
            try:
                if content(bad) != expected:
                    wrong.append(f"{path}: a bit flipped at {place} was not noticed")
            except StoreError:
                noticed += 1
        bad.unlink()
    same = tried - noticed - len(wrong)
    text = (
        f"Of {tried} random bit flips in seven kinds of files (faces, apex, flow, aus, train, synthesise, refit)\n"
        f"{noticed} were detected, {same} changed no value that is read, and {len(wrong)} changed one undetected."
    )
    return text, wrong


def content(path: Path) -> str:
    """Of all that is in one of our files."""
    whole = hashlib.sha256()
    if path.suffix == ".safetensors":
        tensors, said = store.read_tensors(path)
        whole.update(repr((sorted((k, v.tobytes()) for k, v in tensors.items()), sorted(said.items()))).encode())
        return whole.hexdigest()
    with store.open_file(path) as file:
        names = [""]
        file.visit(names.append)
        for name in names:
            one = file[name or "/"]
            whole.update(repr((name, sorted((key, repr(value)) for key, value in one.attrs.items()))).encode())
            if hasattr(one, "dtype"):
                whole.update(one[()].tobytes())
    return whole.hexdigest()


def line(made: Row) -> str:
    """Return its line of the table."""
    cells = (made.fault, made.said.replace("|", "/"), made.lost, made.how, "yes" if made.same else "**no**")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
