"""envs/install.sh: which Python, which build of torch, and what it says, with a stand-in for Python and pip.

The stand-in notes each call of pip, fails those that a test names, and installs nothing;
studies/installation.py installs.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ENVS = Path(__file__).parents[2] / "envs"
STAND_IN = r"""#!/bin/bash
version=${0##*python}; [ -n "$version" ] || version=$(cat "${0%/*}/version")
case "$*" in
    --version) echo "Python $version.0";;
    *version_info*) echo "$version";;
    *_base_executable*) command -v "python$version";;
    *"import venv"*) [ "$version" != "$WITHOUT_VENV" ];;
    *libcuda*) [ -n "$DRIVER" ];;
    *CDLL*) [[ "$*" != *${LACKING:-nothing}* ]];;
    *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo "$version" >.venv/bin/version;;
    *"-m pip"*)
        printf '%s\n' "$*" >>pip.txt
        [ -z "$FAILING" ] || ! grep -qE -- "$FAILING" <<<"$*" || { echo "ERROR: $MESSAGE" >&2; exit 1; };;
    *"import cv2"*) echo torch;;
esac
"""

FREE_DISK = """#!/bin/bash
echo Filesystem 1048576-blocks Used Available Capacity Mounted on
echo disk 200000 100000 ${FREE:-100000} 50% /
"""


class Machine:
    """A folder with envs/install.sh, and stand-ins for Python on its path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if root.joinpath("envs").exists():
            return  # a machine that was moved
        shutil.copytree(ENVS, root / "envs", ignore=shutil.ignore_patterns(".venv"))
        (root / "bin").mkdir()
        for minor in ("3.10", "3.11", "3.12", "3.13"):
            (root / "bin" / f"python{minor}").write_text(STAND_IN)
            (root / "bin" / f"python{minor}").chmod(0o755)
        (root / "bin" / "df").write_text(FREE_DISK)
        (root / "bin" / "df").chmod(0o755)

    def install(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script and return its output; pip's calls are in pip.txt."""
        (self.root / "pip.txt").unlink(missing_ok=True)
        clean = {k: v for k, v in os.environ.items() if k not in ("PYTHON", "MICROEXPR_TORCH")}
        clean |= dict.fromkeys(("DRIVER", "FAILING", "LACKING", "MESSAGE", "WITHOUT_VENV"), "")
        clean |= {"PATH": f"{self.root / 'bin'}:/usr/bin:/bin"}
        command = ["bash", str(self.root / "envs/install.sh")]
        return subprocess.run(command, env=clean | environment, capture_output=True, text=True, timeout=60)

    def pip(self) -> str:
        """Return pip's calls of the last run."""
        path = self.root / "pip.txt"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_newest_python_with_venv_is_taken_and_every_lock_installed_by_hash(machine: Machine) -> None:
    done = machine.install(WITHOUT_VENV="3.13")
    assert done.returncode == 0, done.stderr
    assert "Python 3.12" in done.stdout
    assert (machine.root / ".venv/.installed").exists() and not (machine.root / ".venv/.installing").exists()
    locks = [line for line in machine.pip().splitlines() if ".lock" in line]
    assert len(locks) == 4 and all("--require-hashes" in line and "--no-deps" in line for line in locks)


@pytest.mark.skipif(Path("/proc/driver/nvidia/version").exists(), reason="there is an NVIDIA driver here")
def test_without_a_driver_the_cpu_build_is_taken_or_in_its_place_pypis_and_one_line_says_so(machine: Machine) -> None:
    machine.install()
    assert "torch-cpu.lock" in machine.pip()
    assert "torch-cuda.lock" not in machine.pip() and "--index-url" not in machine.pip()
    done = machine.install(FAILING="torch-cpu", MESSAGE="No matching distribution found for torch==2.13.0+cpu")
    assert done.returncode == 0 and "torch-cuda.lock" in machine.pip()
    assert "--retries 1 --index-url https://download.pytorch.org/whl/cpu" in machine.pip()
    assert done.stdout.count("PyPI's takes its place") == 1 and "ERROR" not in done.stdout + done.stderr


def test_a_driver_or_a_wish_brings_one_build_alone_and_a_wish_is_not_replaced(machine: Machine) -> None:
    for environment in ({"DRIVER": "1"}, {"MICROEXPR_TORCH": "cuda"}):
        assert machine.install(**environment).returncode == 0
        assert "torch-cuda.lock" in machine.pip() and "torch-cpu.lock" not in machine.pip()
    assert machine.install(DRIVER="1", MICROEXPR_TORCH="cpu").returncode == 0
    assert "torch-cuda.lock" not in machine.pip()
    done = machine.install(MICROEXPR_TORCH="cpu", FAILING="torch-cpu", MESSAGE="No matching distribution found")
    assert done.returncode == 1 and "torch's CPU build could not be installed" in done.stderr
    assert "torch-cuda.lock" not in machine.pip()


@pytest.mark.parametrize("lock", ["core.lock", "core-rest.lock", "torch-cuda.lock", "source.lock", "dlib-from-bin"])
@pytest.mark.parametrize(
    ("message", "advice"),
    [("[Errno 28] No space left on device", "the disk is full"), ("No route to host", "run the same command again")],
)
def test_whatever_fails_is_said_and_a_second_run_begins_anew(
    machine: Machine, lock: str, message: str, advice: str
) -> None:
    done = machine.install(MICROEXPR_TORCH="cuda", FAILING=lock, MESSAGE=message)
    assert done.returncode == 1 and message in done.stderr and advice in done.stderr
    assert not (machine.root / ".venv/.installed").exists()
    (machine.root / ".venv/half").touch()
    done = machine.install(MICROEXPR_TORCH="cuda")
    assert done.returncode == 0 and "an earlier installation was interrupted" in done.stdout
    assert (machine.root / ".venv/.installed").exists() and not (machine.root / ".venv/half").exists()


def test_an_environment_stays_unless_another_python_is_asked_for(machine: Machine) -> None:
    assert "Python 3.12" in machine.install(PYTHON="python3.12").stdout
    (machine.root / ".venv/own").touch()
    assert "Python 3.12" in machine.install().stdout and (machine.root / ".venv/own").exists()
    done = machine.install(PYTHON="python3.11")
    assert "making .venv anew: it has Python 3.12" in done.stdout and "Python 3.11" in done.stdout
    assert not (machine.root / ".venv/own").exists()


def made_in(machine: Machine, place: Path) -> None:
    """Let the environment say that it was made there, as Python's venv does."""
    line = f"command = /usr/bin/python3.12 -m venv --without-pip {place}\n"
    (machine.root / ".venv/pyvenv.cfg").write_text(f"home = /usr/bin\n{line}")


def test_an_environment_that_was_copied_or_moved_is_made_anew(tmp_path: Path) -> None:
    first, link = Machine(tmp_path / "my first"), tmp_path / "link"
    link.symlink_to(first.root)
    assert first.install(PYTHON="python3.12").returncode == 0
    made_in(first, link / ".venv")
    (first.root / ".venv/own").touch()
    assert "anew" not in first.install().stdout and (first.root / ".venv/own").exists()
    copy = Machine(tmp_path / "copy")
    shutil.copytree(first.root / ".venv", copy.root / ".venv")
    line = f"making .venv anew: it was made in {link}/.venv, and works only there\n"
    done = copy.install()
    assert done.returncode == 0 and line in done.stdout and "Python 3.12" in done.stdout
    assert not (copy.root / ".venv/own").exists()
    first.root.rename(tmp_path / "moved")
    assert line in Machine(tmp_path / "moved").install().stdout


@pytest.mark.parametrize("venv", [".venv", "envs/docs/.venv"])
def test_make_installs_again_what_was_copied_or_moved(tmp_path: Path, venv: str) -> None:
    machine = Machine(tmp_path / "my user's dir")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ENVS.parent / name, machine.root)
    for folder in (machine.root / ".venv", machine.root / venv):
        folder.mkdir(exist_ok=True)
        (folder / ".installed").touch()  # after all that it is made from

    def planned() -> str:
        command = ["make", "--dry-run", f"{venv}/.installed"]
        return subprocess.run(command, cwd=machine.root, capture_output=True, text=True, check=True).stdout

    config = machine.root / venv / "pyvenv.cfg"
    for place in (machine.root / venv, None):
        config.write_text(f"command = python3.12 -m venv {place}\n" if place else "home = /usr/bin\n")
        assert "bash" not in planned(), "it stands where it was made, or was not made by venv"
    config.write_text("command = python3.12 -m venv /elsewhere/.venv\n")
    assert f"bash envs/{'install' if venv == '.venv' else 'install_beside'}.sh" in planned()


