"""The guard before DVC's experiments: which commands it leaves to DVC."""

import sys
from pathlib import Path

import dvc_command
import pytest
from scratch import ROOT


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
def test_only_what_checks_out_by_force_is_guarded(tmp_path, monkeypatch, arguments, guarded):
    monkeypatch.chdir(tmp_path)
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
