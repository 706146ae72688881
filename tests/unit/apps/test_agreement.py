"""Agreement of two coders against values by hand, and against a second library."""

import numpy as np
import pytest

from microexpr import coding
from microexpr.apps import agreement
from microexpr.apps.agreement import Marked
from microexpr.cli.main import main
from microexpr.coding import Coded, elan
from microexpr.core.errors import DataError
from microexpr.core.recordings import Name

TIMES = np.arange(200) / 50


def event(kind, onset, offset, emotion="", units="", apex=None):
    return Coded(kind, onset, apex, offset, "frames", emotion=emotion, action_units=units)


FIRST = [event("micro", 10, 19, "fear", "1+2+5", 14), event("micro", 60, 79, "anger", "4"), event("blink", 100, 109)]
SECOND = [event("micro", 12, 21, "surprise", "1+2", 15), event("micro", 150, 159, "anger", "4"),
          event("blink", 100, 109)]  # fmt: skip


@pytest.fixture
def recording():
    return agreement.compare("take", FIRST, SECOND, TIMES)


def test_figures_are_those_by_hand(recording):
    figures = {(row["of"], row["measure"]): (row["value"], row["count"]) for row in agreement.rows([recording])}
    assert figures["micro", "F1"] == (0.5, 1) and figures["blink", "F1"] == (1, 1)
    assert figures["micro", "onset: mean difference in frames"] == (2, 1)
    assert figures["micro", "offset: mean difference in ms"] == (40, 1)
    assert figures["micro", "apex: mean distance in frames"] == (1, 1)
    assert figures["units", "FACS agreement"] == (0.8, 1)  # 2 * 2 / (3 + 2)
    assert figures["emotion", "same"] == (0, 1)
    # 30 and 20 of 200 frames, 8 of both: observed 166 / 200, by chance 0.15 * 0.1 + 0.85 * 0.9
    kappa = (166 / 200 - 0.78) / (1 - 0.78)
    assert figures["micro", "kappa by frame"] == (pytest.approx(kappa, abs=1e-4), 200)
    # alpha: 1 - 399 * 34 / (50 * 350), of 400 values, 50 of them 1, that differ in 34 frames
    assert figures["micro", "alpha by frame"][0] == pytest.approx(1 - 399 * 34 / (50 * 350), abs=1e-4)
    assert figures["AU4", "kappa by frame"][0] < 0


def test_alpha_is_near_scotts_pi(recording):
    """Scott's pi, which alpha nears as frames grow."""
    sides = (recording.first, recording.second)
    marked = [agreement._frames(recording, side, lambda e: e.kind == "micro") for side in sides]
    share = np.mean(marked)
    expected = share**2 + (1 - share) ** 2
    pi = (np.mean(marked[0] == marked[1]) - expected) / (1 - expected)
    assert agreement._alpha(*marked) == pytest.approx(pi, abs=0.005)


def test_disagreements_are_in_order_of_time_and_work_is_counted(recording):
    texts = [text for _, text in agreement.disagreements(recording, ("anna", "ben"))]
    assert texts == ["micro: 1+2+5 or 1+2", "micro: fear or surprise", "micro (anger): anna alone",
                     "micro (anger): ben alone"]  # fmt: skip
    work = agreement.work([recording])
    assert (work["right"], work["to correct"], work["to delete"], work["to add"]) == (1, 0, 1, 1)
    assert work["frames to look at"] == 130 and work["frames in all"] == 200  # 0..129
    assert work["hours a minute without proposals"] == pytest.approx(2 * 50 * 60 / 3600, abs=1e-3)


def test_where_one_side_has_classes_emotions_are_compared_as_classes():
    names = [Name(name, source=f"{name}.csv") for name in "ab"]
    one = Marked(dict(zip(names, (FIRST[:1], []), strict=True)), False)
    other = Marked(dict(zip(names, (SECOND[:1], [event("micro", 10, 19, "negative")]), strict=True)), False)
    (compared, _), notes = agreement.compare_all(one, other, 50)
    assert [a.emotion for a in compared.first] == ["negative"] and compared.second[0].emotion == "surprise"
    assert len(notes) == 2 and not any("frame" in row["measure"].split() for row in agreement.rows([compared]))


