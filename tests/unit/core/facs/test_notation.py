"""The coders' notation, against what the data sets' codes are known to mean."""

import pytest

from microexpr.core.facs.notation import ActionUnit, format_units, parse, unread

AU = ActionUnit


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
def test_codes(text: str, expected: tuple[ActionUnit, ...]) -> None:
    assert (parse(text), unread(text)) == (expected, ())


@pytest.mark.parametrize("text", ["happy", "L", "(R6 or R12", "12F", "0", "4,7", "12 or", "A", "ref(x)", "TB18"])
def test_what_is_no_code_is_named(text: str) -> None:
    assert (parse(text), unread(text)) == ((), (text,))


@pytest.mark.parametrize(
    ("text", "units", "term"), [("R14+17+soft focus", "R14 17", "soft focus"), ("12+", "12", ""), ("x+4", "4", "x")]
)
def test_the_other_units_of_a_code_are_read(text: str, units: str, term: str) -> None:
    assert (format_units(parse(text)), unread(text)) == (units, (term,))


def test_plain_form():
    assert format_units(parse("4+R10")) == "4 R10"
    assert format_units(parse("(R6 or R12)+R15B")) == "R6|R12 R15"
    assert format_units(parse("ref(7B)+A12+15?")) == "7? 12 15?"
    assert format_units(parse("?")) == ""
