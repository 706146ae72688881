"""Outputs of other params, edited ones, and those that DVC protects."""

import os
from pathlib import Path

import pytest
import room

from microexpr.core import records


def make(name: str, text: str = "made") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with records.recorded([name]):
        path.write_text(text)
    return path


def test_nothing_is_deleted_when_room_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = make("results/flow/samm/006.h5"), make("results/flow/samm/007.h5", "other")
    Path("results/empty/folder").mkdir(parents=True)
    half = Path("results/flow/samm/.008.h5.17.part")
    half.touch()
    names = [str(first), str(second), "results/empty", str(half), "results/none.h5"]
    for _ in range(2):
        lines: list[str] = []
        room.set_aside(names, "is of no subject", lines.append)
        assert lines[0].startswith(f"note: {first} and 1 more is of no subject: moved to work/set_aside/")
        assert not any(os.path.lexists(name) for name in names) and records.verify() == []
        first, second = make(str(first)), make(str(second), "other")
    assert sorted(path.read_text() for path in Path("work/set_aside").rglob("*.h5")) == ["made"] * 2 + ["other"] * 2


def test_a_link_into_dvcs_cache_can_be_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, alone = make("results/flow/samm/006.h5"), make("results/flow/samm/007.h5")
    Path("cache").mkdir()
    os.link(path, "cache/object")
    for each in (path, alone):
        each.chmod(0o444)
    room.make_writable([str(path), str(alone), "results/none.h5"])
    assert path.stat().st_mode & 0o200 and not alone.stat().st_mode & 0o200  # which its owner protected


@pytest.mark.parametrize("path", ["results/flow/samm/006.h5", "results/index/smic.csv", "results/megc2019_table.csv"])
def test_an_edited_output_is_refused_and_made_again_once_it_is_deleted(project, path):
    file = project.root / path
    before = file.read_bytes()
    file.write_bytes(before + b"\n")
    done = project.snakemake("--dry-run", "--", "all", check=False)
    assert done.returncode == 1 and f"not made here, or changed since, {path} for one" in done.stderr
    assert project.run("microexpr", "verify", check=False).stdout == f"{path}: is not as it was made\n"
    file.unlink()
    project.snakemake("--", path)
    assert file.read_bytes() == before and project.planned() == {}