def test_folders_and_tables_are_paired_by_recording_and_the_page_is_written(tmp_path, capsys):
    marks = [elan.Mark("micro", 200, 400, 280, 300, "fear", "1+2")]
    for name, shift in (("anna", 0), ("ben", 20), ("microexpr", 0)):
        moved = [mark._replace(start=mark.start + shift, stop=mark.stop + shift) for mark in marks]
        for subject in ("s01", "s02"):
            file = tmp_path / name / subject / ("take/intervals.eaf" if name == "microexpr" else "take.eaf")
            file.parent.mkdir(parents=True)
            file.write_text(elan.text(moved, "take.mp4"), encoding="utf-8")
    (tmp_path / "ben/s03").mkdir()
    (tmp_path / "ben/s03/take.eaf").write_text(elan.text(marks, "take.mp4"), encoding="utf-8")
    folders = [str(tmp_path / name) for name in ("anna", "ben", "microexpr")]
    with pytest.raises(DataError, match="so --fps must say how many"):
        agreement.compare_all(*(agreement.gather(tmp_path / name)[0] for name in ("anna", "ben")), None)
    assert main(["agreement", folders[0], folders[1], "--fps", "50", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "s03/take: marked by one alone, left out" in said and "anna (first), ben (second)" in said
    page = (tmp_path / "out/agreement.html").read_text(encoding="utf-8")
    assert page.count('class="lanes"') == 2 and "1.00" in page
    assert main(["agreement", folders[2], folders[0], "--fps", "50"]) == 0
    assert "right 2, to correct 0" in capsys.readouterr().out
    table = tmp_path / "annotations.csv"
    table.write_text("recording,kind,onset,offset,coder\na.mp4,micro,1,9,x\na.mp4,micro,2,10,y\n")
    assert main(["agreement", str(table), "--coders", "x", "y", "--fps", "25"]) == 0
    assert main(["agreement", str(table), "--coders", "x", "z", "--fps", "25"]) == 1
    assert "must have events of the coder z, not of x, y" in capsys.readouterr().err
    assert coding.read(table)[0][0].coder == "x"


@pytest.mark.parametrize(
    ("rows", "others", "message"),
    [
        ("a.mp4,,micro,1,9,x\na.mp4,,micro,2,9,y\n", "a.mp4,,micro,1,9,x\n", "one coder's events of a, .* x and y"),
        ("a.mp4,,micro,1,9,x\n", "b.mp4,,micro,1,9,x\n", "the same recordings, not a and b"),
        ("a.mp4,s1,micro,1,9,x\na.mp4,s2,micro,2,9,x\n", "a.mp4,s3,micro,1,9,x\n", "not s1/a, s2/a and s3/a"),
    ],
)
def test_neither_coders_nor_recordings_are_pooled(tmp_path, rows, others, message):
    for name, text in (("one", rows), ("two", others)):
        (tmp_path / f"{name}.csv").write_text(f"recording,subject,kind,onset,offset,coder\n{text}")
    with pytest.raises(DataError, match=message):
        agreement.compare_all(*(agreement.gather(tmp_path / f"{name}.csv")[0] for name in ("one", "two")), 25)


@pytest.mark.parametrize("subject", ["", "S1", "s01"])
def test_a_subject_that_one_coder_leaves_out_or_spells_otherwise_is_the_same(tmp_path, subject):
    table = tmp_path / "annotations.csv"
    rows = f"a.ts,s1,micro,1,9,x\na.ts,{subject},micro,1,9,y\n"
    table.write_text(f"recording,subject,kind,onset,offset,coder\n{rows}")
    (recording,), _ = agreement.compare_all(*(agreement.gather(table, coder)[0] for coder in "xy"), 25)
    assert len(recording.pairs) == 1
    table.write_text(f"recording,subject,kind,onset,offset,coder\n{rows.replace(',y', ',')}")
    assert sum(map(len, agreement.gather(table)[0].events.values())) == 2  # of a coder and one not named


def test_where_one_coder_marks_nothing_the_other_is_alone(tmp_path):
    table = tmp_path / "annotations.csv"
    table.write_text("recording,kind,onset,offset,coder\na.mp4,micro,1,9,x\na.mp4,micro,1,9,y\nb.mp4,micro,1,9,x\n")
    first, second = (agreement.gather(table, coder)[0] for coder in ("x", "y"))
    recordings, _ = agreement.compare_all(first, second, 25)
    assert next(row["value"] for row in agreement.rows(recordings) if row["measure"] == "F1") == pytest.approx(
        2 / 3, abs=1e-4
    )
