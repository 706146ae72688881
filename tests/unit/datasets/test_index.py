"""The index CSV: every clip stands in it, those without a face with the reason, and only the others go on."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, StoreError
from microexpr.datasets import index

CLIPS = [
    Clip("casme2", "sub01", name, "generated", name, 1, 4, 4, 1, None, 4, 200, "happiness", 1, 1, "12 or 14")
    for name in ("EP01", "EP02")
]
REASON = "a face must be found in at least 90% of the frames, not in 1 of 4 (casme2/sub01/EP02)"


@pytest.fixture
def faces(tmp_path):
    """The faces file of a subject: a clip with a second face in it, and one with a face in a single frame."""
    path = tmp_path / "sub01.h5"
    with store.subject_file(path, "faces", CLIPS) as file:
        file.group("EP01").put_all(frame=range(1, 5), detected=np.ones(4, bool), other_faces=1)
        file.group("EP02", left_out=REASON).put_all(frame=range(1, 5), detected=np.arange(4) == 2)
    return path


def test_a_clip_without_a_face_stands_in_the_index_with_its_reason_and_one_unseen_is_named(faces, tmp_path) -> None:
    index.write(tmp_path / "index.csv", CLIPS, index.detections([faces]))
    assert index.read(tmp_path / "index.csv") == CLIPS[:1]
    assert index.exclusions(tmp_path / "index.csv") == {"casme2/sub01/EP02": REASON}
    with (tmp_path / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = [("1.000", "1", ""), ("0.250", "0", REASON)]
    assert [(row["detected"], row["other_faces"], row["left_out"]) for row in rows] == expected
    assert rows[0]["action_units_parsed"] == "12|14"
    with store.open_file(faces, "faces") as file:  # the stages after faces pass over it
        assert store.retained_clips(file, CLIPS) == CLIPS[:1]
    seen = index.detections([faces])
    del seen["casme2/sub01/EP02"]
    with pytest.raises(DataError, match=r"not in casme2/sub01/EP02; `snakemake .*faces/casme2/sub01.h5` makes it$"):
        index.write(tmp_path / "index.csv", CLIPS, seen)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",left_out", ",dropped", r"csv: column \d+ must be left_out, not dropped$"),
        (",200,", ",fast,", r"csv, row 2: is of an earlier version or damaged \(.*'fast'\)$"),
    ],
)
def test_an_index_of_an_earlier_version_is_named_with_its_row(tmp_path, old, new, message) -> None:
    index.write(tmp_path / "index.csv", CLIPS)
    text = (tmp_path / "index.csv").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "index.csv").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StoreError, match=message):
        index.read(tmp_path / "index.csv")


def test_line_ends_in_an_annotation_stay(tmp_path) -> None:
    clip = replace(CLIPS[0], action_units="4\r\n+7\n")
    index.write(tmp_path / "index.csv", [clip])
    assert index.read(tmp_path / "index.csv") == [clip] and index.exclusions(tmp_path / "index.csv") == {}
