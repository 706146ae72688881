"""Sizes of methods against counts made by hand."""

import pytest
import torch
from torch import nn

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


@pytest.mark.parametrize(("name", "size"), [("majority", "0.0000"), ("ststnet", "0.0017")])
def test_known_methods_are_listed(name, size):
    rows = {row[0]: row for row in method_list.methods()}
    assert sorted(rows) == recognisers.names()
    assert rows[name][3] == size
    assert all("megc2019" in row[4] for row in rows.values())


def test_only_methods_that_read_nothing_but_flow_run_on_pictures_of_it():
    rows = {row[0]: row for row in method_list.methods()}
    assert "flow_folders" in rows["ststnet"][4]
    assert "flow_folders" not in rows["lbp_top"][4]
