"""The guard before DVC's experiments: what it gives back, and which commands it leaves to DVC."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scratch import ROOT

# stands in for DVC: changes what an experiment changes, and ends when it is told to, or as its argument says
DVC = """
import pathlib, subprocess, sys, time
pathlib.Path("params.yaml").write_text("lr: 2")
pathlib.Path("dvc.lock").write_text("of the experiment")
subprocess.run(["git", "checkout", "-q", "--detach"], check=True)
pathlib.Path("ready").touch()
if sys.argv[1] == "wait":
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pathlib.Path("interrupted").touch()
        sys.exit(255)
sys.exit(int(sys.argv[1]))
"""
RUN = "import sys, dvc_command; sys.exit(dvc_command.experiment(sys.argv[1:]))"


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, text=True, capture_output=True).stdout.strip()


@pytest.fixture
def environment(tmp_path, monkeypatch) -> dict[str, str]:
    """A repository with params.yaml, and an environment whose DVC is the one above."""
    fake = tmp_path / "fake/dvc"
    fake.mkdir(parents=True)
    (fake / "__init__.py").touch()
    (fake / "__main__.py").write_text(DVC)
    root = tmp_path / "checkout"
    root.mkdir()
    monkeypatch.chdir(root)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
    git("init", "-q", "-b", "main")
    Path("params.yaml").write_text("lr: 1")
    git("add", "-A")
    git("commit", "-qm", "params")
    Path("dvc.lock").write_text("of the finished run")
    return os.environ | {"PYTHONPATH": f"{fake.parent}:{ROOT / 'workflow'}"}


def start(environment: dict[str, str], argument: str) -> subprocess.Popen[str]:
    running = subprocess.Popen(
        [sys.executable, "-c", RUN, argument], env=environment, text=True, stderr=subprocess.PIPE
    )
    while not Path("ready").exists() and running.poll() is None:
        time.sleep(0.02)
    return running


def state() -> tuple[str, str, str]:
    return Path("params.yaml").read_text(), Path("dvc.lock").read_text(), git("branch", "--show-current")


BEFORE, EXPERIMENT = ("lr: 1", "of the finished run", "main"), ("lr: 2", "of the experiment", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_experiment_gives_everything_back(environment, number):
    running = start(environment, "wait")
    running.send_signal(number)
    printed = running.communicate(timeout=30)[1]
    assert running.returncode == 255 and Path("interrupted").exists()  # what DVC runs hears of it too
    assert state() == BEFORE and "are as before this experiment" in printed
    assert not Path("work/experiment").exists()


def test_a_failed_experiment_gives_everything_back_and_a_finished_one_stays(environment):
    assert start(environment, "3").wait(30) == 3 and state() == BEFORE
    Path("ready").unlink()
    assert start(environment, "0").wait(30) == 0 and state() == EXPERIMENT
    assert not Path("work/experiment").exists()


def test_after_a_kill_the_next_command_says_how_to_go_back(environment, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "workflow"))
    import dvc_command

    running = start(environment, "wait")
    assert dvc_command.left_over() == ""  # it is running
    subprocess.run(["pkill", "-KILL", "-P", str(running.pid)], check=True)
    running.kill()
    running.wait()
    assert state() == EXPERIMENT
    assert "`python workflow/stage.py restore` puts both back" in dvc_command.left_over()
    dvc_command.restore()
    assert state() == BEFORE and dvc_command.left_over() == "" and git("status", "--porcelain", "params.yaml") == ""


@pytest.mark.parametrize(
    ("arguments", "guarded"),
    [
        (["exp", "run"], True),
        (["exp", "run", "-S", "seed=2"], True),
        (["experiments", "apply", "abc"], True),
        (["exp", "run", "--temp"], False),
        (["exp", "run", "--help"], False),
        (["exp", "show"], False),
        (["repro"], False),
    ],
)
def test_only_what_checks_out_by_force_is_guarded(environment, monkeypatch, arguments, guarded):
    monkeypatch.syspath_prepend(str(ROOT / "workflow"))
    import dvc_command

    Path(".dvc").mkdir()
    calls = []
    monkeypatch.setattr(sys, "argv", ["dvc", *arguments])
    monkeypatch.setattr(dvc_command, "refusal", lambda: "no reason")
    monkeypatch.setattr(dvc_command.os, "execv", lambda _, command: calls.append(command[3:]))
    assert dvc_command.main() == (1 if guarded else None)
    assert calls == ([] if guarded else [arguments])


def test_the_environments_dvc_goes_by_way_of_the_guard():
    installed = Path(sys.executable).with_name("dvc").read_text(encoding="utf-8").partition("\n")[2]
    assert installed == (ROOT / "envs/dvc").read_text(encoding="utf-8").partition("\n")[2]
