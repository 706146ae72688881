"""What counts as a leak, and what does not."""

import pytest
from composites import clip

from microexpr.errors import LeakError
from microexpr.provenance import check

ARTIFACT = "results/train/ststnet/megc2019/1of1.h5"
TEST = [clip(name="EP01_01"), clip(name="EP02_01")]
OTHERS = ["generated/casme2/sub02/EP01_01", "generated/samm/sub01/EP01_01", "generated/ckplus/S005/*"]


def test_other_people_are_no_leak():
    check(ARTIFACT, "casme2/sub01", "subject", TEST, OTHERS)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("generated/casme2/sub01/EP01_01", "a clip"),
        ("generated/casme2/sub01/EP09_09", "a clip"),  # not among the test clips, but of the same person
        ("generated/casme2/sub01/*", "all clips"),
    ],
)
def test_a_leak_names_artifact_fold_and_entry(entry, words):
    with pytest.raises(LeakError) as error:
        check(ARTIFACT, "casme2/sub01", "subject", TEST, [*OTHERS, entry])
    assert str(error.value) == f"{ARTIFACT} fold casme2/sub01 was fitted on {entry}, {words} of its held-out subject"


@pytest.mark.parametrize("entry", ["licensed/casme2/sub01/EP01_01", "licensed/casme2/sub01/*"])
def test_the_same_name_under_another_origin_is_another_person(entry):
    check(ARTIFACT, "casme2/sub01", "subject", TEST, [entry])


@pytest.mark.parametrize(
    ("entry", "leaks"),
    [
        ("generated/casme2/sub01/EP09_09", {"subject", "dataset"}),
        ("generated/casme2/sub01/EP02_01", {"subject", "dataset", "clip"}),
        ("generated/casme2/sub01/*", {"subject", "dataset", "clip"}),
        ("generated/casme2/sub02/*", {"dataset"}),
        ("generated/casme2/*/*", {"subject", "dataset", "clip"}),
        ("generated/samm/*/*", set()),
        ("generated/samm/006/006_1_2", set()),
    ],
)
@pytest.mark.parametrize("unit", ["dataset", "subject", "clip"])
def test_the_held_out_unit_decides(unit, entry, leaks):
    try:
        check(ARTIFACT, "fold", unit, TEST, [entry])
    except LeakError:
        assert unit in leaks
    else:
        assert unit not in leaks


def test_nothing_fitted_on_is_refused():
    with pytest.raises(LeakError, match="must say what it was fitted on, not nothing"):
        check(ARTIFACT, "casme2/sub01", "subject", TEST, [])


@pytest.mark.parametrize("entry", ["casme2/sub01/EP01_01", "", "generated/casme2"])
def test_an_entry_of_another_form_is_refused(entry):
    with pytest.raises(LeakError, match="must be fitted on origin/dataset/subject/clip, not"):
        check(ARTIFACT, "casme2/sub01", "subject", TEST, [entry])
