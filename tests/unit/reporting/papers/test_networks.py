"""ICE-GAN's and AU-GACN's printed parts, sizes and layers, read off the networks as built."""

from dataclasses import replace

import pytest
from paper_runs import by_cell, words
from scratch import ROOT

from microexpr.cli import config
from microexpr.reporting import papers
from microexpr.reporting.papers import PaperRun
from microexpr.tasks import described


def models() -> PaperRun:
    """ICE-GAN and its variants, as the committed params.yaml has them."""
    descriptions = described.check(config.load(ROOT / "params.yaml")).methods
    by_method = {name: description.params for name, description in descriptions.items() if name.startswith("icegan")}
    return PaperRun(list(by_method), ["megc2019"], 4, params=by_method)


def test_parts_of_the_models_are_those_that_the_paper_ticks():
    mine = models()
    assert len(papers.inputs("icegan", "table2", mine)["params"]) == 6
    rows = [row for row in papers.rows("icegan", "table2", mine) if row["metric"] == "component"]
    assert len(rows) == 36 and {row["status"] for row in rows} == {"built"}
    for row in rows:
        assert row["reproduced"] == (row["published"] or "-"), row
    swapped = mine.params | {"icegan": mine.params["icegan"] | {"skips": False, "generator": "dcgan"}}
    cells = by_cell("icegan", "table2", replace(mine, params=swapped))
    model = [row["reproduced"] for (name, _), row in cells.items() if name == "F" and row["metric"] == "component"]
    assert model == ["✓", "✓", "✓", "-", "-", "-"]


def test_sizes_of_discriminators_are_counted_at_the_papers_size():
    rows = [row for row in papers.rows("icegan", "table3", models()) if row["metric"] == "parameters_m"]
    assert len(rows) == 7
    for row in rows:
        near = 0.05 if row["row"].startswith("CNN") else 0.01
        assert float(row["reproduced"]) == pytest.approx(float(row["published"]), rel=near), row["row"]
    assert [row["reproduced"] for row in rows][:3] == ["6.99", "93.02", "94.51"]
    text = papers.markdown("icegan", "table3", papers.rows("icegan", "table3", models()))
    assert "7 of 21 cells reproduced" in text and "networks built at the paper's size" in text
    (line,) = [line for line in text.splitlines() if "94.51" in line]
    assert words(line) == ["", "counted", "-", "-", "94.51"]


def test_layers_are_those_that_the_paper_prints_but_for_kernels_that_cannot_be():
    rows = papers.rows("augacn", "table7", PaperRun(["augacn"], [], 4))
    assert len(rows) == 28 and {row["status"] for row in rows} == {"built"}
    assert all(row["reproduced"] == row["published"] for row in rows if row["metric"] == "shape")
    other = {row["row"]: row for row in rows if row["reproduced"] != (row["published"] or "-")}
    expected = {f"MaxPool3d ({number})": "K=(2,1,1), S=(2,1,1)" for number in (2, 3, 4)}
    expected |= {f"Bottleneck-{kind}": "K=(1,3,3), (3,1,1), S=(1,2,2)" for kind in "BC"}
    assert {name: row["reproduced"] for name, row in other.items()} == expected | {"Conv3d": "K=(1,7,7), S=(1,2,2)"}
    assert all("erratum" in row["note"] for row in other.values())
    assert {row["reproduced"] for row in papers.rows("augacn", "table7", PaperRun([], [], 4))} == {""}
