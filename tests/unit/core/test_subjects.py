"""Names of subjects: that are one person's, that are two people's, and that could be either."""

import pytest

from microexpr.core.errors import DataError
from microexpr.core.subjects import Subjects, stated


@pytest.mark.parametrize(
    "names",
    [
        ("s1", "S1", " s1 ", "S01"),
        ("006", "6", "6.0", 6, 6.0, "6,0"),
        ("casme2/sub01", "CASME II/sub1", "casme_2/SUB01"),
        ("Jos\N{COMBINING ACUTE ACCENT}e", "JOśE".replace("ś", "s\N{COMBINING ACUTE ACCENT}")),
        ("\N{FULLWIDTH LATIN SMALL LETTER S}\N{FULLWIDTH DIGIT ONE}", "s1"),
        ("s\N{NON-BREAKING HYPHEN}1", "s-1"),
        ("anna\N{ZERO WIDTH SPACE}", "Anna"),
        ("O'Brien", "O\N{RIGHT SINGLE QUOTATION MARK}Brien", "o\N{ACUTE ACCENT}brien"),
        ("s-1", "s\N{MINUS SIGN}1"),
        ("spNO.1", "spno.01"),
    ],
)
def test_names_of_one_subject(names):
    assert len(Subjects(names).keys) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("m1", "f1"),
        ("p1_12", "p11_2"),
        ("1.0", "10"),
        ("1.0", "1.1", "1.11"),
        ("a10", "a1"),
        ("s1", "p1"),
        ("s100", "s10"),
        ("1,0", "1,5"),
        ("casme2/s1", "casme3/s1", "casme2/s2"),
    ],
)
def test_names_of_several_subjects(names):
    subjects = Subjects(names)
    assert len(subjects.keys) == len(names)
    assert not subjects.notes


PAIRS = [
    ("1", "s1"),
    ("s-1", "s1"),
    ("10.05", "10.5"),
    ("s1", "01"),
    ("a b", "a_b"),
    (7, "P07"),
    ("anna-m", "annam"),
    ("s1", "sub01"),
    ("P01", "Participant 1"),
    ("casme2/1", "casme2/sub01"),
    ("casme2/sub01", "sub01"),
    ("casme2/sub01", "1"),
    ("1.1", "1.10"),
    ("O'Brien", "OBrien"),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_names_that_could_be_one_subject_are_refused_with_their_places(first, second):
    with pytest.raises(DataError) as error:
        Subjects({first: "a.csv, row 2", second: "a.csv, row 9", "s3": ""})
    for text in (repr(str(first)), repr(str(second)), "row 2", "row 9", "could be one person"):
        assert text in str(error.value)


def test_a_decimal_that_is_no_whole_number_makes_fractions_count_and_numbers_have_any_length():
    assert Subjects(["1.0", "2.0"]).key("1.0") == "1"
    assert Subjects(["1.0", "2.5"]).key("1.0") == "1.0" and Subjects(["1.5", "2.0"]).find(2) == ["2.0"]
    with pytest.raises(DataError, match="could be one person"):
        Subjects(["1.5", "2.0", "2"])
    long = "9" * 5000
    subjects = Subjects([f"s{long}1", f"s{long}2"])
    assert subjects.key(f"S{long}1") != subjects.key(f"s{long}2") and subjects.find(f"s0{long}1")


def test_zeros_that_were_dropped_are_noted():
    assert Subjects({"006": "a.csv, row 2", "6": "b.csv, row 2", "7": ""}).notes == [
        "subjects '006' (a.csv, row 2) and '6' (b.csv, row 2) are taken as one"
    ]
    assert not Subjects(["S1 ", "s1"]).notes


def test_a_name_from_elsewhere_is_found_where_it_is_certain_and_refused_elsewhere():
    subjects = Subjects(["spNO.1", "spNO.10", "spNO.2"])
    for name in ("1.0", "01", 1, "SPNO.1", "spno1"):
        assert subjects.find(name) == ["spno.1"]
    assert subjects.find("10") == ["spno.10"]
    assert subjects.find("spNO.77") == subjects.find("m1") == []
    assert subjects.find("sub01") == ["spno.1"] and Subjects(["s1", "p2"]).find("sub1") == ["s1"]
    assert Subjects(["m1", "f1"]).find("1") == ["m1", "f1"]
    with pytest.raises(DataError, match=r"subject '1' could be each of m1, f1: it must say which \(row 3\)"):
        Subjects(["m1", "f1"]).find_one("1", "row 3")
    with pytest.raises(DataError, match=r"a subject must be one of m1, f1, not 'm2' \(row 3\)"):
        Subjects(["m1", "f1"]).find_one("m2", "row 3")


@pytest.mark.parametrize(
    ("folder", "keys"),
    [("1", ["1"]), ("sub01", ["1"]), ("vp_01", ["1"]), ("day1", []), ("Anna-M", ["anna m"]), ("m2", []), ("2", [])],
)
def test_a_folder_of_a_subject(folder, keys):
    assert Subjects(["1", "anna m", "f2"]).find_folder(folder) == keys


@pytest.mark.parametrize("name", ["NA", "n/a", "#N/A", "N.A.", "-", "?", ".", " NULL ", "unknown", "nan", ""])
def test_words_of_an_empty_cell_are_no_name(name):
    assert stated(name) == "" and stated(" Nan A ") == "Nan A"


@pytest.mark.parametrize(
    ("folder", "key", "is_other"),
    [("s02", "s1", True), ("s1", "s1", False), ("S01", "s1", False), ("sub2", "1", True), ("2", "s1", False),
     ("take2", "1", False), ("session", "s1", False), ("m1", "f1", True), ("Sub1", "sub2", True),
     ("spNO.10", "spno.7", True), ("sub16", "17", True), ("s17", "17", False), ("100", "6", False),
     ("day1", "sub2", False), ("sub01", "anna", False), ("AB1", "cd1", True), ("002", "001", True), ("2", "1", True),
     ("007", "6", True), ("id02", "1", True), ("s01_day1", "s2", True), ("s01_day1", "1", False), ("m-1", "m1", False),
     ("session1", "f1", False), ("camera2", "m1", False), ("2024-03", "7", False), ("2024", "7", False),
     ("clips", "m1", False), ("s1", "f1", False), ("day2_p1", "p3", False), ("take_v2", "m1", False),
     ("T2", "m1", False), ("d1", "a3", False), ("t2", "t1", True)],
)  # fmt: skip
def test_a_folder_of_another_subject(folder, key, is_other):
    assert Subjects([key]).is_of_other(folder, key) is is_other


def test_a_folder_is_called_like_another_of_the_set_and_a_far_one_by_the_same_word_alone():
    assert not any(Subjects([key]).is_of_other(folder, key, True) for folder, key in (("ab12", "cd34"), ("2", "1")))
    assert Subjects(["s1"]).is_of_other("s02", "s1", True)
    subjects = Subjects(["anna", "ben"])
    assert subjects.is_of_other("Ben", "anna") and not subjects.is_of_other("carla", "anna")
