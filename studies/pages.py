"""Programs of this folder and of benchmarks/: options that several have, tables with their date, commit and CPU, which
are printed and written into pages of docs/ between marks."""

import csv
import hashlib
import re
import resource
import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from microexpr.core import arithmetic

ROOT = Path(__file__).parents[1]
SHARED = {  # options of several programs
    "first": "the least seed, default %(default)s",
    "seeds": "how many seeds from there on, default %(default)s",
    "cores": "jobs at once, default %(default)s",
    "keep": "a folder to run in, to resume or to look at; else a temporary one",
}


def parser(purpose: str | None, page: str = "", clones: bool = False, **shared: int | None) -> ArgumentParser:
    """Return a command line with the option to write tables into a page, and those of `SHARED` that have a default.

    `clones`: with the folder of public repositories."""
    options = ArgumentParser(description=purpose, formatter_class=RawDescriptionHelpFormatter)
    if clones:
        options.add_argument("clones", type=Path, help="folder of the repositories, by owner and name")
    if page:
        options.add_argument("--write-docs", action="store_true", help=f"write what is measured into {page}")
    for name, default in shared.items():
        options.add_argument(f"--{name}", type=Path if name == "keep" else int, default=default, help=SHARED[name])
    return options


def start(main: Callable[[], int]) -> NoReturn:
    """Run a program in a process with the project's arithmetic, which the figures depend on."""
    arithmetic.restart_pinned()
    sys.exit(main())


class Table:
    """A Markdown table below a title, whose lines are printed as they come."""

    def __init__(self, *columns: str, title: str = "") -> None:
        self.lines = [title, ""] if title else []
        print(*self.lines, sep="\n", end="\n" * bool(title))
        self.add(*columns)
        self.add(*["---"] * len(columns))

    def add(self, *cells: object) -> None:
        self.lines.append(f"| {' | '.join(map(str, cells))} |")
        print(self.lines[-1], flush=True)

    def publish(self, page: str, mark: str, about: str = "", writes: bool = False) -> None:
        """Print where the table comes from, and write both into a page if asked for."""
        about += source()
        print(f"\n{about}", flush=True)
        if writes:
            write(page, mark, "\n".join([*self.lines, "", about]))


def read_list(name: str) -> list[dict[str, str]]:
    """Return the rows of a list of public recordings in this folder."""
    with (ROOT / "studies" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def core_seconds() -> float:
    """Return the CPU seconds of all processes that this one has waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_model() -> str:
    """Return the name of this machine's CPU as Linux gives it."""
    names = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    return " ".join(names[0].split()) if names else "unknown CPU"


def commit(name: str = "HEAD") -> str:
    """Return the short name of a commit of this checkout."""
    command = ["git", "rev-parse", "--short", name]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True).stdout.strip()


def table_digest(table: Path) -> str:
    """Return the digest of a run's table, which everything that docs/ shows of this run carries."""
    return f"{table.name} sha256 {hashlib.sha256(table.read_bytes()).hexdigest()[:16]}"


def origin() -> dict[str, str]:
    """Return where figures come from that a file of the package holds: today, HEAD and this CPU."""
    return {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit(), "cpu": cpu_model()}


def source() -> str:
    """Return the line that says where a table comes from."""
    return f"Run of {datetime.now(UTC):%Y-%m-%d}, commit {commit()}, {cpu_model()}."


def read(page: str, mark: str) -> str:
    """Return the text between `<!-- mark -->` and `<!-- mark: end -->` of a page. Raises ValueError without."""
    _, begin, rest = (ROOT / page).read_text(encoding="utf-8").partition(f"<!-- {mark} -->\n")
    text, end, _ = rest.partition(f"<!-- {mark}: end -->")
    if not (begin and end):
        raise ValueError(f"{page}: must have a line <!-- {mark} --> and one <!-- {mark}: end -->")
    return text.removesuffix("\n")


def write(page: str, mark: str, text: str) -> None:
    """Replace the text that `read` returns."""
    read(page, mark)
    path, begin, end = ROOT / page, f"<!-- {mark} -->\n", f"<!-- {mark}: end -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    path.write_text(f"{before}{begin}{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
