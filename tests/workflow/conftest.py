"""The whole pipeline on the tiny preset, run once by the command a user types; tests work on copies of it."""

import csv
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import scratch

PROGRAMS = ("workflow", "studies", "benchmarks", "workflow/scripts")  # which tests import
sys.path += [str(scratch.ROOT / folder) for folder in PROGRAMS]


@dataclass(frozen=True)
class Project:
    """A scratch checkout with its own sources on the path."""

    root: Path

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.root / "src"), os.environ.get("PYTHONPATH")])),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        """In a process group of its own, to be killed. What it prints is in started.log next to the checkout."""
        with self.root.with_name("started.log").open("w") as log:
            return subprocess.Popen(
                command, cwd=self.root, env=self.env, start_new_session=True, text=True, stdout=log, stderr=log
            )

    def digests(self) -> dict[str, str]:
        """SHA-256 of every result and every generated file, by path."""
        patterns = ("results/**/*.h5", "results/**/*.csv", "data/rendered/**/*.*")
        paths = [path for pattern in patterns for path in self.root.glob(pattern)]
        files = [path for path in paths if path.is_file() and not path.name.startswith(".")]
        return {str(p.relative_to(self.root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, cwd=self.root, env=self.env, text=True, capture_output=True, timeout=1800)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def snakemake(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("snakemake", "--cores", "2", *arguments, check=check)

    def jobs(self, *targets: str) -> dict[str, int]:
        """Run them, and count the jobs by rule that Snakemake ran."""
        return self.jobs_of("snakemake", "--cores", "2", "--", *(targets or ["all"]))

    def jobs_of(self, *command: str) -> dict[str, int]:
        """Run a command that starts Snakemake, and count the jobs by rule, in Snakemake's own words."""
        logs = self.root / ".snakemake/log"
        before = set(logs.glob("*.log"))
        self.run(*command)
        texts = [path.read_text(encoding="utf-8") for path in set(logs.glob("*.log")) - before]
        rules = re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", "".join(texts))
        return dict(Counter(rule for rule in rules if rule != "all"))

    def planned(self, *targets: str) -> dict[str, int]:
        """Jobs by rule that Snakemake would run now."""
        output = self.snakemake("--dry-run", "--quiet", "rules", "--", *(targets or ["all"])).stdout
        counts = re.findall(r"^ *(\S+) +(\d+) *$", output, re.MULTILINE)
        return {rule: int(count) for rule, count in counts if rule not in ("total", "all")}

    def rows(self, path: str | Path) -> list[dict[str, str]]:
        """The rows of a CSV file."""
        with (self.root / path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path}: {old!r} stands there {text.count(old)} times"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def copy(self, to: Path) -> "Project":
        """Everything, times too: Snakemake's memory stays true."""
        shutil.copytree(self.root, to, symlinks=True)
        return Project(to)


def checkout(to: Path) -> Project:
    """The tracked files as they are now, on the tiny preset, committed."""
    scratch.copy(to)
    project = Project(to)
    project.run("git", "init", "-q", "-b", "main")
    project.run("git", "config", "user.email", "test@example.org")
    project.run("git", "config", "user.name", "test")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "checkout")
    project.run(sys.executable, "workflow/preset.py", "tiny")
    project.run("git", "commit", "-qam", "tiny preset")
    return project


@pytest.fixture(scope="session")
def once(tmp_path_factory, worker_id):
    """once(name, make): a project that nobody may change, for all workers, made by whoever comes first."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def made(name: str, make: Callable[[Path], object]) -> Project:
        root, done = shared / name / "project", shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(root, ignore_errors=True)
                make(root)
                done.touch()
        return Project(root)

    return made


@pytest.fixture(scope="session")
def finished(once) -> Project:
    """A run of all: copy it. What it printed is in run.log next to it."""

    def make(root: Path) -> None:
        printed = checkout(root).snakemake("--", "all").stderr
        (root.parent / "run.log").write_text(printed, encoding="utf-8")

    return once("finished", make)


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """A copy of the finished run, to do anything with."""
    return finished.copy(tmp_path / "project")
