"""Which recording is meant: by the end of its path, its folders and its subject; never by chance."""

import pytest

from microexpr.core.errors import DataError
from microexpr.core.recordings import Name, Recordings, bare, group, taken_as_one
from microexpr.core.subjects import Subjects


def grouped(*names: tuple[str, ...]) -> list[set[tuple[str, str]]]:
    items = [Name(*name) for name in names]
    return [{name[:2] for name in of} for of in group(items, Subjects({i.subject for i in items} - {""}))]


def test_a_name_and_its_path_without_the_suffix_of_a_video_are_one_recording():
    assert grouped(("a.mp4",), ("s01/a.mp4",), ("C:\\videos\\s01\\a.MP4",), ("b",)) == [
        {("a.mp4", ""), ("s01/a.mp4", ""), ("C:\\videos\\s01\\a.MP4", "")},
        {("b", "")},
    ]
    versions = [{("take.v1", ""), ("s01/take.v1.mov", "")}, {("take", "")}]
    assert grouped(("take.v1",), ("s01/take.v1.mov",), ("take",)) == versions
    assert [bare(name) for name in ("a.MP4", "a.v1", "a.v1.mov")] == ["a", "a.v1", "a.v1"]


def test_recordings_are_told_by_folder_and_subject_and_a_row_without_one_is_of_the_only_one():
    assert len(grouped(("s01/a",), ("s02/a",))) == 2
    assert len(grouped(("a", "m1"), ("a", "f1"))) == 2
    assert grouped(("a", "s1"), ("a", "S01"), ("a", "")) == [{("a", "s1"), ("a", "S01"), ("a", "")}]
    of_two = [{("s01/a", ""), ("a", "s1")}, {("s02/a", ""), ("a", "s2")}]
    assert grouped(("s01/a",), ("a", "s1"), ("s02/a",), ("a", "s2")) == of_two
    assert grouped(("a",), ("",)) == [{("a", ""), ("", "")}]
    with pytest.raises(DataError, match=r"a recording without a name could be a or b: .* \(t.csv, row 4\)"):
        grouped(("a",), ("b",), ("", "", "t.csv", "t.csv, row 4"))


@pytest.mark.parametrize("subject", ["vp01", "Proband_1", "01", "s1", "sub01"])
def test_folders_of_any_word_and_subjects_by_number(subject):
    other = subject.replace("1", "2")
    names = [(f"{subject}/a",), (f"{other}/a",), ("a", "1"), ("a", "2")]
    assert grouped(*names) == [{(names[0][0], ""), ("a", "1")}, {(names[1][0], ""), ("a", "2")}]


def test_paths_of_two_machines_are_one_recording_and_two_sessions_of_one_are_two():
    for first, second, count in (
        ("/data/anna/s01/a.mp4", "C:\\ben\\s01\\a.mp4", 1),
        ("/Users/anna/s01/a.mp4", "/Users/ben/s01/a.mp4", 1),
        ("file:///C:/my%20films/s01/a.mp4", "file://localhost/D:/my films/s01/a.mp4", 1),
        ("/x/s01/a.mp4", "/x/s02/a.mp4", 2),
    ):
        names = [Name(first, source="x"), Name(second, source="y")]
        assert len(group(names, Subjects([]))) == count and len(taken_as_one(names)) == 1
        assert len(grouped((first,), (second,))) == 2
    both = ["C:\\pre\\s01\\a.mp4", "C:\\post\\s01\\a.mp4"]
    for others in (both, ["/x/pre/s01/a", "/x/post/s01/a"]):
        names = [Name(path, source=source) for source, paths in (("x", both), ("y", others)) for path in paths]
        assert len(group(names, Subjects([]))) == 2
    with pytest.raises(DataError, match=r"could be C:.post.s01.a.mp4 or C:.pre.s01.a.mp4|C:.pre.* or C:.post"):
        grouped((both[0], "", "x"), (both[1], "", "x"), ("/x/s01/a", "", "y"))


@pytest.mark.parametrize(("a", "b"), [("Take1", "take1"), ("take01", "take1"), ("s1/a", "s01/a"),
                                          ("S01/a", "s01/a"), ("1", "1.0"), ("take_1.mp4", "take-1.mp4"),
                                          ("take1", "x/take01"), ("x/s01/a", "s1/a"), ("take’s", "x/take's"),
                                          ("C:/f/S01/a", "s01/a.mp4")])  # fmt: skip
def test_recordings_that_differ_in_case_zeros_or_signs_are_refused(a, b):
    with pytest.raises(DataError, match=rf"{a} and {b} could be one recording: spell it the same"):
        grouped((a,), (b,))


def test_files_of_one_folder_are_two_recordings_and_each_is_that_of_the_nearest_name():
    def files(folder, *paths):
        return [Name(path, source=f"{folder}/{path}", folder=folder) for path in paths]

    for first, second, count in (
        (("take", "s1/take"), ("take", "s1/take"), 2), (("take", "old/take"), ("take",), 2),
        (("take",), ("s1/take",), 1),
    ):  # fmt: skip
        assert len(group(files("a", *first) + files("b", *second), Subjects([]))) == count
    for first in (("s1/take", "s2/take"), ("take", "take.mp4")):
        with pytest.raises(DataError, match="take could be"):
            group(files("a", *first) + files("b", "take"), Subjects([]))


