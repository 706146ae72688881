"""Write or check the lock files below envs/: `make lock`, `make check-lock` (both need PyPI).

uv, in a throw-away virtual environment, resolves the .in files of SOURCES together (then each of EXTRAS, constrained by
the result) once for Linux and all Pythons of PYTHONS. A pin that a lock has stays unless the .in files exclude it:
to upgrade one package, delete its line first. Each requirement is one line with the SHA-256 of every file that PyPI
has of it.

| file | what | installed |
| --- | --- | --- |
| core.lock | wheels that every machine needs | always |
| source.lock | pure Python packages without a wheel, built with core.lock's setuptools | always |
| torch-cuda.lock | PyPI's build of torch, and the CUDA packages it requires | one of the two |
| torch-cpu.lock | torch's CPU build, which PyPI lacks: written by hand, its version checked here | one of the two |
| pyfeat/pyfeat.lock | what py-feat needs besides all these | by `make pyfeat` |
| docs/docs.lock | what the documentation's site and notebooks need besides all these | by `make docs` |
| facemesh/facemesh.lock | MediaPipe, and an older protobuf than core.lock's | by `make facemesh` |

`--check` asks for each Python and machine whether the locks can be installed there: each pin has a wheel that fits and
has a locked hash. It writes nothing.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from itertools import product
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENVS = Path(__file__).resolve().parent
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
UV = "uv==0.13.9"
SOURCE_ONLY = {"antlr4-python3-runtime", "connection-pool", "face-recognition", "face-recognition-models"}
CUDA = re.compile(r"torch$|triton$|cuda-|nvidia-")
LOCAL = {"dlib"}  # envs/dlib-from-bin
# Requirements of the wheel and its extras; exact versions.
SOURCES = ("library.in", "train.in", "workflow.in", "dev.in", "core.in")
# torchcodec needs FFmpeg's libraries, and no video is read here (detectors.py replaces it); xgboost needs
# nvidia-nccl-cu12 only for several GPUs together.
PYFEAT_LEFT_OUT = {"torchcodec", "nvidia-nccl-cu12"}
EXTRAS = ("pyfeat", "docs", "facemesh")  # environments, which see the core's packages: NAME/NAME.in, NAME/NAME.lock
AS_LISTED = {"facemesh"}  # has the packages of its .in file alone, also in another version than the core's
LOCKS = ("core.lock", "source.lock", "torch-cuda.lock", *(f"{name}/{name}.lock" for name in EXTRAS))
HEADER = "# Written by envs/lock.py from {source}; one requirement a line.\n"


def main() -> None:
    """Write the locks, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="ask PyPI whether every lock can be installed everywhere")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        venv.create(Path(folder) / "uv", with_pip=True)
        pip = [Path(folder) / "uv/bin/python", "-m", "pip", "-q", "--disable-pip-version-check", "install", UV]
        subprocess.run(pip, check=True)
        uv = Path(folder) / "uv/bin/uv"
        sys.exit(check_locks(uv, Path(folder)) if check else write_locks(uv, Path(folder)))


def write_locks(uv: Path, folder: Path) -> int:
    """Resolve and write every lock but torch-cpu.lock. Returns 1 where that one pins another torch."""
    pins = {name: line for lock in reversed(LOCKS) for name, line in locked(ENVS / lock).items()}
    texts = [(ENVS / name).read_text(encoding="utf-8") for name in SOURCES]
    (folder / "core.in").write_text("\n".join([*texts, f"{ENVS / 'dlib-from-bin'}\n"]))
    core = resolve(uv, folder / "core.in", pins)
    constraints = folder / "constraints.txt"
    constraints.write_text("".join(f"{line.partition(' ')[0]}\n" for line in core.values()))
    constrained = ["--constraints", str(constraints)]
    options = {name: ["--no-deps"] if name in AS_LISTED else constrained for name in EXTRAS}
    extras = {name: resolve(uv, ENVS / name / f"{name}.in", pins, *options[name]) for name in EXTRAS}
    cuda = {name: line for name, line in core.items() if CUDA.match(name)}
    source = {name: core[name] for name in SOURCE_ONLY}
    wheels = {name: core[name] for name in core.keys() - cuda.keys() - source.keys()}
    write("core.lock", "core.in", wheels)
    write("source.lock", "core.in", source)
    write("torch-cuda.lock", "core.in", cuda)
    for extra, lines in extras.items():
        beside = lines if extra in AS_LISTED else {name: lines[name] for name in lines.keys() - core.keys()}
        write(f"{extra}/{extra}.lock", f"{extra}.in", beside)
    return check_cpu_build()


