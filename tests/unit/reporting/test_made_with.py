"""Files of a results folder on the params of a table, against params.yaml now."""

import pytest
from paper_runs import rows

from microexpr.core import store
from microexpr.reporting import made_with, main_table

FLOW = {"flow": {"size": 288, "tvl1": {"warps": 3}}}


def table(**scopes):
    return main_table.megc2019([rows("ststnet", **scopes)])


def checked(epochs=10, size=288, datasets=("smic", "casme2", "samm"), seed=1, methods=("ststnet",), warps=3):
    """Part of what `described.check` returns."""
    params = {"seed": seed, "train": {"seeds": 1, "inner_subjects": 0, "stack": 7}, "datasets": [*datasets]}
    params |= {"faces": {}, "apex": {}, "aus": {}, "flow": {"size": size, "tvl1": {"warps": warps}}}
    return {"params": params, "methods": {name: {"params": {"epochs": epochs, "lr": 0.1}} for name in methods}}


@pytest.fixture
def recorded(tmp_path):
    trained = {"methods.ststnet": {"epochs": 10, "lr": 0.1}, "seed": 1, "train": {"seeds": 1, "stack": 32}}
    for path, schema, params in (
        ("train/ststnet/megc2019/1of1.h5", "train", trained),
        ("flow/smic/s1.h5", "flow", FLOW),
    ):
        (tmp_path / path).parent.mkdir(parents=True)
        with store.create(tmp_path / path, schema, params):
            pass
    return made_with.recorded(tmp_path, table())


def test_params_are_those_of_the_methods_and_stages(recorded):
    assert recorded["methods.ststnet"] == {"epochs": 10, "lr": 0.1} and recorded["flow"] == FLOW["flow"]


def test_the_same_params_are_no_difference_whatever_the_plan_of_training(recorded):
    assert made_with.differences(recorded, table(), checked()) == ""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"epochs": 12}, "methods.ststnet.epochs 12, not 10"),
        ({"warps": 5}, "flow.tvl1.warps 5, not 3"),
        ({"seed": 2}, "seed 2, not 1"),
        ({"datasets": ("smic", "casme2")}, "datasets smic, casme2, not smic, casme2, samm"),
        ({"methods": ("majority",)}, "no method ststnet"),
    ],
)
def test_a_difference_is_named_by_its_key(recorded, change, expected):
    note = made_with.differences(recorded, table(), checked(**change))
    assert note == f"params.yaml now has {expected}: this table is of other params"


def test_a_folder_without_files_says_nothing(tmp_path):
    assert made_with.recorded(tmp_path, table()) == {}


def test_data_sets_are_those_with_figures():
    assert made_with.datasets(table(scopes=("full", "smic", "samm"))) == ["smic", "samm"]
