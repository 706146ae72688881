"""A checkout computes with its own code, however it was copied, cloned or named. Runs no job."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import scratch
import snakemake.utils
from conftest import Project
from snakemake.script import PythonScript
from upstream import quote_python


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the checkout."""
    root = tmp_path_factory.mktemp("copied") / "my copy"
    scratch.copy(root)
    return Project(root)


def elsewhere(copied: Project, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the copy, in an environment that has the original's source."""
    environment = copied.env | {"PYTHONPATH": str(scratch.ROOT / "src")}
    return subprocess.run(command, cwd=copied.root, env=environment, capture_output=True, text=True)


def test_snakemake_refuses_the_code_of_another_checkout(copied: Project) -> None:
    done = elsewhere(copied, "snakemake", "-n", "--cores", "1", "results/index/casme2.csv")
    source = Path("src/microexpr")
    error = f"error: {scratch.ROOT / source} would compute here, not {copied.root / source} ("
    assert done.returncode == 1 and done.stderr.count(f"\n{error}") == 1, done.stderr
    assert "Traceback" not in done.stderr and "`make -B .venv/.installed`" in done.stderr


def test_a_stage_of_dvc_runs_the_code_of_its_checkout(copied: Project) -> None:
    """As in the copies in which `dvc exp run --temp` runs stages."""
    module = copied.root / "src/microexpr/protocols/__init__.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(f"raise SystemExit(__file__)\n{text}", encoding="utf-8")
    done = elsewhere(copied, "python", "workflow/stage.py", "record")
    module.write_text(text, encoding="utf-8")
    assert done.stderr == f"{module}\n"


def test_its_own_code_is_not_refused_and_the_profile_is_read(copied: Project) -> None:
    done = copied.run("snakemake", "-n", "results/index/casme2.csv")  # the profile says how many cores
    assert "Using workflow specific profile profiles/default" in done.stderr


def test_tests_of_the_code_of_another_checkout_are_refused(copied: Project) -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "tests/unit/test_words.py"]
    done = elsewhere(copied, *command)
    line = f"microexpr must be imported from {copied.root / 'src'}, not from {scratch.ROOT / 'src'}"
    assert done.returncode == pytest.ExitCode.USAGE_ERROR and line in done.stderr


def test_a_clone_has_the_same_bytes_without_links_and_with_other_line_ends(copied: Project, tmp_path: Path) -> None:
    for line in ("init -q", "add -A", "-c user.name=a -c user.email=a commit -qm all"):
        copied.run("git", *line.split())
    clone = tmp_path / "clone"
    copied.run("git", "clone", "-q", "-c", "core.autocrlf=true", "-c", "core.symlinks=false", ".", str(clone))
    names = copied.run("git", "ls-files", "-z").stdout.split("\0")[:-1]
    assert len(names) > 900
    assert not [name for name in names if (clone / name).read_bytes() != (copied.root / name).read_bytes()]
    assert not [name for name in names if (copied.root / name).is_symlink()]


def test_scripts_start_by_a_python_whose_path_the_shell_would_split(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    def execute(script: PythonScript, command: str, **values: object) -> None:
        commands.append(snakemake.utils.format(command, **values))  # as Snakemake's `shell` does

    python = "/my user's (own) dir/bin/python"
    monkeypatch.setattr(PythonScript, "_execute_cmd", execute)
    monkeypatch.setattr(sys, "executable", python)
    quote_python()
    script = PythonScript.__new__(PythonScript)
    script.container_img = script.conda_env = script.env_modules = None
    script.execute_script("a b.py")
    assert shlex.split(commands[0]) == [python, "a b.py"]
