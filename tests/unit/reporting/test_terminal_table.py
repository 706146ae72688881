"""The main table in a terminal: it fits, breaks no word, rounds, and marks what the paired tests say."""

import re

import pytest
from paper_runs import rows
from rich.console import Console

from microexpr.reporting import main_table
from microexpr.reporting.terminal_table import legend, marks, render

NAMES = ("majority", "capsulenet.icegan_change", "ststnet", "icegan")


def table_of(**figures: float) -> list[dict[str, str]]:
    """Return rows whose UF1 is a figure of each method; its interval 0.0123 to both sides."""
    table = main_table.megc2019([rows(name) for name in NAMES])
    for row in table:
        uf1 = figures.get(row["method"].partition(".")[0], 0.3456)
        row |= {"full_uf1": f"{uf1:.4f}", "full_uf1_low": f"{uf1 - 0.0123:.4f}", "full_uf1_high": f"{uf1 + 0.0123:.4f}"}
    table[-1]["population_subjects"] = "240"
    return table


def printed(table: list[dict[str, str]], width: int, of_tests: dict[str, str] | None = None) -> list[str]:
    with (console := Console(width=width)).capture() as captured:
        console.print(render(table, of_tests or {}, width))
        for line in legend(table, of_tests or {}):
            console.print(line, markup=False, highlight=False)
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_it_fits_and_breaks_no_word(width):
    lines = printed(table_of(majority=0.1877, ststnet=0.6449), width)
    assert max(map(len, lines)) <= width and not any("…" in line for line in lines)
    order = [name for line in lines for name in NAMES if re.search(rf"(^|\s){re.escape(name)}\s", line)]
    assert order == ["ststnet", "capsulenet.icegan_change", "icegan", "majority"]  # by UF1, a line each
    (line,) = [line for line in lines if line.strip().startswith("majority")]
    assert line.split()[1:4] == ["0.188", "0.175", "0.200"]  # rounded, not cut


def test_published_figures_stand_on_lines_that_say_generated():
    lines = printed(table_of(), 80)
    published = [line for line in lines if "0.735" in line or "0.845" in line]
    assert len(published) == 2 and all("generated" in line for line in published)
    assert not [line for line in printed(table_of(), 60) if "0.735" in line]
    assert [line.split()[5] for line in lines if line.strip().startswith("icegan")] == ["+240"]


def paired(first: str, second: str, metric: str, difference: float, p: float) -> dict:
    return {"first": first, "second": second, "metric": metric, "difference": difference, "low": -1, "high": 1, "p": p,
            "p_holm": p}  # fmt: skip


def test_marks_are_those_of_the_tests():
    best, other, guess = "ststnet", "icegan", "capsulenet.icegan_change"
    pairs = [paired(best, other, "uf1", 0.1, 0.4), paired(best, guess, "uf1", 0.3, 0.001),
             paired("majority", best, "uf1", -0.4, 0.001), paired("majority", best, "uar", -0.4, 0.001),
             paired("majority", other, "uar", -0.4, 0.001), paired("majority", guess, "uar", -0.1, 0.6)]  # fmt: skip
    table = table_of(ststnet=0.8, icegan=0.7)
    expected = {best: "*", other: "=", guess: "-", "majority": "-"}
    of_tests = marks(table, pairs)
    assert of_tests == expected
    lines = [line for line in printed(table, 80, of_tests) if re.search(r"generated( |$)", line)]
    assert {name: line[0] for line in lines if (name := line[2:].split()[0]) in NAMES} == expected
    assert marks(table, []) == {}
    assert "=" not in marks(table, [pair | {"p_holm": 1} for pair in pairs]).values()  # from what could it be told


def test_brackets_and_control_characters_of_others_are_text():
    (row,) = [row for row in table_of() if row["method"] == "ststnet"]
    text = "\n".join(printed([row | {"method": "a[/b]\x1b", "origin": "[red]"}], 200))
    assert "a[/b]\\x1b" in text and "[red]" in text
