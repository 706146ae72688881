"""The list of methods, and the sizes in it."""

import io

import pytest
from rich.console import Console
from scratch import ROOT

from microexpr.cli import config
from microexpr.models import recognisers
from microexpr.reporting import method_list, method_sizes


@pytest.fixture(scope="module")
def rows() -> dict[str, method_list.Row]:
    params = {"ststnet": {"epochs": 1}, "nmer": {"width": 8}, "nmer.thin": {"width": 4}}
    small = {name: {"params": values, "in_table": "." not in name} for name, values in params.items()}
    return {row["method"]: row for row in method_sizes.rows(small)}


def test_every_method_is_listed_with_its_sizes(rows):
    assert [*rows] == sorted([*recognisers.names(), "nmer.thin"])
    sizes = {name: (row["parameters"], row["parameters_in_paper"]) for name, row in rows.items()}
    assert sizes["ststnet"] == (1683, 1683) and sizes["majority"] == (None, 0)
    assert sizes["nmer"][0] * 10 < sizes["nmer"][1]
    assert sizes["nmer.thin"][0] < sizes["nmer"][0] and sizes["nmer.thin"][1] is None
    assert all("megc2019" in row["protocols"] for row in rows.values())


def printed(rows, **options) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    console.print(method_list.table([*rows.values()], **options))
    return console.file.getvalue().splitlines()


def test_the_table_has_one_line_each(rows):
    lines = printed(rows)
    assert len(lines) == 1 + len(recognisers.names()) and max(map(len, lines)) <= 80
    assert len(printed(rows, every=True)) == len(lines) + 1
    (line,) = (line for line in lines if line.startswith("nmer"))
    assert line.split()[1:4] == [f"{rows['nmer'][key]:,}" for key in ("parameters", "parameters_in_paper")] + ["flow"]


def test_those_run_on_pictures_of_flow_for_which_the_dag_has_a_rule(rows, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "workflow"))
    from run import Run

    monkeypatch.chdir(tmp_path)
    values = config.load(ROOT / "params.yaml") | {"datasets": ["smic"], "macro": ["ckplus"], "variants": {}}
    values["papers"]["variants"], values["flow_folders"]["methods"] = {}, {}
    run = Run(config.check_cached(values | {"methods": {name: {} for name in recognisers.names()}}))
    pictured = run.plan.methods_of("flow_folders")
    assert "ststnet" in pictured and "nmer" not in pictured
    assert {name for name, row in rows.items() if "flow_folders" in row["protocols"]} == {*pictured}


@pytest.mark.parametrize("name", recognisers.names())
def test_the_defaults_of_a_method_have_the_size_of_the_paper_preset(name):
    kind, preset = recognisers.find(name), config.load(ROOT / "workflow/presets/paper.yaml")["methods"]
    assert method_sizes.parameters(kind(kind.Params())) == method_sizes.parameters(
        kind(kind.Params(**preset.get(name, {})))
    )
