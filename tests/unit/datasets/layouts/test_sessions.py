"""MMI as its pages come out of the archive: sessions with a video and XML beside it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from microexpr import datasets
from microexpr.core.errors import DataError


def read(root: Path):
    return datasets.layout("mmi").read(root, "generated")


SESSION = '<?xml version="1.0" encoding="utf-8"?>\n<session sessionId="{}"><track type="Video" view="{}"/></session>'
ANNOTATION = (
    '<?xml version="1.0"?><annotations><Metatag Name="Emotion" Value="{}"/><Metatag Name="a" Value="4"/></annotations>'
)
CODES = '<?xml version="1.0"?><oao>{}</oao>'
FRAMES = 12


def write(root: Path, pages: str, number: int, sid: str, emotion: int | None, view: int = 0, fps: int = 25) -> Path:
    folder = root / pages / "Sessions" / str(number)
    folder.mkdir(parents=True)
    (folder / "session.xml").write_text(SESSION.format(number, view))
    (folder / f"{sid}.xml").write_text(ANNOTATION.format(emotion) if emotion is not None else "<annotations/>")
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    file = cv2.VideoWriter(str(folder / f"{sid}.avi"), cv2.CAP_OPENCV_MJPEG, codec, fps, (64, 48))
    for frame in range(FRAMES):
        file.write(np.full((48, 64, 3), (0, number % 100, 100 + 10 * frame), np.uint8))
    file.release()
    return folder


@pytest.fixture
def root(tmp_path):
    for code in range(1, 7):
        write(tmp_path, "page-1", 1700 + code, f"S002-{100 + code}", code)
    folder = write(tmp_path, "page-2", 9, "S054-001", 6, fps=24)
    units = "".join(f'<ActionUnit Number="{number}"/>' for number in (1, 2, 27))
    (folder / "S054-001-oao_aucs.xml").write_text(CODES.format(units))
    write(tmp_path, "page-2", 10, "S054-002", None)
    write(tmp_path, "page-2", 11, "S054-003", 17)
    write(tmp_path, "page-2", 12, "S054-004", 4, view=1)
    write(tmp_path, ".", 13, "S001-001", 4, view=2)
    return tmp_path


def test_frontal_sessions_with_an_emotion(root):
    clips, notes = read(root)
    assert [clip.id for clip in clips] == [*(f"mmi/S002/S002-{n}" for n in range(101, 107)), "mmi/S054/S054-001"]
    emotions = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "surprise"]
    assert [clip.emotion for clip in clips] == emotions
    assert [clip.label for clip in clips] == [0, 0, 0, 1, 0, 2, 2]
    assert [clip.fps for clip in clips] == [25] * 6 + [24]
    assert [clip.action_units for clip in clips] == [""] * 6 + ["1+2+27"]
    for clip in clips:
        assert (clip.first, clip.onset, clip.apex, clip.offset, clip.last) == (0, None, None, None, FRAMES - 1)
    assert [note.removeprefix(f"{root}: ") for note in notes] == [
        "sessions that do not show the face from the front: 2, passed over",
        "sessions without an emotion of 1..6: 2, passed over",
    ]


def test_pictures_are_the_frames_of_the_video(root, monkeypatch):
    clip = read(root)[0][-1]
    numbers, pictures = datasets.frame_reader(clip, root)
    assert numbers == list(range(FRAMES))
    red = [picture[..., 0].mean() for picture in pictures()]
    assert np.allclose(red, 100 + 10 * np.arange(FRAMES), atol=3)
    monkeypatch.setattr(datasets, "HELD_BYTES", 5 * 48 * 64 * 3)  # the others are read again, from the middle on
    _, read_again = datasets.frame_reader(clip, root)
    assert np.array_equal(list(read_again()), list(read_again()))
    assert np.array_equal(list(read_again()), list(pictures()))


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbb">]><a>&b;</a>'
BAD = {
    "document type": ("S002-101.xml", BOMB, r"plain XML, not one with a document type 'a' \(.*S002-101.xml\)"),
    "no encoding": (
        "S002-101.xml",
        '<?xml version="1.0" encoding="x"?><a/>',
        "101.xml: is not readable XML .unknown enc",
    ),
    "of several bytes": ("S002-101.xml", '<?xml version="1.0" encoding="big5"?><a/>', "101.xml: is not readable XML"),
    "cut short": ("S002-101.xml", "<annotations>", "S002-101.xml: is not readable XML"),
    "two emotions": ("S002-101.xml", f"<a>{ANNOTATION[21:] * 2}</a>".format(1, 2), "one emotion, not 1 and 2"),
    "no view": ("session.xml", "<session/>", r"one of 0, 1 and 2, not missing \(.*session.xml\)"),
    "other view": ("session.xml", SESSION.format(1, 3), "one of 0, 1 and 2, not 3"),
    "no session": ("session.xml", None, "session.xml: the annotation is missing"),
    "no video": ("S002-101.avi", None, "S002-101.avi: the video is missing"),
    "two annotations": ("S002-109.xml", "<a/>", "1701: must hold one annotation like S002-106.xml, not 2"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_session_is_refused(root, kind):
    name, text, message = BAD[kind]
    file = root / "page-1/Sessions/1701" / name
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    with pytest.raises(DataError, match=message):
        read(root)


def test_folder_without_sessions_is_refused(tmp_path):
    with pytest.raises(DataError, match="must hold sessions like Sessions/1795"):
        read(tmp_path)
