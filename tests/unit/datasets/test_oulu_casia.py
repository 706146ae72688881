"""Oulu-CASIA's visible, strong part as it lies on disk: six emotions of a person, neutral to apex."""

import cv2
import numpy as np
import pytest

from microexpr import datasets
from microexpr.core.errors import DataError
from microexpr.datasets.layouts import oulu_casia

LABELS = {"Anger": 0, "Disgust": 0, "Fear": 0, "Happiness": 1, "Sadness": 0, "Surprise": 2}


@pytest.fixture(params=["B_OriginalImg/", "OriginalImg/", ""])
def root(request, tmp_path):
    for person in ("P001", "P080"):
        for number, emotion in enumerate(LABELS):
            folder = tmp_path / f"{request.param}VL/Strong/{person}/{emotion}"
            folder.mkdir(parents=True)
            for frame in range(9 + number):
                cv2.imwrite(str(folder / f"{frame:03d}.jpeg"), np.full((6, 8, 3), (0, 0, 100 + 5 * frame), np.uint8))
    (tmp_path / f"{request.param}VL/Weak/P001/Anger").mkdir(parents=True)
    return tmp_path


def test_every_sequence_from_neutral_to_apex(root):
    clips, notes = oulu_casia.read(root, "licensed")
    assert notes == []
    assert [clip.name for clip in clips[:2]] == ["P001_anger", "P001_disgust"]
    assert [clip.label for clip in clips] == [*LABELS.values()] * 2
    assert [clip.frames for clip in clips] == [*range(9, 15)] * 2
    for clip in clips:
        assert (clip.first, clip.onset, clip.fps) == (0, 0, 25)
        assert clip.apex == clip.offset == clip.last == clip.frames - 1
    numbers, pictures = datasets.frame_reader(clips[-1], root)
    assert numbers == list(range(14))
    red = [picture[..., 0].mean() for picture in pictures()]
    assert np.allclose(red, 100 + 5 * np.arange(14), atol=3)  # red comes first, and in the order of the numbers


def test_a_gap_is_refused(root):
    next(root.rglob("Strong/P080/Fear/004.jpeg")).unlink()
    with pytest.raises(DataError, match="P080/Fear: frame 4 is missing between 0 and 10"):
        oulu_casia.read(root, "licensed")


def test_empty_copy_is_refused(tmp_path):
    with pytest.raises(DataError, match="must hold a folder B_OriginalImg/VL/Strong or"):
        oulu_casia.read(tmp_path, "licensed")
    (tmp_path / "VL/Strong").mkdir(parents=True)
    with pytest.raises(DataError, match="must hold sequences like P001/Anger, found none"):
        oulu_casia.read(tmp_path, "licensed")
