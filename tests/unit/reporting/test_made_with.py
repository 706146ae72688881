"""Files of a results folder on the params of a table, against params.yaml now."""

import os

import pytest
from paper_runs import rows

from microexpr.core import store
from microexpr.reporting import made_with, main_table
from microexpr.training.checked import Checked, MethodRow

FLOW = {"flow": {"size": 288, "tvl1": {"warps": 3}}}


def table(**scopes):
    return main_table.megc2019([rows("ststnet", **scopes)])


def checked(epochs=10, size=288, datasets=("smic", "casme2", "samm"), seed=1, methods=("ststnet",), warps=3):
    """Part of what `described.check` returns."""
    params = {"seed": seed, "train": {"seeds": 1, "inner_subjects": 0, "stack": 7}, "datasets": [*datasets]}
    params |= {"faces": {}, "apex": {}, "aus": {}, "flow": {"size": size, "tvl1": {"warps": warps}}}
    row = MethodRow.model_construct(params={"epochs": epochs, "lr": 0.1})
    return Checked.model_construct(params=params, methods=dict.fromkeys(methods, row))


def write(path, schema, params):
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.create(path, schema, params):
        pass


@pytest.fixture
def recorded(tmp_path):
    trained = {"methods.ststnet": {"epochs": 10, "lr": 0.1}, "seed": 1, "train": {"seeds": 1, "stack": 32}}
    write(tmp_path / "train/ststnet/megc2019/1of1.h5", "train", trained)
    write(tmp_path / "flow/smic/s1.h5", "flow", FLOW)
    return made_with.recorded(made_with.files(tmp_path, table()))


def test_params_are_those_of_the_methods_and_stages(recorded):
    trained, flow = recorded
    assert trained["methods.ststnet"] == {"epochs": 10, "lr": 0.1} and flow == FLOW


def test_what_is_compared_is_named_and_no_method_that_no_training_records(recorded):
    assert made_with.compared(recorded, table()) == "flow, seed, train.seeds, methods"
    two = main_table.megc2019([rows("ststnet"), rows("majority")])
    assert made_with.compared(recorded, two) == "flow, seed, train.seeds, methods.ststnet"
    assert made_with.compared(recorded[1:], table()) == "flow"


@pytest.mark.parametrize(
    ("path", "schema", "params", "expected"),
    [
        ("train/ststnet/megc2019/2of2.h5", "train", {"seed": 2}, "seed 1, not 2"),
        ("flow/smic/s2.h5", "flow", {"flow": {"size": 144}}, "flow.size 288, not 144"),
    ],
)
def test_a_later_file_with_other_params_is_not_passed_over(recorded, tmp_path, path, schema, params, expected):
    write(tmp_path / path, schema, params)
    then = made_with.recorded(made_with.files(tmp_path, table()))
    assert f"params.yaml now has {expected}: " in made_with.differences(then, table(), checked())


def test_a_training_that_is_newer_than_its_table_is_named(recorded, tmp_path):
    files, source = made_with.files(tmp_path, table()), tmp_path / "table.csv"
    source.touch()
    for path, seconds in ((source, 9), *((path, 8) for path in files)):
        os.utime(path, (seconds, seconds))
    assert made_with.newer(files, [source]) == ""
    os.utime(files[0], (10, 10))
    assert made_with.newer(files, [source]).startswith(f"{files[0]} is newer than this table, which may be of earlier")


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
    assert made_with.recorded(made_with.files(tmp_path, table())) == []
    assert made_with.compared([], table()) == "" and made_with.newer([], [tmp_path]) == ""


def test_data_sets_are_those_with_figures():
    assert made_with.datasets(table(scopes=("full", "smic", "samm"))) == ["smic", "samm"]