def resolve(uv: Path, source: Path, pins: dict[str, str], *options: str) -> dict[str, str]:
    """Return the line of each package that `source` needs on Linux, by name; `pins` are kept where they fit."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "resolved.txt"
        output.write_text("".join(f"{line.partition(' ')[0]}\n" for line in pins.values()))
        command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0], "--generate-hashes"]
        command += ["--no-header", "--no-annotate", *options, source, "--output-file", output]
        subprocess.run(command, check=True)
        lines = output.read_text(encoding="utf-8").replace(" \\\n", "").splitlines()
    pairs = [*filter(None, map(requirement_line, lines))]
    if forked := sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1):
        raise SystemExit(f"error: {source}: must have one version for all Pythons of {', '.join(forked)}: give a range")
    return dict(pairs)


def requirement_line(line: str) -> tuple[str, str] | None:
    """Return name and lock line of one resolved requirement, or None where nobody on Linux needs it."""
    if line.startswith(("#", ".", "/", "file:")):
        return None
    text, *hashes = line.split("--hash=")
    requirement = Requirement(text)
    name = canonicalize_name(requirement.name)
    needed = {requirement.marker is None or requirement.marker.evaluate(values) for values in environments()}
    if name in LOCAL | PYFEAT_LEFT_OUT or needed == {False}:
        return None
    marker = "" if needed == {True} else f" ; {requirement.marker}"
    return name, f"{name}{requirement.specifier}{marker}" + "".join(f" --hash={digest.strip()}" for digest in hashes)


def environments() -> list[dict[str, str]]:
    """Return the marker environments that the locks are for."""
    linux = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
    linux |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    return [
        {**linux, "python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine}
        for python, machine in product(PYTHONS, MACHINES)
    ]


def locked(path: Path) -> dict[str, str]:
    """Return the lines of a lock by package name."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = ((re.match(r"[\w.-]+", line), line) for line in lines)
    return {canonicalize_name(name[0]): line for name, line in names if name}


def write(lock: str, source: str, lines: dict[str, str]) -> None:
    """Write one lock, sorted by name."""
    text = "".join(f"{lines[name]}\n" for name in sorted(lines))
    (ENVS / lock).write_text(HEADER.format(source=source) + text, encoding="utf-8")
    print(f"envs/{lock}: {len(lines)} packages")


def check_cpu_build() -> int:
    """Return 1, and say what to do, unless torch-cpu.lock pins the torch of torch-cuda.lock."""
    cuda, cpu = (locked(ENVS / f"torch-{build}.lock")["torch"].split()[0] for build in ("cuda", "cpu"))
    if cpu == cuda.replace("===", "==") + "+cpu":
        return 0
    print(f"error: envs/torch-cpu.lock must pin {cuda}+cpu, not {cpu}: see its comment")
    return 1


def check_locks(uv: Path, folder: Path) -> int:
    """Return 1 if a lock cannot be installed on one of the Pythons and machines."""
    failures = 0
    for python, machine, lock in product(PYTHONS, MACHINES, LOCKS):
        binary = "--no-binary" if lock == "source.lock" else "--only-binary"
        command = [uv, "pip", "install", "--quiet", "--dry-run", "--no-deps", "--require-hashes", binary, ":all:"]
        command += ["--python-version", python, "--python-platform", f"{machine}-manylinux_2_28"]
        command += ["--target", folder / "target", "-r", ENVS / lock]
        run = subprocess.run(command, capture_output=True, text=True)
        print(f"Python {python}, {machine}, envs/{lock}: {run.stderr.strip() or 'resolves'}")
        failures += run.returncode != 0
    return int(failures > 0) | check_cpu_build()


if __name__ == "__main__":
    main()
