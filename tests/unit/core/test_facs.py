"""FACS codes against what the data sets' codes are known to mean; labels, and regions of emotions."""

import pytest

from microexpr.core import facs
from microexpr.core.facs import AUS, REGIONS, ActionUnit, format_units, occurrence, parse, reaction_mask, unread
from microexpr.evaluation.published import cells

AU, UNKNOWN = ActionUnit, dict.fromkeys(AUS, -1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("?", ()),
        ("1+L2", (AU(1), AU(2, "left"))),
        ("4 + 7", (AU(4), AU(7))),
        ("AU4+AU7", (AU(4), AU(7))),
        ("15?", (AU(15, certain=False),)),
        ("(R6 or R12)+R15", (AU(6, "right", alternatives=(AU(12, "right"),)), AU(15, "right"))),
        ("10A/B", (AU(10, intensity="AB"),)),
        ("7B+43E", (AU(7, intensity="B"), AU(43, intensity="E"))),
        ("A/L12", (AU(12, "left", asymmetric=True),)),
        ("ref(L10)+A12B", (AU(10, "left", certain=False), AU(12, intensity="B", asymmetric=True))),
        ("B18+25", (AU(18), AU(25))),
        ("T18", (AU(18),)),
        ("R14A or 17 or 24", (AU(14, "right", "A", alternatives=(AU(17), AU(24))),)),
    ],
)
def test_codes(text, expected):
    assert (parse(text), unread(text)) == (expected, ())


@pytest.mark.parametrize("text", ["happy", "L", "(R6 or R12", "12F", "0", "4,7", "12 or", "A", "ref(x)", "TB18"])
def test_what_is_no_code_is_named(text):
    assert (parse(text), unread(text)) == ((), (text,))


@pytest.mark.parametrize(
    ("text", "units", "terms"),
    [
        ("R14+17+soft focus", "R14 17", ("soft focus",)),
        ("12+", "12", ("+",)),
        ("6++12", "6 12", ("+",)),
        ("3+4+99", "4", ("3", "99")),
        ("4+40+12(k)", "4 40", ()),
        ("x+4", "4", ("x",)),
        ("4+R10", "4 R10", ()),
        ("(R6 or R12)+R15B", "R6|R12 R15", ()),
        ("ref(7B)+A12+15?", "7? 12 15?", ()),
        ("?", "", ()),
    ],
)
def test_units_are_written_plainly_without_the_terms_that_are_none(text, units, terms):
    assert (format_units(parse(text)), unread(text)) == (units, terms)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("4+7", {4: 1, 7: 1}),
        ("R12B+L1", {12: 1, 1: 1}),
        ("6 or 7", {6: -1, 7: -1}),
        ("(R6 or R12)+R15", {6: -1, 12: -1, 15: 1}),
        ("12?+4", {12: -1, 4: 1}),
        ("4+(4 or 7)", {4: 1, 7: -1}),
        ("40+4", {4: 1}),
        ("99+4", UNKNOWN | {4: 1}),
        ("A9E+ref(10)", {9: 1, 10: -1}),
        ("R14+17+soft focus", UNKNOWN | {14: 1, 17: 1}),  # next to what is not understood
        *((code, UNKNOWN) for code in ("", "?", "no code")),
    ],
)
def test_what_is_coded_is_marked_and_what_is_unsure_is_unknown(code, expected):
    """The labels that are not 0, by action unit."""
    assert {number: mark for number, mark in zip(AUS, occurrence(code), strict=True) if mark} == expected


COLUMNS = dict(zip(("eyes and eyebrows*", "nose", "cheeks*", "mouth"), REGIONS, strict=True))


def test_regions_are_those_of_the_papers_table_1_and_what_is_no_emotion_shows_nowhere():
    printed = [cell for cell in cells() if (cell.paper, cell.table) == ("localregions", "table1")]
    assert len(printed) == 24 and {cell.column for cell in printed} == {*COLUMNS}
    for cell in printed:
        mark = reaction_mask(cell.row.lower())[REGIONS.index(COLUMNS[cell.column])]
        assert mark == {"✓": 1, "✗": 0}[cell.published], (cell.row, cell.column)
    assert {*facs.REACTIONS} - {cell.row.lower() for cell in printed} == {"anger", "fear"}  # the two that are ours
    assert reaction_mask("others") == reaction_mask("other") == reaction_mask("") == facs.NOWHERE == (0, 0, 0, 0)
