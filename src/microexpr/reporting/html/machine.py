"""The checkout and the machine that a page is made in and on, for its first lines. No result depends on them."""

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

CPUS = Path("/proc/cpuinfo")  # of Linux


def facts(table: str) -> dict[str, str]:
    """Return commit, CPU and the time at which a table was written, those that are known, by name."""
    all_facts = {"commit of the page": _commit(), "table written": _written(Path(table)), "CPU of the page": _cpu()}
    return {name: fact for name, fact in all_facts.items() if fact}


def _commit() -> str:
    """Return the commit of the checkout and its day, and whether tracked files have other content."""
    commit = _git("show", "--no-patch", "--format=%h of %cs", "HEAD")
    return commit + " and changes since" * bool(commit and _git("status", "--porcelain", "--untracked-files=no"))


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], text=True, capture_output=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""  # without git or outside of a checkout


def _written(path: Path) -> str:
    """Return the time of a file, not the clock's, so that the same run gives the same page."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _cpu() -> str:
    try:
        lines = CPUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, names), platform.processor())
