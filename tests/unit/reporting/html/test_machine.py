"""Facts of checkout and machine: from git and the table's time, nothing from the clock."""

import os
import subprocess
from pathlib import Path

import pytest

from microexpr.reporting.html import machine


@pytest.fixture
def table(tmp_path, monkeypatch) -> str:
    """Go to an empty folder outside of any checkout; return a table that was written at a known time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "table.csv").write_text("")
    os.utime("table.csv", (0, 86_400 * 365 + 3600))
    return "table.csv"


def test_the_time_is_that_of_the_table_and_no_commit_is_claimed_without_git(table):
    facts = machine.facts(table)
    assert facts["table written"] == "1971-01-01 01:00 UTC" and "commit of the page" not in facts


def test_a_commit_has_its_day_and_whether_files_changed_since(table, monkeypatch):
    for name, value in {"DATE": "2026-01-02T03:04:05Z", "NAME": "a", "EMAIL": "a@b"}.items():
        for role in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{role}_{name}", value)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *command], check=True)
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True).strip()
    assert machine.facts(table)["commit of the page"] == f"{commit} of 2026-01-02"
    Path(table).write_text("other")
    assert machine.facts(table)["commit of the page"] == f"{commit} of 2026-01-02 and changes since"


def test_the_cpu_is_linux_name_of_it(table, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CPUS", tmp_path / "cpuinfo")
    machine.CPUS.write_text("processor\t: 0\nmodel name\t: Z80 at 4 MHz\nprocessor\t: 1\nmodel name\t: Z81\n")
    assert machine.facts(table)["CPU of the page"] == "Z80 at 4 MHz"
