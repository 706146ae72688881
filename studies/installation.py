"""Measure an installation into an empty clone, as on a machine with a pip that knows PyPI only: seconds and MB.

    python studies/installation.py                              # this Python's newest; `import torch` and no more
    python studies/installation.py --python python3.11 --run tiny
    python studies/installation.py --library --python python3.13   # `pip install .`, then README's section on one video

`git clone` of the committed HEAD, `make .venv/.installed` with pip's configuration, links and cache taken away
(PIP_CERT stays), `import torch`, then `--run`. The download is the sum that pip's log gives. It prints a row of a
table that docs/installation.md sums up, and takes minutes and several GB of disk.
"""

import hashlib
import os
import platform
import re
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pages

COLUMNS = ("Python", "torch", "MB downloaded", "MB on disk", "seconds", "run", "its seconds", "table", "of")
TABLE = "results/megc2019_table.csv"
RUNS = {
    "import": (),
    "tiny": ("python workflow/preset.py tiny --force", "snakemake --cores 1 -- all"),
}
LIBRARY = (
    "microexpr film take.avi --seconds 20 --micro 3 --macro 1 --blinks 4",
    "microexpr predict take.avi --out predicted --truth take.csv",
    "microexpr measure take.avi --out measured",
    "microexpr doctor",
)
MEGABYTES = {"bytes": 1e-6, "kB": 1e-3, "MB": 1, "GB": 1e3}


def main() -> None:
    parser = pages.parser(__doc__)
    parser.add_argument("--python", default="", metavar="PROGRAM", help="default: as envs/install.sh chooses")
    parser.add_argument("--torch", choices=("cpu", "cuda"), help="MICROEXPR_TORCH; default: as envs/install.sh chooses")
    parser.add_argument("--run", choices=RUNS, default="import", help="what is run after `import torch`")
    parser.add_argument("--library", action="store_true", help="the library alone, in an environment of its own")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="microexpr-study-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # tests run some commands as another user
        clone, environment = folder / "clone", pip_environment(folder)
        if arguments.torch:
            environment["MICROEXPR_TORCH"] = arguments.torch
        subprocess.run(["git", "clone", "--quiet", pages.ROOT.resolve(), clone], check=True)
        kind, commands, cwd = arguments.run, RUNS[arguments.run], clone
        install, probe = f"make .venv/.installed PYTHON={arguments.python}", "torch; version = torch.__version__"
        if arguments.library:
            kind, commands, cwd = "library", LIBRARY, folder
            install, probe = "pip install --quiet .", "platform; version = 'none'"
            subprocess.run([arguments.python or "python3", "-m", "venv", clone / ".venv"], check=True)
        installation = seconds(install, clone, environment)
        probe = f"import platform, {probe}; print(platform.python_version(), version)"
        python, torch = printed(clone / ".venv/bin/python", "-c", probe).split()
        run = sum(seconds(command, cwd, environment) for command in commands)
        table = clone / TABLE
        row = (
            python,
            torch,
            f"{downloaded(folder / 'pip.log'):,.0f}",
            f"{int(printed('du', '-sm', clone / '.venv').split()[0]):,}",
            f"{installation:.0f}",
            f"`{kind}`, 1 core",
            f"{run:.0f}",
            hashlib.sha256(table.read_bytes()).hexdigest()[:12] if table.exists() else "",
            f"{datetime.now(UTC):%Y-%m-%d}, {pages.commit()}, {machine()}",
        )
    pages.Table(*COLUMNS).add(*row)


def printed(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def pip_environment(folder: Path) -> dict[str, str]:
    """Return the environment with an empty pip cache, and nothing of pip's but its certificate."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_") or k == "PIP_CERT"}
    for name in ("PYTHON", "PYTHONPATH", "VIRTUAL_ENV", "MICROEXPR_TORCH"):
        environment.pop(name, None)
    environment |= {"PIP_CACHE_DIR": str(folder / "cache"), "PIP_LOG": str(folder / "pip.log")}
    environment["PATH"] = f"{folder / 'clone/.venv/bin'}:{os.environ['PATH']}"
    return environment | {"PIP_CONFIG_FILE": os.devnull}


def downloaded(log: Path) -> float:
    """Return the MB of all files that pip's log says were downloaded."""
    sizes = re.findall(r"Downloading \S+ \(([\d.]+) (bytes|kB|MB|GB)\)", log.read_text(encoding="utf-8"))
    return sum(float(size) * MEGABYTES[unit] for size, unit in sizes)


def seconds(command: str, folder: Path, environment: dict[str, str]) -> float:
    """Run a command and return its wall-clock seconds. Raises CalledProcessError where it fails."""
    start = time.monotonic()
    subprocess.run(command.split(), cwd=folder, env=environment, check=True)
    return time.monotonic() - start


def machine() -> str:
    """Return the distribution, the number of cores and the processor."""
    name = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{name}, {os.cpu_count()} cores, {pages.cpu_model()}"


if __name__ == "__main__":
    main()
