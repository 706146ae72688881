"""Paths of no regular file are named, all others left to the call that opens them; digests of files and values."""

import os
import socket
from pathlib import Path

import pytest

from microexpr.core.errors import DataError, StoreError
from microexpr.core.files import LARGEST_JSON, file_digest, is_below, read_json, regular, value_digest, visible


def test_pipes_sockets_and_devices_are_refused_and_others_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for name, kind in (("pipe", "a named pipe"), ("socket", "a socket"), ("/dev/zero", "a device")):
            with pytest.raises(StoreError, match=f"^{name}: must be a file, not {kind}$"):
                regular(name, StoreError)
    Path("link").symlink_to("pipe")
    with pytest.raises(DataError, match=r"^link: must be a file, not a named pipe$"):
        regular("link")
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("", "file", "none", "loop"):
        assert regular(tmp_path / name) == tmp_path / name


def test_hidden_files_and_those_of_systems_are_not_visible(tmp_path):
    for name in ("a/._b.jpg", "a/b.jpg", "._a", ".DS_Store", "Thumbs.db", "__MACOSX/b.jpg", ".c/b.jpg", "a/d/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert visible(tmp_path) == [tmp_path / "a"]
    assert visible(tmp_path, "*/*.jpg") == [tmp_path / "a/b.jpg"]
    assert visible(tmp_path, "**/*.jpg") == [tmp_path / "a/b.jpg", tmp_path / "a/d/b.jpg"]
    assert visible(tmp_path / ".c") == [tmp_path / ".c/b.jpg"]  # the user named it
    with pytest.raises(FileNotFoundError):
        visible(tmp_path / "none")


def test_digests_are_of_contents_and_of_keys_in_any_order(tmp_path):
    """By the examples of FIPS 180-4: of "abc", and of nothing."""
    (tmp_path / "a").write_bytes(b"abc")
    assert file_digest(tmp_path / "a").startswith("ba7816bf8f01cfea")
    assert value_digest({"a": 1, "b": Path("x")}) == value_digest({"b": "x", "a": 1}) != value_digest({})


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a", True), ("a/../b", True), ("..a", True), ("../y", False), ("a/../../y", False), ("/etc", False), ("", True)],
)
def test_a_path_leads_into_a_folder_by_its_parts(path, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [is_below(Path(folder, path), Path(folder)) for folder in (".", "..", "x", tmp_path)] == [expected] * 4


@pytest.mark.parametrize("text", ["", "[" * 10**5, "9" * 5000, "\xff", " " * (LARGEST_JSON + 1)])
def test_json_that_is_none_or_too_large_or_deep_is_an_error_of_one_line(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=r"a\.json: must be JSON of at most 64 MB"):
        read_json(tmp_path / "a.json")
