"""AffectNet's pictures and lists as they lie on disk; the codes are its publication's."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from microexpr import datasets
from microexpr.core.errors import DataError
from microexpr.datasets import index
from microexpr.datasets.check import check


def read(root: Path):
    return datasets.layout("affectnet").read(root, "generated")


HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
EMOTIONS = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]
LABELS = [None, 1, 0, 2, 0, 0, 0, 0]


def row(path: str, code: object) -> str:
    return f"{path},1,2,30,40,{';'.join(['1.5'] * 136)},{code},-2,-2"


@pytest.fixture
def root(tmp_path):
    rows = []
    for code in range(11):
        folder = tmp_path / "Manually_Annotated_Images" / str(680 + code % 2)
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{code:02d}ab.jpg"), np.full((6, 8, 3), (0, 0, 20 * code), np.uint8))
        rows.append(row(f"{folder.name}/{code:02d}ab.jpg", code))
    (tmp_path / "training.csv").write_text("\n".join([HEADER, *rows[:5], *rows[8:], rows[8]]))
    (tmp_path / "validation.csv").write_text("\n".join([HEADER, *rows[5:8]]))
    return tmp_path


def edit(root: Path, old: str, new: str) -> None:
    text = (root / "validation.csv").read_text()
    assert old in text
    (root / "validation.csv").write_text(text.replace(old, new, 1))


def test_codes_and_single_frames(root):
    clips, notes = read(root)
    by_code = sorted(clips, key=lambda clip: clip.name)
    assert [clip.emotion for clip in by_code] == EMOTIONS
    assert [clip.label for clip in by_code] == LABELS
    assert [clip.subject for clip in by_code] == ["680", "681"] * 4
    assert [clip.id for clip in clips] == sorted(clip.id for clip in clips)
    for clip in clips:
        assert (clip.first, clip.onset, clip.apex, clip.offset, clip.last) == (0, 0, 0, 0, 0)
        assert (clip.frames, clip.fps) == (1, 0)
    assert [note.removeprefix(f"{root}: ") for note in notes] == [
        "rows with an uncertain emotion: 1, passed over",
        "rows with no emotion: 2, passed over",
        "rows with no face: 1, passed over",
    ]


def test_lists_in_their_own_folder(root):
    before = read(root)
    (root / "Manually_Annotated_file_lists").mkdir()
    for name in ("training.csv", "validation.csv"):
        (root / name).rename(root / "Manually_Annotated_file_lists" / name)
    assert read(root) == before


def test_index_takes_one_frame_for_long_enough(root, tmp_path_factory, monkeypatch):
    project = tmp_path_factory.mktemp("project")
    (project / "data/raw").mkdir(parents=True)
    root.rename(project / "data/raw/affectnet")
    monkeypatch.chdir(project)
    clips = index.read_licensed("affectnet")
    assert len(index.verify("affectnet", clips, index.Params())) == 3
    index.write("affectnet.csv", clips)
    assert index.read("affectnet.csv") == clips
    assert check("data/raw/affectnet").problems == []  # no count is published that it could miss


BAD = {
    "code": (",5,-2", ",11,-2", r"code of 0\.\.10, not '11' \(validation.csv, row 2\)"),
    "missing": ("06ab", "77ab", r"680/77ab.jpg: the picture is missing \(validation.csv, row 3\)"),
    "elsewhere": ("680/06ab", "../06ab", r"plain letters.*not '\.\.' \(validation.csv, row 3\)"),
    "deep": ("680/06ab", "680/1/06ab", "a directory and a file like 689/ab12.jpg, not '680/1/06ab.jpg'"),
    "twice": ("681/07ab", "680/06ab", r"affectnet/680/06ab must have one row.*validation.csv, row 4"),
    "column": ("expression", "expresion", r"column 'expression' is missing in row 1 .did you mean 'expresion'"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_row_is_refused(root, kind):
    old, new, message = BAD[kind]
    edit(root, old, new)
    with pytest.raises(DataError, match=message):
        read(root)


def test_missing_list_is_refused(root):
    (root / "validation.csv").unlink()
    with pytest.raises(DataError, match=r"must hold validation\.csv or Manually_Annotated_file_lists/validation\.csv"):
        read(root)
