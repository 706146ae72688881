"""Ground truth from a table, by hand."""

from pathlib import Path

import numpy as np
import pytest

from microexpr.apps.predict import truth
from microexpr.apps.predict.truth import TrueExpression
from microexpr.core.errors import DataError

TIMES = np.arange(60) / 30


def test_a_table_without_emotions_has_no_class_and_one_with_them_has(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("kind,onset,offset\nmicro,1,9\nblink,2,3\n")
    (true,) = truth.micro(truth.read(path, Path("take.avi"))[0], TIMES)
    assert true == TrueExpression(1, 9) and str(true) == ""
    path.write_text("kind,emotion,onset,offset\nmicro,Happiness,1,9\nmicro,others,20,30\nmicro,surprise,40,50\n")
    found = truth.micro(truth.read(path, Path("take.avi"))[0], TIMES)
    assert [str(interval) for interval in found] == ["positive (happiness)", "others", "surprise"]


def test_of_a_table_of_many_recordings_those_of_the_video_count(tmp_path):
    path = tmp_path / "annotations.csv"
    path.write_text("recording,kind,onset,offset,coder\na/take.avi,micro,1,9,x\nb/other.mp4,micro,1,9,x\n")
    assert len(truth.read(path, Path("a/take.avi"))[0]) == 1
    with pytest.raises(DataError, match=r"must have rows of third.avi, not of a/take.avi, b/other.mp4"):
        truth.read(path, Path("third.avi"))
    path.write_text("kind,onset,offset,coder\nmicro,1,9,x\nmicro,1,9,y\n")
    with pytest.raises(DataError, match="the events of one coder, not of x, y"):
        truth.read(path, Path("take.avi"))
    path.write_text("kind,onset,offset,coder\nmicro,1,9,x\nmicro,11,19,\n")
    with pytest.raises(DataError, match="the events of one coder, not of no coder, x"):
        truth.read(path, Path("take.avi"))


def test_of_two_videos_of_a_name_the_nearer_counts_and_of_two_subjects_that_of_the_folder(tmp_path):
    """By the path in the row, by the file's own ending, or by the column subject; `predict` calls the column video."""
    path, video = tmp_path / "annotations.csv", tmp_path / "s02/take.1.mp4"
    for text in (
        "video,kind,onset,offset\ns01/take.1.mp4,micro,1,9\ns02/take.1.mp4,micro,20,30\n",
        "recording,kind,onset,offset\ntake.1.avi,micro,1,9\ntake.1.mp4,micro,20,30\n",
        "recording,subject,kind,onset,offset\ntake.1,s01,micro,1,9\ntake.1,s2 ,micro,20,30\ntake.1,S02,micro,40,41\n",
    ):
        path.write_text(text)
        assert truth.read(path, video)[0][0].onset == 20, text
    path.write_text("recording,kind,onset,offset\nP01,micro,20,30\n")
    assert [len(truth.read(path, Path(name))[0]) for name in ("P01.ts", "P01.unusual")] == [1, 1]
    (tmp_path / "P01.frames").mkdir()
    for name in ("P01.2", "P01.frames"):
        with pytest.raises(DataError, match=rf"must have rows of {name}, not of P01"):
            truth.read(path, tmp_path / name)
    for text, message in (
        (
            "recording,kind,onset,offset\na/take.1.mp4,micro,1,9\ntake.1.avi,micro,2,9\n",
            "must have rows of take.1.mp4, not of a/take.1.mp4, also called take.1.avi",
        ),
        ("subject,kind,onset,offset\na,micro,1,9\nb,micro,2,9\n", "could be a recording without a name of a or"),
        ("kind,onset,offset\nmicro,1,9\nblink,1,9\nmicro,1,9\n", r"once, not twice: micro 1 to 9 \(.*row 2; .*row 4\)"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            truth.read(path, video)


def test_frames_that_were_counted_at_another_rate_are_refused(tmp_path):
    path = tmp_path / "take.csv"
    path.write_text("kind,onset,offset,fps\nmicro,1,9,30\n")
    (true,) = truth.micro(truth.read(path, Path("take.avi"))[0], TIMES)
    assert true.span == (1, 9)
    dropped, rounded = np.delete(np.arange(900), slice(500, 540)) / 30, np.round(np.arange(20) / 30, 3)
    for times in (dropped, rounded, np.delete(TIMES, 7)):
        assert len(truth.micro(truth.read(path, Path("take.avi"))[0], times)) == 1
    for fps, times in (("25", rounded), ("29.97", dropped), ("60", TIMES)):
        path.write_text(f"kind,onset,offset,fps\nmicro,1,9,{fps}\n")
        with pytest.raises(DataError, match=rf"fps must be 30.*, the recording's, not {fps}: .* \(.*take.csv, row 2\)"):
            truth.micro(truth.read(path, Path("take.avi"))[0], times)


def test_each_spotted_expression_has_the_true_one_it_hits():
    true = [TrueExpression(100, 109, "fear"), TrueExpression(0, 9, "disgust")]
    spotted = [(1, 10), (0, 9), (40, 49)]
    assert truth.match(spotted, true) == {(0, 9): true[1]}
    assert truth.summary(spotted, true).startswith("hits 1, false 2, missed 1 at IoU 0.5")


def test_rows_of_another_subject_or_folder_are_not_those_of_a_video(tmp_path):
    path, video = tmp_path / "t.csv", tmp_path / "s01/take.mp4"

    def read(*rows, of=video):
        path.write_text("\n".join(["recording,subject,kind,onset,offset", *(f"{row},micro,1,9" for row in rows), ""]))
        return truth.read(path, of)

    with pytest.raises(DataError, match=r"must have rows of take.mp4, not of .*s02/take.mp4"):
        read("D:\\x\\s02\\take.mp4,")
    for row in ("take.mp4,s02", ",s02"):
        with pytest.raises(DataError, match=r"must have the events of .*take.mp4, not of subject s02 \(.*row 2\)"):
            read(row)
    with pytest.raises(DataError, match="not of subject f1"):
        read("take,f1", of=tmp_path / "m1/take.mp4")
    assert len(read("take,f1", of=tmp_path / "session2/take.mp4")[0]) == len(read("take.mp4,anna")[0]) == 1
    assert read("take,s01", "take,s02")[1] == [f"{path}: rows of other recordings: 1"]
    (note,) = read("C:\\x\\s01\\take.mp4,")[1]
    assert note.startswith("C:") and note.endswith("s01/take.mp4 are taken as one recording")
