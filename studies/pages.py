"""Tables that studies print and write into pages of docs/, between marks, with their date, commit and CPU."""

import hashlib
import re
import subprocess
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]


def parser(purpose: str | None, page: str) -> ArgumentParser:
    """Return a command line with the option to write the tables into a page."""
    options = ArgumentParser(description=purpose, formatter_class=RawDescriptionHelpFormatter)
    options.add_argument("--write-docs", action="store_true", help=f"write the table into {page}")
    return options


def publish(page: str, mark: str, lines: Iterable[str], about: str = "", writes: bool = False) -> None:
    """Print the lines of a table and where it comes from, and write them into a page if asked for."""
    text = "\n".join([*lines, "", f"{about}{source()}"])
    print(text, flush=True)
    if writes:
        write(page, mark, text)


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


def source(day: date | None = None, name: str = "HEAD") -> str:
    """Return the line that says where a table comes from; today if no day is given."""
    return f"Run of {(day or datetime.now(UTC).date()).isoformat()}, commit {commit(name)}, {cpu_model()}."


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
