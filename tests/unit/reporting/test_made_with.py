"""The params.yaml in the record of a table, against params.yaml now."""

from pathlib import Path

import pytest
from paper_runs import rows
from scratch import ROOT

from microexpr.cli import config
from microexpr.core import records, store
from microexpr.core.errors import StoreError
from microexpr.reporting import made_with, main_table
from microexpr.tasks import described

PATH = Path("results/megc2019_table.csv")
NAMES = ("ststnet", "hoof", "augacn.auicgan")


def checked(**changes):
    """What `described.check` returns of the committed file with another value at a key."""
    values = config.load(ROOT / "params.yaml")
    for key, value in changes.items():
        *sections, name = key.split("__")
        section = values
        for part in sections:
            section = section[part]
        section[name] = value
    return described.check(values)


@pytest.fixture(scope="module")
def then():
    return checked()


def noted(then, now, protocol="megc2019", is_whole=True):
    of = [row | {"protocol": protocol} for row in main_table.megc2019([rows(name) for name in NAMES])]
    return made_with.differences([then], now, of, is_whole)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"methods__ststnet__epochs": 12}, "methods.ststnet.epochs 12, not 10"),
        ({"flow__tvl1__warps": 5}, "flow.tvl1.warps 5, not 3"),
        ({"seed": 2}, "seed 2, not 1"),
        ({"origin": "generated"}, "origin generated, not auto"),
        ({"render__width": 320}, "render.width 320, not 640"),
        ({"population__subjects": 241}, "population.subjects 241, not 240"),
        ({"evaluate__resamples": 10}, "evaluate.resamples 10, not 1000"),
        ({"train__rendered_folds": 0}, "train.rendered_folds 0, not 4"),
        ({"macro": ["ckplus", "affectnet"]}, 'macro ["ckplus", "affectnet"], not ["ckplus", "mmi", "oulu_casia", "aff'),
        ({"generators__auicgan__epochs": 2}, "generators.auicgan.epochs 2, not 1"),
        ({"variants__hoof": {"more": {"bins": 12}}}, "row hoof.more"),
        ({"variants__augacn": {}}, "no method augacn.auicgan"),
        ({"appendix": {"hoof": "why"}}, "appendix.hoof why, not "),
    ],
)
def test_a_difference_is_named_by_its_key(then, change, expected):
    assert noted(then, checked(**change)).startswith(f"params.yaml now has {expected}")


@pytest.mark.parametrize(
    "change",
    [
        {"train__stack": 7},
        {"render__casme": {"subjects": 5, "clips": 8}},  # of another table
        {"methods__lbp_sip__image_size": 32},
        {"training_sets__corpus__htnet__epochs": 21},
        {"units__loss": "focal"},
    ],
)
def test_params_that_the_rows_do_not_follow_from_are_no_difference(then, change):
    assert noted(then, checked(**change)) == ""


def test_a_table_of_training_sets_follows_from_their_params_too_and_a_part_of_a_table_lacks_no_row(then):
    change = {"training_sets__corpus__htnet__epochs": 21}
    expected = "params.yaml now has training_sets.corpus.htnet.epochs 21, not 20: this table is of other params"
    assert noted(then, checked(**change), "megc2019_corpus") == expected
    assert noted(then, checked(variants__hoof={"more": {"bins": 12}}), is_whole=False) == "" == noted(then, then)


def test_the_params_are_those_of_the_record_if_the_table_is_as_it_was_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store.write_text(PATH, "made")
    with pytest.raises(StoreError, match=f"^nothing here says with which params {PATH} was made$"):
        made_with.recorded([PATH], Path())
    with records.recorded([str(PATH)], {"seed": 1}):
        store.write_text(PATH, "made again")
    assert made_with.recorded([PATH], Path()) == [{"seed": 1}]
    monkeypatch.chdir("results")  # a copy would have the time of the record, or any
    assert made_with.recorded([Path(PATH.name)], Path("..")) == [{"seed": 1}]
    store.write_text(PATH.name, "edited")
    with pytest.raises(StoreError, match=f"^{PATH.name} is not as it was made"):
        made_with.recorded([Path(PATH.name)], Path(".."))
