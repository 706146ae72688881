"""Test the files found in folders as people have them, whatever their names."""

import os
import shutil
import socket
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from microexpr.core import outputs
from microexpr.core.errors import DataError
from microexpr.videos import search
from microexpr.videos.search import A_PICTURE, A_VIDEO, find, sniff
from microexpr.videos.writer import writer


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "take.avi"
    with writer(path, 30.0, b"test") as write:
        for level in range(4):
            write(np.full((48, 64, 3), 40 * level, np.uint8))
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch, video):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "videos").mkdir()
    shutil.copy(video, "videos/take.avi")
    return tmp_path / "videos"


def sound(path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 800, "NONE", ""))
        file.writeframes(bytes(1600))


def photograph(path, form="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(path, form)


def rows(items):
    return {item.name: (item.kind, item.reason) for item in items}


def test_content_tells_what_a_file_is_and_not_its_name(folder, video):
    for name in (names := ["P01.mts", "P02", "P03.MP4.part", "12:30 50%.3gp", "-dash.txt"]):
        shutil.copy(video, folder / name)
    forms = {"a.avif": "AVIF", "b.jfif": "JPEG", "c.tga": "TGA", "d": "WEBP", "e.mp4": "PNG"}
    for name, form in forms.items():
        photograph(folder / "pictures" / name, form)
    expected = dict.fromkeys(["take.avi", *names], ("video", ""))
    assert rows(find([folder], "videos", fps=30)) == expected | {"pictures": ("frames", "")}
    read = {f"pictures/{name}": ("picture", "") for name in forms}
    assert rows(find([folder], "each picture")) == read | dict.fromkeys(expected, ("video", A_VIDEO))


def test_all_that_is_not_read_has_a_reason(folder):
    (folder / "notes.txt").write_text("notes")
    (folder / "cut.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    (folder / "broken.mkv").write_bytes(b"\x1a\x45\xdf\xa3 and no more")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "empty").touch()
    (folder / "data.zip").write_bytes(b"PK\x03\x04" + bytes(range(200)))
    sound(folder / "sound.wav")
    os.mkfifo(folder / "pipe.mp4")
    (folder / "gone.avi").symlink_to("nowhere")
    socket.socket(socket.AF_UNIX).bind("videos/socket")
    assert rows(find([folder], "videos")) == {
        "take.avi": ("video", ""),
        "cut.mp4": ("video", ""),  # fails when it is read
        "broken.mkv": ("video", ""),
        "photo.jpg": ("picture", A_PICTURE),
        "notes.txt": ("other", "text"),
        "empty": ("other", "0 bytes"),
        "data.zip": ("other", "a zip archive"),
        "sound.wav": ("other", "sound alone"),
        "pipe.mp4": ("other", "a named pipe"),
        "gone.avi": ("other", "a link that leads nowhere"),
        "socket": ("other", "a socket"),
    }
    assert rows(find([folder / "notes.txt"], "videos")) == {"notes.txt": ("other", "text")}


def test_companions_hidden_files_and_our_own_results_are_passed_over(folder):
    for name in (
        "take.csv",
        "take.eaf",
        "take.avi.md5",
        ".take.mp4",
        ".hidden/take.avi",
        "Thumbs.db",
        "_coders/anna/take.eaf",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("text")
    sound(folder / "take.wav")
    names = ("page.html", "annotated.avi")
    out = outputs.Output(folder / "mine", (), False, command="predict", names=names, numbered="frames/[0-9]*.png")
    with outputs.publish(out) as part:
        (part / "page.html").write_text("page")
        shutil.copy(folder / "take.avi", part / "annotated.avi")
        photograph(part / "frames/1.png")
    with outputs.publish(outputs.table(folder / "summary.csv", (), False)) as part:
        (part / "summary.csv").write_text("a,b")
    with outputs.publish(outputs.file(folder / "film.avi", outputs.VIDEOS, (), False, ".csv")) as part:
        shutil.copy(folder / "take.avi", part / "film.avi")
        (part / "film.csv").write_text("kind")
    shutil.copytree(folder, folder / "out")
    assert rows(find([folder], "videos", out=folder / "out")) == dict.fromkeys(["take.avi", "film.avi"], ("video", ""))
    (folder / "mine/notes.txt").write_text("of a user")
    assert "mine/notes.txt" in rows(find([folder], "videos", out=folder / "out"))


def test_links_to_folders_are_followed_once(folder):
    (folder / "P2/deep").mkdir(parents=True)
    shutil.move(folder / "take.avi", folder / "P2/deep/take.avi")
    (folder / "A").symlink_to("P2")
    (folder / "P2/up").symlink_to(folder)
    Path("elsewhere").mkdir()
    shutil.copy(folder / "P2/deep/take.avi", "elsewhere/other.avi")
    (folder / "P2/elsewhere").symlink_to(Path("elsewhere").absolute())
    assert [*rows(find([folder], "videos"))] == ["P2/deep/take.avi", "P2/elsewhere/other.avi"]
    assert len(find([folder, folder / "P2", folder / "P2/deep/take.avi"], "videos")) == 2


def test_folders_that_are_too_deep_are_left_out_with_a_reason(folder):
    (folder / ("d/" * 65 + "e")).mkdir(parents=True)
    (item,) = (item for item in find([folder], "videos") if item.reason)
    assert item.path == folder / ("d/" * 65) and item.reason == "a folder in more than 64 others"


def test_a_file_is_read_once_by_whatever_link(folder):
    (folder / "z.avi").symlink_to("take.avi")
    (folder / "zz.avi").hardlink_to(folder / "take.avi")
    same = ("video", f"is the same as {folder / 'take.avi'}")
    assert rows(find([folder], "videos")) == {"take.avi": ("video", ""), "z.avi": same, "zz.avi": same}
    photograph(folder / "a/1.png")
    items = find([folder / "a/1.png", folder / "a"], "pictures", picture_too=True)
    assert [item.reason for item in items] == [f"is read with {folder / 'a'}", ""]


def test_a_folder_of_pictures_is_one_video_or_pictures(folder):
    for number in range(3):
        photograph(folder / f"frames/{number}.png")
    (folder / "frames/times.txt").write_text("times")
    photograph(folder / "cover.png")
    series, each = "3 pictures: --fps N reads them as the frames of one video", ", --pictures each by itself"
    items = rows(find([folder], "videos"))
    assert items["frames"] == ("other", series) and items["cover.png"] == ("picture", A_PICTURE)
    assert rows(find([folder], "videos", picture_too=True))["frames"] == ("other", series + each)
    items = rows(find([folder], "videos", fps=30))
    assert items["frames"] == ("frames", "") and items["frames/times.txt"] == ("other", "text")
    items = rows(find([folder], "pictures", picture_too=True))
    assert items["videos"] == items["frames"] == ("pictures", "") and items["take.avi"] == ("video", A_VIDEO)
    chosen = [folder / "cover.png", folder / "take.avi"]
    assert all(not item.reason for item in find(chosen, "pictures", picture_too=True))
    assert [path.name for path in search.pictures(folder / "frames")] == ["0.png", "1.png", "2.png"]


def test_names_that_are_not_utf8_or_not_there(folder, monkeypatch):
    name = os.fsdecode(b"bad\xff\n.mp4")
    (folder / "take.avi").rename(folder / name)
    (item,) = find([folder], "videos")
    assert item.path == folder / name and item.name == r"bad\udcff\n.mp4" and item.kind == "video"
    assert rows(find([Path("videos/*")], "videos")) == {item.name: ("video", "")}
    for path, message in (("none.avi", "none.avi: is not there"), ("*.avi", "matches nothing")):
        with pytest.raises(DataError, match=message):
            find([Path(path)], "videos")
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match="must be a video, a picture or a folder with any, not one without"):
        find([folder / "empty"], "videos")
    monkeypatch.chdir(folder / "empty")
    assert find([Path("../*")], "videos")[0].source == str(folder / name)


def test_a_large_file_is_not_read_whole(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(b"\x01\x02\x80\x03" * 100)
    os.truncate(path, 1 << 40)
    assert sniff(path) == ("other", f"{1 << 40} bytes that begin with {path.open('rb').read(12)!r}")