@pytest.mark.parametrize("letter", [*'"$\\`:', "\n", "\t", "\x1b"])
def test_a_path_that_no_environment_can_have_is_refused(tmp_path: Path, letter: str) -> None:
    machine = Machine(tmp_path / f"a{letter}b")
    done = machine.install()
    assert done.returncode == 1 and done.stderr.startswith('error: the path of a checkout must have no : " $ ')
    assert done.stderr.count("\n") == 1 and not (machine.root / ".venv").exists()


def test_dvc_starts_in_a_path_with_blanks_and_an_apostrophe(tmp_path: Path) -> None:
    machine = Machine(tmp_path / f"my user's (first) dir, é;&#{'a' * 120}")
    done = machine.install()
    assert done.returncode == 0, done.stderr
    python, guard = machine.root / ".venv/bin/python", tmp_path / "workflow/dvc_command.py"
    python.unlink()
    python.symlink_to(sys.executable)
    guard.parent.mkdir()
    guard.write_text("import sys; print(sys.argv[1:])")
    command = [machine.root / ".venv/bin/dvc", "status", "a b"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout == "['status', 'a b']\n"


@pytest.mark.parametrize(
    ("environment", "error"),
    [
        ({"PYTHON": "python3.10"}, "Python 3.11, 3.12 or 3.13 is needed, found Python 3.10.0"),
        ({"PYTHON": "python3.9"}, "Python 3.11, 3.12 or 3.13 is needed"),
        ({"PYTHON": "python3.12", "WITHOUT_VENV": "3.12"}, "python3.12 lacks venv: sudo apt install python3.12-venv"),
        ({"LACKING": "libGL"}, "opencv-python needs libraries that are not here: sudo apt install libgl1"),
        ({"MICROEXPR_TORCH": "rocm"}, "MICROEXPR_TORCH must be cpu or cuda, not rocm"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(machine: Machine, environment: dict[str, str], error: str) -> None:
    done = machine.install(**environment)
    assert done.returncode == 1 and error in done.stderr and done.stderr.count("\n") == 1
    assert machine.pip() == "" and not (machine.root / ".venv").exists()


def test_too_small_a_disk_is_said_before_anything_is_fetched(machine: Machine) -> None:
    done = machine.install(MICROEXPR_TORCH="cuda", FREE="6999")
    assert done.returncode == 1 and done.stderr.endswith("needs 7000 MB for torch's cuda build, and 6999 MB are free\n")
    assert "install" not in machine.pip()


def test_two_installations_at_once_are_refused(machine: Machine) -> None:
    (machine.root / ".venv").mkdir()
    with (machine.root / ".venv/.installing").open("a") as marker:
        subprocess.run(["flock", "-n", str(marker.fileno())], pass_fds=[marker.fileno()], check=True)
        done = machine.install()
    assert done.returncode == 1 and "another installation" in done.stderr
