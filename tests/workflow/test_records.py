"""Outputs that were edited, replaced or deleted since Snakemake made them."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
import records

OUTPUT = "results/flow/samm/006.h5"


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    """An empty checkout as the working folder."""
    monkeypatch.chdir(tmp_path)


def make(name: str = OUTPUT, text: str = "made") -> Path:
    """An output as a job of Snakemake leaves it."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    record(name, path.stat().st_mtime)
    return path


def remembered(name: str = OUTPUT, text: str = "made") -> Path:
    """An output that the next run finds in its records."""
    path = make(name, text)
    known(name)
    return path


def record(name: str, ended: float) -> None:
    """Snakemake's own record of an output."""
    folder = records.SNAKEMAKE / "metadata"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / records.key(name)).write_text(json.dumps({"endtime": ended}))


def known(name: str = OUTPUT) -> None:
    records.Records().renew([name])


def reviewed(name: str = OUTPUT) -> tuple[list, list, list]:
    review = records.Records().review([name])
    return review.changed, review.missing, review.untracked


AS_MADE, CHANGED, GONE, UNTRACKED = ([], [], []), ([OUTPUT], [], []), ([], [OUTPUT], []), ([], [], [OUTPUT])


def test_a_copied_output_is_as_it_was_made():
    path = remembered()
    shutil.copy(path, "copy")
    path.unlink()
    shutil.copy("copy", path)
    assert reviewed() == AS_MADE
    for is_read in (True, False):  # once its new state is saved, it is not read again
        entries = records.Records()
        entries.review([OUTPUT])
        assert entries.any_restored == is_read
        entries.save()


def test_another_version_of_an_output_that_dvc_answers_for_is_new():
    """Else what was made of it would seem newer, and stay."""
    path = remembered()
    ended = path.stat().st_mtime
    path.write_text("an earlier version")
    os.utime(path, (ended - 1000,) * 2)
    records.Records().refresh([OUTPUT])
    assert path.stat().st_mtime > ended


@pytest.mark.parametrize("seconds", [-1000, 1000])
def test_a_copy_of_the_same_content_gets_the_time_at_which_it_was_made(seconds):
    """DVC links outputs to older files, and copies them before a stage: these seemed newer than changed inputs."""
    path = remembered()
    ended = path.stat().st_mtime
    os.utime(path, (ended + seconds,) * 2)
    assert reviewed() == AS_MADE
    assert path.stat().st_mtime == pytest.approx(ended, abs=1e-3)
    os.utime(path, (ended + seconds,) * 2)
    records.Records().refresh([OUTPUT])
    assert path.stat().st_mtime == pytest.approx(ended, abs=1e-3)


@pytest.mark.parametrize("restored", [False, True])
def test_an_edit_is_a_change_even_where_size_and_time_are_the_same(restored):
    path = remembered()
    times = path.stat()
    path.write_text("mode")
    if restored:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert reviewed() == CHANGED


@pytest.mark.parametrize("is_killed", [False, True])
def test_an_earlier_copy_put_back(is_killed):
    """Only Snakemake took anything down of a last run that was killed."""
    path = remembered(text="of other params")
    shutil.copy2(path, "copy")
    time.sleep(0.01)
    make()
    if not is_killed:
        known()
    shutil.copy2("copy", path)
    assert reviewed() == CHANGED


def test_a_version_that_dvc_keeps_is_told_from_an_edit():
    path = remembered()
    path.write_text("another version")
    digest = records.content(path)
    cached = records.CACHE / digest[:2] / digest[2:]
    cached.parent.mkdir(parents=True)
    shutil.copy(path, cached)
    assert reviewed() == UNTRACKED


def test_what_snakemake_never_made_is_untracked_and_what_a_killed_job_left_is_not():
    path = make()
    for file in (records.SNAKEMAKE / "metadata").iterdir():
        file.unlink()
    assert reviewed() == UNTRACKED
    (records.SNAKEMAKE / "incomplete").mkdir()
    (records.SNAKEMAKE / "incomplete" / records.key(OUTPUT)).touch()
    assert reviewed() == AS_MADE
    path.unlink()
    assert reviewed() == AS_MADE


