"""Whose movements are given to other faces, and that these people are a group of themselves."""

import random
from dataclasses import replace

import pytest
from composites import clip, composite

from microexpr.core.errors import ParamsError
from microexpr.protocols import ALL_GROUPS, GROUPS, sources
from microexpr.protocols.splits import grouped, person

SHOWN = {"s1": [0, 0], "s2": [0, 1], "s3": [1, 0], "s4": [2]}  # classes of each person's clips
CLIPS = [clip("casme2", who, f"c{number}", label) for who, own in SHOWN.items() for number, label in enumerate(own)]
FEW = composite(subjects=3, clips=3)


def people(names):
    return {person(name) for name in names}


def ids(clips):
    return [one.id for one in clips]


def test_of_each_class_the_first_clip_of_who_shows_most_and_else_of_the_next():
    """s2 and s3 show two classes each, s2 is first by name; surprise is shown by s4 alone."""
    expected = ["casme2/s2/c0", "casme2/s2/c1", "casme2/s4/c0"]
    assert ids(sources(CLIPS)) == expected == ids(sources(CLIPS[::-1]))
    assert ids(sources([one for one in CLIPS if one.subject != "s2"])) == [
        "casme2/s3/c0",
        "casme2/s3/c1",
        "casme2/s4/c0",
    ]
    assert ids(sources([one for one in CLIPS if one.label != 2])) == expected[:2]


def test_of_each_data_set_as_many_as_it_has_classes_and_none_outside_of_them():
    found = sources([*FEW, clip("samm", "s00", "other", None)])
    assert ids(found) == [f"{name}/s01/c0{number}" for name in ("casme2", "samm", "smic") for number in range(3)]


def test_named_ones_are_taken_once_and_sorted():
    names = ["smic/s02/c01", "casme2/s03/c00", "smic/s02/c01"]
    assert ids(sources(FEW, names)) == sorted({*names})


def test_a_name_that_is_no_such_clip_is_refused_with_the_nearest():
    with pytest.raises(ParamsError, match=r"synth\.sources must be .*, not smic/s02/c9 \(did you mean 'smic/s02/c0"):
        sources(FEW, ["smic/s02/c01", "smic/s02/c9"])
    with pytest.raises(ParamsError, match="not casme2/s1/x"):  # which is there, in none of the classes
        sources([*CLIPS, clip("casme2", "s1", "x", None)], ["casme2/s1/x"])


@pytest.mark.parametrize("named", [(), ("smic/s03/c01", "samm/s02/c00")])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_whose_movements_are_given_are_the_first_group(named, count):
    folds = ALL_GROUPS.groups(FEW, count, 5, named)
    assert [fold.name for fold in folds] == [f"{number}of{count}" for number in range(1, count + 1)]
    assert people(folds[0].test) == people(named or ids(sources(FEW))) == ALL_GROUPS.apart(FEW, named)
    held = [who for fold in folds for who in people(fold.test)]
    assert sorted(held) == sorted(people(ids(FEW))) and all(fold.test for fold in folds)
    for fold in folds:
        assert not people(fold.train) & people(fold.test)
        assert {*fold.train, *fold.test} == {*ids(FEW)}
    shuffled = random.Random(1).sample(FEW, len(FEW))
    assert ALL_GROUPS.groups(shuffled, count, 5, named) == folds
    assert (ALL_GROUPS.groups(FEW, count, 6, named) == folds) == (count == 2)  # the seed deals out all others


def test_other_groups_keep_nobody_apart():
    clips = [replace(one, emotion="surprise") for one in FEW if one.dataset != "smic"]
    assert GROUPS.apart(clips) == set()
    assert GROUPS.groups(clips, 2, 5) == GROUPS.groups(clips, 2, 5, ["samm/s01/c00"])


@pytest.mark.parametrize(("apart", "most"), [((), 9), (("casme2/s01", "samm/s01", "smic/s01"), 7)])
def test_no_group_is_empty(apart, most):
    assert all(fold.test for fold in grouped(FEW, most, 1, apart))
    for count in (1, most + 1):
        with pytest.raises(
            ParamsError, match=rf"synth.groups must be between 2 and {most}, of 9 subjects, not {count}"
        ):
            grouped(FEW, count, 1, apart)


def test_where_everybody_is_apart_there_is_nobody_to_learn_from():
    with pytest.raises(ParamsError, match="between 2 and 1, of 3 subjects, not 2"):
        ALL_GROUPS.groups(composite(subjects=1, clips=3), 2, 1)
