"""From a clean clone to the table: minutes, core-seconds, and core-seconds by stage, of one commit or of several.

    python benchmarks/table.py [COMMIT ...] [--cores 2] [--make] [--write-docs]   # default: HEAD; benchmarks/README.md

Each commit is cloned into a folder of its own, with this environment; then `snakemake --cores N
results/megc2019_table.csv` is timed there. `--make` runs `make table`, which also compares subjects, reads all action
units, measures synthesised faces and records everything for DVC. One runs after another, and nothing else should.

A stage's seconds are of its jobs from start to end, which are core-seconds as long as each job has a core; the rest is
Snakemake, the start of processes, and DVC. In commits since e09028f a job is forked from a process that has loaded its
libraries, so loading them is among the rest. Commits since de775e1 compile functions when they are installed, earlier
ones in the first jobs that need them: that is timed too, in a row of its own, from nothing compiled.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "studies"))
import pages  # noqa: E402
import times  # noqa: E402

PAGE, MARK = "benchmarks/README.md", "clean-clone"

COMPILE = "envs/compile_functions.py"


@dataclass(frozen=True, slots=True)
class Run:
    """Time that one commit took."""

    commit: str
    installation: float  # core-seconds of compiling functions; 0 in commits that do it in their jobs
    seconds: float
    core_seconds: float
    stages: Counter[str]  # seconds


def measure(commit: str, command: list[str]) -> Run:
    """Clone a commit, run the command there, and return its cost. It must succeed."""
    with tempfile.TemporaryDirectory(prefix="microexpr-table-") as folder:
        root = Path(folder)
        subprocess.run(["git", "clone", "--quiet", str(ROOT), folder], check=True)
        subprocess.run(["git", "checkout", "--quiet", "--detach", commit], cwd=root, check=True)
        (root / ".venv").symlink_to(sys.prefix)
        environment = os.environ | {"PYTHONPATH": str(root / "src")}
        before = pages.core_seconds()
        if (root / COMPILE).exists():
            subprocess.run([sys.executable, COMPILE], cwd=root, env=environment, check=True)
        used, start = pages.core_seconds(), time.perf_counter()
        process = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
        if process.returncode:
            raise SystemExit(f"error: {' '.join(command)} failed at {commit}:\n{process.stderr[-2000:]}")
        seconds, compiled, used = time.perf_counter() - start, used - before, pages.core_seconds() - used
        stages = Counter[str]()
        for job in times.read(root / "work/times"):
            stages[job.stage] += job.seconds
        return Run(pages.commit(commit), compiled, seconds, used, stages)


def table(runs: list[Run], title: str = "") -> pages.Table:
    """Return a column for each run, a line for each stage, the rest, all, and the minutes."""
    stages = sorted({stage for run in runs for stage in run.stages}, key=lambda stage: -runs[0].stages[stage])
    times_table = pages.Table("seconds of jobs", *(f"commit {run.commit}" for run in runs), title=title)
    for stage in stages:
        times_table.add(stage, *(f"{run.stages[stage]:.0f}" for run in runs))
    times_table.add("the rest", *(f"{run.core_seconds - run.stages.total():.0f}" for run in runs))
    times_table.add("core-seconds of all", *(f"{run.core_seconds:.0f}" for run in runs))
    times_table.add("from start to end", *(f"{run.seconds // 60:.0f} min {run.seconds % 60:02.0f} s" for run in runs))
    times_table.add("before, core-seconds of compiling", *(f"{run.installation:.0f}" for run in runs))
    return times_table


def main() -> None:
    parser = pages.parser(__doc__, PAGE, cores=2)
    parser.add_argument("commits", nargs="*", default=["HEAD"])
    parser.add_argument("--make", action="store_true", help="run `make table`")
    options = parser.parse_args()
    snakemake = ["snakemake", "--cores", str(options.cores), "results/megc2019_table.csv"]
    make = ["make", "--assume-old=.venv/.installed", "table", f"CORES={options.cores}"]  # or it would install
    command = make if options.make else snakemake
    runs = [measure(commit, command) for commit in options.commits]
    table(runs, f"`{' '.join(command)}`:").publish(PAGE, MARK, writes=options.write_docs)


if __name__ == "__main__":
    main()