@pytest.mark.parametrize(("path", "subject"), [("s2/take", "1"), ("C:/q/s01/a.mp4", "s02")])
def test_a_path_in_the_folder_of_another_subject_than_a_row_says_is_refused(path, subject):
    with pytest.raises(DataError, match="could be one recording: give both the subject"):
        grouped((path, subject), (path, ""))
    assert len(grouped((path, subject, "x"), (path, subject, "y"))) == 1


@pytest.mark.parametrize(("folder", "subject", "count"), [
    ("m1", "f1", 2), ("001", "002", 2), ("s01_day1", "s02", 2), ("/x/m1", "f1", 2), ("session1", "f1", 1),
    ("camera2", "m1", 1), ("2024-03", "1", 1), ("clips", "1", 1), ("/home/ab12/clips", "cd34", 1)])  # fmt: skip
def test_a_row_of_a_subject_is_not_of_a_folder_of_the_same_form(folder, subject, count):
    assert len(grouped((f"{folder}/take", ""), ("take", subject))) == count


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([("s01/a",), ("s02/a",), ("a", "", "x", "x, row 3")], r"a could be s01/a or s02/a: .* \(x, row 3\)"),
        ([("a", "s1"), ("a", "s2"), ("a",)], "a could be a of s1 or a of s2"),
        ([("day1/a",), ("day2/a",), ("a", "1"), ("a", "2")], "day1/a could be a of 1 or a of 2"),
        ([("a.avi", "", "x"), ("a.mp4", "", "x"), ("a", "", "y")], "a could be a.avi or a.mp4"),
    ],
)
def test_a_name_of_two_recordings_is_refused(names, message):
    with pytest.raises(DataError, match=message):
        grouped(*names)


def test_two_videos_of_a_name_in_one_table_are_two_and_those_of_two_tables_are_the_same():
    assert len(grouped(("a.avi", "", "x"), ("a.mp4", "", "x"))) == 2
    assert len(grouped(("a.avi", "", "x"), ("a.mp4", "", "y"))) == 1
    sides = ("take1", "", "x"), ("day2/take01", "", "x"), ("take1", "", "y"), ("day2/take01", "", "y")
    assert len(grouped(*sides)) == 2 and len(grouped(*sides[:3])) == 2


THERE = Recordings({"1": ["s01/a.mp4"], "2": ["s02/a.mp4"], "3": ["s02/b.mp4"], "4": ["b.mp4"]})


@pytest.mark.parametrize(
    ("name", "subject", "keys"),
    [
        ("s01/a.mp4", "", ["1"]), ("./s01\\a", "", ["1"]), ("a", "", ["1", "2"]), ("a", "S1", ["1"]), ("a", "2", ["2"]),
        ("a", "s03", []), ("b", "", ["4"]), ("b", "s2", ["4"]), ("/x/s02/b.mp4", "", ["3"]), ("/x/b.mp4", "", ["4"]),
        ("D:/y/s09/a.mp4", "", []), ("D:/films/a.mp4", "", []), ("file:///x/s01/a.mp4", "", ["1"]),
        ("/y/s09/b.mp4", "", ["4"]), ("a.mov", "", []), ("s03/a", "", []), ("c", "", []),
    ],
)  # fmt: skip
def test_a_name_from_elsewhere(name, subject, keys):
    assert THERE.find(name, subject) == keys


def test_recordings_of_known_subjects():
    recordings = Recordings({1: ["a"], 2: ["a"]}, {1: "spNO.1", 2: "spNO.10"})
    assert recordings.find("a", "10.0") == [2] and recordings.find("a", "77") == [] and recordings.find("a") == [1, 2]
    assert recordings.find("/data/spNO.10/a") == [2] and recordings.find("/data/spNO.3/a") == [1, 2]


FOLDERS = Recordings({name: [name] for name in ("anna/a", "carl/b", "pre/c", "day1/d", "day2/d", "7/e", "m1/f")})


@pytest.mark.parametrize(
    ("name", "subject", "keys"),
    [("a", "carl", []), ("a", "anna", ["anna/a"]), ("a", "dora", ["anna/a"]), ("/x/ben/a.mp4", "", []),
     ("e", "2", []), ("f", "f1", []), ("f", "M1", ["m1/f"]),
     ("C:\\post\\c", "", []), ("C:\\pre\\c", "", ["pre/c"]), ("d", "1", ["day1/d", "day2/d"])],
)  # fmt: skip
def test_a_name_is_of_no_other_folder(name, subject, keys):
    assert FOLDERS.find(name, subject) == keys


def test_none_and_several_are_named_and_two_whole_paths_are_not_of_one():
    with pytest.raises(DataError, match=r"a video must be one, but 'a' could be s01/a.mp4, s02/a.mp4: .* \(row 2\)"):
        THERE.find_one("a", "", "row 2", "a video")
    with pytest.raises(DataError, match=r"a video must be one of b.mp4, .*, not 's03/a.mp4' of s3 \(did you mean"):
        THERE.find_one("s03/a.mp4", "s3", "row 2", "a video")
    for _ in range(2):
        assert FOLDERS.find_one("C:\\x\\pre\\c", "", "row 2", "a video") == "pre/c"
    with pytest.raises(DataError, match=r"pre/c could be C:.x.pre.c \(row 2\) or C:.y.pre.c \(row 3\)"):
        FOLDERS.find_one("C:\\y\\pre\\c", "", "row 3", "a video")
