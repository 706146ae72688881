"""Test which files are replaced, how they get their names, and what an interruption leaves."""

import fcntl
import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import ANY, Mock

import pytest

from microexpr.core import outputs
from microexpr.core.errors import OutputError, StoreError
from microexpr.core.files import file_digest

NAMES = ("a.csv", "b.csv")


def folder(path, force=False):
    return outputs.Output(path, (), force, command="test", names=NAMES, numbered="frames/[0-9]*.png")


def picture(path, force=False):
    return outputs.file(path, outputs.PICTURES, (), force)


def run(path, word, frames=0, **options):
    """Write both files and some frames, with a word as the content of all."""
    with outputs.publish(folder(path, **options)) as part:
        for name in (*NAMES, *(f"frames/{number}.png" for number in range(frames))):
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_text(word)


def contents(path):
    """Return the text of every file by name, except that of the manifest."""
    return {
        file.relative_to(path).as_posix(): file.read_text()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != ".test.microexpr.json"
    }


def test_a_command_replaces_its_own_files_and_leaves_others_also_numbered_ones(tmp_path):
    run(tmp_path / "x/y", "first", frames=3)
    (tmp_path / "x/y/notes.txt").write_text("mine")
    (tmp_path / "x/y/frames/mine.png").write_text("mine")
    run(tmp_path / "x/y", "second", frames=1)
    assert [manifest.command for manifest in outputs.manifests(tmp_path / "x/y")] == ["test"]
    assert contents(tmp_path / "x/y") == {
        **dict.fromkeys((*NAMES, "frames/0.png"), "second"), "frames/mine.png": "mine", "notes.txt": "mine"
    }  # fmt: skip
    run(tmp_path / "z", "first", frames=2)
    (tmp_path / "z/frames/0500.png").write_text("mine")
    with pytest.raises(OutputError, match=r"frames/0500\.png: .*choose another --out, or add --force to replace it"):
        folder(tmp_path / "z")
    run(tmp_path / "z", "second", frames=1, force=True)
    frames = {"frames/0.png": "second", "frames/0500.png": "mine"}
    assert contents(tmp_path / "z") == dict.fromkeys(NAMES, "second") | frames


@pytest.mark.parametrize("text", ["first, and notes", "FIRST"])
def test_a_file_that_was_changed_since_is_refused(tmp_path, text):
    run(tmp_path, "first")
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(OutputError, match=r"b\.csv: .* changed since; choose another --out, or add --force"):
        folder(tmp_path)
    assert contents(tmp_path) == {"a.csv": "first", "b.csv": text}
    run(tmp_path, "second", force=True)
    assert contents(tmp_path) == dict.fromkeys(NAMES, "second")


def test_a_copied_folder_is_recognised_by_its_digests_and_an_unchanged_file_is_not_read(tmp_path, monkeypatch):
    run(tmp_path / "one", "first")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two/a.csv").touch()
    run(tmp_path / "two", "second")
    assert contents(tmp_path / "two") == dict.fromkeys(NAMES, "second")
    monkeypatch.setattr(outputs, "file_digest", lambda path: pytest.fail(f"{path} was read"))
    folder(tmp_path / "one")


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        "{}",
        '{"files": [], "record": {}}',
        '{"files": {"a.csv": 1}, "record": {}}',
        "\0",
        "[" * 9**5,
        '{"files": [[5, {}]], "record": {}}',
    ],
)
def test_a_damaged_manifest_lists_no_file(tmp_path, manifest):
    run(tmp_path, "first")
    (tmp_path / ".test.microexpr.json").write_text(manifest)
    with pytest.raises(OutputError, match="not a file of this command's"):
        folder(tmp_path)


@pytest.mark.parametrize("name", ["manifest", "lock"])
@pytest.mark.parametrize("target", ["", "/dev/zero", "../../outside"])
def test_a_manifest_or_lock_that_is_a_pipe_or_a_link_is_neither_waited_for_nor_followed(tmp_path, name, target):
    path = tmp_path / "out" / {"manifest": ".test.microexpr.json", "lock": ".test.microexpr.part/lock"}[name]
    path.parent.mkdir(parents=True)
    path.symlink_to(target) if target else os.mkfifo(path)
    with pytest.raises(OutputError, match="symbolic links") if target and name == "lock" else nullcontext():
        run(tmp_path / "out", "first")
        assert contents(tmp_path / "out") == dict.fromkeys(NAMES, "first")
    assert {*tmp_path.iterdir()} == {tmp_path / "out"}


