"""Start programs and measure what they use: wall seconds, core-seconds, peak memory."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launcher.py")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Usage:
    """Costs of processes that ran at the same time."""

    seconds: float  # from the start of the first to the end of the last
    core_seconds: float  # of all of them and of those that they waited for
    memory_mb: float  # sum of their largest resident sets


class ProgramError(Exception):
    """A program that ended with an error."""


def run(commands: Sequence[Sequence[str]], folder: Path, environment: Mapping[str, str]) -> tuple[Usage, list[str]]:
    """Run all commands at once in a folder; return their usage and what each printed.

    Raises ProgramError, with the last line that it printed, where one fails.
    """
    command = [sys.executable, "-I", str(LAUNCHER), str(folder), json.dumps(commands)]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True)
    if done.returncode:
        raise ProgramError(_last_line(done.stderr, done.returncode))
    used, seconds = json.loads(done.stdout)
    outputs = [
        (folder / f"log{number}.txt").read_text(encoding="utf-8", errors="replace") for number in range(len(commands))
    ]
    for (code, _, _), output in zip(used, outputs, strict=True):
        if code:
            raise ProgramError(_last_line(output, code))
    _, core_seconds, kilobytes = (sum(values) for values in zip(*used, strict=True))
    return Usage(seconds, core_seconds, kilobytes / 1024), outputs


def _last_line(output: str, code: int) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else f"exit status {code}"


def threads(cores: int) -> dict[str, str]:
    """Return the environment of a program that may use this many threads."""
    return dict.fromkeys(THREADS, str(cores))
