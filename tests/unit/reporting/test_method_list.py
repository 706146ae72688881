"""Lists of methods with their sizes and papers, and of params."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, Field
from rich.console import Console
from scratch import ROOT

from microexpr.cli import config
from microexpr.models import generators, module_names, recognisers
from microexpr.reporting import method_list, method_sizes
from microexpr.reporting.method_list import Param, fields, find_reference
from microexpr.tasks.run import Run
from microexpr.training.checked import MethodSpec
from reader_fits.population.planned import Population


@pytest.fixture(scope="module")
def rows() -> dict[str, method_list.Row]:
    params = {"ststnet": {"epochs": 1}, "nmer": {"width": 8}, "nmer.thin": {"width": 4}}
    small = {
        name: MethodSpec.model_construct(params=values, in_table="." not in name) for name, values in params.items()
    }
    on_pictures = dict.fromkeys(small, MethodSpec.model_construct(reads=["flow"]))
    return {row["method"]: row for row in method_sizes.rows(small, on_pictures)}


def test_every_method_is_listed_with_its_sizes_on_one_line(rows):
    assert [*rows] == sorted([*recognisers.names(), "nmer.thin"])
    sizes = {name: (row["parameters"], row["parameters_in_paper"]) for name, row in rows.items()}
    assert sizes["ststnet"] == (1683, 1683) and sizes["majority"] == (None, 0)
    assert sizes["nmer"][0] * 10 < sizes["nmer"][1]
    assert sizes["nmer.thin"][0] < sizes["nmer"][0] and sizes["nmer.thin"][1] is None
    assert all("megc2019" in row["protocols"] for row in rows.values())
    lines = lines_of(method_list.table([*rows.values()]), 80)
    assert len(lines) == 1 + len(recognisers.names()) and max(map(len, lines)) <= 80
    assert len(lines_of(method_list.table([*rows.values()], every=True), 80)) == len(lines) + 1
    (line,) = (line for line in lines if line.startswith("nmer"))
    assert line.split()[1:4] == [f"{rows['nmer'][key]:,}" for key in ("parameters", "parameters_in_paper")] + ["flow"]


def lines_of(table, width: int) -> list[str]:
    with (console := Console(width=width)).capture() as captured:
        console.print(table)
    return captured.get().splitlines()


def test_those_run_on_pictures_of_flow_for_which_the_dag_has_a_rule(rows, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    values = config.load(ROOT / "params.yaml") | {"datasets": ["smic"], "macro": ["ckplus"], "variants": {}}
    values["papers"]["variants"], values["flow_folders"]["methods"], values["training_sets"] = {}, {}, {}
    run = Run(config.check_cached(values | {"methods": {name: {} for name in recognisers.names()}}), Population)
    pictured = run.tasks["flow_folders"].methods
    assert "ststnet" in pictured and "nmer" not in pictured
    assert {name for name, row in rows.items() if "flow_folders" in row["protocols"]} == {*pictured}


@pytest.mark.parametrize("name", recognisers.names())
def test_the_defaults_of_a_method_have_the_size_of_the_paper_preset(name):
    kind, preset = recognisers.find(name), config.load(ROOT / "workflow/presets/paper.yaml")["methods"]
    default, preset_method = kind(kind.Params()), kind(kind.Params(**preset.get(name, {})))
    assert method_sizes.parameters(default) == method_sizes.parameters(preset_method)


class Inner(BaseModel):
    depth: int = Field(2, ge=1, description="layers")


class Params(BaseModel):
    mode: Literal["fast", "slow"] = Field("fast", description="how")
    rates: list[float] = Field([0.5], description="one of each phase")
    scale: float | None = Field(None, gt=0, lt=1, description="None: chosen")
    first: dict[str, float] = Field({}, description="before the others")
    inner: Inner = Inner()
    needed: int


def words(params: list[Param]) -> list[list[str]]:
    """Return the words of each line of the table of these params."""
    return [line.split() for line in lines_of(method_list.params_table(params), 120)]


def test_fields_have_values_defaults_bounds_and_meanings():
    params = list(fields(Params, {"mode": "slow", "scale": 0.25, "inner": {"depth": 3}}))
    assert params == [
        Param("mode", "slow", "fast", "fast, slow", "how"),
        Param("rates", "", "[0.5]", "list of number", "one of each phase"),
        Param("scale", "0.25", "null", "number, > 0, < 1 or null", "None: chosen"),
        Param("first", "", "{}", "mapping", "before the others"),
        Param("inner.depth", "3", "2", "integer, ≥ 1", "layers"),
        Param("needed", "", "", "integer", ""),
    ]


def test_the_table_shows_the_papers_value_only_where_another_is_used_and_values_on_flow_pictures_below():
    params = list(fields(Params, {"mode": "slow", "rates": [0.5], "first": {"lr": 0.1, "mode": "slow"}}))
    lines = words(params)
    assert ["mode", "slow", "fast", "fast,", "slow", "how"] in lines
    assert ["rates", "[0.5]", "list", "of", "number", "one", "of", "each", "phase"] in lines
    first = lines.index(["first", "lr:", "0.1", "{}", "mapping", "before", "the", "others"])
    assert lines[first + 1] == ["mode:", "slow"]
    values = {"mode": "slow", "rates": [0.5], "scale": 0.25, "first": {}, "inner": {}, "needed": 3}
    params = list(fields(Params, values, values | {"needed": 4}))
    assert [(param.name, param.on_pictures) for param in params if param.on_pictures] == [("needed", "4")]
    lines = words(params)
    assert lines[lines.index(["needed", "3", "integer"]) + 1] == ["4", "on", "flow", "pictures"]
    lines = words(list(fields(Params, {})))
    assert lines[0] == ["param", "paper's", "allowed", "meaning"]
    assert ["mode", "fast", "fast,", "slow", "how"] in lines and ["needed", "integer"] in lines


FINDERS = {name: kind.find for kind in (recognisers, generators) for name in module_names(kind)}


@pytest.mark.parametrize("method", FINDERS)
def test_the_paper_is_that_of_the_class(method):
    paper, reference = FINDERS[method](method).paper, find_reference(method)
    assert (reference is None) == paper.startswith("None")
    if reference:
        first = reference.authors[0].split()
        assert paper.startswith((first[-1], " ".join(first[-2:]))) and reference.year in paper
        start = reference.title.lower().replace("-", " ").split()[:2]
        assert " ".join(start) in paper.lower().replace("-", " ")


def test_a_variant_has_its_methods_paper_and_no_entry_of_the_file_is_lost():
    reference = find_reference("icegan.change")
    assert reference == find_reference("icegan") and find_reference("majority") is None
    assert reference.text.startswith("Jianhui Yu, Chaoyi Zhang, Yang Song, Weidong Cai: ICE-GAN: identity-aware")
    assert (reference.identifier, reference.link) == ("arXiv 2005.04370", "https://arxiv.org/abs/2005.04370")
    assert find_reference("ststnet").identifier == "DOI 10.1109/FG.2019.8756567"
    assert reference.bibtex.startswith("@misc{yu2020ice,\n") and reference.bibtex.endswith("\n}")
    text = Path(method_list.__file__).with_name("references.bib").read_text(encoding="utf-8")
    assert text.count("\n@") + 1 == len({find_reference(name).key for name in FINDERS if find_reference(name)})
