"""Outputs that were edited, replaced or deleted since their jobs ended."""

import os
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from microexpr.core import records
from microexpr.core.errors import DataError

OUTPUT = "results/flow/samm/006.h5"


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    """An empty checkout as the working folder."""
    monkeypatch.chdir(tmp_path)


def make(name: str = OUTPUT, text: str = "made") -> Path:
    """An output as its job leaves it."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with records.recorded([name]):
        path.write_text(text)
    return path


def test_an_output_is_made_once_its_job_has_ended():
    Path(OUTPUT).parent.mkdir(parents=True)
    with records.recorded([OUTPUT]):
        Path(OUTPUT).write_text("half")
        assert not records.is_made(OUTPUT) and records.is_as_made(OUTPUT)  # killed here, it is Snakemake's to judge
        assert records.verify() == [f"{OUTPUT}: was not finished"]
    assert records.is_made(OUTPUT) and records.verify() == []


def test_an_output_whose_job_failed_or_never_ran_here_is_altered_and_what_is_not_there_is_not():
    make()
    with pytest.raises(SystemExit), records.recorded([OUTPUT]):
        raise SystemExit(1)
    assert records.read(OUTPUT) is None and records.altered([OUTPUT]) == [OUTPUT]
    (path := Path(OUTPUT)).unlink()
    assert records.altered([OUTPUT]) == []
    path.touch()
    assert records.altered([OUTPUT]) == [OUTPUT]


@pytest.mark.parametrize("seconds", [-1000, 1000])
def test_a_copy_of_the_same_content_gets_the_time_at_which_it_was_made(seconds):
    """DVC links outputs to older files, and copies them before a stage: these seemed newer than changed inputs."""
    path = make()
    modified = path.stat().st_mtime_ns
    shutil.copy(path, "copy")
    path.unlink()
    shutil.copy("copy", path)
    os.utime(path, (modified / 1e9 + seconds,) * 2)
    assert records.altered([OUTPUT]) == [] and path.stat().st_mtime_ns == modified


def test_times_after_the_job_are_taken_over_of_this_run_alone():
    """Snakemake touches an output once its job has ended."""
    path = make()
    modified = path.stat().st_mtime
    os.utime(path, (modified + 5,) * 2)
    records.settle([OUTPUT], modified + 1)
    assert records.altered([OUTPUT]) == [] and path.stat().st_mtime == pytest.approx(modified, abs=1e-3)
    os.utime(path, (modified + 5,) * 2)
    records.settle([OUTPUT, "results/none.h5"], modified - 1)
    assert records.altered([OUTPUT]) == [] and path.stat().st_mtime == pytest.approx(modified + 5, abs=1e-3)


@pytest.mark.parametrize("is_restored", [False, True])
def test_an_edit_is_a_change_even_where_size_and_time_are_the_same(is_restored):
    path = make()
    times = path.stat()
    path.write_text("mode")
    if is_restored:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert records.altered([OUTPUT]) == [OUTPUT] and records.verify() == [f"{OUTPUT}: is not as it was made"]
    path.unlink()
    assert records.altered([OUTPUT]) == [] and records.verify() == [f"{OUTPUT}: is not there"]
    path.symlink_to("gone")  # as into a cache that was emptied
    assert records.altered([OUTPUT]) == [OUTPUT] and records.verify() == [f"{OUTPUT}: is not there"]


@pytest.mark.parametrize("change", ["edit", "delete", "add"])
def test_a_folder_of_frames(change):
    folder = Path("data/rendered/smic/s01")
    frame = folder / "clip/1.jpg"
    frame.parent.mkdir(parents=True)
    with records.recorded([str(folder)]):
        frame.write_text("made")
        (folder / records.TIMESTAMP).touch()
    modified = (folder / records.TIMESTAMP).stat().st_mtime
    os.utime(folder / records.TIMESTAMP, (modified + 60, modified + 60))  # as in a copy, whose files have new times too
    os.utime(frame)
    assert records.altered([str(folder)]) == []
    assert (folder / records.TIMESTAMP).stat().st_mtime == pytest.approx(modified, abs=1e-3)
    if change == "edit":
        frame.write_text("mode")
    elif change == "delete":
        frame.unlink()
    else:
        frame.with_name("2.jpg").touch()
    assert records.altered([str(folder)]) == [str(folder)]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', "[" * 10**5])
def test_a_damaged_record_is_of_an_output_that_is_not_finished(text):
    make()
    records.path_of(OUTPUT).write_text(text)
    assert not records.is_made(OUTPUT) and records.verify() == [f"{OUTPUT}: was not finished"]


@pytest.mark.parametrize("target", ["", "/dev/zero"])
def test_a_pipe_or_a_device_is_neither_an_output_nor_a_record(target):
    path = make()
    path.unlink()
    path.symlink_to(target) if target else os.mkfifo(path)
    assert records.altered([OUTPUT]) == [OUTPUT] and records.verify() == [f"{OUTPUT}: is not as it was made"]
    path.rename(records.path_of(OUTPUT))
    assert records.verify() == [f"{OUTPUT}: was not finished"]


def test_a_link_in_place_of_a_record_is_not_followed_and_a_larger_file_is_not_read(tmp_path):
    make()
    records.path_of(OUTPUT).rename(tmp_path / "record.json")
    records.path_of(OUTPUT).symlink_to(tmp_path / "record.json")
    assert records.verify() == [f"{OUTPUT}: was not finished"]
    os.truncate(make(), 2**40)
    assert records.verify() == [f"{OUTPUT}: is not as it was made"]


def test_a_thousand_folders_in_each_other_end_in_one_line(request):
    make()
    Path(records.RECORDS, "a/" * 600).mkdir(parents=True)
    request.addfinalizer(partial(sys.setrecursionlimit, sys.getrecursionlimit()))
    sys.setrecursionlimit(500)
    with pytest.raises(DataError, match="must not have a thousand folders"):
        records.verify()


def test_a_link_to_nothing_in_a_folder_hides_no_other_line(tmp_path):
    make()
    (folder := Path("results/frames")).mkdir()
    records.take(folder)
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    Path(OUTPUT).write_text("edited")
    assert records.verify() == [f"{name}: is not as it was made" for name in sorted((OUTPUT, str(folder)))]
