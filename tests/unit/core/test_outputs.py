"""Which files are replaced, how they come to their names, and what an interruption leaves."""

import json
import shutil
from pathlib import Path

import pytest

from microexpr.core import outputs
from microexpr.core.errors import OutputError, StoreError
from microexpr.core.files import file_digest

NAMES = ("a.csv", "b.csv")
NUMBERED = "frames/[0-9]*.png"


def folder(path, inputs=(), force=False):
    return outputs.folder(path, "test", NAMES, inputs, force, NUMBERED)


def run(path, word, frames=0, **options):
    """Writes both files and so many frames, all of which say `word`."""
    with outputs.publish(folder(path, **options)) as part:
        for name in (*NAMES, *(f"frames/{number}.png" for number in range(frames))):
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_text(word)


def contents(path):
    """The text of every file by name, but for the manifest's."""
    return {
        file.relative_to(path).as_posix(): file.read_text()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != ".test.microexpr.json"
    }


def test_a_command_replaces_its_own_files_and_leaves_others(tmp_path):
    run(tmp_path / "x/y", "first", frames=3)
    (tmp_path / "x/y/notes.txt").write_text("mine")
    (tmp_path / "x/y/frames/mine.png").write_text("mine")
    run(tmp_path / "x/y", "second", frames=1)
    (tmp_path / "x/y/.notes").touch()
    assert [manifest.of for manifest in outputs.manifests(tmp_path / "x/y")] == ["test"]
    (tmp_path / "x/y/.notes").unlink()
    assert contents(tmp_path / "x/y") == {
        **dict.fromkeys((*NAMES, "frames/0.png"), "second"), "frames/mine.png": "mine", "notes.txt": "mine"
    }  # fmt: skip


@pytest.mark.parametrize("text", ["first, and notes", "FIRST"])
def test_a_file_that_was_changed_since_is_refused(tmp_path, text):
    run(tmp_path, "first")
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(OutputError, match=r"b\.csv: .* changed since; choose another --out, or add --force"):
        folder(tmp_path)
    assert contents(tmp_path) == {"a.csv": "first", "b.csv": text}
    run(tmp_path, "second", force=True)
    assert contents(tmp_path) == dict.fromkeys(NAMES, "second")


def test_a_copied_folder_is_recognised_by_its_digests(tmp_path):
    run(tmp_path / "one", "first")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two/a.csv").touch()
    run(tmp_path / "two", "second")
    assert contents(tmp_path / "two") == dict.fromkeys(NAMES, "second")


def test_an_unchanged_file_is_not_read_again(tmp_path, monkeypatch):
    run(tmp_path, "first")
    monkeypatch.setattr(outputs, "file_digest", lambda path: pytest.fail(f"{path} was read"))
    folder(tmp_path)


