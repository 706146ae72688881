"""Marks of action units for codes as annotators write them."""

import pytest

from microexpr.core.facs.occurrence import AUS, occurrence


def marked(code: str) -> dict[int, int]:
    """Return the labels that are not 0, by action unit."""
    return {number: mark for number, mark in zip(AUS, occurrence(code), strict=True) if mark}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("4+7", {4: 1, 7: 1}),
        ("R12B+L1", {12: 1, 1: 1}),
        ("6 or 7", {6: -1, 7: -1}),
        ("(R6 or R12)+R15", {6: -1, 12: -1, 15: 1}),
        ("12?+4", {12: -1, 4: 1}),
        ("4+(4 or 7)", {4: 1, 7: -1}),
        ("99+4", {4: 1}),
        ("A9E+ref(10)", {9: 1, 10: -1}),
    ],
)
def test_what_is_coded_is_marked_and_what_is_unsure_is_unknown(code, expected):
    assert marked(code) == expected


def test_next_to_what_is_not_understood_other_units_are_unknown():
    assert marked("R14+17+soft focus") == dict.fromkeys(AUS, -1) | {14: 1, 17: 1}


@pytest.mark.parametrize("code", ["", "?", "no code"])
def test_without_a_code_nothing_is_known(code):
    assert set(occurrence(code)) == {-1}
