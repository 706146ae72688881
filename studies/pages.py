"""Tables that studies write into pages of docs/, between marks, with their date, commit and CPU."""

import re
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]


def cpu_model() -> str:
    """Return the name of this machine's CPU as Linux gives it."""
    names = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    return " ".join(names[0].split()) if names else "unknown CPU"


def source(day: date | None = None, commit: str = "HEAD") -> str:
    """Return the line that says where a table comes from; today if no day is given."""
    head = ["git", "rev-parse", "--short", commit]
    short = subprocess.run(head, cwd=ROOT, text=True, capture_output=True, check=True).stdout.strip()
    return f"Run of {(day or datetime.now(UTC).date()).isoformat()}, commit {short}, {cpu_model()}."


def write(page: str, mark: str, text: str) -> None:
    """Replace what stands between `<!-- mark -->` and `<!-- mark: end -->` of a page. Raises ValueError without."""
    path = ROOT / page
    block = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- {mark}: end -->)", re.DOTALL)
    old = path.read_text(encoding="utf-8")
    if not block.search(old):
        raise ValueError(f"{page}: must have a line <!-- {mark} --> and one <!-- {mark}: end -->")
    path.write_text(block.sub(lambda match: f"{match[1]}{text}\n{match[2]}", old), encoding="utf-8")
