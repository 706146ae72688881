"""DVC as people use it: every step from a finished run to a colleague's clone, with what became of the results.

    python studies/dvc_walk.py                        on the tiny preset, in a temporary copy of this checkout
    python studies/dvc_walk.py --checkout FOLDER      in a git checkout with a finished run, which is changed
    python studies/dvc_walk.py --write                also writes the table into docs/dvc.md

Ends with exit code 1 where a step loses a result, runs a job that it should not, or ends in other bytes.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pages

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/dvc.md"
RATE = "methods.ststnet.lr"


def descendants(process: int) -> list[int]:
    """A process and all that it started, directly or not."""
    children = subprocess.run(["pgrep", "-P", str(process)], text=True, capture_output=True).stdout.split()
    return [process, *(one for child in children for one in descendants(int(child)))]


def combined(digests: dict[str, str]) -> str:
    """The first characters of one digest over all results."""
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()[:8]


@dataclass
class Step:
    """What one command did."""

    command: str
    code: int
    seconds: float
    rules: list[str]  # of each job that it ran
    before: dict[str, str]
    after: dict[str, str]
    last_line: str

    @property
    def jobs(self) -> int:
        return len(self.rules)

    @property
    def lost(self) -> list[str]:
        return sorted(self.before.keys() - self.after.keys())

    @property
    def changed(self) -> list[str]:
        return sorted(path for path, digest in self.before.items() if self.after.get(path, digest) != digest)

    def row(self) -> str:
        results = f"{len(self.before)} ({combined(self.before)}) → {len(self.after)} ({combined(self.after)})"
        cells = (f"`{self.command}`", self.code, f"{self.seconds:.0f}", self.jobs, results, len(self.changed))
        return f"| {' | '.join(map(str, cells))} |"


@dataclass
class Walk:
    """The steps in one checkout; `problems` are expectations that did not hold."""

    root: Path
    steps: list[Step] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        mine = {"PYTHONPATH": str(self.root / "src"), "PATH": path, "GIT_CONFIG_GLOBAL": "/dev/null"}
        return (
            os.environ
            | mine
            | {f"GIT_{who}_{what}": "walk@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        )

    def digests(self) -> dict[str, str]:
        """SHA-256 of every result, by path."""
        paths = (
            path for path in (self.root / "results").rglob("*") if path.is_file() and not path.name.startswith(".")
        )
        return {str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def quietly(self, *command: str) -> str:
        """Runs what is no step."""
        done = subprocess.run(command, cwd=self.root, env=self.environment, text=True, capture_output=True)
        return done.stdout + done.stderr

    def step(self, *command: str, code: int = 0, lose: bool = False, jobs: int | None = None, kill: str = "") -> Step:
        """Runs a command and holds it to an exit code, to losing no result, and to a number of jobs; kills it with all
        that it started when `kill` exists, a pattern of files."""
        before, started = self.digests(), time.monotonic()
        logs = self.root / ".snakemake/log"  # in Snakemake's own words
        earlier = set(logs.glob("*.log"))
        with tempfile.TemporaryFile("w+") as output:
            running = subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=output, stderr=output)
            while kill and running.poll() is None and not list(self.root.glob(kill)):
                time.sleep(0.05)
            if kill:
                for process in descendants(running.pid):
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
            exit_code = running.wait()
            output.seek(0)
            printed = output.read()
        said = [path.read_text(encoding="utf-8") for path in sorted(set(logs.glob("*.log")) - earlier)]
        finished = re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", "".join(said))
        rules = [rule for rule in finished if not rule.startswith(("table_", "all"))]
        lines = [line for line in printed.splitlines() if line.strip()]
        step = Step(
            " ".join(command),
            exit_code,
            time.monotonic() - started,
            rules,
            before,
            self.digests(),
            (lines or [""])[-1],
        )
        self.steps.append(step)
        print(step.row(), flush=True)
        self.expect(exit_code == code, f"{step.command} ended with {exit_code}, not {code}: {printed[-2000:]}")
        self.expect(lose or not step.lost, f"{step.command} lost {step.lost[:3]}")
        self.expect(jobs is None or step.jobs == jobs, f"{step.command} ran {step.jobs} jobs, not {jobs}")
        return step

    def expect(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    def set_rate(self, value: str) -> None:
        """Another learning rate of ststnet in params.yaml."""
        path = self.root / "params.yaml"
        text, count = re.subn(
            r"(?m)^(  ststnet: \{.*?\blr: )[\d.]+", rf"\g<1>{value}", path.read_text(encoding="utf-8")
        )
        self.expect(count == 1, f"params.yaml has {count} learning rates of ststnet")
        path.write_text(text, encoding="utf-8")

    def planned(self) -> int:
        """Jobs that Snakemake would run now."""
        listed = self.quietly("snakemake", "--dry-run", "--quiet", "rules", "--", "all")
        counts = dict(re.findall(r"^(\w+) +(\d+)$", listed, re.M))
        return sum(int(count) for rule, count in counts.items() if rule not in ("total", "all"))


def walk(root: Path) -> Walk:
    """All steps, in a checkout with a finished run."""
    here = Walk(root)
    here.step("python", "workflow/stage.py", "record", jobs=0)
    here.step("dvc", "repro", jobs=0)
    here.step("dvc", "repro", jobs=0)

    here.set_rate("0.0007")
    expected = here.planned()
    here.step("dvc", "repro", jobs=expected)
    here.expect(expected > 0 and here.planned() == 0, "Snakemake and DVC do not agree on what an edit changes")
    here.set_rate("0.0006")
    here.step("snakemake", "--cores", "2", "--", "all", jobs=expected)  # of whose results DVC knows nothing

    refused = here.step("dvc", "exp", "run", "-S", f"{RATE}=0.001", code=1, jobs=0)
    here.expect("are not in DVC's cache" in refused.last_line and not refused.changed, refused.last_line)
    here.quietly("git", "checkout", "params.yaml")
    back = here.step("snakemake", "--cores", "2", "--", "all", jobs=expected)
    here.expect(back.after == here.steps[0].before, "going back to the former params ends in other bytes")
    here.step("python", "workflow/stage.py", "record", jobs=0)
    here.step("dvc", "exp", "run", "-S", f"{RATE}=0.001", jobs=expected)
    here.expect(here.planned() == 0, "Snakemake would run jobs after an experiment")

    here.quietly("git", "checkout", "params.yaml")
    here.quietly("dvc", "repro")
    whole = here.digests()
    here.expect(whole == here.steps[0].before, "going back from an experiment ends in other bytes")
    for folder in (root / "work/checkpoints", root / ".snakemake/incomplete"):
        shutil.rmtree(folder, ignore_errors=True)
    here.step("dvc", "exp", "run", "-S", f"{RATE}=0.002", code=-9, lose=True, kill=".snakemake/incomplete/*")
    said = here.quietly("dvc", "status", "dvc.yaml")
    here.expect("stage.py restore" in said, f"nothing is said of the killed experiment: {said}")
    here.step("python", "workflow/stage.py", "restore", jobs=0)
    changed = here.quietly("git", "status", "--porcelain", "params.yaml") + here.quietly(
        "git", "branch", "--show-current"
    )
    here.expect(changed == "main\n", f"after restore: {changed}")
    here.step("snakemake", "--unlock")
    here.step("dvc", "repro")
    here.expect(here.digests() == whole, "a killed experiment changed results")
    return here


def shared(here: Walk, folder: Path) -> Walk:
    """The steps between two checkouts: push to a remote, clone, pull, and go on there."""
    here.quietly("dvc", "remote", "add", "--default", "lab", str(folder / "remote"))
    here.step("dvc", "push", jobs=0)
    here.quietly("git", "add", "-A")
    here.quietly("git", "commit", "-m", "Results")
    here.quietly("git", "clone", str(here.root), str(folder / "clone"))
    there = Walk(folder / "clone")
    there.step("dvc", "pull", "--allow-missing", jobs=0)
    there.expect(there.digests() == here.digests(), "pulled results have other bytes")
    refused = there.step("snakemake", "--cores", "2", "--", "all", code=1, jobs=0)
    there.expect("adopt" in refused.last_line, refused.last_line)
    there.step("dvc", "repro")  # renders the corpora, which are not kept
    there.set_rate("0.0007")
    stale = there.step("python", "workflow/stage.py", "adopt", code=1, jobs=0)
    there.expect("not of these params" in stale.last_line, stale.last_line)
    there.quietly("git", "checkout", "params.yaml")
    there.step("python", "workflow/stage.py", "adopt", jobs=0)
    there.expect(there.planned() == 0, "Snakemake would run jobs after adopting")
    there.expect(there.digests() == here.digests(), "reproduced results have other bytes")
    there.set_rate("0.0007")
    there.expect(there.planned() > 0, "an edit after adopting plans nothing")
    return there


def prepared(root: Path) -> None:
    """A git checkout of the files as they are now, on the tiny preset, with a finished run."""
    sys.path.insert(0, str(ROOT / "tests/fixtures"))
    import scratch

    scratch.copy(root)
    here = Walk(root)
    here.quietly("git", "init", "-b", "main")
    here.quietly(sys.executable, "workflow/preset.py", "tiny", "--force")
    here.quietly("git", "add", "-A")
    here.quietly("git", "commit", "-m", "Checkout")
    here.step("snakemake", "--cores", "2", "--", "all")


def run_study(description: str, titles: str, follow: Callable[[Path, Path], tuple[list[str], list[str]]]) -> int:
    """Return a study's exit code: `follow` gets a checkout with a finished run and an empty folder, and returns the
    rows of a table and what does not hold."""
    study = Path(sys.argv[0]).stem
    parser = ArgumentParser(description=description)
    parser.add_argument("--checkout", type=Path, help="a git checkout with a finished run; default a tiny one")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix=f"microexpr-{study}-") as temporary:
        root = arguments.checkout or Path(temporary) / "checkout"
        if arguments.checkout is None:
            prepared(root)
        rows, problems = follow(root.resolve(), Path(temporary))
    if arguments.write:
        table = [titles, f"|{' --- |' * (titles.count('|') - 1)}", *rows, "", pages.source()]
        pages.write(PAGE, f"study-{study}", "\n".join(table))
    print("\n".join(problems) or "all is as it has to be")
    return 1 if problems else 0


def all_steps(root: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Return a row for each step, and what does not hold."""
    here = walk(root)
    there = shared(here, folder)
    return [step.row() for step in here.steps + there.steps], here.problems + there.problems


if __name__ == "__main__":
    titles = "| command | exit code | seconds | jobs | result files (their digest) | with other bytes |"
    sys.exit(run_study(__doc__.partition("\n")[0], titles, all_steps))