def test_a_deleted_output_is_counted_once_each_time():
    path = remembered()
    for times in (1, 2):
        path.unlink()
        loaded = records.Records()
        assert loaded.review([OUTPUT]).missing == [OUTPUT]
        loaded.save()
        assert loaded.rerun_counts(["other", OUTPUT]) == [f"{OUTPUT} {times}"]
        assert records.Records().review([OUTPUT]).missing == []  # before it was made again
        remembered()
        assert reviewed() == AS_MADE and records.Records().rerun_counts([OUTPUT]) == [f"{OUTPUT} {times}"]


@pytest.mark.parametrize("change", ["edit", "delete", "add"])
def test_a_folder_of_frames(change):
    folder = Path("data/rendered/smic/s01")
    frame = make(str(folder / "clip/1.jpg"))
    (folder / records.TIMESTAMP).touch()
    record(str(folder), (folder / records.TIMESTAMP).stat().st_mtime)
    known(str(folder))
    assert reviewed(str(folder)) == AS_MADE
    modified = records.modified(folder)
    os.utime(folder / records.TIMESTAMP, (modified + 60, modified + 60))  # as in a copy, whose files have new times too
    os.utime(frame)
    assert reviewed(str(folder)) == AS_MADE and abs(records.modified(folder) - modified) < 1e-3
    if change == "edit":
        frame.write_text("mode")
    elif change == "delete":
        frame.unlink()
    else:
        frame.with_name("2.jpg").touch()
    assert reviewed(str(folder))[0] == [str(folder)]


def test_damaged_records_are_empty_ones():
    remembered()
    for text in ("", "{", "[]", '{"a": 1}'):
        records.RECORDS.write_text(text)
        assert records.Records().entries == {} and reviewed() == AS_MADE


def test_nothing_is_deleted_when_room_is_made():
    first, second = make(), make("results/flow/samm/007.h5", "other")
    Path("results/empty/folder").mkdir(parents=True)
    half = Path("results/flow/samm/.008.h5.17.part")
    half.touch()
    names = [str(first), str(second), "results/empty", str(half), "results/none.h5"]
    for _ in range(2):
        lines: list[str] = []
        records.set_aside(names, "is of no subject", lines.append)
        assert lines[0].startswith(f"note: {first} and 1 more is of no subject: moved to work/set_aside/")
        assert not any(os.path.lexists(name) for name in names)
        first, second = make(), make(str(second), "other")
    assert sorted(path.read_text() for path in Path("work/set_aside").rglob("*.h5")) == ["made"] * 2 + ["other"] * 2


def test_a_link_into_dvcs_cache_can_be_replaced():
    path = make()
    alone = make("results/flow/samm/007.h5")
    Path("cache").mkdir()
    os.link(path, "cache/object")
    for each in (path, alone):
        each.chmod(0o444)
    records.make_writable([OUTPUT, str(alone), "results/none.h5"])
    assert path.stat().st_mode & 0o200 and not alone.stat().st_mode & 0o200  # which its owner protected


def test_what_was_deleted_damaged_and_edited_behind_snakemakes_back_is_made_again(project):
    """All at once."""
    flow = project.root / "results/flow"
    (flow / "casme2/sub01.h5").unlink()
    with (flow / "samm/006.h5").open("ab") as file:
        file.write(b"more")
    index = project.root / "results/index/smic.csv"
    label = index.read_bytes()
    index.write_bytes(label.replace(b",happiness,1,", b",happiness,0,", 1).replace(b",negative,0,", b",negative,1,", 1))
    assert index.read_bytes() != label
    below = {"duplicate_subjects": 1, "train": 3, "evaluate": 3, "megc2019_table": 1}
    assert project.planned() == {"flow": 2, "index": 1} | below


@pytest.mark.slow
def test_a_figure_edited_behind_snakemakes_back_is_moved_away_and_made_again(project):
    file = project.root / "results/evaluate/megc2019/ststnet.csv"
    before = file.read_bytes()
    file.write_bytes(before.replace(b"uf1", b"uf2", 1))
    assert project.planned() == {"evaluate": 1, "megc2019_table": 1}
    output = project.snakemake("--", "results/megc2019_table.csv").stderr
    assert "ststnet.csv was changed since it was made here: moved to work/set_aside" in output
    assert file.read_bytes() == before and project.planned("results/megc2019_table.csv") == {}
