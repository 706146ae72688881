"""One start of Snakemake: its outputs are compared with their records before the first job."""

import os
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import upstream
from interrupt import ENDED_S, Interrupt
from room import OTHER_PARAMS, make_writable, set_aside
from stage import prune_checkpoints
from stages import STAGES, Outputs

import fork_server
from adapter import LOGS, MAIN, UNDER_WAY
from microexpr.core import records
from microexpr.core.errors import printable
from microexpr.core.files import visible
from microexpr.tasks.run import Run

FOLDERS = ("results", "work", "data")  # that a run writes to
KILLED = "error: the job was killed, maybe for want of memory; run the same command again, with fewer --cores"
# of Snakemake: with these options no job runs
MAINTENANCE = {"--unlock", "--touch", "-t", "--lint", "--cleanup-metadata", "--list", "-l", "--list-rules"}


def say(line: str) -> None:
    """Prints a line for the user, who may have redirected the output of Snakemake itself."""
    print(printable(line), file=sys.stderr)


def end_orphans(logs: Path) -> None:
    """Kill the jobs of an earlier run on this machine that was killed without them: they would write its outputs."""
    for path in visible(logs, f"**/*{UNDER_WAY}"):
        with suppress(OSError, ValueError, psutil.Error):
            machine, number = path.read_text(encoding="utf-8").split()
            job = psutil.Process(int(number))
            if machine == platform.node() and job.create_time() <= path.stat().st_mtime + 1:
                job.kill()  # no other process has had its number since
                job.wait(ENDED_S)


class Session:
    """One start of Snakemake. Only the main process compares outputs; each job starts Snakemake once more."""

    def __init__(self, run: Run, outputs: Outputs, workflow: Any, interrupt: Interrupt):
        self.run, self.outputs, self.workflow, self.started = run, outputs, workflow, time.time()
        self.interrupt = interrupt
        stage = os.environ.get("MICROEXPR_STAGE", "")  # set by DVC, which has run all other stages itself
        self.stages = [stage] if stage in outputs.of_table else [*STAGES]
        self.is_main = upstream.is_main(workflow) and not MAINTENANCE & set(sys.argv)
        if self.is_main:
            self._review()

    def _review(self) -> None:
        """End the program if outputs are not as they were made here."""
        for folder in map(Path, FOLDERS):
            if folder.is_symlink() and not folder.exists():
                sys.exit(f"error: {folder}: is a link to {folder.readlink()}, which is not there")
        outputs = self.outputs.all
        if len(self.stages) < len(STAGES):
            outputs = sorted(set().union(*(self.outputs.expected[noun] for noun in self.stages)))
            for name in records.altered(set(self.outputs.all).difference(outputs)):
                os.utime(name)  # DVC has replaced it: with a new time, Snakemake compares its checksum
        make_writable(outputs)
        altered = records.altered(outputs)
        pages = set().union(*(self.outputs.expected[noun] for noun, stage in STAGES.items() if not stage.adoptable))
        if altered_pages := [name for name in altered if name in pages]:
            say(
                f"note: {len(altered_pages)} tables or pages are not as they were made here, {altered_pages[0]} for one"
            )
        if altered := [name for name in altered if name not in pages]:
            sys.exit(
                f"error: {len(altered)} outputs were not made here, or changed since, {altered[0]} for one (an edit, "
                "dvc pull, checkout, or a copy?), so they may be of other params. `python workflow/stage.py adopt` "
                "takes over what dvc.lock vouches for; whatever is deleted is made again"
            )

    def begin(self) -> None:
        """Before the first job: ends those of a run that was killed, and moves away outputs of other params."""
        for folder in FOLDERS:
            if Path(folder).exists() and not os.access(folder, os.W_OK):  # Snakemake would show a traceback of its code
                sys.exit(f"error: {folder}: cannot be written (mounted read-only, or owned by somebody else?)")
        if not self.is_main:
            return
        end_orphans(LOGS)
        for noun in self.stages:
            set_aside(self.outputs.superfluous(noun), OTHER_PARAMS, say)
        prune_checkpoints(self.run)
        if upstream.runs_jobs_here(self.workflow):
            os.environ[MAIN] = str(os.getpid())
            self.interrupt.server = fork_server.start()
            self.interrupt.catch()  # again, since Snakemake sets its own

    def end(self) -> None:
        """After the last job, whether or not it failed."""
        if (server := self.interrupt.server) and server.stdin:
            server.stdin.close()
            server.wait()
        if self.is_main:
            records.settle(self.outputs.all, self.started)
            prune_checkpoints(self.run)

    def show_errors(self) -> None:
        """Prints the error of each failed job last on the terminal, in one line each."""
        logs = [path for path in visible(LOGS, "**/*.log") if path.stat().st_mtime >= self.started]
        for path in sorted(logs):
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("error: ")]
            is_killed = not self.interrupt.happened and path.with_suffix(UNDER_WAY).exists()
            for line in lines + [KILLED] * is_killed:
                say(f"{line}  [{path}]")
