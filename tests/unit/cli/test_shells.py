"""Completion of the command's words, by the shells that are here."""

import shutil
import subprocess
from pathlib import Path

import pytest

from microexpr.cli.main import main

COMPLETE = """
source "$1"
COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
$(complete -p microexpr | sed -E 's/.* -F ([^ ]+) .*/\\1/') microexpr "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(tmp_path, capsys):
    def written(shell: str) -> str:
        assert main(["completion", shell]) == 0
        path = tmp_path / f"microexpr.{shell}"
        path.write_text(capsys.readouterr().out)
        return str(path)

    return written


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("microexpr me", {"measure", "methods"}),
        ("microexpr film --diff", {"--difficulty"}),
        ("microexpr film --difficulty ", {"easy", "standard", "hard"}),
        ("microexpr plot cl", {"clip"}),
        ("microexpr table --methods sts", {"ststnet"}),
        ("microexpr inspect ap", {"apex.h5"}),
    ],
)
def test_bash_completes(line, expected, script, tmp_path):
    path = script("bash")
    (tmp_path / "apex.h5").touch()
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", path, *line.split(" ")], cwd=tmp_path, capture_output=True, text=True
    )
    assert {word.strip() for word in done.stdout.split("\n")} - {""} == expected, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_name_commands_and_can_be_read_by_their_shell(shell, script):
    path = script(shell)
    text = Path(path).read_text(encoding="utf-8")
    assert all(word in text for word in ("methods", "completion", "difficulty", "off_apexnet"))
    if shutil.which(shell):
        subprocess.run([shell, "-n", path], check=True)
