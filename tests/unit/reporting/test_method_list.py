"""Sizes of methods against counts made by hand."""

import pytest
import torch
from scratch import ROOT
from torch import nn

from microexpr.cli import config
from microexpr.models import base, recognisers
from microexpr.reporting import method_list


class Tiny(base.NetworkMethod):
    """One 3x3 convolution to four channels and a linear layer: 4 * 9 + 4 and 4 * 3 + 3 weights."""

    paper = "none"

    @property
    def inputs(self) -> base.Shapes:
        return {"grey": (1, 5, 5)}

    def build(self, statistics: base.Statistics) -> dict[str, nn.Module]:
        return {"trunk": nn.Conv2d(1, 4, 3), "head": nn.Linear(4, 3)}

    def phases(self) -> list[base.Phase]:
        return []

    def scores(self, modules: base.Modules, batch: base.Batch, statistics: base.Statistics) -> torch.Tensor:
        raise AssertionError("a size needs no scores")


def test_weights_are_counted_over_all_modules():
    assert method_list.parameters(Tiny(base.Params())) == 40 + 15


@pytest.fixture(scope="module")
def rows() -> dict[str, tuple[str, ...]]:
    small = {"ststnet": recognisers.find("ststnet").Params(epochs=1), "nmer": recognisers.find("nmer").Params(width=8)}
    return {row[0]: row for row in method_list.methods(small)}


def test_every_method_is_listed_with_its_sizes(rows):
    assert sorted(rows) == recognisers.names()
    assert rows["ststnet"][3:5] == ("0.0017", "0.0017") and rows["majority"][3:5] == ("", "0.0000")
    assert float(rows["nmer"][3]) * 10 < float(rows["nmer"][4])
    assert all("megc2019" in row[5] for row in rows.values())


def test_those_run_on_pictures_of_flow_for_which_the_dag_has_a_rule(rows, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "workflow"))
    from dag import Dag

    monkeypatch.chdir(tmp_path)
    values = config.load(ROOT / "params.yaml") | {"datasets": ["smic"], "macro": ["ckplus"], "variants": {}}
    values["papers"]["variants"] = {}
    dag = Dag(config.check_cached(values | {"methods": {name: {} for name in recognisers.names()}}))
    assert "ststnet" in dag.flow_methods and "nmer" not in dag.flow_methods
    assert {name for name, row in rows.items() if "flow_folders" in row[5]} == {*dag.flow_methods}


@pytest.mark.parametrize("name", recognisers.names())
def test_the_defaults_of_a_method_have_the_size_of_the_paper_preset(name):
    kind, preset = recognisers.find(name), config.load(ROOT / "workflow/presets/paper.yaml")["methods"]
    assert method_list.parameters(kind(kind.Params())) == method_list.parameters(
        kind(kind.Params(**preset.get(name, {})))
    )
