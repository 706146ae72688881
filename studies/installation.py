"""Install into empty clones like a machine whose pip knows PyPI only, and write figures into docs/installation.md.

    python studies/installation.py                              # this Python's newest; `import torch` and no more
    python studies/installation.py --python python3.11 python3.12 --run tiny
    python studies/installation.py --configured --run test      # by pip's own configuration, as `make` would here

For each Python: `git clone` of the committed HEAD, `make .venv/.installed` with pip's configuration, links and cache
taken away (PIP_CERT stays), `import torch`, then `--run`. The download is the sum that pip's log gives. A row replaces
the row of the same Python, source, build and run; all others stay. It takes minutes and several GB of disk for each
Python, so it is no test. `--keep` leaves the clones for a look.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import pages

ROOT = Path(__file__).resolve().parents[1]
PAGE, MARK = "docs/installation.md", "study-installation"
TABLE = "results/megc2019_table.csv"
RUNS = {
    "import": [],
    "tiny": [["python", "workflow/preset.py", "tiny", "--force"], ["snakemake", "--cores", "{cores}", "--", "all"]],
    "table": [["make", "table", "CORES={cores}"]],
    "test": [["make", "test"]],
}


@dataclass(frozen=True)
class Row:
    """One installation, a line of the table; every value as it is printed."""

    python: str
    packages: str
    torch: str
    download: str
    disk: str
    installation: str
    run: str
    seconds: str
    table: str
    when: str

    @property
    def key(self) -> tuple[str, ...]:
        """Return what makes two rows the same measurement; the patch version of Python does not."""
        return self.python.rpartition(".")[0], self.packages, self.torch, self.run


TITLES = ("Python", "packages from", "torch", "download, MB", "on disk, MB", "installation, s", "then", "s")
TITLES += (f"SHA-256 of `{TABLE}`", "date, commit, machine")


def main() -> None:
    """Measure each Python that was asked for, and write its row as soon as it is known."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--python", nargs="+", default=[""], metavar="PROGRAM", help="default: as envs/install.sh chooses"
    )
    parser.add_argument("--torch", choices=("cpu", "cuda"), help="MICROEXPR_TORCH; default: as envs/install.sh chooses")
    parser.add_argument("--run", choices=RUNS, default="import", help="what is run after `import torch`")
    parser.add_argument("--configured", action="store_true", help="leave pip's configuration and links as they are")
    parser.add_argument("--cores", default="1")
    parser.add_argument("--keep", type=Path, help="a folder for the clones, which stay there; else a temporary one")
    parser.add_argument("--dry-run", action="store_true", help="print the rows and leave docs/installation.md alone")
    arguments = parser.parse_args()
    for python in arguments.python:
        folder = Path(tempfile.mkdtemp(prefix="installation-", dir=arguments.keep))
        folder.chmod(0o755)  # tests run some commands as another user
        row = measure(folder, python, arguments)
        print(json.dumps(asdict(row)), flush=True)
        if not arguments.dry_run:
            pages.write(PAGE, MARK, table(pages.read(PAGE, MARK), row))
        if not arguments.keep:
            shutil.rmtree(folder)


def measure(folder: Path, python: str, arguments: argparse.Namespace) -> Row:
    """Install into a clone below `folder`, run what was asked for, and return the row."""
    clone, log = folder / "clone", folder / "pip.log"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    environment = pip_environment(folder, arguments.configured) | {"PATH": f"{clone}/.venv/bin:{os.environ['PATH']}"}
    environment |= {"MICROEXPR_TORCH": arguments.torch} if arguments.torch else {}
    installation = seconds(["make", ".venv/.installed", f"PYTHON={python}"], clone, environment)
    probe = "import platform, torch; print(platform.python_version(), torch.__version__)"
    output = subprocess.run([clone / ".venv/bin/python", "-c", probe], check=True, capture_output=True, text=True)
    version, torch = output.stdout.split()
    commands = [[word.format(cores=arguments.cores) for word in command] for command in RUNS[arguments.run]]
    run = [seconds(command, clone, environment) for command in commands]
    path = clone / TABLE
    return Row(
        python=version,
        packages="pip's configuration" if arguments.configured else "PyPI alone",
        torch=torch if "+" in torch else f"{torch}, CUDA",
        download=f"{downloaded(log):,.0f}",
        disk=f"{megabytes(clone / '.venv'):,}",
        installation=f"{installation:.0f}",
        run=f"`{arguments.run}`" if arguments.run == "import" else f"`{arguments.run}`, {arguments.cores} core(s)",
        seconds=f"{sum(run):.0f}" if run else "",
        table=hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else "",
        when=f"{datetime.now(UTC):%Y-%m-%d}, {pages.commit()}, {machine()}",
    )


def pip_environment(folder: Path, configured: bool) -> dict[str, str]:
    """Return the environment with an empty pip cache and, unless `configured`, nothing of pip's but its certificate."""
    environment = {k: v for k, v in os.environ.items() if configured or not k.startswith("PIP_") or k == "PIP_CERT"}
    environment = {
        k: v for k, v in environment.items() if k not in ("PYTHON", "PYTHONPATH", "VIRTUAL_ENV", "MICROEXPR_TORCH")
    }
    environment |= {"PIP_CACHE_DIR": str(folder / "cache"), "PIP_LOG": str(folder / "pip.log")}
    return environment | ({} if configured else {"PIP_CONFIG_FILE": os.devnull})


def downloaded(log: Path) -> float:
    """Return the MB of all files that pip's log says were downloaded."""
    sizes = re.findall(r"Downloading \S+ \(([\d.]+) (bytes|kB|MB|GB)\)", log.read_text(encoding="utf-8"))
    return sum(float(size) * {"bytes": 1e-6, "kB": 1e-3, "MB": 1, "GB": 1e3}[unit] for size, unit in sizes)


def seconds(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Run a command and return its wall-clock seconds. Raises CalledProcessError where it fails."""
    start = time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return time.monotonic() - start


def megabytes(folder: Path) -> int:
    """Return what a folder takes on disk."""
    return int(subprocess.run(["du", "-sm", folder], capture_output=True, text=True).stdout.split("\t")[0] or 0)


def machine() -> str:
    """Return the distribution, the number of cores and the processor."""
    name = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{name}, {os.cpu_count()} cores, {pages.cpu_model()}"


def table(old: str, row: Row) -> str:
    """Return the table with `row` in the place of an older one of its key."""
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in old.splitlines()[2:]]
    rows = [Row(*line) for line in cells if len(line) == len(fields(Row))]
    rows = sorted([*(other for other in rows if other.key != row.key), row], key=lambda other: other.key)
    lines = [TITLES, ("---",) * len(TITLES), *(tuple(asdict(other).values()) for other in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