def test_numbered_files_of_others_are_never_removed(tmp_path):
    run(tmp_path, "first", frames=2)
    (tmp_path / "frames/0500.png").write_text("mine")
    for force in (False, True):
        with pytest.raises(OutputError, match=r"frames/0500\.png: .*choose another --out, or remove it"):
            folder(tmp_path, force=force)


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": []}', '{"files": {"a.csv": 1}}', "\0", "[" * 9**5])
def test_a_manifest_that_is_none_makes_nothing_ours(tmp_path, manifest):
    run(tmp_path, "first")
    (tmp_path / ".test.microexpr.json").write_text(manifest)
    with pytest.raises(OutputError, match="not a file of this command's"):
        folder(tmp_path)


def test_a_manifest_from_elsewhere_leads_to_no_other_file(tmp_path):
    run(tmp_path / "out", "first")
    (tmp_path / "thesis.txt").write_text("mine")
    path = tmp_path / "out/.test.microexpr.json"
    listed = json.loads(path.read_text())
    listed["files"]["../thesis.txt"] = {"sha256": file_digest(tmp_path / "thesis.txt"), "size": 4}
    path.write_text(json.dumps(listed))
    run(tmp_path / "out", "second")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_link_of_a_folder_is_not_written_through(tmp_path):
    run(tmp_path / "out", "mine")
    (tmp_path / "out/a.csv").rename(tmp_path / "mine")  # not ours either where it leads to what was
    (tmp_path / "out/a.csv").symlink_to("../mine")
    with pytest.raises(OutputError, match=r"out/a\.csv: must not be written"):
        folder(tmp_path / "out")
    run(tmp_path / "out", "first", force=True)
    assert (tmp_path / "mine").read_text() == "mine" and not (tmp_path / "out/a.csv").is_symlink()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/frames").symlink_to("../elsewhere")
    with pytest.raises(OutputError, match="out/frames is none"):
        folder(tmp_path / "out", force=True)


def test_a_link_that_the_user_names_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    run(tmp_path / "link", "first")
    assert (tmp_path / "link").is_symlink() and contents(tmp_path / "real") == dict.fromkeys(NAMES, "first")
    (tmp_path / "link.png").symlink_to("real/a.csv")
    with pytest.raises(OutputError, match=r"link\.png: must end in \.png, not lead to .*real/a\.csv"):
        outputs.picture(tmp_path / "link.png", (), True)


def test_a_failure_leaves_the_earlier_files_and_nothing_else(tmp_path):
    run(tmp_path / "old", "first", frames=2)
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*")}
    for name in ("old", "new"):
        with pytest.raises(KeyboardInterrupt), outputs.publish(folder(tmp_path / name)) as part:
            (part / "a.csv").write_text("second")
            raise KeyboardInterrupt
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("count", range(3))
def test_a_kill_while_files_are_moved_mixes_no_two_runs(tmp_path, monkeypatch, count):
    """The kill comes after the manifest and `count - 1` files."""
    run(tmp_path, "first", frames=2)
    moves, replace = iter(range(count)), Path.replace

    def killed(path, target):
        if outputs.BEFORE in str(path) and path.parent.name.endswith(outputs.AFTER):
            if target.parent.name.endswith(outputs.AFTER):
                return replace(path, target)  # inside of the hidden folder
            if next(moves, None) is None:
                raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", killed)
        run(tmp_path, "second")
    assert set(contents(tmp_path).values()) <= {"second"} and len(contents(tmp_path)) == max(count - 1, 0)
    run(tmp_path, "third", frames=1)
    assert set(contents(tmp_path).values()) == {"third"}


@pytest.mark.parametrize("removed", range(3))
def test_a_kill_while_earlier_files_go_leaves_no_file_that_is_refused(tmp_path, monkeypatch, removed):
    run(tmp_path, "first", frames=1)
    removals, unlink = iter(range(removed)), Path.unlink

    def killed(path, **options):
        if path.parent.name in ("frames", tmp_path.name) and next(removals, None) is None:
            raise KeyboardInterrupt
        unlink(path, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", killed)
        run(tmp_path, "second")
    assert list(contents(tmp_path).values()) == ["first"] * (3 - removed)
    run(tmp_path, "third")
    assert contents(tmp_path) == dict.fromkeys(NAMES, "third")


def test_the_folder_of_a_killed_command_goes_and_that_of_a_running_one_stays(tmp_path):
    left = tmp_path / f"{outputs.BEFORE}killed{outputs.AFTER}"
    left.mkdir()
    (left / "annotated.avi").write_text("half of it")
    with outputs.publish(folder(tmp_path)) as part:
        assert not left.exists()
        run(tmp_path, "first")
        assert part.is_dir()
        (part / "a.csv").write_text("second")
    assert contents(tmp_path) == {"a.csv": "second"}


def test_a_file_that_came_meanwhile_is_kept(tmp_path):
    with pytest.raises(OutputError, match=r"a\.csv: must not be written"), outputs.publish(folder(tmp_path)) as part:
        (part / "a.csv").write_text("first")
        (tmp_path / "a.csv").write_text("mine")
    assert contents(tmp_path) == {"a.csv": "mine"}


def test_what_nobody_checked_is_not_moved(tmp_path):
    with pytest.raises(ValueError, match=r"c\.csv was written"), outputs.publish(folder(tmp_path)) as part:
        (part / "c.csv").write_text("first")
    assert contents(tmp_path) == {}


def test_an_error_names_the_folder_that_the_user_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=r"^out/a\.csv: disk full$"), outputs.publish(folder(Path("out"))) as part:
        raise StoreError(f"{part / 'a.csv'}: disk full")
    assert not Path("out").exists()