def test_a_manifest_that_is_a_link_or_from_elsewhere_makes_no_file_ours(tmp_path):
    run(tmp_path / "out", "first")
    (tmp_path / "out/.test.microexpr.json").rename(tmp_path / "manifest.json")
    (tmp_path / "out/.test.microexpr.json").symlink_to(tmp_path / "manifest.json")
    with pytest.raises(OutputError, match="not a file of this command's"):
        run(tmp_path / "out", "second")
    assert contents(tmp_path / "out") == dict.fromkeys(NAMES, "first")
    run(tmp_path / "two", "first")
    (tmp_path / "thesis.txt").write_text("mine")
    path = tmp_path / "two/.test.microexpr.json"
    listed = json.loads(path.read_text())
    listed["files"]["../thesis.txt"] = {"sha256": file_digest(tmp_path / "thesis.txt"), "size": 4}
    path.write_text(json.dumps(listed))
    assert outputs.Manifest(tmp_path / "two", "test").intact() == {*NAMES}
    run(tmp_path / "two", "second")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_link_of_a_folder_is_not_written_through(tmp_path):
    run(tmp_path / "out", "mine")
    (tmp_path / "out/a.csv").rename(tmp_path / "mine")  # with the listed size and time
    (tmp_path / "out/a.csv").symlink_to("../mine")
    with pytest.raises(OutputError, match=r"out/a\.csv: must not be written"):
        folder(tmp_path / "out")
    run(tmp_path / "out", "first", force=True)
    assert (tmp_path / "mine").read_text() == "mine" and not (tmp_path / "out/a.csv").is_symlink()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/frames").symlink_to("../elsewhere")
    with pytest.raises(OutputError, match="out/frames is none"):
        folder(tmp_path / "out", force=True)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/.test.microexpr.part").symlink_to("../elsewhere")
    with pytest.raises(OutputError, match=r"linked/\.test\.microexpr\.part: must not be a link"):
        run(tmp_path / "linked", "first")


def test_a_link_that_the_user_names_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    run(tmp_path / "link", "first")
    assert (tmp_path / "link").is_symlink() and contents(tmp_path / "real") == dict.fromkeys(NAMES, "first")
    for name in ("a.csv", "a.png"):
        (tmp_path / f"link-{name}.png").symlink_to(f"real/{name}")
    with pytest.raises(OutputError, match=r"real/a\.csv: must end in \.png"):
        picture(tmp_path / "link-a.csv.png", force=True)
    assert picture(tmp_path / "link-a.png.png", force=True).paths == [tmp_path / "real/a.png"]


def test_a_failure_leaves_the_earlier_files_and_nothing_else_and_names_the_users_folder(tmp_path, monkeypatch):
    run(tmp_path / "old", "first", frames=2)
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*")}
    for name in ("old", "new/below"):
        with pytest.raises(KeyboardInterrupt), outputs.publish(folder(tmp_path / name)) as part:
            (part / "a.csv").write_text("second")
            raise KeyboardInterrupt
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*")} == before
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=r"^out/a\.csv: disk full$"), outputs.publish(folder(Path("out"))) as part:
        raise StoreError(f"{part / 'a.csv'}: disk full")
    assert not Path("out").exists()


@pytest.mark.parametrize("steps", range(7))
def test_a_kill_while_files_are_replaced_mixes_no_two_runs_and_leaves_no_foreign_file(tmp_path, monkeypatch, steps):
    """The kill comes after removals of three earlier files, and moves of a manifest and of two files."""
    run(tmp_path, "first", frames=1)
    left = iter(range(steps))

    def killed(function, path, *arguments):
        target = arguments[0] if arguments else path
        if outputs.PART not in str(target) and next(left, None) is None:
            raise KeyboardInterrupt
        return function(path, *arguments)

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            function = getattr(Path, name)
            patch.setattr(Path, name, lambda path, *to, function=function: killed(function, path, *to))
        with pytest.raises(KeyboardInterrupt) if steps < 6 else nullcontext():
            run(tmp_path, "second")
    expected = ["first"] * (3 - steps) if steps < 3 else ["second"] * max(steps - 4, 0)
    assert [*contents(tmp_path).values()] == expected
    run(tmp_path, "third")
    assert contents(tmp_path) == dict.fromkeys(NAMES, "third")


def test_a_second_writer_is_refused_and_the_folder_of_a_killed_one_is_emptied(tmp_path):
    part = tmp_path / ".test.microexpr.part"
    (part / "files").mkdir(parents=True)
    (part / "files/a.csv").write_text("half of it")
    (part / "lock").touch()
    with outputs.publish(folder(tmp_path)) as files:
        with pytest.raises(OutputError) as error:
            run(tmp_path, "second")
        with outputs.publish(picture(tmp_path / "a.png")):  # another command may write
            (files / "b.csv").write_text("first")
    assert str(error.value) == f"{tmp_path}: must not be written by two processes, and another one writes it now"
    assert contents(tmp_path) == {".a.png.microexpr.json": ANY, "b.csv": "first"} and not part.exists()


def test_a_lock_that_was_removed_just_now_is_none_and_a_file_system_without_locks_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", lambda file, how: (tmp_path / ".test.microexpr.part/lock").unlink())
    with pytest.raises(OutputError, match="by two processes"):
        run(tmp_path, "first")
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=OSError("no locks here")))
    run(tmp_path, "first")
    assert contents(tmp_path) == dict.fromkeys(NAMES, "first")


def test_no_file_is_moved_onto_one_that_came_meanwhile_or_if_it_was_not_declared(tmp_path):
    with pytest.raises(ValueError, match=r"c\.csv was written"), outputs.publish(folder(tmp_path)) as part:
        (part / "c.csv").write_text("first")
    with pytest.raises(OutputError, match=r"a\.csv: must not be written"), outputs.publish(folder(tmp_path)) as part:
        (part / "a.csv").write_text("first")
        (tmp_path / "a.csv").write_text("mine")
    assert contents(tmp_path) == {"a.csv": "mine"}
