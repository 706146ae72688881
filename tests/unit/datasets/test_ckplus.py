"""CK+ as its three archives lie on disk, against what its publication says of codes and last frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from microexpr.core.errors import DataError
from microexpr.datasets.layouts import ckplus

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
    clips, notes = ckplus.read(root, "licensed")
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
    assert len(notes) == 1
    assert notes[0].endswith("sequences without an emotion file: 2, passed over")


def test_other_names_of_the_folders(root):
    before = ckplus.read(root, "licensed")[0]
    for name, above in (
        ("cohn-kanade-images", "extended-cohn-kanade-images"), ("Emotion", "Emotion_labels"), ("FACS", "FACS_labels")
    ):  # fmt: skip
        (root / above).mkdir()
        (root / name).rename(root / above / name)
    after = ckplus.read(root, "licensed")[0]
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
        ckplus.read(root, "licensed")
