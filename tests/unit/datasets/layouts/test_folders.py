"""CK+ as its three archives lie on disk, and the visible, strong part of Oulu-CASIA, against their publications."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from microexpr import datasets
from microexpr.core.errors import DataError


def read(root: Path):
    return datasets.layout("ckplus").read(root, "generated")


EMOTIONS = ["anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"]  # codes 1..7
LABELS = [0, 0, 0, 0, 1, 0, 2]  # MEGC2019: negative, positive, surprise


def write(root: Path, subject: str, sequence: str, frames: int, emotion: int | None, units: str = "") -> None:
    folder = root / "cohn-kanade-images" / subject / sequence
    folder.mkdir(parents=True)
    for number in range(1, frames + 1):
        shape = (6, 8) if sequence == "001" else (6, 8, 3)
        cv2.imwrite(str(folder / f"{subject}_{sequence}_{number:08d}.png"), np.full(shape, 20 + 9 * number, np.uint8))
    (folder / ".DS_Store").touch()
    for kind, text in (("Emotion", f"   {emotion}.0000000e+00\n"), ("FACS", units)):
        beside = root / kind / subject / sequence
        beside.mkdir(parents=True)
        if kind == "FACS" or emotion is not None:
            (beside / f"{subject}_{sequence}_{frames:08d}_{kind.lower()}.txt").write_text(text)


@pytest.fixture
def root(tmp_path):
    for code in range(1, 8):
        write(tmp_path, f"S{code:03d}", "001", 10 + code, code, "   4.0000000e+00   2.0000000e+00\n")
    write(tmp_path, "S001", "002", 5, 7, "   1.0000000e+00   0.0000000e+00\n   2.7000000e+01   5.0000000e+00\n")
    write(tmp_path, "S001", "003", 5, None)
    write(tmp_path, "S999", "001", 5, None)
    return tmp_path


def test_codes_frames_and_units(root):
    clips, notes = read(root)
    assert [clip.id for clip in clips[:3]] == ["ckplus/S001/S001_001", "ckplus/S001/S001_002", "ckplus/S002/S002_001"]
    first = [clip for clip in clips if clip.name.endswith("_001")]
    assert [clip.emotion for clip in first] == EMOTIONS
    assert [clip.label for clip in first] == LABELS
    assert [clip.apex for clip in first] == list(range(11, 18))
    for clip in clips:
        assert (clip.first, clip.onset) == (1, 1)
        assert clip.frames == clip.apex == clip.offset == clip.last
    assert [clip.action_units for clip in clips[:2]] == ["4B", "1+27E"]
    assert clips[1].parsed_action_units() == "1 27"
    assert notes[0].endswith("sequences without an emotion file: 2, passed over") and "no pictures: 8" in notes[1]


def test_other_names_of_the_folders(root):
    before = read(root)[0]
    for name, above in (
        ("cohn-kanade-images", "extended-cohn-kanade-images"), ("Emotion", "Emotion_labels"), ("FACS", "FACS_labels")
    ):  # fmt: skip
        (root / above).mkdir()
        (root / name).rename(root / above / name)
    after = read(root)[0]
    assert [(clip.id, clip.action_units) for clip in after] == [(clip.id, clip.action_units) for clip in before]
    assert all(clip.folder.startswith("extended-cohn-kanade-images/cohn-kanade-images/S") for clip in after)


def emotion(text: str):
    return lambda root: (root / "Emotion/S003/001/S003_001_00000013_emotion.txt").write_bytes(text.encode("latin-1"))


def units(text: str):
    return lambda root: (root / "FACS/S003/001/S003_001_00000013_facs.txt").write_text(text)


def without(path: str):
    return lambda root: (root / path).unlink()


def move(path: str, to: str):
    return lambda root: (root / path).rename(root / to)


SEQUENCE = "cohn-kanade-images/S003/001/S003_001_{:08d}.png"
BAD = {
    "no such emotion": (emotion("   8.0000000e+00"), r"one code of 1\.\.7, not 8 \(.*S003_001_00000013_emotion.txt\)"),
    "half an emotion": (emotion("2.5"), "whole number like .*not '2.5'"),
    "not UTF-8": (emotion("3é"), "whole number like .*not '3\N{REPLACEMENT CHARACTER}'"),
    "empty": (emotion(""), "not nothing"),
    "intensity": (units("4.0 1.0\n9.0 6.0"), r"intensity of 0\.\.5, not '9.0 6.0' \(.*_facs.txt, line 2\)"),
    "no units": (without("FACS/S003/001/S003_001_00000013_facs.txt"), "action units are missing"),
    "last frame is gone": (without(SEQUENCE.format(13)), "frame 13, must be the last frame, not 12"),
    "gap": (without(SEQUENCE.format(7)), "frame 7 is missing between 1 and 13"),
    "no pictures": (move("cohn-kanade-images/S003", "elsewhere"), "S003: is not there"),
    "other person": (move("Emotion/S003/001", "Emotion/S004/009"), "must be named like"),
    "no emotions": (move("Emotion", "Emotions"), "must hold a folder Emotion or Emotion_labels/Emotion"),
    "no files": (move("Emotion", "E"), "must hold files like"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_copy_is_refused(root, kind):
    spoil, message = BAD[kind]
    spoil(root)
    if kind == "no files":
        (root / "Emotion").mkdir()
    with pytest.raises(DataError, match=message):
        read(root)


OULU_LABELS = {"Anger": 0, "Disgust": 0, "Fear": 0, "Happiness": 1, "Sadness": 0, "Surprise": 2}


@pytest.fixture(params=["B_OriginalImg/", "OriginalImg/", ""])
def oulu(request, tmp_path):
    for person in ("P001", "P080"):
        for number, emotion in enumerate(OULU_LABELS):
            folder = tmp_path / f"{request.param}VL/Strong/{person}/{emotion}"
            folder.mkdir(parents=True)
            for frame in range(9 + number):
                cv2.imwrite(str(folder / f"{frame:03d}.jpeg"), np.full((6, 8, 3), (0, 0, 100 + 5 * frame), np.uint8))
    (tmp_path / f"{request.param}VL/Weak/P001/Anger").mkdir(parents=True)
    return tmp_path


def test_every_sequence_from_neutral_to_apex(oulu):
    clips, notes = datasets.layout("oulu_casia").read(oulu, "generated")
    assert notes == []
    assert [clip.name for clip in clips[:2]] == ["P001_anger", "P001_disgust"]
    assert [clip.label for clip in clips] == [*OULU_LABELS.values()] * 2
    assert [clip.frames for clip in clips] == [*range(9, 15)] * 2
    for clip in clips:
        assert (clip.first, clip.onset, clip.fps) == (0, 0, 25)
        assert clip.apex == clip.offset == clip.last == clip.frames - 1
    numbers, pictures = datasets.frame_reader(clips[-1], oulu)
    assert numbers == list(range(14))
    red = [picture[..., 0].mean() for picture in pictures()]
    assert np.allclose(red, 100 + 5 * np.arange(14), atol=3)  # red comes first, and in the order of the numbers


def test_a_gap_of_oulu_casia_is_refused(oulu):
    next(oulu.rglob("Strong/P080/Fear/004.jpeg")).unlink()
    with pytest.raises(DataError, match="P080/Fear: frame 4 is missing between 0 and 10"):
        datasets.layout("oulu_casia").read(oulu, "generated")


def test_an_empty_copy_of_oulu_casia_is_refused(tmp_path):
    with pytest.raises(DataError, match="must hold a folder B_OriginalImg/VL/Strong or"):
        datasets.layout("oulu_casia").read(tmp_path, "generated")
    (tmp_path / "VL/Strong").mkdir(parents=True)
    with pytest.raises(DataError, match="must hold sequences like P001/Anger, found none"):
        datasets.layout("oulu_casia").read(tmp_path, "generated")
