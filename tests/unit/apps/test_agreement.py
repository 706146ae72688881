"""Agreement of two coders against values by hand, and against a second library."""

from dataclasses import replace

import numpy as np
import pytest
from encoded import delay, shades, write

from microexpr import coding
from microexpr.apps import agreement
from microexpr.apps.agreement import Marked
from microexpr.cli.main import main
from microexpr.coding import Coded, elan, praat
from microexpr.core.errors import DataError
from microexpr.core.recordings import Name

TIMES = np.arange(200) / 50


def event(kind, onset, offset, emotion="", units="", apex=None):
    return Coded(kind, onset, apex, offset, "frames", emotion=emotion, action_units=units)


FIRST = [event("micro", 10, 19, "fear", "1+2+5", 14), event("micro", 60, 79, "anger", "4"), event("blink", 100, 109)]
SECOND = [event("micro", 12, 21, "surprise", "1+2", 15), event("micro", 150, 159, "anger", "4"),
          event("blink", 100, 109)]  # fmt: skip


MARK = elan.Mark("micro", 0, 100)


def eaf(path, marks=(MARK,), video="take.mp4"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(elan.text(list(marks), video), encoding="utf-8")


def compare(tmp_path, first, second, fps=25):
    """The recordings that two files or folders both mark, and notes."""
    return agreement.compare_all(*(agreement.gather(tmp_path / name)[0] for name in (first, second)), fps)


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
    first = Marked(dict(zip(names, (FIRST[:1], []), strict=True)), False)
    second = Marked(dict(zip(names, (SECOND[:1], [event("micro", 10, 19, "negative")]), strict=True)), False)
    (compared, _), notes = agreement.compare_all(first, second, 50)
    assert [a.emotion for a in compared.first] == ["negative"] and compared.second[0].emotion == "surprise"
    assert len(notes) == 4 and not any("frame" in row["measure"].split() for row in agreement.rows([compared]))


def test_folders_and_tables_are_paired_by_recording_and_the_page_is_written(tmp_path, capsys):
    marks = [elan.Mark("micro", 200, 400, 280, 300, "fear", "1+2")]
    for name, shift in (("anna", 0), ("ben", 20), ("microexpr", 0)):
        moved = [mark._replace(start=mark.start + shift, stop=mark.stop + shift) for mark in marks]
        for subject in ("s01", "s02"):
            eaf(tmp_path / name / subject / ("take/intervals.eaf" if name == "microexpr" else "take.eaf"), moved)
    eaf(tmp_path / "ben/s03/take.eaf", marks)
    folders = [str(tmp_path / name) for name in ("anna", "ben", "microexpr")]
    with pytest.raises(DataError, match="so --fps must say how many"):
        compare(tmp_path, "anna", "ben", None)
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


CODED = "recording,subject,kind,onset,offset,emotion,action_units,coder\n"


def compared(tmp_path, rows, fps=30.0):
    """The figures of coders anna and ben in one table, by what they are of and measure, and the notes."""
    table = tmp_path / "annotations.csv"
    table.write_text(rows if rows.startswith("rec") else CODED + rows)
    (first, notes), (second, more) = (agreement.gather(table, coder, ("anna", "ben")) for coder in ("anna", "ben"))
    recordings, about = agreement.compare_all(first, second, fps)
    figures = {(row["of"], row["measure"]): (row["value"], row["count"]) for row in agreement.rows(recordings)}
    return figures, [*notes, *more, *about]


@pytest.mark.parametrize(
    ("rows", "others", "message"),
    [
        ("a,,micro,1,9,,,x\na,,micro,2,9,,,y\n", "a,,micro,1,9,,,x\n", "one coder's events of a, .* x and y"),
        ("a,,micro,1,9,,,x\na,,micro,2,9,,,\n", "a,,micro,1,9,,,x\n", "one coder's events of a, .* no coder and x"),
        ("a.mp4,,micro,1,9,,,x\n", "b.mp4,,micro,1,9,,,x\n", "the same recordings, not a and b"),
        ("a,s1,micro,1,9,,,x\na,s2,micro,2,9,,,x\n", "a,s3,micro,1,9,,,x\n", "not s1/a, s2/a and a"),
        ("a,s1,micro,1,9,,,\n", "a,1,micro,1,9,,,\n", r"'1' .*two.csv, row 2. and 's1' .*row 2. could be one person"),
        (
            "a,s1,micro,1,9,,,\na,s2,micro,1,9,,,\n",
            "a,,micro,1,9,,,\n",
            r"could be a of s1 or a of s2: .*two.csv, row 2",
        ),
        ("take1,,micro,1,9,,,\n", "Take01,,micro,1,9,,,\n", r"take1 .*row 2. and Take01 .*row 2. could be one rec"),
        ("a,,micro,1,999999999999,,,\n", "a,,micro,1,9,,,\n", r"a: offset must be within 10000000 .* 1e\+12 .*row 2"),
        ("a,,micro,1,9,,,\n" * 2, "a,,micro,1,9,,,\n", r"once, not twice: micro 1 to 9 \(.*row 2; .*row 3\)"),
    ],
)
def test_what_is_of_two_coders_subjects_or_recordings_is_not_pooled(tmp_path, rows, others, message):
    for name, text in (("one", rows), ("two", others)):
        (tmp_path / f"{name}.csv").write_text(CODED + text)
    with pytest.raises(DataError, match=message):
        compare(tmp_path, "one.csv", "two.csv")


def test_subjects_of_a_recording_are_not_pooled_and_where_one_coder_marks_nothing_the_other_is_alone(tmp_path):
    rows = "a.mp4,m1,micro,10,20,,,anna\na.mp4,f1,micro,90,99,,,anna\n"
    assert compared(tmp_path, rows + "a,m1,micro,90,99,,,ben\na,f1,micro,10,20,,,ben\n")[0]["micro", "F1"] == (0, 0)
    rows = "a.mp4,,micro,1,9,,,anna\na.mp4,,micro,1,9,,,ben\nb.mp4,,micro,1,9,,,anna\n"
    figures, notes = compared(tmp_path, rows)
    assert figures["micro", "F1"] == (pytest.approx(2 / 3, abs=1e-4), 1)
    assert "b: the second marks nothing in it" in notes


def test_no_recording_is_lost_where_two_have_one_title(tmp_path):
    rows = "a.mp4,,micro,10,20,,,anna\na.avi,,micro,50,60,,,anna\na.mp4,,micro,10,20,,,ben\na.avi,,micro,90,99,,,ben\n"
    figures, _ = compared(tmp_path, rows + "a.avi,,micro,140,150,,,ben\n")
    assert figures["micro", "events of the first"][0] == 2 and figures["micro", "events of the second"][0] == 3
    (tmp_path / "ben.csv").write_text(CODED + "a.mp4,1,micro,3,5,,,\na.mp4,2,micro,3,5,,,\n")
    for subject in ("s01", "s02"):
        eaf(tmp_path / "anna" / subject / "a.eaf", [elan.Mark("micro", 100, 200)], "a.mp4")
    assert {recording.name for recording in compare(tmp_path, "anna", "ben.csv", 30)[0]} == {"s01/a", "s02/a"}


def test_two_files_or_folders_of_two_people_or_videos_are_not_compared(tmp_path):
    for subject, level in (("s1", 30), ("s2", 60)):
        eaf(tmp_path / subject / "take.eaf")
        write(tmp_path / subject / "take.mp4", shades(level + np.arange(20)), 25)
        eaf(tmp_path / ("anna" if subject == "s1" else "ben") / subject / "take.eaf")
    with pytest.raises(DataError, match=r"take: both must mark one video, not .*s1/take.mp4 and .*s2/take.mp4"):
        compare(tmp_path, "s1/take.eaf", "s2/take.eaf", None)
    with pytest.raises(DataError, match="must mark the same recordings, not s1/take and s2/take"):
        compare(tmp_path, "anna", "ben")


def test_two_files_in_two_folders_are_noted_and_so_are_two_videos_that_are_not_there(tmp_path):
    for coder, link in (("anna", "take1.mp4"), ("ben", "file:///C:/take2.mp4")):
        eaf(tmp_path / coder / "take.eaf", video=link)
    notes = "\n".join(compare(tmp_path, "anna/take.eaf", "ben/take.eaf")[1])
    assert "anna/take.eaf and" in notes and "take.eaf are taken as of one recording" in notes
    assert "take: is linked to" in notes and "C:/take2.mp4, taken as one recording" in notes


def test_a_folder_has_one_file_for_each_recording(tmp_path):
    eaf(tmp_path / "take.eaf")
    (tmp_path / "notes.csv").write_text("kind,onset,offset\n")
    assert "tables are passed over in a folder" in agreement.gather(tmp_path)[1][0]
    (tmp_path / "take.TextGrid").write_text("")
    for name in ("take.eaf", "take.EAF"):
        (tmp_path / "take.eaf").rename(tmp_path / name)
        with pytest.raises(DataError, match=rf"take.TextGrid: must be the only file that marks take, not {name} too"):
            agreement.gather(tmp_path)
        (tmp_path / name).rename(tmp_path / "take.eaf")


def test_a_corrected_file_of_predict_next_to_its_eaf_is_noted(tmp_path):
    marks = [elan.Mark("micro", 750, 1183)]
    eaf(tmp_path / "intervals.eaf", marks)
    table = "kind,onset,offset,onset_seconds,offset_seconds\nmicro,45,70,{},1.1667\n"
    for suffix, same, corrected in (
        ("TextGrid", praat.text(marks, 2), praat.text([elan.Mark("micro", 750, 1150)], 2)),
        ("csv", table.format(0.75), table.format(0.8)),
        ("csv", table.format(0.75), "kind\n"),
    ):
        for text, count in ((same, 0), (corrected, 1)):
            (tmp_path / f"intervals.{suffix}").write_text(text)
            _, notes = agreement.gather(tmp_path)
            assert len([n for n in notes if "has other events than intervals.eaf, which alone is read" in n]) == count
        (tmp_path / f"intervals.{suffix}").unlink()


def test_two_files_of_one_side_are_not_pooled(tmp_path):
    for name, marks in (("a/take", True), ("a/s1/take", False), ("b/take", False), ("b/s1/take", True)):
        eaf(tmp_path / f"{name}.eaf", [elan.Mark("micro", 100, 200)] * marks, "none.mp4")
    recordings, _ = compare(tmp_path, "a", "b", 30)
    assert [(r.name, len(r.first), len(r.second)) for r in recordings] == [("s1/take", 0, 1), ("take", 1, 0)]


def test_coders_are_told_in_any_case_and_events_of_others_are_noted(tmp_path):
    rows = (
        "a,,micro,10,20,,,Anna\na,,micro,40,50,,,anna \na,,micro,70,80,,,\na,,micro,10,20,,,ben\na,,micro,40,50,,,BEN\n"
    )
    figures, notes = compared(tmp_path, rows + "a,,micro,70,80,,,ben\na,,blink,70,80,,,cleo\n")
    assert figures["micro", "F1"] == (0.8, 2)
    assert any("coders who are not asked for: 1 of cleo, 1 of no coder" in note for note in notes)


def test_codes_of_units_are_read_or_noted(tmp_path):
    rows = "".join(f"a,,micro,{t},{t + 9},,{{}},{{}}\n" for t in (10, 40, 70))
    anna = rows.format("6+12", "anna", "4+7", "anna", "1+2", "anna")
    figures, notes = compared(tmp_path, anna + rows.format("6 12", "ben", "4;9", "ben", '"1,2"', "ben"))
    assert figures["units", "FACS agreement"] == (round(10 / 12, 4), 3)
    assert not any("action units" in note for note in notes)
    figures, notes = compared(tmp_path, anna + rows.format("6+smirk", "ben", "4+7", "ben", "1+2", "ben"))
    assert figures["units", "FACS agreement"] == (round(10 / 11, 4), 3)
    assert any("not 'smirk', which is passed over in 1 of 3 codes" in note and "row 5" in note for note in notes)
    _, notes = compared(tmp_path, anna + rows.format("6+12(k)", "ben", "4+7", "ben", "1+2", "ben"))
    assert any("marked (k), there throughout, do not count: 1, " in note and "row 5" in note for note in notes)


@pytest.mark.parametrize(
    ("first", "second", "expected"), [("happy", "happiness", "happy"), ("99", "99", "99"), ("fear", "anger", "")]
)
def test_emotions_of_no_list_are_noted(tmp_path, first, second, expected):
    _, notes = compared(tmp_path, f"a,,micro,10,20,{first},,anna\na,,micro,10,20,{second},,ben\n")
    assert [note.endswith(f"those of no list: {expected}") for note in notes if "no list" in note] == [True] * bool(
        expected
    )


def test_a_column_units_may_be_that_of_time(tmp_path):
    head = "recording,kind,onset,offset,action_units,units,coder\n"
    for unit, onset, offset in (("frames", "10", "20"), ("s", "0.3333", "0.7"), ("ms", "333.33", "700")):
        row = f"a,micro,{onset},{offset},6+12,{unit},"
        figures, _ = compared(tmp_path, f"{head}{row}anna\n{row.replace('6+12', '4')}ben\n")
        assert figures["units", "FACS agreement"] == (0, 1) and figures["micro", "F1"] == (1, 1)
    with pytest.raises(DataError, match="column units must have one unit of time in all rows, not frames and s"):
        compared(tmp_path, f"{head}a,micro,1,9,6,frames,anna\na,micro,1,9,6,s,ben\n")
    with pytest.raises(DataError, match=r"row 2: action_units '6' and units '7' must not differ"):
        compared(tmp_path, f"{head}a,micro,1,9,6,7,anna\na,micro,1,9,6,6,ben\n")


def test_seconds_are_those_of_players_and_two_of_one_frame_are_one_event(tmp_path):
    write(tmp_path / "late.mp4", shades(30 + np.arange(60)), 30)
    delay(tmp_path / "late.mp4", 0.5)
    head, row = "recording,kind,onset{0},offset{0}\n", "late.mp4,micro,{},{}\n"
    (tmp_path / "frames.csv").write_text(head.format("") + row.format(32, 45))
    (tmp_path / "times.csv").write_text(head.format("_seconds") + row.format(1.567, 2))
    sides = [agreement.gather(tmp_path / name)[0] for name in ("frames.csv", "times.csv")]
    (recording,), _ = agreement.compare_all(*sides, None)
    assert recording.pairs == {0: 0} and (recording.second[0].onset, recording.second[0].offset) == (32, 45)
    agreement.write(tmp_path, [replace(recording, pairs={})], [], ("anna", "ben"))
    assert (tmp_path / "disagreements.csv").read_text().splitlines()[1].startswith("late,32,1.567,")
    with (tmp_path / "times.csv").open("a") as file:
        file.write(row.format(1.566, 2))
    with pytest.raises(DataError, match=r"once, not twice: micro 1.566 to 2 \(.*row 2; .*row 3\)"):
        agreement.compare_all(sides[0], agreement.gather(tmp_path / "times.csv")[0], None)


def test_a_rate_other_than_the_videos_is_refused(tmp_path):
    write(tmp_path / "a.mp4", shades(30 + np.arange(60)), 30)
    rows = "a.mp4,,micro,10,20,,,anna\na.mp4,,micro,10,20,,,ben\n"
    assert compared(tmp_path, rows, None)[0] == compared(tmp_path, rows, 30)[0]
    with pytest.raises(DataError, match=r"a.mp4: has 30 frames a second, not 25: leave out --fps"):
        compared(tmp_path, rows, 25)
    with pytest.raises(
        DataError, match=r"annotations.csv: no video of it is there"
    ):  # a file that is none is not opened
        compared(tmp_path, rows.replace("a.mp4", "annotations.csv"), None)
